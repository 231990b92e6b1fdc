import { useVirtualizer } from '@tanstack/react-virtual'
import { useMemo, useRef } from 'react'
import { age, dateTime, whole } from '../../text.ts'
import { roles } from '../fleet/table.tsx'
import type { GraphEdge, Relation } from './model.ts'
import type { Use } from './rates.ts'

const rowHeight = 30
const grid =
  'grid grid-cols-[minmax(0,1fr)_92px_minmax(0,1fr)_64px_64px_72px_88px] items-center gap-3 px-4 max-md:grid-cols-[minmax(0,1fr)_72px_minmax(0,1fr)_48px] max-md:gap-2 max-md:px-3'
/** What a narrow screen leaves out. */
const wide = 'max-md:hidden'
const columns = ['from', 'what', 'to', 'times', 'open', 'a minute', 'newest'] as const
const isFigure = (column: string) => ['times', 'open', 'a minute', 'newest'].includes(column)
const table = { role: 'table', 'aria-label': 'Who gave what to whom' }
const words: Record<Relation, string> = { delegation: 'gave', handoff: 'handed on', message: 'told', part: 'has part' }

interface TableProps {
  readonly edges: readonly GraphEdge[]
  readonly now: number
  readonly uses: ReadonlyMap<string, Use>
  readonly nameOf: (node: string) => string
  readonly selected: ReadonlySet<string>
  readonly press: (edge: GraphEdge) => void
}

/** The graph's edges as a table: the same for who reads rather than looks. The newest first. */
export function EdgeTable({ edges, now, uses, nameOf, selected, press }: TableProps) {
  const box = useRef<HTMLDivElement>(null)
  const ordered = useMemo(() => [...edges].sort((a, b) => b.lastAt - a.lastAt || (a.id < b.id ? -1 : 1)), [edges])
  const virtual = useVirtualizer({
    count: ordered.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    overscan: 10,
  })
  if (edges.length === 0) return <p className="flex-1 p-8 text-soft">Nobody has given, handed on or told anything here.</p>
  return (
    <div {...table} className="flex min-h-0 flex-1 flex-col">
      <div {...roles.row} className={`${grid} border-b border-line py-1.5 text-xs text-faint`}>
        {columns.map((column) => (
          <span
            key={column}
            {...roles.columnheader(undefined)}
            className={`first-letter:uppercase ${isFigure(column) ? 'text-right' : ''} ${isFigure(column) && column !== 'times' ? wide : ''}`}
          >
            {column}
          </span>
        ))}
      </div>
      <div ref={box} data-testid="edges" className="min-h-0 flex-1 overflow-auto">
        <div className="relative" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map(({ index, start }) => {
            const edge = ordered[index]
            if (edge === undefined) return null
            const isChosen = selected.has(edge.id)
            const use = uses.get(edge.id)
            return (
              <div
                key={edge.id}
                {...roles.row}
                className={`absolute inset-x-0 top-0 ${grid} border-b border-line/60 hover:bg-raised ${isChosen ? 'bg-accent/10' : ''}`}
                style={{ height: rowHeight, transform: `translateY(${start}px)` }}
              >
                <span {...roles.cell} className="min-w-0">
                  <button
                    type="button"
                    aria-pressed={isChosen}
                    onClick={() => press(edge)}
                    className="block max-w-full truncate text-left after:absolute after:inset-0"
                  >
                    {nameOf(edge.from)}
                  </button>
                </span>
                <span {...roles.cell} className="text-soft">
                  {words[edge.kind]}
                </span>
                <span {...roles.cell} className="truncate">
                  {nameOf(edge.to)}
                </span>
                <span {...roles.cell} className="text-right tabular-nums">
                  {whole(edge.count)}
                </span>
                <span {...roles.cell} className={`${wide} text-right tabular-nums ${edge.open > 0 ? 'text-wait' : 'text-faint'}`}>
                  {edge.open > 0 ? `◐ ${whole(edge.open)}` : '–'}
                </span>
                <span {...roles.cell} className={`${wide} text-right tabular-nums text-soft`}>
                  {use === undefined || use.perMinute === 0 ? '–' : whole(use.perMinute)}
                </span>
                <span
                  {...roles.cell}
                  className={`${wide} text-right tabular-nums text-soft`}
                  title={edge.lastAt === 0 ? '' : dateTime(edge.lastAt)}
                >
                  {edge.lastAt === 0 ? '–' : `${age(now - edge.lastAt)} ago`}
                </span>
              </div>
            )
          })}
        </div>
      </div>
    </div>
  )
}

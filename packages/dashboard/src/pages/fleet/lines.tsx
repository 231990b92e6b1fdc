import { useVirtualizer } from '@tanstack/react-virtual'
import { type RefObject, useDeferredValue, useLayoutEffect } from 'react'
import { CompactTile } from './compact.tsx'
import { sizes } from './density.ts'
import { GroupHead } from './group-head.tsx'
import type { Grouping, Line } from './order.ts'
import type { Sorting } from './sort.ts'
import { headHeight, rowHeight, TableHead, TableRow } from './table.tsx'
import { Tile } from './tile.tsx'

const groupHeight = 38

interface LinesProps {
  readonly lines: readonly Line[]
  readonly grouping: Grouping
  readonly isTable: boolean
  readonly isCompact: boolean
  readonly columns: number
  readonly tileWidth: number
  /** What scrolls. */
  readonly box: RefObject<HTMLDivElement | null>
  readonly selected: string
  readonly select: (id: string) => void
  readonly fold: (name: string) => void
  /** How agents are filtered and ordered; another one is read from the selected agent, or from the top. */
  readonly arrangement: string
  readonly sorting: Sorting | undefined
  readonly sort: (by: string) => void
}

/** Heads and lines of agents; only those in view are elements. */
export function Lines(props: LinesProps) {
  const { lines, grouping, isTable, isCompact, columns, tileWidth, box, selected, select, fold, arrangement, sorting, sort } = props
  const { height, gap } = isCompact ? sizes.compact : sizes.tiles
  const tall = isTable ? rowHeight : height + gap
  const above = isTable ? headHeight : 0
  // What is out of sight is made a task later: all at once held up the page for a tenth of a second.
  const isArranged = useDeferredValue(arrangement) === arrangement
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: (i) => (lines[i]?.kind === 'head' ? groupHeight : tall),
    overscan: !isArranged ? 0 : isTable ? 8 : 2,
    scrollMargin: above,
    scrollPaddingStart: above,
  })
  // biome-ignore lint/correctness/useExhaustiveDependencies: sizes are measured again when the lines are others
  useLayoutEffect(() => virtual.measure(), [lines, tall])
  const lineOf = (id: string) => (id === '' ? -1 : lines.findIndex((line) => line.kind === 'agents' && line.ids.includes(id)))
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another arrangement scrolls
  useLayoutEffect(() => {
    const at = lineOf(selected)
    if (at > 0) virtual.scrollToIndex(at, { align: 'center' })
    else box.current?.scrollTo(0, 0)
  }, [arrangement])
  // biome-ignore lint/correctness/useExhaustiveDependencies: who is selected comes into view, and may be scrolled away then
  useLayoutEffect(() => {
    const at = lineOf(selected)
    if (at >= 0) virtual.scrollToIndex(at)
  }, [selected])
  return (
    <div className="@container" {...(isTable ? { role: 'table', 'aria-label': 'Agents', 'aria-rowcount': lines.length + 1 } : {})}>
      {isTable && <TableHead sorting={sorting} sort={sort} />}
      <div className="relative" style={{ height: virtual.getTotalSize() }} {...(isTable ? { role: 'rowgroup' } : {})}>
        {virtual.getVirtualItems().map(({ index, start }) => {
          const line = lines[index]
          if (line === undefined) return null
          return (
            <div
              key={line.kind === 'head' ? `head ${line.name}` : line.ids[0]}
              {...(isTable ? { role: 'presentation' } : {})}
              className="absolute inset-x-0 top-0"
              style={{ transform: `translateY(${start - above}px)` }}
            >
              {line.kind === 'head' ? (
                <GroupHead head={line} grouping={grouping} inTable={isTable} fold={fold} />
              ) : isTable ? (
                line.ids.map((id) => <TableRow key={id} id={id} selected={id === selected} select={select} />)
              ) : (
                <ul className="grid" style={{ gap, gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}>
                  {line.ids.map((id) =>
                    isCompact ? (
                      <CompactTile key={id} id={id} selected={id === selected} select={select} />
                    ) : (
                      <Tile key={id} id={id} selected={id === selected} select={select} wide={tileWidth} />
                    ),
                  )}
                </ul>
              )}
            </div>
          )
        })}
      </div>
    </div>
  )
}

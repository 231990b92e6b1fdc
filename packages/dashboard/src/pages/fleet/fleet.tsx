import { Link, useNavigate } from '@tanstack/react-router'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useLayoutEffect, useMemo, useRef, useState } from 'react'
import { useBindings } from '../../keys.ts'
import { store, useFrozen, useRow, useTable } from '../../live/live.ts'
import { NoAgents, NoMatches } from '../../parts/empty.tsx'
import { usePause } from '../../pause.ts'
import { useSearch } from '../../search.ts'
import { useStill } from '../../still.ts'
import { visible, whole } from '../../text.ts'
import { Bar } from './bar.tsx'
import {
  createRoster,
  filtersIn,
  type Grouping,
  groupings,
  joinedSince,
  type Line,
  linesOf,
  matching,
  nameOf,
  parseSorting,
  stepped,
} from './order.ts'
import { headHeight, roles, rowHeight, TableHead, TableRow } from './table.tsx'
import { Tile, tileHeight, tileWidth } from './tile.tsx'

const groupHeight = 38
const gap = 10

export function Fleet() {
  const navigate = useNavigate()
  const [search, setSearch] = useSearch()
  const { paused, toggle } = usePause()
  useFrozen(paused)
  const agents = useTable('agents')
  const box = useRef<HTMLDivElement>(null)
  const filterBox = useRef<HTMLInputElement>(null)
  const [columns, setColumns] = useState(4)
  useLayoutEffect(() => {
    const element = box.current
    if (element === null) return
    const observer = new ResizeObserver(() => setColumns(Math.max(1, Math.floor((element.clientWidth - 32 + gap) / (tileWidth + gap)))))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  const { q, errors, status, role } = search
  const roster = useMemo(createRoster, [])
  const shown = useMemo(() => matching(roster(agents), { q, errors, status, role }), [roster, agents, q, errors, status, role])
  const grouping = groupings.find((name) => name === search.group) ?? 'manager'
  const isTable = search.view === 'table'
  const made = useMemo(
    () => linesOf(shown, grouping, isTable ? 1 : columns, parseSorting(search.sort)),
    [shown, grouping, columns, isTable, search.sort],
  )
  const filters = filtersIn(search)
  // Another order is read from where the eye is: at the selected agent, else from the top.
  const arrangement = `${search.view} ${search.sort} ${grouping} ${errors} ${status} ${role} ${q}`
  const { shown: lines, stir, release, hover } = useStill(made, `${arrangement} ${columns} ${shown.length === 0}`)
  const joined = useMemo(() => joinedSince(lines, made), [lines, made])
  const tall = isTable ? rowHeight : tileHeight + gap
  const above = isTable ? headHeight : 0
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: (i) => (lines[i]?.kind === 'head' ? groupHeight : tall),
    overscan: 6,
    scrollMargin: above,
    scrollPaddingStart: above,
  })
  // biome-ignore lint/correctness/useExhaustiveDependencies: sizes are measured again when the lines are others
  useLayoutEffect(() => virtual.measure(), [lines, tall])
  const selected = search.sel.startsWith('agent:') ? search.sel.slice('agent:'.length) : ''
  const lineOf = (id: string) => lines.findIndex((line) => line.kind === 'agents' && line.ids.includes(id))
  const step = (to: Parameters<typeof stepped>[2]) => {
    stir()
    const id = stepped(lines, selected, to)
    if (id === undefined) return
    setSearch({ sel: `agent:${id}` })
    virtual.scrollToIndex(lineOf(id))
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another arrangement scrolls
  useLayoutEffect(() => {
    const at = selected === '' ? -1 : lineOf(selected)
    if (at > 0) virtual.scrollToIndex(at, { align: 'center' })
    else box.current?.scrollTo(0, 0)
  }, [arrangement])
  const run = useRow('agents', selected === '' ? undefined : selected)?.run?.value
  useBindings([
    { keys: 'j', about: 'Next agent', run: () => step('next') },
    { keys: 'ArrowRight', about: 'Next agent', run: () => step('next') },
    { keys: 'k', about: 'Previous agent', run: () => step('previous') },
    { keys: 'ArrowLeft', about: 'Previous agent', run: () => step('previous') },
    { keys: 'ArrowDown', about: 'Agent below', run: () => step('down') },
    { keys: 'ArrowUp', about: 'Agent above', run: () => step('up') },
    {
      keys: 'Enter',
      about: 'Swimlanes of the selected agent’s run',
      run: () => run !== undefined && void navigate({ to: '/runs/$run', params: { run }, search: { sel: search.sel } }),
    },
    { keys: '/', about: 'Filter agents', run: () => filterBox.current?.focus() },
    { keys: 'x', about: 'Errors only', run: () => setSearch({ errors: !errors }) },
    { keys: 'v', about: 'Grid or table', run: () => setSearch({ view: isTable ? 'grid' : 'table' }) },
  ])
  const isEmpty = agents.length === 0

  return (
    <section aria-label="Fleet" className="flex min-w-0 flex-1 flex-col">
      {/* Nothing to count or to filter: the page says how to begin. */}
      {!(isEmpty && store.ready()) && <Bar {...{ agents, search, setSearch, grouping, paused, filterBox }} togglePause={toggle} />}
      <div ref={box} {...hover} className="relative min-h-0 flex-1 overflow-auto px-4 pb-6">
        {joined > 0 && (
          <p className="sticky top-2 z-20 mx-auto h-0 w-fit">
            <button
              type="button"
              onClick={release}
              className="rounded-full border border-accent bg-panel px-3 py-1 text-xs text-accent shadow-lg hover:bg-raised"
            >
              +{whole(joined)} new
            </button>
          </p>
        )}
        {isEmpty && store.ready() && <NoAgents />}
        {!isEmpty && shown.length === 0 && (
          <NoMatches all={agents.length} filters={filters} clear={() => setSearch({ q: '', errors: false, status: '', role: '' })} />
        )}
        <div {...(isTable ? { role: 'table', 'aria-label': 'Agents', 'aria-rowcount': lines.length + 1 } : {})}>
          {isTable && !isEmpty && <TableHead sorting={parseSorting(search.sort)} sort={(sort) => setSearch({ sort })} />}
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
                    <GroupHead line={line} grouping={grouping} inTable={isTable} />
                  ) : isTable ? (
                    line.ids.map((id) => <TableRow key={id} id={id} />)
                  ) : (
                    <ul className="grid" style={{ gap, gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}>
                      {line.ids.map((id) => (
                        <Tile key={id} id={id} />
                      ))}
                    </ul>
                  )}
                </div>
              )
            })}
          </div>
        </div>
      </div>
    </section>
  )
}

interface GroupHeadProps {
  readonly line: Line & { readonly kind: 'head' }
  readonly grouping: Grouping
  readonly inTable: boolean
}

function GroupHead({ line: { name, count, busy, troubled }, grouping, inTable }: GroupHeadProps) {
  const manager = useRow('agents', grouping === 'manager' ? name : undefined)
  const run = useRow('runs', grouping === 'run' ? name : undefined)
  const words = visible(manager !== undefined ? nameOf(manager) : (run?.name?.value ?? name))
  const head = (
    <div className="flex h-[38px] items-baseline gap-2.5 pt-4 text-xs text-faint">
      <h2 className="truncate font-semibold text-soft" title={visible(name)}>
        {run === undefined ? (
          words
        ) : (
          <Link to="/runs/$run" params={{ run: run.id }} className="hover:text-accent">
            {words}
          </Link>
        )}
      </h2>
      <span className="tabular-nums">{whole(count)}</span>
      {busy > 0 && grouping !== 'status' && <span className="whitespace-nowrap tabular-nums text-busy">▶ {whole(busy)} busy</span>}
      {troubled > 0 && <span className="whitespace-nowrap tabular-nums text-bad">✕ {whole(troubled)} in trouble</span>}
    </div>
  )
  if (!inTable) return head
  return (
    <div {...roles.row}>
      <div {...roles.cell}>{head}</div>
    </div>
  )
}

import { useNavigate } from '@tanstack/react-router'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useLayoutEffect, useMemo, useRef, useState } from 'react'
import { useBindings } from '../../keys.ts'
import { store, useFrozen, useRow, useTable } from '../../live/live.ts'
import { Figure, Toggle } from '../../parts/controls.tsx'
import { NoAgents, NoMatches } from '../../parts/empty.tsx'
import { usePause } from '../../pause.ts'
import { useSearch } from '../../search.ts'
import { useStill } from '../../still.ts'
import { compact, dollars, visible } from '../../text.ts'
import { groupings, type Line, linesOf, matching, parseSorting, stepped, totalsOf } from './order.ts'
import { roles, rowHeight, TableHead, TableRow } from './table.tsx'
import { Tile, tileHeight, tileWidth } from './tile.tsx'

const headerHeight = 38
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
  const shown = useMemo(() => matching(agents, search.q, search.errors), [agents, search.q, search.errors])
  const grouping = groupings.find((name) => name === search.group) ?? 'manager'
  const isTable = search.view === 'table'
  const made = useMemo(
    () => ({
      count: shown.length,
      lines: linesOf(shown, grouping, isTable ? 1 : columns, isTable ? parseSorting(search.sort) : undefined),
    }),
    [shown, grouping, columns, isTable, search.sort],
  )
  const setting = `${search.view} ${search.sort} ${grouping} ${columns} ${search.errors} ${search.q}`
  const {
    shown: { count, lines },
    stir,
  } = useStill(made, setting)
  const joined = shown.length - count
  const tall = isTable ? rowHeight : tileHeight + gap
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: (i) => (lines[i]?.kind === 'head' ? headerHeight : tall),
    overscan: 6,
  })
  // biome-ignore lint/correctness/useExhaustiveDependencies: sizes are measured again when the lines are others
  useLayoutEffect(() => virtual.measure(), [lines, tall])
  const selected = search.sel.startsWith('agent:') ? search.sel.slice('agent:'.length) : ''
  const step = (to: Parameters<typeof stepped>[2]) => {
    stir()
    const id = stepped(lines, selected, to)
    if (id === undefined) return
    setSearch({ sel: `agent:${id}` })
    virtual.scrollToIndex(lines.findIndex((line) => line.kind === 'agents' && line.ids.includes(id)))
  }
  const run = useRow('agents', selected === '' ? undefined : selected)?.run?.value
  useBindings([
    { keys: 'j', about: 'Next agent', run: () => step('next') },
    { keys: 'k', about: 'Previous agent', run: () => step('previous') },
    { keys: 'ArrowRight', about: 'Next agent', run: () => step('next') },
    { keys: 'ArrowLeft', about: 'Previous agent', run: () => step('previous') },
    { keys: 'ArrowDown', about: 'Agent below', run: () => step('down') },
    { keys: 'ArrowUp', about: 'Agent above', run: () => step('up') },
    {
      keys: 'Enter',
      about: 'Swimlanes of the selected agent’s run',
      run: () => run !== undefined && void navigate({ to: '/runs/$run', params: { run }, search: { sel: search.sel } }),
    },
    { keys: '/', about: 'Filter agents', run: () => filterBox.current?.focus() },
    { keys: 'x', about: 'Errors only', run: () => setSearch({ errors: !search.errors }) },
    { keys: 'v', about: 'Grid or table', run: () => setSearch({ view: isTable ? 'grid' : 'table' }) },
  ])
  const totals = useMemo(() => totalsOf(agents), [agents])

  return (
    <section aria-label="Fleet" className="flex min-w-0 flex-1 flex-col">
      <div className="flex flex-wrap items-center gap-x-6 gap-y-2 border-b border-line px-4 py-2.5">
        <Figure name="agents" value={String(agents.length)} />
        <Figure name="busy" value={String(totals.busy)} tone="text-busy" />
        <Figure name="waiting" value={String(totals.waiting)} tone="text-wait" />
        <Figure name="in trouble" value={String(totals.troubled)} tone={totals.troubled > 0 ? 'text-bad' : ''} />
        <Figure name="tokens" value={compact(totals.tokens)} />
        <Figure name="cost" value={dollars(totals.cost)} />
        <div className="ml-auto flex items-center gap-2">
          <input
            ref={filterBox}
            type="search"
            aria-label="Filter agents"
            placeholder="Filter  /"
            value={search.q}
            onChange={({ target }) => setSearch({ q: target.value })}
            onKeyDown={({ key, currentTarget }) => key === 'Escape' && currentTarget.blur()}
            className="w-44 rounded-md border border-line bg-panel px-2.5 py-1 placeholder:text-faint"
          />
          <label className="flex items-center gap-1.5 text-faint">
            group
            <select
              aria-label="Group by"
              value={grouping}
              onChange={({ target }) => setSearch({ group: target.value })}
              className="rounded-md border border-line bg-panel px-1.5 py-1 text-ink"
            >
              {groupings.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
          <Toggle on={paused} press={toggle}>
            {paused ? 'resume' : 'pause'}
          </Toggle>
          <Toggle on={search.errors} press={() => setSearch({ errors: !search.errors })}>
            errors only
          </Toggle>
          <Toggle on={isTable} press={() => setSearch({ view: isTable ? 'grid' : 'table' })}>
            table
          </Toggle>
        </div>
      </div>
      <div {...(isTable ? { role: 'table', 'aria-label': 'Agents', 'aria-rowcount': count } : {})} className="flex min-h-0 flex-1 flex-col">
        {isTable && agents.length > 0 && <TableHead sorting={parseSorting(search.sort)} sort={(sort) => setSearch({ sort })} />}
        <div ref={box} onPointerMove={stir} className="flex-1 overflow-auto px-4 pb-6">
          {joined > 0 && (
            <p className="sticky top-2 z-10 mx-auto h-0 w-fit text-center text-xs">
              <span className="rounded-full border border-line bg-raised px-3 py-1 text-ink shadow-lg">
                +{joined} new, shown when the pointer rests
              </span>
            </p>
          )}
          {agents.length === 0 && store.ready() && <NoAgents />}
          {agents.length > 0 && shown.length === 0 && (
            <NoMatches shown={0} all={agents.length} clear={() => setSearch({ q: '', errors: false })} />
          )}
          <div className="relative" style={{ height: virtual.getTotalSize() }}>
            {virtual.getVirtualItems().map(({ index, start }) => {
              const line = lines[index]
              if (line === undefined) return null
              return (
                <div key={index} className="absolute left-0 right-0 top-0" style={{ transform: `translateY(${start}px)` }}>
                  {line.kind === 'head' ? (
                    <GroupHead line={line} inTable={isTable} />
                  ) : isTable ? (
                    line.ids.map((id) => <TableRow key={id} id={id} />)
                  ) : (
                    <ul className="flex" style={{ gap }}>
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

function GroupHead({ line, inTable }: { readonly line: Line & { readonly kind: 'head' }; readonly inTable: boolean }) {
  const head = (
    <h2 className="flex h-[38px] items-end gap-2 pb-1.5 text-xs font-medium text-soft">
      {visible(line.name)} <span className="text-faint">{line.count}</span>
    </h2>
  )
  if (!inTable) return head
  return (
    <div {...roles.row}>
      <div {...roles.cell}>{head}</div>
    </div>
  )
}

import { rowKey } from '@signalbox/model/fold/keys.ts'
import type { AgentRow } from '@signalbox/model/rows.ts'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useLayoutEffect, useMemo, useRef, useState } from 'react'
import { useBindings } from '../keys.ts'
import { store, useFrozen, useNow, useRow, useTable } from '../live/live.ts'
import { NoAgents, NoMatches } from '../parts/empty.tsx'
import { agentLook, Badge } from '../parts/status.tsx'
import { usePause } from '../pause.ts'
import { useSearch } from '../search.ts'
import { age, compact, dollars, visible } from '../text.ts'
import { useStill } from './still.ts'

const tileWidth = 236
const tileHeight = 116
const headerHeight = 38
const gap = 10

type Line =
  | { readonly kind: 'head'; readonly name: string; readonly count: number }
  | { readonly kind: 'tiles'; readonly ids: readonly string[] }

const groupings = ['manager', 'role', 'status', 'run', 'none'] as const
const groupOf: Record<(typeof groupings)[number], (agent: AgentRow) => string> = {
  manager: (agent) => agent.manager?.value ?? (agent.role?.value === 'manager' ? agent.id : 'no manager'),
  role: (agent) => agent.role?.value ?? 'no role',
  status: (agent) => agentLook(agent.status?.value).words,
  run: (agent) => agent.run?.value ?? 'no run',
  none: () => '',
}
const troubled = (agent: AgentRow) => agent.totals.errors > 0 || agent.status?.value === 'lost' || agent.status?.value === 'stuck'
const nameOf = (agent: AgentRow) => agent.name?.value ?? agent.id

function matching(agents: readonly AgentRow[], q: string, errors: boolean): AgentRow[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean)
  return agents.filter((agent) => {
    if (errors && !troubled(agent)) return false
    const text =
      `${agent.id} ${nameOf(agent)} ${agent.role?.value ?? ''} ${agentLook(agent.status?.value).words} ${agent.task?.value ?? ''} ${agent.run?.value ?? ''}`.toLowerCase()
    return words.every((word) => text.includes(word))
  })
}

/** Groups in which somebody worked lately stand first; they seldom change places. */
const lately = 10 * 60_000
const isActive = (members: readonly AgentRow[], newest: number) => members.some((agent) => newest - agent.lastSeenAt < lately)

function linesOf(agents: readonly AgentRow[], grouping: (typeof groupings)[number], columns: number): Line[] {
  const groups = new Map<string, AgentRow[]>()
  for (const agent of agents) {
    const name = groupOf[grouping](agent)
    groups.set(name, [...(groups.get(name) ?? []), agent])
  }
  const lines: Line[] = []
  const newest = agents.reduce((at, agent) => Math.max(at, agent.lastSeenAt), 0)
  const sorted = [...groups].sort(
    ([a, these], [b, those]) => Number(isActive(those, newest)) - Number(isActive(these, newest)) || a.localeCompare(b),
  )
  for (const [name, members] of sorted) {
    if (grouping !== 'none') lines.push({ kind: 'head', name, count: members.length })
    // The manager first, then by name: an order that does not change under the pointer.
    const ordered = members.sort((a, b) => Number(b.id === name) - Number(a.id === name) || nameOf(a).localeCompare(nameOf(b)))
    for (let i = 0; i < ordered.length; i += columns) lines.push({ kind: 'tiles', ids: ordered.slice(i, i + columns).map(({ id }) => id) })
  }
  return lines
}

export function Fleet() {
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
  const made = useMemo(
    () => ({ count: shown.length, lines: linesOf(shown, grouping, search.view === 'table' ? 1 : columns) }),
    [shown, grouping, columns, search.view],
  )
  const setting = `${search.view} ${grouping} ${columns} ${search.errors} ${search.q}`
  const {
    shown: { count, lines },
    onPointerMove,
  } = useStill(made, setting)
  const joined = shown.length - count
  const tall = search.view === 'table' ? 34 : tileHeight + gap
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: (i) => (lines[i]?.kind === 'head' ? headerHeight : tall),
    overscan: 6,
  })
  // biome-ignore lint/correctness/useExhaustiveDependencies: sizes are measured again when the lines are others
  useLayoutEffect(() => virtual.measure(), [lines, tall])
  useBindings([
    { keys: '/', about: 'Filter agents', run: () => filterBox.current?.focus() },
    { keys: 'x', about: 'Errors only', run: () => setSearch({ errors: !search.errors }) },
    { keys: 'v', about: 'Grid or table', run: () => setSearch({ view: search.view === 'table' ? 'grid' : 'table' }) },
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
          <Toggle on={search.view === 'table'} press={() => setSearch({ view: search.view === 'table' ? 'grid' : 'table' })}>
            table
          </Toggle>
        </div>
      </div>
      {search.view === 'table' && agents.length > 0 && (
        <div aria-hidden="true" className={`${tableColumns} mx-4 border-b border-line px-2 py-1.5 text-xs font-medium text-faint`}>
          <span>Agent</span>
          <span>Role</span>
          <span>Status</span>
          <span>Doing</span>
          <span className="text-right">Tokens</span>
          <span className="text-right">Cost</span>
          <span className="text-right">Last event</span>
        </div>
      )}
      <div ref={box} onPointerMove={onPointerMove} className="flex-1 overflow-auto px-4 pb-6">
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
                  <h2 className="flex h-[38px] items-end gap-2 pb-1.5 text-xs font-medium text-soft">
                    {visible(line.name)} <span className="text-faint">{line.count}</span>
                  </h2>
                ) : (
                  <ul className="flex" style={{ gap }}>
                    {line.ids.map((id) => (search.view === 'table' ? <TableRow key={id} id={id} /> : <Tile key={id} id={id} />))}
                  </ul>
                )}
              </div>
            )
          })}
        </div>
      </div>
    </section>
  )
}

function totalsOf(agents: readonly AgentRow[]) {
  const totals = { busy: 0, waiting: 0, troubled: 0, tokens: 0, cost: 0 }
  for (const agent of agents) {
    if (agent.status?.value === 'busy') totals.busy += 1
    if (agent.status?.value === 'waiting') totals.waiting += 1
    if (troubled(agent)) totals.troubled += 1
    totals.tokens += agent.totals.inputTokens + agent.totals.outputTokens
    totals.cost += agent.totals.costMicros
  }
  return totals
}

export function Figure({ name, value, tone = '' }: { readonly name: string; readonly value: string; readonly tone?: string }) {
  return (
    <span className="flex items-baseline gap-1.5 whitespace-nowrap">
      <span className={`text-base font-semibold tabular-nums ${tone}`}>{value}</span>
      <span className="text-xs text-faint">{name}</span>
    </span>
  )
}

export function Toggle({ on, press, children }: { readonly on: boolean; readonly press: () => void; readonly children: React.ReactNode }) {
  return (
    <button
      type="button"
      aria-pressed={on}
      onClick={press}
      className={`rounded-md border px-2.5 py-1 ${on ? 'border-accent bg-accent/15 text-accent' : 'border-line bg-panel text-soft hover:text-ink'}`}
    >
      {children}
    </button>
  )
}

/** What it does right now: an open call, else its task by title. */
function doing(agent: AgentRow, title: string | undefined, now: number): { readonly text: string; readonly since?: string } {
  const open = agent.inFlight.at(-1)
  if (open !== undefined) return { text: open.name, since: age(now - open.startedAt) }
  return { text: title ?? agent.task?.value ?? '' }
}

function useTile(id: string) {
  const agent = useRow('agents', id)
  const held = agent?.task?.value
  const task = useRow('tasks', held === undefined || held === '' ? undefined : rowKey.task(agent?.run?.value, held))
  const now = useNow()
  const [search, setSearch] = useSearch()
  const selected = search.sel === `agent:${id}`
  return { agent, title: task?.title?.value, now, selected, select: () => setSearch({ sel: selected ? '' : `agent:${id}` }) }
}

/** Names the whole tile: its area is the button's, its text is the agent's name and status. */
function Pick({
  agent,
  words,
  selected,
  select,
}: {
  readonly agent: AgentRow
  readonly words: string
  readonly selected: boolean
  readonly select: () => void
}) {
  return (
    <button
      type="button"
      onClick={select}
      aria-pressed={selected}
      className="min-w-0 truncate text-left font-medium after:absolute after:inset-0 after:rounded-lg"
    >
      {visible(nameOf(agent))}
      <span className="sr-only">, {words}</span>
    </button>
  )
}

function Tile({ id }: { readonly id: string }) {
  const { agent, title, now, selected, select } = useTile(id)
  if (agent === undefined) return null
  const look = agentLook(agent.status?.value)
  const { text, since } = doing(agent, title, now)
  const stale = now - agent.lastSeenAt > 3 * (agent.heartbeatIntervalMs ?? 60_000) && agent.status?.value !== 'stopped'
  return (
    <li
      style={{ width: tileWidth, height: tileHeight }}
      className={`relative flex flex-col rounded-lg border bg-panel p-3 transition-colors hover:border-accent/60 ${selected ? 'border-accent ring-1 ring-accent' : 'border-line'}`}
    >
      <span className="flex items-center justify-between gap-2">
        <Pick agent={agent} words={look.words} selected={selected} select={select} />
        <Role role={agent.role?.value} />
      </span>
      <span className="mt-1 flex items-center justify-between">
        <Badge look={look} />
        {agent.status !== undefined && <span className="text-xs text-faint">{age(now - agent.status.at)}</span>}
      </span>
      <span className="mt-1.5 flex gap-2 text-xs text-soft">
        <span className="min-w-0 flex-1 truncate" title={visible(text)}>
          {visible(text) || ' '}
        </span>
        {since !== undefined && <span className="text-busy">{since}</span>}
      </span>
      <span className="mt-auto flex items-center gap-3 border-t border-line/60 pt-1.5 text-xs text-faint">
        <span title="tokens in and out">{compact(agent.totals.inputTokens + agent.totals.outputTokens)} tok</span>
        <span title="cost">{dollars(agent.totals.costMicros)}</span>
        {agent.totals.errors > 0 && <span className="text-bad">✕ {agent.totals.errors}</span>}
        <span className={`ml-auto ${stale ? 'text-wait' : ''}`} title={`last event ${new Date(agent.lastSeenAt).toISOString()}`}>
          {age(now - agent.lastSeenAt)}
        </span>
      </span>
    </li>
  )
}

function Role({ role }: { readonly role: string | undefined }) {
  if (role === undefined) return null
  return (
    <span
      className={`shrink-0 rounded px-1.5 py-px text-[10px] font-medium uppercase tracking-wide ${role === 'manager' ? 'bg-accent/15 text-accent' : 'bg-raised text-faint'}`}
    >
      {role}
    </span>
  )
}

const tableColumns = 'grid grid-cols-[2fr_90px_100px_2fr_90px_90px_80px] gap-3'

function TableRow({ id }: { readonly id: string }) {
  const { agent, title, now, selected, select } = useTile(id)
  if (agent === undefined) return null
  const look = agentLook(agent.status?.value)
  return (
    <li
      className={`relative h-[33px] w-full ${tableColumns} items-center border-b border-line/60 px-2 hover:bg-raised ${selected ? 'bg-accent/10' : ''}`}
    >
      <Pick agent={agent} words={look.words} selected={selected} select={select} />
      <span>
        <Role role={agent.role?.value} />
      </span>
      <Badge look={look} />
      <span className="truncate text-xs text-soft">{visible(doing(agent, title, now).text)}</span>
      <span className="text-right">{compact(agent.totals.inputTokens + agent.totals.outputTokens)}</span>
      <span className="text-right">{dollars(agent.totals.costMicros)}</span>
      <span className="text-right text-faint">{age(now - agent.lastSeenAt)}</span>
    </li>
  )
}

import { rowKey } from '@signalbox/model/fold/keys.ts'
import type { AgentRow } from '@signalbox/model/rows.ts'
import { useNow, useRow } from '../../live/live.ts'
import { agentLook, Badge, hasGone } from '../../parts/status.tsx'
import { useSearch } from '../../search.ts'
import { age, compact, dollars, visible } from '../../text.ts'
import { nameOf, tokensOf } from './order.ts'

/** At least; tiles share what a line leaves. */
export const tileWidth = 236
export const tileHeight = 122

/** What it does right now: an open call and its task by title. A task that is not among the open ones was ended by somebody else. */
export function doing(agent: AgentRow, title: string | undefined, now: number): { readonly text: string; readonly since?: string } {
  const open = hasGone(agent) ? undefined : agent.inFlight.at(-1)
  if (open !== undefined) return { text: title === undefined ? open.name : `${open.name} · ${title}`, since: age(now - open.startedAt) }
  return { text: title ?? (agent.status?.value === 'busy' ? (agent.task?.value ?? '') : '') }
}

export function useAgent(id: string) {
  const agent = useRow('agents', id)
  const held = agent?.task?.value
  const task = useRow('tasks', held === undefined || held === '' ? undefined : rowKey.task(agent?.run?.value, held))
  const now = useNow()
  const [search, setSearch] = useSearch()
  const selected = search.sel === `agent:${id}`
  // Somebody else has it now, and this agent does nothing with it.
  const isInactive = agent !== undefined && (hasGone(agent) || agent.status?.value === 'idle')
  const isHandedOn = isInactive && task?.assignee !== undefined && task.assignee.value !== id
  return {
    agent,
    title: task === undefined || isHandedOn ? undefined : (task.title?.value ?? task.id),
    now,
    selected,
    select: () => setSearch({ sel: selected ? '' : `agent:${id}` }),
  }
}

/** Names the whole tile: its area is the button's, its text is the agent's name and status. */
export function Pick({
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
      title={visible(nameOf(agent))}
      className="min-w-0 truncate text-left font-medium outline-none after:absolute after:inset-0 after:rounded-lg focus-visible:after:outline-2 focus-visible:after:outline-accent"
    >
      {visible(nameOf(agent))}
      <span className="sr-only">, {words}</span>
    </button>
  )
}

export function Tile({ id }: { readonly id: string }) {
  const { agent, title, now, selected, select } = useAgent(id)
  if (agent === undefined) return null
  const look = agentLook(agent.status?.value)
  const { text, since } = doing(agent, title, now)
  return (
    <li
      style={{ height: tileHeight }}
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
          {visible(text) || <span className="text-faint">no task</span>}
        </span>
        {since !== undefined && <span className="text-busy">{since}</span>}
      </span>
      <span className="mt-auto flex items-center gap-3 border-t border-line/60 pt-1.5 text-xs text-faint">
        <span title="tokens in and out">{compact(tokensOf(agent))} tok</span>
        <span title="cost">{dollars(agent.totals.costMicros)}</span>
        {agent.totals.errors > 0 && <span className="text-bad">✕ {agent.totals.errors}</span>}
        <span className="ml-auto">
          <LastEvent agent={agent} now={now} />
        </span>
      </span>
    </li>
  )
}

/** How long ago it was heard; with a sign once that is longer than it announced. */
export function LastEvent({ agent, now }: { readonly agent: AgentRow; readonly now: number }) {
  const since = now - agent.lastSeenAt
  const status = agent.status?.value
  const silent = since > 3 * (agent.heartbeatIntervalMs ?? 60_000) && status !== 'stopped' && status !== 'lost'
  return (
    <span
      className={`whitespace-nowrap ${silent ? 'text-wait' : 'text-faint'}`}
      title={`last event ${new Date(agent.lastSeenAt).toISOString()}`}
    >
      {silent ? '⚠ ' : ''}
      {age(since)}
    </span>
  )
}

export function Role({ role }: { readonly role: string | undefined }) {
  if (role === undefined) return null
  return (
    <span
      className={`shrink-0 rounded px-1.5 py-px text-[10px] font-medium uppercase tracking-wide ${role === 'manager' ? 'bg-accent/15 text-accent' : 'bg-raised text-faint'}`}
    >
      {role}
    </span>
  )
}

import type { AgentRow } from '@signalbox/model/rows.ts'
import { memo } from 'react'
import { useNow } from '../../live/live.ts'
import { Spark } from '../../parts/spark.tsx'
import { agentLook, Badge } from '../../parts/status.tsx'
import { shownRates } from '../../rates/live.ts'
import { age, compact, dollars, visible } from '../../text.ts'
import { doing, isSilent, nameOf, tokensOf } from './agent.ts'
import { sizes } from './density.ts'
import { useAgent } from './use-agent.ts'

export interface AgentProps {
  readonly id: string
  readonly selected: boolean
  /** The same function as long as the page is shown. */
  readonly select: (id: string) => void
}

/** Names the whole tile: its area is the button's, its text is the agent's name and status. */
export function Pick({ agent, words, selected, select }: { readonly agent: AgentRow; readonly words: string } & Omit<AgentProps, 'id'>) {
  return (
    <button
      type="button"
      onClick={() => select(agent.id)}
      aria-pressed={selected}
      title={visible(nameOf(agent))}
      className="min-w-0 truncate text-left font-medium outline-none after:absolute after:inset-0 after:rounded-lg focus-visible:after:outline-2 focus-visible:after:outline-accent"
    >
      {visible(nameOf(agent))}
      <span className="sr-only">, {words}</span>
    </button>
  )
}

/** Selected, in trouble, silent for too long (a dashed edge, no ground), or as usual. */
export function edge(agent: AgentRow, selected: boolean, now: number): string {
  const status = agent.status?.value
  const tone = selected
    ? 'border-accent ring-1 ring-accent'
    : status === 'stuck' || status === 'lost'
      ? 'border-bad/50'
      : status === 'waiting'
        ? 'border-wait/50'
        : 'border-line'
  return `${tone} ${isSilent(agent, now) ? 'border-dashed' : 'bg-panel'}`
}

/** `wide`: of the tile, CSS pixels. */
export const Tile = memo(function Tile({ id, selected, select, wide }: AgentProps & { readonly wide: number }) {
  const { agent, title } = useAgent(id)
  const now = useNow()
  if (agent === undefined) return null
  const look = agentLook(agent.status?.value)
  const { text, since } = doing(agent, title, now)
  const rate = shownRates()?.of(id)
  return (
    <li
      style={{ height: sizes.tiles.height }}
      className={`relative flex flex-col rounded-lg border p-3 hover:border-accent/60 ${edge(agent, selected, now)}`}
    >
      <span className="flex items-center justify-between gap-2">
        <Pick agent={agent} words={look.words} selected={selected} select={select} />
        <Role role={agent.role?.value} />
      </span>
      <span className="mt-1 flex items-center justify-between">
        <Badge look={look} />
        {agent.status !== undefined && (
          <span className="text-xs text-faint" title={`since ${new Date(agent.status.at).toISOString()}`}>
            {age(now - agent.status.at)}
          </span>
        )}
      </span>
      <span className="mt-1.5 flex gap-2 text-xs text-soft">
        <span className="min-w-0 flex-1 truncate" title={visible(text)}>
          {visible(text) || <span className="text-faint">no task</span>}
        </span>
        {since !== undefined && <span className="text-busy">{since}</span>}
      </span>
      <Spark id={id} width={wide - 26} height={18} className="mt-auto" />
      <span className="mt-1.5 flex items-center gap-3 whitespace-nowrap text-xs tabular-nums text-faint">
        {rate === undefined ? (
          <>
            <span title="tokens in and out">{compact(tokensOf(agent))} tok</span>
            <span title="cost">{dollars(agent.totals.costMicros)}</span>
          </>
        ) : (
          <>
            <span title={`tokens in the last minute; ${compact(tokensOf(agent))} in all`}>{compact(rate.tokensPerMinute)} tok/min</span>
            <span title={`cost in the last hour; ${dollars(agent.totals.costMicros)} in all`}>{dollars(rate.costMicrosPerHour)}/h</span>
          </>
        )}
        <Errors agent={agent} lately={rate?.errors} />
        <span className="ml-auto">
          <LastEvent agent={agent} now={now} />
        </span>
      </span>
    </li>
  )
})

/** Those of the last five minutes where that is known. */
export function Errors({ agent, lately }: { readonly agent: AgentRow; readonly lately: number | undefined }) {
  const shown = lately ?? agent.totals.errors
  if (shown === 0) return null
  return (
    <span
      className="text-bad"
      title={`${lately === undefined ? '' : 'errors in the last five minutes; '}${compact(agent.totals.errors)} errors in all`}
    >
      ✕ {compact(shown)}
    </span>
  )
}

/** How long ago it was heard; with a sign once that is longer than it announced. */
export function LastEvent({ agent, now }: { readonly agent: AgentRow; readonly now: number }) {
  const silent = isSilent(agent, now)
  return (
    <span
      className={`whitespace-nowrap ${silent ? 'text-wait' : 'text-faint'}`}
      title={`last event ${new Date(agent.lastSeenAt).toISOString()}`}
    >
      {silent ? '⚠ ' : ''}
      {age(now - agent.lastSeenAt)}
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

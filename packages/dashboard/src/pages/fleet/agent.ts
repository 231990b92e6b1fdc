/** What the fleet asks of an agent's row. */
import type { AgentRow } from '@signalbox/model/rows.ts'
import { hasGone } from '../../parts/status.tsx'
import { age } from '../../text.ts'

export const nameOf = (agent: AgentRow): string => agent.name?.value ?? agent.id
export const tokensOf = ({ totals }: AgentRow): number => totals.inputTokens + totals.outputTokens
export const teamOf = (agent: AgentRow): string | undefined => agent.team?.value

/** As the filter and the figures name it; an agent that was only ever mentioned has none of its own. */
export const statuses = ['busy', 'waiting', 'stuck', 'lost', 'idle', 'stopped', 'seen'] as const
export type Status = (typeof statuses)[number]
export const statusOf = (agent: AgentRow): Status => agent.status?.value ?? 'seen'

const noRole = 'no role'
export const roleOf = (agent: AgentRow): string => agent.role?.value ?? noRole

/** It errs, or nothing is heard of it. */
export const isTroubled = (agent: AgentRow): boolean =>
  agent.totals.errors > 0 || agent.status?.value === 'lost' || agent.status?.value === 'stuck'

/** Longest silence that is usual where an agent announces none. */
const usualSilenceMs = 60_000

/** Nothing was heard of it for three times as long as it announced, and nobody has said that it is gone. */
export const isSilent = (agent: AgentRow, now: number): boolean =>
  !hasGone(agent) && now - agent.lastSeenAt > 3 * (agent.heartbeatIntervalMs ?? usualSilenceMs)

/** What it does right now: an open call and its task by title. A task that is not among the open ones was ended by somebody else. */
export function doing(agent: AgentRow, title: string | undefined, now: number): { readonly text: string; readonly since?: string } {
  const open = hasGone(agent) ? undefined : agent.inFlight.at(-1)
  if (open !== undefined) return { text: title === undefined ? open.name : `${open.name} · ${title}`, since: age(now - open.startedAt) }
  return { text: title ?? (agent.status?.value === 'busy' ? (agent.task?.value ?? '') : '') }
}

/** Who needs somebody: agents that are stuck, lost, wait for a person, or fail again and again. */
import type { AgentRow } from '@signalbox/model/rows.ts'
import type { ShownRates } from '../../rates/live.ts'
import type { Acknowledgement } from '../../views.ts'

const kinds = ['stuck', 'lost', 'waiting', 'failing'] as const
type Kind = (typeof kinds)[number]

export interface Trouble {
  readonly id: string
  readonly kind: Kind
  /** Epoch ms; of who fails, not known. */
  readonly since?: number | undefined
  /** Somebody knows of it: it is shown calmer. */
  readonly isKnown: boolean
}

/** Errors within five minutes from which on an agent fails, rather than errs, and the share of its calls that they are then. */
const failingFrom = 5
const failingShare = 1 / 3
/** Who goes on failing is named again after this long. */
const knownForMs = 3_600_000

export const subjectOf = (id: string): string => `agent:${id}`

function kindOf(agent: AgentRow, rates: ShownRates): Kind | undefined {
  const status = agent.status?.value
  if (status === 'stuck' || status === 'lost' || status === 'waiting') return status
  // Most never failed so often: they are not looked up.
  const rate = agent.totals.errors < failingFrom ? undefined : rates?.of(agent.id)
  return rate !== undefined && rate.errors >= failingFrom && rate.errors >= failingShare * rate.calls ? 'failing' : undefined
}

/** What began after it was acknowledged is another trouble. That an agent is lost the server says; what it says itself may be by a clock that is ahead. */
function beganAt(agent: AgentRow, kind: Kind, now: number): number {
  const said = agent.status?.at ?? 0
  if (kind === 'failing') return now - knownForMs
  return kind === 'lost' ? said : Math.min(said, agent.lastReceivedAt)
}

/** Whom nobody knows of first, then by kind, the newest first: what happened long ago was seen. */
export function troublesOf(
  agents: readonly AgentRow[],
  acknowledged: ReadonlyMap<string, Acknowledgement>,
  rates: ShownRates,
  now: number,
): readonly Trouble[] {
  const found: Trouble[] = []
  for (const agent of agents) {
    const kind = kindOf(agent, rates)
    if (kind === undefined) continue
    const since = kind === 'failing' ? undefined : agent.status?.at
    const known = acknowledged.get(subjectOf(agent.id))
    const isKnown = known !== undefined && known.at >= beganAt(agent, kind, now)
    found.push({ id: agent.id, kind, since, isKnown })
  }
  return found.sort(
    (a, b) => Number(a.isKnown) - Number(b.isKnown) || kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || (b.since ?? 0) - (a.since ?? 0),
  )
}

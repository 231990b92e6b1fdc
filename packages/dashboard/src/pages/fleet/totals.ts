/** What the fleet amounts to, and how that changed within the last minute. */
import type { AgentRow } from '@signalbox/model/rows.ts'
import { type Status, statuses, statusOf, tokensOf } from './agent.ts'

export interface Totals {
  readonly agents: number
  readonly of: Readonly<Record<Status, number>>
  readonly tokens: number
  readonly cost: number
  readonly errors: number
}

export function totalsOf(agents: readonly AgentRow[]): Totals {
  const of: Record<Status, number> = { busy: 0, waiting: 0, stuck: 0, lost: 0, idle: 0, stopped: 0, seen: 0 }
  const totals = { agents: agents.length, of, tokens: 0, cost: 0, errors: 0 }
  for (const agent of agents) {
    of[statusOf(agent)] += 1
    totals.tokens += tokensOf(agent)
    totals.cost += agent.totals.costMicros
    totals.errors += agent.totals.errors
  }
  return totals
}

function difference(now: Totals, then: Totals): Totals {
  const of = { ...now.of }
  for (const status of statuses) of[status] -= then.of[status]
  return {
    of,
    agents: now.agents - then.agents,
    tokens: now.tokens - then.tokens,
    cost: now.cost - then.cost,
    errors: now.errors - then.errors,
  }
}

export interface Trend {
  /** Remembers the totals of a moment, and answers how they differ from those a minute before; undefined until a minute is known. */
  note(totals: Totals, at: number): Totals | undefined
}

const spanMs = 60_000
const everyMs = 1_000

/** Keeps a minute of totals, one a second. */
export function createTrend(): Trend {
  let kept: { readonly at: number; readonly totals: Totals }[] = []
  return {
    note(totals, at) {
      const last = kept.at(-1)
      // A clock that was put back, or a page that slept: what was before is not a minute before.
      if (last !== undefined && (at < last.at || at - last.at > spanMs)) kept = []
      if (last === undefined || kept.length === 0 || at - last.at >= everyMs) kept.push({ at, totals })
      while ((kept[1]?.at ?? Number.POSITIVE_INFINITY) <= at - spanMs) kept.shift()
      const then = kept[0]
      return then !== undefined && then.at <= at - spanMs ? difference(totals, then.totals) : undefined
    },
  }
}

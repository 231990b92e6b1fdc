import type { AgentRow } from '@signalbox/model/rows.ts'
import type { ShownRates } from './live.ts'

/** Sums over some agents. */
export function ratesOf(agents: readonly AgentRow[], rates: ShownRates) {
  if (rates === undefined) return undefined
  const sum = { tokensPerMinute: 0, costMicrosPerHour: 0 }
  for (const { id } of agents) {
    const rate = rates.of(id)
    sum.tokensPerMinute += rate?.tokensPerMinute ?? 0
    sum.costMicrosPerHour += rate?.costMicrosPerHour ?? 0
  }
  return sum
}

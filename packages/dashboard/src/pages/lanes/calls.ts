/** The calls a run's page holds: those of its feed, and older ones that the feed's snapshot left out. */
import type { CallRow } from '@signalbox/model/rows.ts'
import { callKey } from './keys.ts'

/** Calls of one run that the page draws at most; the page says how many more there are. */
export const mostCalls = 20_000

/** A call that changed since it was read stands in the feed's rows too; those are newer. */
export function withOlder(held: readonly CallRow[], older: readonly CallRow[]): readonly CallRow[] {
  if (older.length === 0) return held
  const known = new Set(held.map(callKey))
  return [...older.filter((call) => !known.has(callKey(call))), ...held]
}

/** The write side of `rollups`: what is added to each minute, in the transaction that writes the rows it is of. */
import type { EpochMs, TenantId } from '@signalbox/model/event.ts'
import { durationBuckets, type RollupKind } from '@signalbox/model/rollup.ts'
import type { Client } from 'pg'
import { arrayOf } from './copy-text.ts'

/** What is to be added; where a row counts no longer what it counted, less than nothing. */
export interface RollupWrite {
  readonly tenant: TenantId
  readonly minute: EpochMs
  readonly kind: RollupKind
  readonly agent: string
  readonly name: string
  calls: number
  failed: number
  inputTokens: number
  outputTokens: number
  cachedTokens: number
  costMicros: number
  durationMs: number
  /** Undefined: none. */
  durations: number[] | undefined
}

export const durationColumns = Array.from({ length: durationBuckets }, (_, i) => `took${i}`)
export const rollupSums = ['calls', 'failed', 'input_tokens', 'output_tokens', 'cached_tokens', 'cost_micros', 'duration_ms'] as const
const sums: readonly string[] = [...rollupSums, ...durationColumns]
const keys = ['tenant', 'minute', 'kind', 'agent', 'name'] as const
const columns = [...keys, ...sums].join()
/** Null: nothing; it takes no bytes, and most figures of a minute are. */
const added = sums.map((sum) => (sum === 'calls' ? sum : `nullif(${sum}, 0)`)).join()
const addition = (sum: string) =>
  sum === 'calls' ? 'calls = r.calls + excluded.calls' : `${sum} = nullif(coalesce(r.${sum}, 0) + coalesce(excluded.${sum}, 0), 0)`
const typeOf = (column: string) =>
  column === 'minute' || column === 'calls' || column === 'failed' ? 'bigint' : /^took/.test(column) ? 'int' : 'double precision'
const types = [...keys, ...sums].map((column) => `${column === 'minute' || !keys.includes(column as 'kind') ? typeOf(column) : 'text'}[]`)

/** Index: primary key; none of what it sets is in one. */
const addTo = (table: string, partition: number) => `insert into ${table} as r (partition, ${columns})
    select ${partition}, ${keys.join()}, ${added} from unnest(${types.map((type, i) => `$${i + 1}::${type}`).join()}) as a (${columns})
  on conflict (tenant, minute, kind, agent, name, partition) do update set ${sums.map(addition).join()}`

/** Once a connection. */
export const prepareRollups = (partition: number): string => `prepare add_rollups (${types.join()}) as ${addTo('rollups', partition)}`

/** Adds to a table that is made like it. */
export async function addRollups(
  client: Pick<Client, 'query'>,
  table: string,
  partition: number,
  rollups: readonly RollupWrite[],
): Promise<void> {
  if (rollups.length > 0)
    await client.query(
      `prepare add_these (${types.join()}) as ${addTo(table, partition)}; execute add_these(${rollupArrays(rollups)}); deallocate add_these`,
    )
}

/** Arguments of `add_rollups`: a column an array. */
export function rollupArrays(rollups: readonly RollupWrite[]): string {
  const column = (of: (rollup: RollupWrite) => string | number) => arrayOf(rollups.map(of))
  return [
    column(({ tenant }) => tenant),
    column(({ minute }) => minute),
    column(({ kind }) => kind),
    column(({ agent }) => agent),
    column(({ name }) => name),
    column(({ calls }) => calls),
    column(({ failed }) => failed),
    column(({ inputTokens }) => inputTokens),
    column(({ outputTokens }) => outputTokens),
    column(({ cachedTokens }) => cachedTokens),
    column(({ costMicros }) => costMicros),
    column(({ durationMs }) => durationMs),
    ...durationColumns.map((_, i) => column(({ durations }) => durations?.[i] ?? 0)),
  ].join()
}

/** Of `rows_written`: the oldest minute that is added to, and all of them. */
export function minuteArrays(rollups: readonly RollupWrite[]): string {
  const minutes = new Map(rollups.map(({ tenant, minute }) => [`${minute}\u0000${tenant}`, { tenant, minute }]))
  const all = [...minutes.values()]
  const oldest = all.reduce((least, { minute }) => Math.min(least, minute), Number.POSITIVE_INFINITY)
  return all.length === 0
    ? "null, '{}', '{}'"
    : `${oldest}, ${arrayOf(all.map(({ tenant }) => tenant))}, ${arrayOf(all.map(({ minute }) => minute))}`
}

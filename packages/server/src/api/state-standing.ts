/**
 * What of a past state still is as it was. Rows are never deleted and say the position of their last change, so a row of the projections is
 * the row of every moment since then. One that changed later was another at the snapshot if it is as old (`born`), and is then looked for.
 */
import type { TenantId } from '@signalbox/model/event.ts'
import type { RowOf, Table } from '@signalbox/model/rows.ts'
import type { Pool } from 'pg'
import { Refused } from '../http/problem.ts'
import { callsByKey } from '../store/calls-read.ts'
import { type FoundRows, type HeldRows, readEnded, type SoughtKey } from './state-kept.ts'

/** Those that a fleet's rows have, ended or not. */
const standingTables = ['agents', 'runs'] as const
type StandingTable = (typeof standingTables)[number]

export interface StandingRow {
  readonly position: number
  /** 0 where it is not known. */
  readonly born: number
  readonly json: string
  row?: RowOf[Table]
}

/** Of one tenant and partition, as the projections were when they stood for `upTo`. */
export interface Standing {
  readonly upTo: number
  readonly rows: { readonly [T in StandingTable]: ReadonlyMap<string, StandingRow> }
  readonly size: number
}

/** What of it is of the snapshot at `position`. */
export interface StandingAt {
  readonly position: number
  readonly standing: Standing
}

/** Refuses what is more than `most` rows. Primary key of projections. */
async function checkSize(pool: Pool, tenant: TenantId, partition: number, most: number): Promise<void> {
  const { rows } = await pool.query<{ count: number }>(
    `select count(*)::int from (select from projections where tenant = $1 and tbl in ('agents', 'runs') and partition = $2 limit $3) counted`,
    [tenant, partition, most + 1],
  )
  if ((rows[0]?.count ?? 0) <= most) return
  const detail = `Partition ${partition} has more than ${most.toLocaleString('en')} agents and runs.`
  throw new Refused({ code: 'STATE_TOO_LARGE', detail })
}

/** One statement, so of one moment. Primary key of projections, and of heads. */
export async function readStanding(pool: Pool, tenant: TenantId, partition: number, most: number): Promise<Standing> {
  await checkSize(pool, tenant, partition, most)
  const { rows: found } = await pool.query<[string, StandingTable | null, string, string, string | null, string]>({
    text: `select h.folded, p.tbl, p.key, p.position, p.born, p.body::text from heads h left join projections p
             on p.tenant = $1 and p.tbl in ('agents', 'runs') and p.partition = h.partition where h.partition = $2`,
    values: [tenant, partition],
    rowMode: 'array',
  })
  const rows = { agents: new Map<string, StandingRow>(), runs: new Map<string, StandingRow>() }
  for (const [, table, key, position, born, json] of found)
    if (table !== null) rows[table].set(key, { position: Number(position), born: Number(born ?? 0), json })
  return { upTo: Number(found[0]?.[0] ?? 0), rows, size: rows.agents.size + rows.runs.size }
}

const isStanding = (table: Table): table is StandingTable => (standingTables as readonly Table[]).includes(table)

export function* standingOf({ position, standing }: StandingAt, table: Table): Generator<readonly [key: string, row: StandingRow]> {
  if (isStanding(table)) for (const entry of standing.rows[table]) if (entry[1].position <= position) yield entry
}

export const parsed = (standing: StandingRow): RowOf[Table] => {
  standing.row ??= JSON.parse(standing.json) as RowOf[Table]
  return standing.row
}

export function standingRow({ position, standing }: StandingAt, table: Table, key: string): RowOf[Table] | undefined {
  const found = isStanding(table) ? standing.rows[table].get(key) : undefined
  return found !== undefined && found.position <= position ? parsed(found) : undefined
}

/** Agents and runs that were others at the snapshot, and are not among those that went on: late events came for them since. */
export function readChanged(
  pool: Pool,
  tenant: TenantId,
  partition: number,
  { position, standing }: StandingAt,
  goesOn: HeldRows,
): Promise<FoundRows> {
  const keys: SoughtKey[] = []
  for (const table of standingTables)
    for (const [key, row] of standing.rows[table])
      if (row.position > position && row.born <= position && !goesOn[table].has(key)) keys.push({ table, key })
  return readEnded(pool, tenant, partition, position, keys)
}

/** What these keys had ended as at the snapshot, if they had: as they are now, or as they were. Primary keys of projections, once a key, and of call_chunks. */
export async function readRested(
  pool: Pool,
  tenant: TenantId,
  partition: number,
  position: number,
  keys: readonly SoughtKey[],
): Promise<FoundRows> {
  if (keys.length === 0) return []
  const { rows } = await pool.query<[Table, string, string | null]>({
    text: `select k.tbl, k.key, case when p.position <= $3 then p.body::text end from unnest($4::text[], $5::text[]) as k (tbl, key), lateral (
             select position, body from projections where tenant = $1 and tbl = k.tbl and key = k.key and partition = $2
               and (position <= $3 or born is null or born <= $3) offset 0) p`,
    values: [tenant, partition, position, keys.map(({ table }) => table), keys.map(({ key }) => key)],
    rowMode: 'array',
  })
  const callKeys = keys.flatMap(({ table, key }) => (table === 'calls' ? [key] : []))
  const closed = await callsByKey(pool, tenant, callKeys, { partition, upTo: position })
  // One that is a row too closed again by then.
  const others = rows.filter(([table, key]) => table !== 'calls' || !closed.has(key))
  const changed = others.flatMap(([table, key, json]) => (json === null ? [{ table, key }] : []))
  const same = others.flatMap(([table, key, json]) => (json === null ? [] : [[table, key, JSON.parse(json) as RowOf[Table]] as const]))
  return [
    ...same,
    ...Array.from(closed.values(), ({ key, row }) => ['calls' as const, key, row] as const),
    ...(await readEnded(pool, tenant, partition, position, changed)),
  ]
}

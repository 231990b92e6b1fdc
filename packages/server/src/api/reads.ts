/** The lists' statements. Each names the index it walks. */
import type { LoggedEvent, TenantId } from '@signalbox/model/event.ts'
import { joinAgents } from '@signalbox/model/fold/agent.ts'
import type { Filter } from '@signalbox/model/live.ts'
import type { AgentRow, RowOf, Table } from '@signalbox/model/rows.ts'
import type { Pool } from 'pg'
import { eventConditions, type LogRow, logColumns, toEvent } from '../store/reader.ts'

export interface EventsQuery {
  readonly tenant: TenantId
  readonly filter: Filter
  readonly order: 'asc' | 'desc'
  /** Id of the last event of the page before (by time), or its position (by position). */
  readonly after: string | number | undefined
  readonly limit: number
  readonly byPosition: boolean
}

/** By time: primary key, day after day. By position: log_run. */
export async function listEvents(pool: Pool, q: EventsQuery): Promise<LoggedEvent[]> {
  const values: unknown[] = [q.tenant, q.limit]
  const conditions = eventConditions(q.filter, values)
  const key = q.byPosition ? 'position' : 'id'
  const after = q.after === undefined ? '' : ` and ${key} ${q.order === 'asc' ? '>' : '<'} $${values.push(q.after)}`
  const { rows } = await pool.query<LogRow>(
    `select ${logColumns} from log where tenant = $1${conditions}${after} order by ${key} ${q.order} limit $2`,
    values,
  )
  return rows.map(toEvent)
}

/** Primary key. */
export async function eventById(pool: Pool, tenant: TenantId, id: string): Promise<LoggedEvent | undefined> {
  const { rows } = await pool.query<LogRow>(`select ${logColumns} from log where id = $1 and tenant = $2`, [id, tenant])
  return rows[0] === undefined ? undefined : toEvent(rows[0])
}

/** Primary key of projections: keys in order, an agent's rows of all partitions together. */
export async function listAgents(
  pool: Pool,
  tenant: TenantId,
  q: { after?: string | undefined; limit: number; ids?: readonly string[] | undefined },
): Promise<AgentRow[]> {
  const values: unknown[] = [tenant, q.limit]
  const after = q.after === undefined ? '' : ` and key > $${values.push(q.after)}`
  const ids = q.ids === undefined ? '' : ` and key = any($${values.push(q.ids)})`
  const { rows } = await pool.query<{ parts: AgentRow[] }>(
    `select json_agg(body) as parts from projections where tenant = $1 and tbl = 'agents'${after}${ids} group by key order by key limit $2`,
    values,
  )
  return rows.flatMap(({ parts }) => joinAgents(parts) ?? [])
}

export interface RowsQuery {
  readonly tenant: TenantId
  readonly table: Exclude<Table, 'agents'>
  readonly after: readonly (string | number)[] | undefined
  readonly limit: number
  readonly run?: readonly string[] | undefined
  readonly agent?: readonly string[] | undefined
  readonly task?: readonly string[] | undefined
  readonly state?: readonly string[] | undefined
}

export interface SortedRow<T extends Table> {
  readonly sort: number
  readonly key: string
  readonly row: RowOf[T]
}

/** Newest first. projections_sort, or projections_run when a run is named. */
export async function listRows<T extends Exclude<Table, 'agents'>>(
  pool: Pool,
  q: RowsQuery & { readonly table: T },
): Promise<SortedRow<T>[]> {
  const values: unknown[] = [q.tenant, q.table, q.limit]
  let conditions = q.after === undefined ? '' : ` and (sort, key) < ($${values.push(q.after[0])}, $${values.push(q.after[1])})`
  for (const name of ['run', 'agent', 'task', 'state'] as const) {
    const wanted = q[name]
    if (wanted !== undefined && wanted.length > 0) conditions += ` and ${name} = any($${values.push(wanted)})`
  }
  const { rows } = await pool.query<{ sort: string; key: string; body: RowOf[T] }>(
    `select sort, key, body from projections where tenant = $1 and tbl = $2${conditions} order by sort desc, key desc limit $3`,
    values,
  )
  return rows.map(({ sort, key, body }) => ({ sort: Number(sort), key, row: body }))
}

/** The lists' statements. Each names the index it walks, and walks a bounded part of it: a page may be short and have a next one. */
import { type LoggedText, limits, type TenantId } from '@signalbox/model/event.ts'
import { joinAgents } from '@signalbox/model/fold/agent.ts'
import { callTypes, rowKey } from '@signalbox/model/fold/keys.ts'
import { firstIdOf, idTime } from '@signalbox/model/ids.ts'
import type { Filter } from '@signalbox/model/live.ts'
import type { AgentRow, CallRow, RowOf, Table } from '@signalbox/model/rows.ts'
import type { Pool } from 'pg'
import { callsByKey, callsOfRunAfter, stillSo } from '../store/calls-read.ts'
import { type LogRow, toText } from '../store/log-row.ts'
import {
  among,
  type Condition,
  type Direction,
  matching,
  ofRunAt,
  orderedBy,
  readRows,
  sqlOf,
  type Walk,
  where,
} from '../store/log-rows.ts'
import { runConditions } from '../store/reader.ts'
import type { Key, Scanned } from './page.ts'

export interface EventsQuery {
  readonly tenant: TenantId
  readonly filter: Filter
  readonly order: Direction
  /** Id of the last event of the page before (by time), or its position (by position). */
  readonly after: string | number | undefined
  readonly limit: number
  readonly byPosition: boolean
  /** Only events of the one run's call of this id; the reader looks at `callsOf` too, some others may be among them. */
  readonly call?: string | undefined
  /** Only what was committed by then: the time, and the position of each partition. */
  readonly committed?: { readonly time: number; readonly positions: readonly number[] } | undefined
}

/** Rows of an index looked at for one page, however few of them match. */
const mostScanned = 10_000
/** Of chunks: their events, and how many are opened, a millisecond for a full one. */
const mostSealedScanned = 32_000
const mostChunksScanned = 500

const placed = (sign: '<' | '<=' | '>' | '>=', place: string | number): Condition =>
  typeof place === 'number' ? ofRunAt(sign, place) : where('id', sign, place)

/** The end of the millisecond of an id: the walk crosses events of every tenant, and the edge is told in a cursor. */
const beyond = (id: string, order: Direction) => firstIdOf(order === 'asc' ? idTime(id) + 1 : idTime(id))

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
/** As it begins in the data's JSON; what the fold made readable in the id is not looked for. */
const begunAs = (call: string) => JSON.stringify(call.split('\ufffd')[0]).slice(0, -1)

/** Events of a call, by how it is told: by its name, or, where many are attributed at once, among them. */
function ofCall(call: string): Condition[] {
  const begun = begunAs(call)
  const named = `"call":${begun}`
  // A call without a name of its own has its event's.
  const isId = uuid.test(call)
  const told: Condition = {
    sql: (bind) =>
      `(strpos(data, ${bind(named)}) > 0 or type like '%.attributed' and strpos(data, ${bind(begun)}) > 0${isId ? ` or id = ${bind(call)}` : ''})`,
    is: ({ data, id, type }) => data.includes(named) || (type.endsWith('.attributed') && data.includes(begun)) || (isId && id === call),
  }
  return [among('type', Object.keys(callTypes)), told]
}

/** Each partition has its own. */
const committedBy = (positions: readonly number[]): Condition => ({
  sql: (bind) =>
    `position <= (select last from unnest(${bind(positions)}::bigint[]) with ordinality as c (last, n) where n = partition + 1)`,
  is: ({ partition, position }) => Number(position) <= (positions[partition] ?? 0),
})

/** Where the newest event of a call stands: its row changed there last. Primary keys of projections and of call_chunks. */
async function newestOfCall(pool: Pool, tenant: TenantId, run: string, call: string): Promise<number> {
  const keys = (['llm', 'tool'] as const).map((kind) => rowKey.call(run, kind, call))
  const { rows } = await pool.query<{ newest: string | null }>(
    "select max(position) as newest from projections where tenant = $1 and tbl = 'calls' and key = any($2)",
    [tenant, keys],
  )
  const closed = await callsByKey(pool, tenant, keys)
  return Math.max(Number(rows[0]?.newest ?? 0), ...Array.from(closed.values(), ({ position }) => position))
}

/**
 * All events of a run that has no more than so many, in their order. Who walks forward has what the disk reads ahead, and backwards waits
 * for each page: of 450 events that no cache had 41 ms instead of 22 (measured). Undefined: it has more, or nobody counted them. Primary key of
 * projections.
 */
async function wholeRun(pool: Pool, tenant: TenantId, run: string, most: number): Promise<LogRow[] | undefined> {
  const { rows: counted } = await pool.query<{ events: number }>(
    "select coalesce(sum((body ->> 'events')::float8), 0) as events from projections where tenant = $1 and tbl = 'runs' and key = $2",
    [tenant, run],
  )
  const events = counted[0]?.events ?? 0
  if (events === 0 || events > most) return undefined
  // Events that are not counted yet may have come.
  const rows = await readRows(pool, { where: [where('tenant', '=', tenant), where('run', '=', run)], limit: most + 1 })
  return rows.length > most ? undefined : rows.sort((a, b) => Number(a.position) - Number(b.position))
}

/** By time: primary key, day after day. By position: log_run_block. */
export async function listEvents(pool: Pool, q: EventsQuery): Promise<Scanned<LoggedText>> {
  const walk = q.byPosition ? 'ofRun' : 'id'
  const [past, within] = q.order === 'asc' ? (['>', '<='] as const) : (['<', '>='] as const)
  const { run: runs, ...others } = q.filter
  const run = runs?.[0]
  // Nothing of a call comes after its newest event: the way back from there to its begin is mostly short.
  const newest = q.call === undefined || run === undefined ? undefined : await newestOfCall(pool, q.tenant, run, q.call)
  const upToNewest = newest === undefined ? [] : [ofRunAt('<=', newest)]
  const after = q.after === undefined ? [] : [placed(past, q.after)]
  // No id is further ahead of its commit than the future that is accepted: what came later is not walked.
  const inTime = q.committed === undefined ? [] : [where('id', '<', firstIdOf(Math.max(0, q.committed.time) + limits.futureMs + 1))]
  // With `any`, of however few, the index is not walked in order: a large run would be read whole for each page.
  const filter = matching(q.byPosition ? others : q.filter)
  const tenant = where('tenant', '=', q.tenant)
  const walked = [...(q.byPosition ? [tenant, where('run', '=', run ?? '')] : inTime), ...upToNewest, ...after]
  // Of a run's events one after the other a page is full as soon as it has looked at so many.
  const isFilled = q.byPosition && filter.length === 0 && q.call === undefined && q.committed === undefined
  if (isFilled && q.order === 'desc' && q.after === undefined) {
    const whole = await wholeRun(pool, q.tenant, run ?? '', 2 * q.limit)
    if (whole !== undefined) return { rows: whole.slice(-q.limit).reverse().map(toText), edge: undefined }
  }
  const edge = isFilled ? undefined : await edgeOf(pool, walk, q.order, walked)
  const rows = await readRows(pool, {
    where: [
      ...[...walked, ...(q.byPosition ? [] : [tenant]), ...filter],
      ...(q.call === undefined || newest === undefined ? [] : ofCall(q.call)),
      ...(edge === undefined ? [] : [placed(within, edge)]),
      ...(q.committed === undefined ? [] : [committedBy(q.committed.positions)]),
    ],
    order: [walk, q.order],
    limit: q.limit,
  })
  return { rows: rows.map(toText), edge: edge === undefined ? undefined : [edge] }
}

/** How far a page looks: so many rows of the tables, so many chunks. Undefined: to the end. */
async function edgeOf(pool: Pool, walk: Walk, order: Direction, within: readonly Condition[]): Promise<string | number | undefined> {
  const values: unknown[] = []
  const chunkKey = { id: { asc: 'min_id', desc: 'max_id' }, position: { asc: 'last', desc: 'first' } } as const
  const key = walk === 'id' ? 'id' : 'position'
  const own = `select ${key} from log${sqlOf(within, 'sql', values)} order by ${orderedBy(walk, order)} offset ${mostScanned - 1} limit 1`
  const chunk = chunkKey[key][order]
  const by = `order by ${key === 'id' ? chunk : 'last'} ${order}`
  const sealed = `select ${chunk} from
    (select *, sum(last - first + 1) over (${by} rows unbounded preceding) as events, row_number() over (${by}) as n from
      (select first, last, min_id, max_id from log_chunks${sqlOf(within, 'chunk', values)} ${by} limit ${mostChunksScanned}) c) c
    where events >= ${mostSealedScanned} or n = ${mostChunksScanned} ${by} limit 1`
  const { rows } = await pool.query<{ own: string | null; sealed: string | null }>(
    `select (${own})::text as own, (${sealed})::text as sealed`,
    values,
  )
  const edges = [rows[0]?.own ?? [], rows[0]?.sealed ?? []].flat().map((edge) => (key === 'id' ? beyond(edge, order) : Number(edge)))
  const [near] = edges.sort((a, b) => (a < b === (order === 'asc') ? -1 : 1))
  return near
}

/** Primary key. */
export async function eventById(pool: Pool, tenant: TenantId, id: string): Promise<LoggedText | undefined> {
  const [row] = await readRows(pool, { where: [where('id', '=', id), where('tenant', '=', tenant)] })
  return row === undefined ? undefined : toText(row)
}

/** Primary key of projections: keys in order, an agent's rows of all partitions together. */
export async function listAgents(
  { pool, meta }: { readonly pool: Pool; readonly meta: { readonly partitions: number } },
  tenant: TenantId,
  q: { after?: string | undefined; limit: number; ids?: readonly string[] | undefined },
): Promise<AgentRow[]> {
  // An agent has a row in each partition at most. Without a bound within, all of a large fleet are read to be grouped.
  const values: unknown[] = [tenant, q.limit, q.limit * meta.partitions]
  const after = q.after === undefined ? '' : ` and key > $${values.push(q.after)}`
  const ids = q.ids === undefined ? '' : ` and key = any($${values.push(q.ids)})`
  const { rows } = await pool.query<{ parts: AgentRow[] }>(
    `select json_agg(body) as parts from
       (select key, body from projections where tenant = $1 and tbl = 'agents'${after}${ids} order by key limit $3) found
     group by key order by key limit $2`,
    values,
  )
  return rows.flatMap(({ parts }) => joinAgents(parts) ?? [])
}

/** Up to where a page of calls has come: of those in chunks the position, of rows the key. */
export type CallsPlace = readonly [position: number, key: string]

export interface CallsQuery {
  readonly tenant: TenantId
  readonly run: string
  readonly agent?: readonly string[] | undefined
  readonly after?: CallsPlace | undefined
  readonly limit: number
}

export interface ListedCall {
  readonly place: CallsPlace
  readonly row: CallRow
}

/**
 * Those in chunks as they closed, then rows by key: open ones, and what closed before there were chunks. A run may have so many calls that
 * sorting them by time for each page costs more than any reader is worth (measured, 100,000 calls as rows: 150 ms a page, by key 0.4).
 * Each page begins with what came into chunks since the one before: a call that closes while somebody reads pages is missed by none.
 * Primary keys of call_chunks and of projections.
 */
export async function listCalls(pool: Pool, q: CallsQuery): Promise<Scanned<ListedCall>> {
  const [position, key] = q.after ?? [0, q.run]
  // First, since a call goes from there to a chunk.
  const rows = await callRows(pool, q, key)
  const most = q.agent === undefined ? q.limit : mostScanned
  const found = await callsOfRunAfter(pool, q.tenant, q.run, position, most)
  const read = found.slice(0, most)
  const newest = read.at(-1)?.position ?? position
  const closed = (await stillSo(pool, q.tenant, read)).filter(({ row }) => q.agent === undefined || q.agent.includes(row.agent ?? ''))
  const listed = closed.map((call): ListedCall => ({ place: [call.position, key], row: call.row }))
  if (found.length > most) return { rows: listed, edge: [newest, key] }
  const justClosed = new Set(found.map((call) => call.key))
  const others = (await stillSo(pool, q.tenant, rows.found)).filter((row) => !justClosed.has(row.key))
  return {
    rows: [...listed, ...others.map((row): ListedCall => ({ place: [newest, row.key], row: row.row }))],
    edge: rows.edge === undefined ? undefined : [newest, rows.edge],
  }
}

async function callRows(pool: Pool, q: CallsQuery, after: string) {
  const values: unknown[] = [q.tenant, q.run, after]
  let walk = "tenant = $1 and tbl = 'calls' and key > $2 and key > $3 and key < $2 || ' '"
  let edge: string | undefined
  if (q.agent !== undefined) {
    const { rows } = await pool.query<{ key: string }>(
      `select key from projections where ${walk} order by key offset ${mostScanned - 1} limit 1`,
      values,
    )
    edge = rows[0]?.key
    walk += ` and agent = any($${values.push(q.agent)})`
    if (edge !== undefined) walk += ` and key <= $${values.push(edge)}`
  }
  const { rows } = await pool.query<{ key: string; position: string; row: CallRow }>(
    `select key, position, body as row from projections where ${walk} and run = $2 order by key limit $${values.push(q.limit)}`,
    values,
  )
  const last = rows.length < q.limit ? undefined : rows.at(-1)?.key
  return { found: rows.map((row) => ({ ...row, position: Number(row.position) })), edge: last ?? edge }
}

export interface RowsQuery {
  readonly tenant: TenantId
  readonly table: Exclude<Table, 'agents' | 'calls'>
  readonly after?: Key | undefined
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

/** Newest first. projections_sort, the primary key when a run is named, projections_task when a task is, projections_agent_tasks when one agent is. */
export async function listRows<T extends RowsQuery['table']>(
  pool: Pool,
  q: RowsQuery & { readonly table: T },
): Promise<Scanned<SortedRow<T>>> {
  const where = (names: readonly ('run' | 'agent' | 'task' | 'state')[], values: unknown[]) => {
    let sql = `tenant = $${values.push(q.tenant)} and tbl = $${values.push(q.table)}`
    if (q.after !== undefined) sql += ` and (sort, key) < ($${values.push(q.after[0])}, $${values.push(q.after[1])})`
    for (const name of names) {
      const wanted = q[name]
      if (wanted === undefined || wanted.length === 0) continue
      if (name === 'run') sql += runConditions(wanted, values)
      // With `any` of one, its index would not be walked in order.
      else sql += wanted.length === 1 ? ` and ${name} = $${values.push(wanted[0])}` : ` and ${name} = any($${values.push(wanted)})`
    }
    return sql
  }
  const ofOneAgent = q.table === 'tasks' && q.agent?.length === 1
  const newest = 'order by sort desc, key desc'
  // Runs and tasks by state or by several agents are in no index of their own; what is of a run or a task is bounded by it.
  const isWalk = ((!ofOneAgent && q.agent !== undefined) || q.state !== undefined) && q.run === undefined && q.task === undefined
  let edge: readonly [number, string] | undefined
  if (isWalk) {
    const values: unknown[] = []
    const { rows } = await pool.query<{ sort: string; key: string }>(
      `select sort, key from projections where ${where(ofOneAgent ? ['agent'] : [], values)} ${newest} offset ${mostScanned - 1} limit 1`,
      values,
    )
    edge = rows[0] === undefined ? undefined : [Number(rows[0].sort), rows[0].key]
  }
  const values: unknown[] = []
  let conditions = where(['run', 'agent', 'task', 'state'], values)
  if (edge !== undefined) conditions += ` and (sort, key) >= ($${values.push(edge[0])}, $${values.push(edge[1])})`
  const { rows } = await pool.query<{ sort: string; key: string; body: RowOf[T] }>(
    `select sort, key, body from projections where ${conditions} ${newest} limit $${values.push(q.limit)}`,
    values,
  )
  return { rows: rows.map(({ sort, key, body }) => ({ sort: Number(sort), key, row: body })), edge }
}

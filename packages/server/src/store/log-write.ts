/** The write side of the log: statements of the sequencer's transaction, one a function. */
import type { LoggedEvent, TenantId } from '@signalbox/model/event.ts'
import { FOLD_VERSION } from '@signalbox/model/fold/fold.ts'
import type { RowKey, RowOf, Table } from '@signalbox/model/rows.ts'
import { type Client, escapeLiteral } from 'pg'
import { sendBulk } from './bulk.ts'
import { type LogRow, logColumns, toEvent } from './reader.ts'
import { columnsOf, isOpenCall } from './row-columns.ts'

const special = /[\\\t\n\r]/
const everySpecial = /[\\\t\n\r]/g
const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }
const escaped = (text: string) => (special.test(text) ? text.replace(everySpecial, (found) => escapes[found] ?? found) : text)
const orNull = (text: string | null | undefined) => (text == null ? '\\N' : escaped(text))

/** COPY's text format of one event, columns in the order of `logColumns`. */
export function copyLine(event: LoggedEvent): string {
  return `${event.position}\t${event.time}\t${event.receivedAt}\t${event.seq ?? '\\N'}\t${event.epoch ?? '\\N'}\t${event.id}\t${event.partition}\t${escaped(event.tenant)}\t${escaped(event.source)}\t${escaped(event.type)}\t${orNull(event.run)}\t${orNull(event.agent)}\t${orNull(event.task)}\t${orNull(event.cause)}\t${orNull(event.trace)}\t${escaped(event.dataJson)}\n`
}

const copyLog = `copy log (${logColumns}) from stdin`

/** The reference that the benchmarks compare with. */
export const copyIntoLog = (client: Client, lines: Buffer): Promise<void> => sendBulk(client, copyLog, [lines])

/** Index: primary key of the days the ids belong to. */
export async function findByIds(client: Pick<Client, 'query'>, ids: readonly string[]): Promise<LoggedEvent[]> {
  const { rows } = await client.query<LogRow>(`select ${logColumns} from log where id = any($1::uuid[])`, [ids])
  return rows.map(toEvent)
}

export interface Head {
  readonly position: number
  readonly fence: number
  readonly hash: Buffer
}

/**
 * Takes the partition from whoever had it; not when its rows are of another fold, which another version of Signalbox writes.
 * Lock: its row of heads, until commit.
 */
export async function takePartition(client: Pick<Client, 'query'>, partition: number): Promise<Head> {
  const { rows } = await client.query<{ position: string; fence: string; hash: Buffer }>(
    'update heads set fence = fence + 1 where partition = $1 and fold = $2 returning position, fence, hash',
    [partition, FOLD_VERSION],
  )
  const row = rows[0]
  if (row === undefined)
    throw new Error(`No row of heads is of partition ${partition} and fold ${FOLD_VERSION}: does another version of Signalbox write here?`)
  return { position: Number(row.position), fence: Number(row.fence), hash: row.hash }
}

export interface CommitRead {
  readonly partition: number
  readonly from: number
  readonly to: number
  readonly at: number
  readonly events: readonly LoggedEvent[]
  readonly rows: readonly RowWrite[]
}

/** The commit that ends at `last`, which must be the head: then its rows are the newest of their keys. Indexes: log_position, projections_position. */
export async function readCommit(client: Pick<Client, 'query'>, partition: number, last: number): Promise<CommitRead | undefined> {
  const { rows: commits } = await client.query<{ first: string; at: string; min_id: string; max_id: string }>(
    'select first, at, min_id, max_id from commits where partition = $1 and last = $2',
    [partition, last],
  )
  const commit = commits[0]
  if (commit === undefined) return undefined
  const { rows: events } = await client.query<LogRow>(
    `select ${logColumns} from log where partition = $1 and position between $2 and $3 and id between $4 and $5 order by position`,
    [partition, commit.first, last, commit.min_id, commit.max_id],
  )
  const { rows } = await client.query<{ tenant: TenantId; tbl: Table; key: string; position: string; body: RowOf[Table] }>(
    'select tenant, tbl, key, position, body from projections where partition = $1 and position between $2 and $3',
    [partition, commit.first, last],
  )
  return {
    partition,
    from: Number(commit.first),
    to: last,
    at: Number(commit.at),
    events: events.map(toEvent),
    rows: rows.map(({ tenant, tbl, key, position, body }) => ({ tenant, table: tbl, key, position: Number(position), row: body })),
  }
}

export interface RowWrite {
  readonly tenant: TenantId
  readonly table: Table
  readonly key: string
  readonly position: number
  readonly row: RowOf[Table]
}

export interface CommitRow {
  readonly partition: number
  readonly fence: number
  readonly first: number
  readonly last: number
  readonly at: number
  readonly duplicates: number
  readonly refused: number
  readonly minId: string
  readonly maxId: string
  readonly hash: Buffer
}

const rowColumns = 'position, sort, partition, open, tbl, tenant, key, run, agent, task, state, body'

function rowLine(partition: number, { tenant, table, key, position, row }: RowWrite): string {
  const [sort, run, agent, task, state] = columnsOf(table, row)
  return `${position}\t${sort}\t${partition}\t${isOpenCall(table, row)}\t${table}\t${escaped(tenant)}\t${escaped(key)}\t${orNull(run)}\t${orNull(agent)}\t${orNull(task)}\t${orNull(state)}\t${escaped(JSON.stringify(row))}\n`
}

/** An array as an SQL literal; \ is no escape in one (standard_conforming_strings). */
const arrayOf = (values: readonly (string | number | null)[]) =>
  `'{${values.map((value) => (typeof value === 'string' ? `"${value.replace(/["\\]/g, '\\$&').replaceAll("'", "''")}"` : (value ?? 'NULL'))).join()}}'`

/** Arguments of `write_rows`: a column an array. */
const rowArrays = (rows: readonly RowWrite[]): string => {
  const columns = rows.map(({ table, row }) => columnsOf(table, row))
  return [
    rows.map(({ position }) => position),
    columns.map(([sort]) => sort),
    rows.map(({ table }) => table),
    rows.map(({ tenant }) => tenant),
    rows.map(({ key }) => key),
    columns.map(([, run]) => run),
    columns.map(([, , agent]) => agent),
    columns.map(([, , , task]) => task),
    columns.map(([, , , , state]) => state),
    rows.map(({ row }) => JSON.stringify(row)),
  ]
    .map(arrayOf)
    .join()
}

/** Once a connection, before `writeCommit` and whatever else its writer asks. */
export async function prepareCommits(client: Pick<Client, 'query'>, partition: number): Promise<void> {
  await client.query(
    // Every look-up here is by primary key: the statistics of a table that grows from nothing would have it scanned (measured: 317 ms instead of 3).
    `set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set plan_cache_mode = force_generic_plan;
     set standard_conforming_strings = on;
     prepare write_rows (bigint[], bigint[], text[], text[], text[], text[], text[], text[], text[], text[]) as
       insert into projections_kept (${rowColumns})
         select position, sort, ${partition}, false, tbl, tenant, key, run, agent, task, state, body::json
         from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) as r (position, sort, tbl, tenant, key, run, agent, task, state, body)
       on conflict (tenant, tbl, key, partition, open) do update set position = excluded.position, sort = excluded.sort, run = excluded.run,
         agent = excluded.agent, task = excluded.task, state = excluded.state, body = excluded.body;
     -- Lateral, since as a join it may read the arrays again for each open call (measured: 10 ms instead of 1).
     prepare take_open_calls (text[], text[]) as
       delete from projections_open where ctid = any (array(
         select open_call.ctid from unnest($1, $2) as k (tenant, key), lateral (
           select ctid from projections_open o
           where o.tenant = k.tenant and o.tbl = 'calls' and o.key = k.key and o.partition = ${partition} offset 0
         ) as open_call))`,
  )
}

/** SQLSTATE of a commit whose partition another writer took. */
export const fencedState = 'SBX01'

export interface CommitWrite {
  readonly commit: CommitRow
  /** COPY lines of its events. */
  readonly lines: Buffer
  /** Rows whose keys are new: they are copied, which costs a third of an upsert. */
  readonly created: readonly RowWrite[]
  /** Rows of calls that were open: taken out, and copied to where they belong now. */
  readonly moved: readonly RowWrite[]
  readonly changed: readonly RowWrite[]
  readonly quarantine: readonly QuarantineRow[]
}

/**
 * The transaction of a batch. Fails with `fencedState` when the partition was taken, with 23505 when an id of a line is in
 * the log; waits when another partition is inserting it. Lock: the head's row, so two writers of one partition come one after the other.
 */
export async function writeCommit(client: Client, { commit, lines, created, moved, changed, quarantine }: CommitWrite): Promise<void> {
  const { partition, fence, first, last, at, duplicates, refused, minId, maxId, hash } = commit
  const statements = [
    `call write_commit(${partition}, ${fence}, ${first}, ${last}, ${at}, ${duplicates}, ${refused}, '${minId}', '${maxId}', '\\x${hash.toString('hex')}')`,
    copyLog,
  ]
  const copies = [lines]
  if (moved.length > 0)
    statements.push(`execute take_open_calls(${arrayOf(moved.map(({ tenant }) => tenant))}, ${arrayOf(moved.map(({ key }) => key))})`)
  const copied = [...created, ...moved]
  if (copied.length > 0) {
    statements.push(`copy projections (${rowColumns}) from stdin`)
    copies.push(Buffer.from(copied.map((row) => rowLine(partition, row)).join('')))
  }
  if (changed.length > 0) statements.push(`execute write_rows(${rowArrays(changed)})`)
  if (quarantine.length > 0) statements.push(insertQuarantine(escapeLiteral(quarantineJson(quarantine))))
  await sendBulk(client, statements.join(';'), copies)
}

/**
 * Committed rows by key. Index: primary key of projections, once a key: `offset 0` keeps the planner from joining by a scan
 * of the whole partition, which it prefers while the table has no statistics yet.
 */
export async function readRows(client: Pick<Client, 'query'>, partition: number, tenant: TenantId, keys: readonly RowKey[]) {
  const { rows } = await client.query<{ tbl: Table; key: string; body: RowOf[Table] }>({
    name: 'read-rows',
    text: `select k.tbl, k.key, p.body from unnest($3::text[], $4::text[]) as k (tbl, key), lateral
             (select body from projections where tenant = $2 and tbl = k.tbl and key = k.key and partition = $1 offset 0) p`,
    values: [partition, tenant, keys.map(({ table }) => table), keys.map(({ key }) => key)],
  })
  return rows
}

/** All rows of a tenant in a partition, unless there are more than `most`. */
export async function readAllRows(client: Pick<Client, 'query'>, partition: number, tenant: TenantId, most: number) {
  const { rows } = await client.query<{ tbl: Table; key: string; body: RowOf[Table] }>(
    'select tbl, key, body from projections where tenant = $1 and partition = $2 limit $3',
    [tenant, partition, most + 1],
  )
  return { rows: rows.slice(0, most), complete: rows.length <= most }
}

export interface QuarantineRow {
  readonly id: string
  readonly tenant: TenantId
  readonly at: number
  readonly door: string
  readonly code: string
  readonly message: string
  readonly eventId?: string | undefined
  readonly source?: string | undefined
  readonly body: string
  readonly otherBody?: string | undefined
}

const bodyChars = 65_536
/** PostgreSQL text holds neither NUL nor lone surrogates; escaped JSON text has none, a raw line may. */
const storable = (text: string) => text.slice(0, bodyChars).toWellFormed().replaceAll('\u0000', '\\u0000')

const insertQuarantine = (json: string) =>
  `insert into quarantine select * from json_populate_recordset(null::quarantine, ${json}) on conflict (id) do nothing`

const quarantineJson = (rows: readonly QuarantineRow[]): string =>
  JSON.stringify(
    rows.map(({ eventId, otherBody, source, message, body, ...row }) => ({
      ...row,
      message: storable(message),
      event_id: eventId === undefined ? null : storable(eventId),
      source: source === undefined ? null : storable(source),
      body: storable(body),
      other_body: otherBody === undefined ? null : storable(otherBody),
    })),
  )

export async function writeQuarantine(client: Pick<Client, 'query'>, rows: readonly QuarantineRow[]): Promise<void> {
  if (rows.length > 0) await client.query(insertQuarantine('$1'), [quarantineJson(rows)])
}

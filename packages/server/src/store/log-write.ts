/** The write side of the log: statements of the sequencer's transaction, one a function. */

import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { LoggedEvent, TenantId } from '@signalbox/model/event.ts'
import type { AgentRow, CallRow, EdgeRow, RowKey, RowOf, RunRow, Table, TaskRow } from '@signalbox/model/rows.ts'
import type { Client } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { type LogRow, logColumns, toEvent } from './reader.ts'

const special = /[\\\t\n\r]/
const everySpecial = /[\\\t\n\r]/g
const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }
const escaped = (text: string) => (special.test(text) ? text.replace(everySpecial, (found) => escapes[found] ?? found) : text)
const orNull = (text: string | undefined) => (text === undefined ? '\\N' : escaped(text))

/** COPY's text format of one event, columns in the order of `logColumns`. */
export function copyLine(event: LoggedEvent): string {
  return `${event.position}\t${event.time}\t${event.receivedAt}\t${event.seq ?? '\\N'}\t${event.epoch ?? '\\N'}\t${event.id}\t${event.partition}\t${escaped(event.tenant)}\t${escaped(event.source)}\t${escaped(event.type)}\t${orNull(event.run)}\t${orNull(event.agent)}\t${orNull(event.task)}\t${orNull(event.cause)}\t${orNull(event.trace)}\t${escaped(event.dataJson)}\n`
}

/** Fails with 23505 when an id of a line is in the log; waits when another partition is inserting it. */
export async function copyIntoLog(client: Client, lines: Buffer): Promise<void> {
  await pipeline(Readable.from([lines], { objectMode: false }), client.query(copyFrom(`copy log (${logColumns}) from stdin`)))
}

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

/** Takes the partition from whoever had it. Lock: its row of heads, until commit. */
export async function takePartition(client: Pick<Client, 'query'>, partition: number): Promise<Head> {
  const { rows } = await client.query<{ position: string; fence: string; hash: Buffer }>(
    'update heads set fence = fence + 1 where partition = $1 returning position, fence, hash',
    [partition],
  )
  const row = rows[0]
  if (row === undefined) throw new Error(`There is no partition ${partition} in heads.`)
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

/** The few columns beside the body: [sort, run, agent, task, state]. */
type Columns = readonly [number, string | null, string | null, string | null, string | null]
const columnsOf: { [T in Table]: (row: RowOf[T]) => Columns } = {
  agents: (row: AgentRow) => [row.firstSeenAt, row.run?.value ?? null, row.id, row.task?.value ?? null, row.status?.value ?? null],
  runs: (row: RunRow) => [row.startedAt, row.id, null, null, row.state],
  tasks: (row: TaskRow) => [row.openedAt, row.run ?? null, row.assignee?.value ?? null, row.id, row.state],
  calls: (row: CallRow) => [
    row.startedAt ?? row.endedAt ?? 0,
    row.run ?? null,
    row.agent ?? null,
    row.task ?? null,
    row.outcome === undefined ? 'open' : 'closed',
  ],
  edges: (row: EdgeRow) => [row.firstAt, row.run ?? null, row.from, row.task ?? null, row.kind],
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

/**
 * Moves the head, writes the commit and its rows, in one statement. False when the partition was taken by another writer:
 * then nothing was written. Lock: the head's row, so two writers of one partition come one after the other.
 */
export async function writeCommit(client: Pick<Client, 'query'>, commit: CommitRow, rows: readonly RowWrite[]): Promise<boolean> {
  const columns: unknown[][] = Array.from({ length: 10 }, () => [])
  for (const { tenant, table, key, position, row } of rows) {
    const [sort, run, agent, task, state] = (columnsOf[table] as (row: RowOf[Table]) => Columns)(row)
    const cells = [tenant, table, key, position, sort, run, agent, task, state, JSON.stringify(row)]
    for (let i = 0; i < cells.length; i += 1) columns[i]?.push(cells[i])
  }
  const { rowCount } = await client.query({
    name: 'write-commit',
    text: `with head as (
        update heads set position = $4, hash = $10 where partition = $1 and fence = $2 returning partition
      ), written as (
        insert into projections (partition, tenant, tbl, key, position, sort, run, agent, task, state, body)
        select head.partition, r.tenant, r.tbl, r.key, r.position, r.sort, r.run, r.agent, r.task, r.state, r.body::json
        from head, unnest($11::text[], $12::text[], $13::text[], $14::bigint[], $15::bigint[], $16::text[], $17::text[], $18::text[], $19::text[], $20::text[])
          as r (tenant, tbl, key, position, sort, run, agent, task, state, body)
        on conflict (tenant, tbl, key, partition) do update set position = excluded.position, sort = excluded.sort, run = excluded.run,
          agent = excluded.agent, task = excluded.task, state = excluded.state, body = excluded.body
      )
      insert into commits (partition, first, last, at, stored, duplicates, refused, min_id, max_id, hash)
      select partition, $3, $4, $5, $4 - $3::bigint + 1, $6, $7, $8, $9, $10 from head`,
    values: [
      commit.partition,
      commit.fence,
      commit.first,
      commit.last,
      commit.at,
      commit.duplicates,
      commit.refused,
      commit.minId,
      commit.maxId,
      commit.hash,
      ...columns,
    ],
  })
  return rowCount === 1
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

export async function writeQuarantine(client: Pick<Client, 'query'>, rows: readonly QuarantineRow[]): Promise<void> {
  if (rows.length === 0) return
  await client.query(
    `insert into quarantine (id, tenant, at, door, code, message, event_id, source, body, other_body)
     select * from unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[])
     on conflict (id) do nothing`,
    [
      rows.map((row) => row.id),
      rows.map((row) => row.tenant),
      rows.map((row) => row.at),
      rows.map((row) => row.door),
      rows.map((row) => row.code),
      rows.map((row) => storable(row.message)),
      rows.map((row) => (row.eventId === undefined ? null : storable(row.eventId))),
      rows.map((row) => (row.source === undefined ? null : storable(row.source))),
      rows.map((row) => storable(row.body)),
      rows.map((row) => (row.otherBody === undefined ? null : storable(row.otherBody))),
    ],
  )
}

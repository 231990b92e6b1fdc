/** The write side of the log: statements of the sequencer's transaction, one a function. */
import type { EpochMs, LoggedEvent, TenantId } from '@signalbox/model/event.ts'
import { FOLD_VERSION } from '@signalbox/model/fold/fold.ts'
import type { ChangedRow, RowOf, Table } from '@signalbox/model/rows.ts'
import { type Client, escapeLiteral } from 'pg'
import { sendBulk } from './bulk.ts'
import { callsBetween } from './calls-read.ts'
import { logColumns, toEvent } from './log-row.ts'
import { among, readRows, where } from './log-rows.ts'

const copyLog = `copy log (${logColumns}) from stdin`

/** The reference that the benchmarks compare with. */
export const copyIntoLog = (client: Client, lines: Buffer): Promise<void> => sendBulk(client, copyLog, [lines])

/** Index: primary key of the days the ids belong to. */
export async function findByIds(client: Pick<Client, 'query'>, ids: readonly string[]): Promise<LoggedEvent[]> {
  return (await readRows(client, { where: [among('id', ids)] })).map(toEvent)
}

export interface Head {
  readonly position: number
  /** What the projections stand for: at most `position`. */
  readonly folded: number
  readonly fence: number
  readonly hash: Buffer
  /** Ids of before it may be in chunks, as far as the writer knows. */
  readonly sealed: EpochMs
}

/**
 * Takes the partition from whoever had it; not when its rows are of another fold, which another version of Signalbox writes.
 * Lock: its row of heads, until commit.
 */
export async function takePartition(client: Pick<Client, 'query'>, partition: number): Promise<Head> {
  const { rows } = await client.query<{ position: string; folded: string; fence: string; hash: Buffer; sealed: string }>(
    'update heads set fence = fence + 1 where partition = $1 and fold = $2 returning position, folded, fence, hash, sealed',
    [partition, FOLD_VERSION],
  )
  const row = rows[0]
  if (row === undefined)
    throw new Error(`No row of heads is of partition ${partition} and fold ${FOLD_VERSION}: does another version of Signalbox write here?`)
  return {
    position: Number(row.position),
    folded: Number(row.folded),
    fence: Number(row.fence),
    hash: row.hash,
    sealed: Number(row.sealed),
  }
}

export interface CommitRead {
  readonly partition: number
  readonly from: number
  readonly to: number
  readonly at: number
  readonly events: readonly LoggedEvent[]
  readonly rows: readonly (ChangedRow & { readonly tenant: TenantId })[]
}

/** The commit that ends at `last`, which must be the head and folded: then its rows are the newest of their keys. Indexes: log_position, call_chunks_last, projections_closed_position, projections_kept_position. */
export async function readCommit(client: Pick<Client, 'query'>, partition: number, last: number): Promise<CommitRead | undefined> {
  const { rows: commits } = await client.query<{ first: string; at: string; min_id: string; max_id: string }>(
    'select first, at, min_id, max_id from commits where partition = $1 and last = $2',
    [partition, last],
  )
  const commit = commits[0]
  if (commit === undefined) return undefined
  const events = await readRows(client, {
    where: [
      ...[where('partition', '=', partition), where('position', '>=', Number(commit.first)), where('position', '<=', last)],
      ...[where('id', '>=', commit.min_id), where('id', '<=', commit.max_id)],
    ],
    order: ['position', 'asc'],
  })
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
    rows: [
      ...rows.map(({ tenant, tbl, key, position, body }) => ({ tenant, table: tbl, key, position: Number(position), row: body })),
      ...(await callsBetween(client, partition, Number(commit.first) - 1, last)).map(({ tenant, key, position, row }) => ({
        ...{ tenant, key, position, row },
        table: 'calls' as const,
      })),
    ],
  }
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
  /** What the writer knows of sealed days: it looked into them for all ids of before it. */
  readonly sealed: EpochMs
}

export interface CommitWrite {
  readonly commit: CommitRow
  /** COPY lines of its events. */
  readonly lines: Buffer
  readonly quarantine: readonly QuarantineRow[]
}

/**
 * The transaction of a batch. Fails with `isFenced` when the partition was taken, with `knowsTooFewSealed` when days were sealed meanwhile, with 23505 when an id of a line is in
 * the log; waits when another partition is inserting it. Lock: the head's row, so two writers of one partition come one after the other.
 */
export async function writeCommit(client: Client, { commit, lines, quarantine }: CommitWrite): Promise<void> {
  const { partition, fence, first, last, at, duplicates, refused, minId, maxId, hash, sealed } = commit
  const statements = [
    `call commit_events(${partition}, ${fence}, ${first}, ${last}, ${at}, ${duplicates}, ${refused}, '${minId}', '${maxId}', '\\x${hash.toString('hex')}', ${sealed})`,
    copyLog,
  ]
  if (quarantine.length > 0) statements.push(insertQuarantine(escapeLiteral(quarantineJson(quarantine))))
  await sendBulk(client, statements.join(';'), [lines])
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

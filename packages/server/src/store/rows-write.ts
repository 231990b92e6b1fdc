/** The write side of projections: statements of the transaction that writes rows behind the log, and what a writer reads by key. */
import type { TenantId } from '@signalbox/model/event.ts'
import type { RowKey, RowOf, Table } from '@signalbox/model/rows.ts'
import type { Client } from 'pg'
import { createSlices, inSlices, type Slices } from '../turns.ts'
import { sendBulk } from './bulk.ts'
import { chunkLines, copyCallChunks } from './call-chunk.ts'
import { type ClosedCall, callsByKey, callsOf, countCalls } from './calls-read.ts'
import { arrayOf, escaped, orNull } from './copy-text.ts'
import { minuteArrays, prepareRollups, type RollupWrite, rollupArrays } from './rollups-write.ts'
import { columnsOf, isOpenCall, type RowWrite } from './row-columns.ts'
import { blamesData } from './sqlstate.ts'

const rowColumns = 'position, born, sort, partition, open, tbl, tenant, key, run, agent, task, state, body'

function rowLine(partition: number, { tenant, table, key, position, row }: RowWrite): string {
  const [sort, run, agent, task, state] = columnsOf(table, row)
  return `${position}\t${position}\t${sort}\t${partition}\t${isOpenCall(table, row)}\t${table}\t${escaped(tenant)}\t${escaped(key)}\t${orNull(run)}\t${orNull(agent)}\t${orNull(task)}\t${orNull(state)}\t${escaped(JSON.stringify(row))}\n`
}

const linesOf = async (partition: number, rows: readonly RowWrite[], slices: Slices): Promise<Buffer> =>
  Buffer.from(await inSlices(rows, (row) => rowLine(partition, row), slices))

/** Once a connection that reads rows by key: the statistics of a table that grows from nothing would have it scanned (measured: 317 ms instead of 3). */
export async function planByKey(client: Pick<Client, 'query'>): Promise<void> {
  await client.query(
    'set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set plan_cache_mode = force_generic_plan; set standard_conforming_strings = on',
  )
}

/** Once a connection, before `writeRows`. */
export async function prepareRows(client: Pick<Client, 'query'>, partition: number): Promise<void> {
  await planByKey(client)
  await client.query(
    `create temp table changed_rows (like projections_kept) on commit delete rows;
     -- The position of its first write stays.
     prepare write_rows as
       insert into projections (${rowColumns}) select ${rowColumns} from changed_rows
       on conflict (tenant, tbl, key, partition, open) do update set position = excluded.position, sort = excluded.sort, run = excluded.run,
         agent = excluded.agent, task = excluded.task, state = excluded.state, body = excluded.body;
     -- Lateral, since as a join it may read the arrays again for each open call (measured: 10 ms instead of 1).
     prepare take_open_calls (text[], text[]) as
       delete from projections_open where ctid = any (array(
         select open_call.ctid from unnest($1, $2) as k (tenant, key), lateral (
           select ctid from projections_open o
           where o.tenant = k.tenant and o.tbl = 'calls' and o.key = k.key and o.partition = ${partition} offset 0
         ) as open_call));
     ${prepareRollups(partition)}`,
  )
}

export interface RowsWrite {
  readonly partition: number
  readonly fence: number
  /** The position that the rows stand for. */
  readonly upTo: number
  /** Rows whose keys are new, or were of open calls, which are taken out first: they are copied, which costs a third of an upsert. */
  readonly copied: readonly RowWrite[]
  readonly changed: readonly RowWrite[]
  /** Calls that closed, or changed after: they become chunks. */
  readonly closed: readonly RowWrite[]
  /** What they add to the figures of minutes. */
  readonly rollups: readonly RollupWrite[]
}

/** In slices: at once, the rows of a second held up all else for some ms (measured). */
async function bulkOf({ partition, copied, changed, closed, rollups }: Omit<RowsWrite, 'fence' | 'upTo'>) {
  const statements: string[] = []
  const copies: Buffer[] = []
  const slices = createSlices()
  const taken = [...copied, ...closed].filter(({ table, stored }) => stored !== undefined && isOpenCall(table, stored))
  if (taken.length > 0)
    statements.push(`execute take_open_calls(${arrayOf(taken.map(({ tenant }) => tenant))}, ${arrayOf(taken.map(({ key }) => key))})`)
  if (copied.length > 0) {
    statements.push(`copy projections (${rowColumns}) from stdin`)
    copies.push(await linesOf(partition, copied, slices))
  }
  if (closed.length > 0) {
    statements.push(copyCallChunks)
    copies.push(await chunkLines(partition, closed, slices))
  }
  if (changed.length > 0) {
    // Arrays in the statement's text took twice the time, here and there: JSON is full of what has to be quoted in them (measured).
    statements.push(`copy changed_rows (${rowColumns}) from stdin`, 'execute write_rows')
    copies.push(await linesOf(partition, changed, slices))
  }
  if (rollups.length > 0) statements.push(`execute add_rollups(${rollupArrays(rollups)})`)
  return { statements, copies }
}

const fenced = ({ partition, fence }: RowsWrite) => `call begin_rows(${partition}, ${fence})`
const written = ({ partition, fence, upTo, rollups }: RowsWrite) =>
  `call rows_written(${partition}, ${fence}, ${upTo}, ${minuteArrays(rollups)})`

/**
 * One transaction. Fails with `isFenced` when the partition was taken, and then writes nothing.
 * Lock: the head's row, at its very end, so that a commit waits for no more than that.
 */
export async function writeRows(client: Client, write: RowsWrite): Promise<void> {
  const { statements, copies } = await bulkOf(write)
  await sendBulk(client, [fenced(write), ...statements, written(write)].join(';'), copies)
}

/** The same where PostgreSQL refuses some of the rows and does not name them: halves find them, and the rest is written. */
export async function writeRowsApart(client: Client, write: RowsWrite, onRefused: (row: RowWrite, cause: unknown) => void): Promise<void> {
  const { partition } = write
  const none = { partition, copied: [], changed: [], closed: [], rollups: [] }
  const kinds = ['copied', 'changed', 'closed'] as const
  async function piece<T>(
    all: readonly T[],
    writing: (some: readonly T[]) => object,
    refuse: (one: T, cause: unknown) => void,
  ): Promise<void> {
    const [first] = all
    if (first === undefined) return
    const { statements, copies } = await bulkOf({ ...none, ...writing(all) })
    await client.query('delete from changed_rows; savepoint piece')
    try {
      await sendBulk(client, statements.join(';'), copies)
    } catch (error) {
      if (!blamesData(error)) throw error
      await client.query('rollback to savepoint piece')
      if (all.length === 1) return refuse(first, error)
      await piece(all.slice(0, all.length >>> 1), writing, refuse)
      await piece(all.slice(all.length >>> 1), writing, refuse)
    }
  }
  await client.query(`begin; ${fenced(write)}`)
  try {
    for (const kind of kinds) await piece(write[kind], (rows) => ({ [kind]: rows }), onRefused)
    // Of an agent whose name no index takes: its row was refused for it, and that was said.
    await piece(
      write.rollups,
      (rollups) => ({ rollups }),
      () => undefined,
    )
    await client.query(`${written(write)}; commit`)
  } catch (error) {
    await client.query('rollback')
    throw error
  }
}

export interface FoundRow {
  readonly tbl: Table
  readonly key: string
  readonly body: RowOf[Table]
}

const foundCall = ({ key, row }: ClosedCall): FoundRow => ({ tbl: 'calls', key, body: row })

/**
 * Written rows by key. Index: primary key of projections, once a key: `offset 0` keeps the planner from joining by a scan
 * of the whole partition, which it prefers while the table has no statistics yet. Of calls that closed the chunk's is the newer.
 */
export async function readRows(client: Pick<Client, 'query'>, partition: number, tenant: TenantId, keys: readonly RowKey[]) {
  const { rows } = await client.query<FoundRow>({
    name: 'read-rows',
    text: `select k.tbl, k.key, p.body from unnest($3::text[], $4::text[]) as k (tbl, key), lateral
             (select body from projections where tenant = $2 and tbl = k.tbl and key = k.key and partition = $1 offset 0) p`,
    values: [partition, tenant, keys.map(({ table }) => table), keys.map(({ key }) => key)],
  })
  const callKeys = keys.flatMap(({ table, key }) => (table === 'calls' ? [key] : []))
  const calls = await callsByKey(client, tenant, callKeys, { partition })
  return [...rows, ...Array.from(calls.values(), foundCall)]
}

/** All rows of a tenant in a partition; none when there are more than `most`. Indexes: primary keys, counted without the rows. */
export async function readAllRows(client: Pick<Client, 'query'>, partition: number, tenant: TenantId, most: number) {
  const own = 'from projections where tenant = $1 and partition = $2'
  const { rows: counts } = await client.query<{ count: number }>(`select count(*)::int from (select ${own} limit $3) found`, [
    tenant,
    partition,
    most + 1,
  ])
  const count = (counts[0]?.count ?? 0) + (await countCalls(client, tenant, partition, most + 1))
  if (count > most) return { rows: [], complete: false }
  const { rows } = await client.query<FoundRow>(`select tbl, key, body ${own}`, [tenant, partition])
  const calls = await callsOf(client, tenant, partition)
  return { rows: [...rows, ...calls.map(foundCall)], complete: true }
}

/** Keys of a tenant's rows in a partition, but for closed calls, at most `limit`, in the order of the primary key of projections. Undefined as `next`: that was all. */
export async function pageOfRowKeys(
  client: Pick<Client, 'query'>,
  partition: number,
  tenant: TenantId,
  after: RowKey | undefined,
  limit: number,
): Promise<{ readonly keys: readonly RowKey[]; readonly next: RowKey | undefined }> {
  const { rows } = await client.query<RowKey>(
    'select tbl as table, key from projections where tenant = $1 and (tbl, key) > ($2, $3) and partition = $4 order by tbl, key limit $5',
    [tenant, after?.table ?? '', after?.key ?? '', partition, limit],
  )
  return { keys: rows, next: rows.length < limit ? undefined : rows.at(-1) }
}

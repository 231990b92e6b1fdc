/** The write side of projections: statements of the transaction that writes rows behind the log, and what a writer reads by key. */
import type { TenantId } from '@signalbox/model/event.ts'
import type { RowKey, RowOf, Table } from '@signalbox/model/rows.ts'
import type { Client } from 'pg'
import { sendBulk } from './bulk.ts'
import { arrayOf, escaped, orNull } from './copy-text.ts'
import { minuteArrays, prepareRollups, type RollupWrite, rollupArrays } from './rollups-write.ts'
import { columnsOf, isOpenCall } from './row-columns.ts'
import { blamesData } from './sqlstate.ts'

export interface RowWrite {
  readonly tenant: TenantId
  readonly table: Table
  readonly key: string
  readonly position: number
  readonly row: RowOf[Table]
}

const rowColumns = 'position, born, sort, partition, open, tbl, tenant, key, run, agent, task, state, body'

function rowLine(partition: number, { tenant, table, key, position, row }: RowWrite): string {
  const [sort, run, agent, task, state] = columnsOf(table, row)
  return `${position}\t${position}\t${sort}\t${partition}\t${isOpenCall(table, row)}\t${table}\t${escaped(tenant)}\t${escaped(key)}\t${orNull(run)}\t${orNull(agent)}\t${orNull(task)}\t${orNull(state)}\t${escaped(JSON.stringify(row))}\n`
}

const linesOf = (partition: number, rows: readonly RowWrite[]): Buffer => Buffer.from(rows.map((row) => rowLine(partition, row)).join(''))

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
     -- A past moment needs them; there are nearly none, while each call that closed was written twice when snapshots held them.
     prepare keep_replaced as
       insert into calls_replaced (partition, position, until, tenant, key, body)
       select was.partition, was.position, c.position, was.tenant, was.key, was.body from changed_rows c, lateral (
         select partition, position, tenant, key, body from projections_closed
         where tenant = c.tenant and tbl = 'calls' and key = c.key and partition = c.partition offset 0) was where c.tbl = 'calls';
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
  /** Rows whose keys are new: they are copied, which costs a third of an upsert. */
  readonly created: readonly RowWrite[]
  /** Rows of calls that were open: taken out, and copied to where they belong now. */
  readonly moved: readonly RowWrite[]
  readonly changed: readonly RowWrite[]
  /** What they add to the figures of minutes. */
  readonly rollups: readonly RollupWrite[]
}

function bulkOf({ partition, created, moved, changed, rollups }: Omit<RowsWrite, 'fence' | 'upTo'>) {
  const statements: string[] = []
  const copies: Buffer[] = []
  if (moved.length > 0)
    statements.push(`execute take_open_calls(${arrayOf(moved.map(({ tenant }) => tenant))}, ${arrayOf(moved.map(({ key }) => key))})`)
  const copied = [...created, ...moved]
  if (copied.length > 0) {
    statements.push(`copy projections (${rowColumns}) from stdin`)
    copies.push(linesOf(partition, copied))
  }
  if (changed.length > 0) {
    // Arrays in the statement's text took twice the time, here and there: JSON is full of what has to be quoted in them (measured).
    statements.push(`copy changed_rows (${rowColumns}) from stdin`)
    if (changed.some(({ table }) => table === 'calls')) statements.push('execute keep_replaced')
    statements.push('execute write_rows')
    copies.push(linesOf(partition, changed))
  }
  if (rollups.length > 0) statements.push(`execute add_rollups(${rollupArrays(rollups)})`)
  return { statements, copies }
}

const fenced = ({ partition, fence }: RowsWrite) => `call before_rows(${partition}, ${fence})`
const written = ({ partition, fence, upTo, rollups }: RowsWrite) =>
  `call rows_written(${partition}, ${fence}, ${upTo}, ${minuteArrays(rollups)})`

/**
 * One transaction. Fails with `isFenced` when the partition was taken, and then writes nothing.
 * Lock: the head's row, at its very end, so that a commit waits for no more than that.
 */
export async function writeRows(client: Client, write: RowsWrite): Promise<void> {
  const { statements, copies } = bulkOf(write)
  await sendBulk(client, [fenced(write), ...statements, written(write)].join(';'), copies)
}

/** The same where PostgreSQL refuses some of the rows and does not name them: halves find them, and the rest is written. */
export async function writeRowsApart(client: Client, write: RowsWrite, onRefused: (row: RowWrite, cause: unknown) => void): Promise<void> {
  const { partition } = write
  const none = { partition, created: [], moved: [], changed: [], rollups: [] }
  const kinds = ['created', 'moved', 'changed'] as const
  async function piece<T>(
    all: readonly T[],
    writing: (some: readonly T[]) => object,
    refuse: (one: T, cause: unknown) => void,
  ): Promise<void> {
    const [first] = all
    if (first === undefined) return
    const { statements, copies } = bulkOf({ ...none, ...writing(all) })
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

/**
 * Written rows by key. Index: primary key of projections, once a key: `offset 0` keeps the planner from joining by a scan
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

/** All rows of a tenant in a partition; none when there are more than `most`. Index: primary key, counted without the rows. */
export async function readAllRows(client: Pick<Client, 'query'>, partition: number, tenant: TenantId, most: number) {
  const own = 'from projections where tenant = $1 and partition = $2'
  const { rows: counts } = await client.query<{ count: number }>(`select count(*)::int from (select ${own} limit $3) found`, [
    tenant,
    partition,
    most + 1,
  ])
  if ((counts[0]?.count ?? 0) > most) return { rows: [], complete: false }
  const { rows } = await client.query<{ tbl: Table; key: string; body: RowOf[Table] }>(`select tbl, key, body ${own}`, [tenant, partition])
  return { rows, complete: true }
}

/** Keys of a tenant's rows in a partition, in the order of the primary key, which is the index: `after` is the last of the page before. */
export async function readKeys(
  client: Pick<Client, 'query'>,
  partition: number,
  tenant: TenantId,
  after: RowKey | undefined,
  limit: number,
): Promise<RowKey[]> {
  const { rows } = await client.query<RowKey>(
    'select tbl as table, key from projections where tenant = $1 and (tbl, key) > ($2, $3) and partition = $4 order by tbl, key limit $5',
    [tenant, after?.table ?? '', after?.key ?? '', partition, limit],
  )
  return rows
}

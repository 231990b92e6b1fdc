/**
 * Projections follow the fold: those that another version of it made are made again from the log before anything reads them.
 *
 * They grow beside the old ones, a page a transaction with its checkpoint, and take their place in one transaction a partition:
 * whenever the server dies, the old ones or the new ones are whole, and the next start goes on. Where the retention dropped a part
 * of the log, the rows themselves are converted; from a version that is not known here, what is left of the log is folded and what is
 * lost is said. Takes the partition from a writer that still has it.
 */
import type { LoggedEvent, TenantId } from '@signalbox/model/event.ts'
import { createRows, FOLD_VERSION } from '@signalbox/model/fold/fold.ts'
import { othersKeys, touchedKeys, touchOf } from '@signalbox/model/fold/keys.ts'
import type { CallRow, RowKey, RowOf, Table } from '@signalbox/model/rows.ts'
import type { Client, Pool } from 'pg'
import type { Logger } from 'pino'
import { sendBulk } from './bulk.ts'
import { chunkLines, copyCallChunks } from './call-chunk.ts'
import { everyCall, stillSo } from './calls-read.ts'
import { converterFrom, type StoredRow } from './convert.ts'
import { createDueRollups } from './due-rollups.ts'
import { newEpoch } from './epoch.ts'
import { readLog } from './reader.ts'
import { refold, sayRefused } from './refold.ts'
import { countEvents } from './rollups-count.ts'
import { forgetSums } from './rollups-long.ts'
import { addRollups } from './rollups-write.ts'
import { columnsOf, isOpenCall, type RowWrite } from './row-columns.ts'
import { transactionOn } from './transaction.ts'

export interface RebuildOptions {
  readonly client: Client
  readonly log: Logger
  /** Events of one transaction. */
  readonly pageEvents?: number
}

interface Head {
  readonly partition: number
  readonly position: number
  readonly fold: string
}

/** The name of its checkpoints: those of another fold's rebuild that was never finished are of no use. */
const consumer = `rebuild to fold ${FOLD_VERSION}`
const columns = 'partition, tenant, tbl, key, position, sort, run, agent, task, state, open, body'
const usualPageEvents = 2_000
/** Closed calls that become chunks at once: those of one run are together, in the order in which they closed. */
const pageCalls = 5_000
const cachedRows = 50_000
const saidEveryPages = 50

/** Rows by tenant. */
type Held = Map<TenantId, ReturnType<typeof createRows>>

interface Written {
  readonly tenant: TenantId
  readonly table: Table
  readonly key: string
  readonly position: number
  readonly row: RowOf[Table]
}

export async function rebuildProjections({ client, log, pageEvents = usualPageEvents }: RebuildOptions): Promise<void> {
  await client.query('update heads set fold = $1 where position = 0', [FOLD_VERSION])
  const { rows } = await client.query<{ partition: number; position: string; fold: string }>(
    'select partition, position, fold from heads where fold <> $1 order by partition',
    [FOLD_VERSION],
  )
  if (rows.length === 0) return
  await prepare(client)
  for (const row of rows) {
    const head = { ...row, position: Number(row.position) }
    log.warn(
      { partition: head.partition, made: head.fold, now: FOLD_VERSION, events: head.position },
      'the projections are of another fold; making them again',
    )
    if (!(await foldAgain(client, log, head, pageEvents))) await withoutHistory(client, log, head, pageEvents)
    log.info({ partition: head.partition, fold: FOLD_VERSION }, 'the projections are of this fold')
  }
  await client.query('drop table projections_next, rollups_next')
}

/** Rows that are not what the log folds to: the next start makes them again. Only for a log that is whole. */
export async function requestRebuild(pool: Pick<Pool, 'query'>): Promise<void> {
  await pool.query("update heads set fold = 'to be made again'")
}

/** Keeps what this fold's rebuild has done so far. A new one gives the log a new epoch: who holds rows of the former fold must resync. */
const prepare = (client: Client) =>
  transactionOn(client, async () => {
    const { rowCount } = await client.query('select from checkpoints where consumer = $1', [consumer])
    if (rowCount === 0) {
      await client.query('drop table if exists projections_next, rollups_next')
      await client.query('update meta set former_epochs = former_epochs || epoch, epoch = $1', [newEpoch()])
    }
    await client.query("delete from checkpoints where consumer like 'rebuild to fold %' and consumer <> $1", [consumer])
    await client.query('create table if not exists projections_next (like projections, primary key (tenant, tbl, key, partition))')
    await client.query('create table if not exists rollups_next (like rollups, primary key (tenant, minute, kind, agent, name, partition))')
  })

/** False when the log is not whole. */
async function foldAgain(client: Client, log: Logger, head: Head, pageEvents: number): Promise<boolean> {
  const { partition } = head
  const held: Held = new Map()
  let { position } = head
  let done = await checkpointOf(client, partition)
  if (done === 0) await startOver(client, partition)
  for (let pages = 0; ; ) {
    while (done < position) {
      const events = await readLog(client, partition, done, position, pageEvents)
      const isWhole = events.length > 0 && events.every((event, i) => event.position === done + 1 + i)
      if (!isWhole) return false
      done = await foldPage(client, log, held, partition, events, true)
      pages += 1
      if (pages % saidEveryPages === 0) log.info({ partition, position: done, of: position }, 'folding the log again')
    }
    const further = await takePlace(client, partition, position, position)
    if (further === undefined) return true
    position = further
  }
}

async function withoutHistory(client: Client, log: Logger, head: Head, pageEvents: number): Promise<void> {
  const { partition, fold } = head
  const convert = converterFrom(fold)
  for (let { position } = head; ; ) {
    const standsFor = convert === undefined ? position : await foldedOf(client, partition)
    if (convert !== undefined) await convertRows(client, partition, convert)
    else await foldWhatIsLeft(client, log, partition, position, pageEvents)
    const lost = convert === undefined ? await lostRows(client, partition) : undefined
    const further = await takePlace(client, partition, position, standsFor)
    if (further === undefined) {
      if (lost === undefined)
        log.warn({ partition, made: fold }, 'the log is no longer whole: rows were converted; figures stay as that fold counted them')
      else
        log.error(
          { partition, made: fold, lost },
          'the log is no longer whole and rows of that fold are not known here: rows without kept events are lost, sums count from the oldest kept event',
        )
      return
    }
    position = further
  }
}

const foldedOf = async (client: Client, partition: number): Promise<number> => {
  const { rows } = await client.query<{ folded: string }>('select folded from heads where partition = $1', [partition])
  return Number(rows[0]?.folded ?? 0)
}

/** Lock: the partition's row of heads. Answers the head when it is further than what was folded, or when the rows moved meanwhile. */
function takePlace(client: Client, partition: number, upTo: number, standsFor: number): Promise<number | undefined> {
  return transactionOn(client, async () => {
    const { rows } = await client.query<{ position: string; folded: string }>(
      'select position, folded from heads where partition = $1 for update',
      [partition],
    )
    const position = Number(rows[0]?.position ?? 0)
    if (position > upTo || (standsFor < upTo && Number(rows[0]?.folded ?? 0) !== standsFor)) return position
    await client.query('delete from projections where partition = $1', [partition])
    await client.query('delete from call_chunks where partition = $1', [partition])
    await client.query(
      `insert into projections (${columns}) select ${columns} from projections_next where partition = $1 and (tbl <> 'calls' or open)`,
      [partition],
    )
    await writeChunks(client, partition)
    await client.query('delete from rollups where partition = $1', [partition])
    await client.query('insert into rollups select * from rollups_next where partition = $1', [partition])
    await forgetSums(client)
    await startOver(client, partition)
    // Taken of the rows that were; what is taken next would go on from them.
    await client.query('delete from snapshots where partition = $1', [partition])
    await client.query('delete from snapshots_kept where partition = $1', [partition])
    await client.query('delete from calls_replaced where partition = $1', [partition])
    // A writer that still has the partition holds rows of the other fold: the fence makes it read again.
    await client.query('update heads set fold = $2, folded = $3, fence = fence + 1 where partition = $1', [
      partition,
      FOLD_VERSION,
      standsFor,
    ])
    return undefined
  })
}

/** Closed calls of projections_next. Each is in no chunk yet. */
async function writeChunks(client: Client, partition: number): Promise<void> {
  await client.query(
    `declare closed no scroll cursor for select tenant, key, position, body from projections_next
     where partition = ${partition} and tbl = 'calls' and not open order by tenant, run, position`,
  )
  for (;;) {
    const { rows } = await client.query<{ tenant: TenantId; key: string; position: string; body: CallRow }>(
      `fetch ${pageCalls} from closed`,
    )
    if (rows.length === 0) break
    const calls = rows.map(
      ({ position, body, ...call }): RowWrite => ({ ...call, table: 'calls', position: Number(position), row: body, stored: undefined }),
    )
    await sendBulk(client, copyCallChunks, [await chunkLines(partition, calls)])
  }
  await client.query('close closed')
}

/** Checkpoint first: without it, rows beside it are never gone on from. */
async function startOver(client: Client, partition: number): Promise<void> {
  await client.query('delete from checkpoints where consumer = $1 and partition = $2', [consumer, partition])
  await client.query('delete from projections_next where partition = $1', [partition])
  await client.query('delete from rollups_next where partition = $1', [partition])
}

async function checkpointOf(client: Client, partition: number): Promise<number> {
  const { rows } = await client.query<{ position: string }>('select position from checkpoints where consumer = $1 and partition = $2', [
    consumer,
    partition,
  ])
  return Number(rows[0]?.position ?? 0)
}

/** Folds events and writes their rows, and the checkpoint if it is to be gone on from. Answers the last position. */
async function foldPage(
  client: Client,
  log: Logger,
  held: Held,
  partition: number,
  events: readonly LoggedEvent[],
  isResumable: boolean,
): Promise<number> {
  if ([...held.values()].reduce((sum, rows) => sum + rows.size(), 0) > cachedRows) held.clear()
  return transactionOn(client, async () => {
    await client.query('set local enable_seqscan = off')
    await load(client, held, partition, events, (event) => touchedKeys(event, touchOf(event)))
    await load(client, held, partition, events, (event) => othersKeys(event, touchOf(event), rowsOf(held, event.tenant)))
    const written = new Map<string, Written>()
    const rollups = createDueRollups()
    for (const event of events) {
      const { tenant, position } = event
      const base = rowsOf(held, tenant)
      refold(
        {
          get: base.get,
          set(table, key, row) {
            rollups.add([{ tenant, table, row, was: base.get(table, key) }], [])
            base.set(table, key, row)
            written.set(`${tenant}\u0000${table}\u0000${key}`, { tenant, table, key, position, row })
          },
        },
        event,
        sayRefused(log),
      )
    }
    rollups.add([], events)
    await write(client, partition, [...written.values()])
    await addRollups(client, 'rollups_next', partition, rollups.take())
    const last = events.at(-1)?.position ?? 0
    if (isResumable)
      await client.query(
        'insert into checkpoints (consumer, partition, position) values ($1, $2, $3) on conflict (consumer, partition) do update set position = excluded.position',
        [consumer, partition, last],
      )
    return last
  })
}

function rowsOf(held: Held, tenant: TenantId) {
  const rows = held.get(tenant) ?? createRows()
  held.set(tenant, rows)
  return rows
}

/** Reads the rows that the events' keys name and that are not held. Index: primary key of projections_next. */
async function load(
  client: Client,
  held: Held,
  partition: number,
  events: readonly LoggedEvent[],
  keysOf: (event: LoggedEvent) => RowKey | readonly RowKey[],
): Promise<void> {
  const wanted = new Map<string, RowKey & { readonly tenant: TenantId }>()
  for (const event of events) {
    const { tenant } = event
    for (const { table, key } of [keysOf(event)].flat())
      if (rowsOf(held, tenant).get(table, key) === undefined) wanted.set(`${tenant}\u0000${table}\u0000${key}`, { tenant, table, key })
  }
  const keys = [...wanted.values()]
  const { rows } = await client.query<{ tenant: TenantId; tbl: Table; key: string; body: RowOf[Table] }>(
    `select k.tenant, k.tbl, k.key, p.body from unnest($2::text[], $3::text[], $4::text[]) as k (tenant, tbl, key), lateral
       (select body from projections_next where tenant = k.tenant and tbl = k.tbl and key = k.key and partition = $1 offset 0) p`,
    [partition, keys.map(({ tenant }) => tenant), keys.map(({ table }) => table), keys.map(({ key }) => key)],
  )
  for (const { tenant, tbl, key, body } of rows) rowsOf(held, tenant).set(tbl, key, body)
}

async function write(client: Client, partition: number, rows: readonly Written[]): Promise<void> {
  const cells = rows.map(({ tenant, table, key, position, row }) => [
    tenant,
    table,
    key,
    position,
    ...columnsOf(table, row),
    isOpenCall(table, row),
    JSON.stringify(row),
  ])
  await client.query(
    `insert into projections_next (${columns})
     select $1, tenant, tbl, key, position, sort, run, agent, task, state, open, body::json
     from unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::text[], $10::text[], $11::boolean[], $12::text[])
       as r (tenant, tbl, key, position, sort, run, agent, task, state, open, body)
     on conflict (tenant, tbl, key, partition) do update set position = excluded.position, sort = excluded.sort, run = excluded.run,
       agent = excluded.agent, task = excluded.task, state = excluded.state, open = excluded.open, body = excluded.body`,
    [partition, ...Array.from({ length: 11 }, (_, column) => cells.map((row) => row[column]))],
  )
}

/** One transaction: a conversion reads every row once and is never resumed. */
async function convertRows(client: Client, partition: number, convert: (row: StoredRow) => StoredRow): Promise<void> {
  async function put(rows: readonly StoredRow[]): Promise<void> {
    // The one place where a stored row of a former shape becomes one of today's.
    const written = rows.map(convert).map(({ body, ...row }): Written => ({ ...row, row: body as unknown as RowOf[Table] }))
    const distinct = [...new Map(written.map((row) => [`${row.tenant}\u0000${row.table}\u0000${row.key}`, row])).values()]
    const rollups = createDueRollups()
    rollups.add(distinct, [])
    await write(client, partition, distinct)
    await addRollups(client, 'rollups_next', partition, rollups.take())
  }
  await transactionOn(client, async () => {
    await startOver(client, partition)
    await client.query(
      `declare old no scroll cursor for select tenant, tbl as table, key, position, body from projections where partition = ${partition}`,
    )
    for (;;) {
      const { rows } = await client.query<Omit<StoredRow, 'position'> & { readonly position: string }>(`fetch ${usualPageEvents} from old`)
      if (rows.length === 0) break
      const stored = rows.map((row) => ({ ...row, position: Number(row.position) }))
      await put(await newestOnly(client, stored))
    }
    for await (const calls of everyCall(client, partition))
      for (let from = 0; from < calls.length; from += usualPageEvents) {
        const some = calls.slice(from, from + usualPageEvents)
        await put(some.map(({ tenant, key, position, row }) => ({ ...{ tenant, table: 'calls', key, position }, body: { ...row } })))
      }
    await countEvents(client, 'rollups_next', partition)
  })
}

/** Without rows of calls that are newer in a chunk: they would be counted twice. */
async function newestOnly(client: Client, rows: readonly StoredRow[]): Promise<StoredRow[]> {
  const kept = rows.filter(({ table }) => table !== 'calls')
  const calls = Map.groupBy(
    rows.filter(({ table }) => table === 'calls'),
    ({ tenant }) => tenant,
  )
  for (const [tenant, own] of calls) kept.push(...(await stillSo(client, tenant, own)))
  return kept
}

/** What is left of the log, holes and all. Never resumed: its rows must not be taken for those of a whole log. */
async function foldWhatIsLeft(client: Client, log: Logger, partition: number, upTo: number, pageEvents: number): Promise<void> {
  const held: Held = new Map()
  await startOver(client, partition)
  for (let done = 0; ; ) {
    const events = await readLog(client, partition, done, upTo, pageEvents)
    if (events.length === 0) return
    done = await foldPage(client, log, held, partition, events, false)
  }
}

/** Rows that were there and cannot be made again, by table. */
async function lostRows(client: Client, partition: number): Promise<Readonly<Record<string, number>>> {
  const { rows } = await client.query<{ tbl: string; count: number }>(
    `select tbl, count(*)::int from projections p where partition = $1 and not exists
       (select from projections_next n where n.tenant = p.tenant and n.tbl = p.tbl and n.key = p.key and n.partition = p.partition)
     group by tbl`,
    [partition],
  )
  const lost = new Map(rows.map(({ tbl, count }) => [tbl, count]))
  for await (const calls of everyCall(client, partition)) {
    // Primary keys, once a call. One that is a row too is counted.
    const { rows: more } = await client.query<{ count: number }>(
      `select count(*)::int from unnest($2::text[], $3::text[]) as c (tenant, key)
       where not exists (select from projections_next where tenant = c.tenant and tbl = 'calls' and key = c.key and partition = $1 offset 0)
         and not exists (select from projections where tenant = c.tenant and tbl = 'calls' and key = c.key and partition = $1 offset 0)`,
      [partition, calls.map(({ tenant }) => tenant), calls.map(({ key }) => key)],
    )
    const count = more[0]?.count ?? 0
    if (count > 0) lost.set('calls', (lost.get('calls') ?? 0) + count)
  }
  return Object.fromEntries(lost)
}

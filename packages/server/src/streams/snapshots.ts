/**
 * Snapshots of the fold, so that a past moment is a short fold away: what the projections are, kept with the position they stand for.
 * One every so many events, and one every half day where less happens, so that there is one before the log's day is dropped. The older they are,
 * the fewer are kept: of the last hour one a minute, of the last day one an hour, then one a day while the log after it is kept.
 * Read a page at a time and compressed as it comes, so that a large state neither fills the memory nor holds up the process.
 */
import { pipeline } from 'node:stream/promises'
import { createZstdCompress } from 'node:zlib'
import type { EpochMs, TenantId } from '@signalbox/model/event.ts'
import { FOLD_VERSION } from '@signalbox/model/fold/fold.ts'
import type { Pool, PoolClient } from 'pg'
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import type { CommitBus } from '../sequencer/commit.ts'
import type { Projections } from '../store/projections.ts'

export interface SnapshotsOptions {
  readonly pool: Pool
  readonly projections: Pick<Projections, 'caughtUp'>
  readonly partitions: number
  readonly heads: () => Promise<{ readonly positions: readonly number[] }>
  readonly bus: CommitBus
  readonly config: { readonly snapshotEvery: number }
  readonly clock: Clock
  readonly log: Logger
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
/** A head that moved at all is kept after this long: well before the shortest retention, a day, drops what moved it. */
const longestMs = dayMs / 2
const lookMs = hourMs
const retryMs = minuteMs
/** A snapshot reads every row, so the next one waits for this many events a row: its cost an event stays bounded as the state grows. */
const eventsPerRow = 4
const pageRows = 500
/** A larger state is not kept: reading it back would take more memory than folding from further back takes time. */
const mostChars = 256 * 1024 * 1024

class TooLarge extends Error {}

/** `[[tenant, table, key, row], …]` as JSON text, rows as they are stored. */
async function* stateText(client: PoolClient, partition: number, count: (rows: number) => void): AsyncGenerator<string> {
  await client.query({
    text: 'declare state no scroll cursor for select tenant, tbl, key, body::text as body from projections where partition = $1',
    values: [partition],
  })
  let separator = '['
  let chars = 0
  for (;;) {
    const { rows } = await client.query<{ tenant: TenantId; tbl: string; key: string; body: string }>(`fetch ${pageRows} from state`)
    let text = ''
    for (const { tenant, tbl, key, body } of rows) {
      text += `${separator}[${JSON.stringify(tenant)},"${tbl}",${JSON.stringify(key)},${body}]`
      separator = ','
    }
    count(rows.length)
    chars += text.length
    if (chars > mostChars) throw new TooLarge()
    yield text
    if (rows.length < pageRows) break
  }
  yield separator === '[' ? '[]' : ']'
}

interface Taken {
  readonly rows: number
  readonly position: number
  readonly at: number
}

/** All reads see one moment: what the projections are, at the position they stand for. */
async function take(pool: Pool, partition: number): Promise<Taken> {
  const client = await pool.connect()
  try {
    await client.query('begin isolation level repeatable read')
    const { rows: heads } = await client.query<{ position: string; at: string }>(
      'select h.folded as position, coalesce((select at from commits c where c.partition = h.partition and c.last = h.folded), 0) as at from heads h where h.partition = $1',
      [partition],
    )
    let held = 0
    const compressed: Buffer[] = []
    await pipeline(
      stateText(client, partition, (rows) => {
        held += rows
      }),
      createZstdCompress(),
      async (chunks) => {
        for await (const chunk of chunks) compressed.push(chunk as Buffer)
      },
    )
    await client.query(
      'insert into snapshots (partition, position, at, fold, state) values ($1, $2, $3, $4, $5) on conflict (partition, position) do update set at = excluded.at, fold = excluded.fold, state = excluded.state',
      [partition, heads[0]?.position, heads[0]?.at, FOLD_VERSION, Buffer.concat(compressed)],
    )
    await client.query('commit')
    return { rows: held, position: Number(heads[0]?.position ?? 0), at: Number(heads[0]?.at ?? 0) }
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  } finally {
    client.release()
  }
}

/**
 * Forgets those of another fold, those whose following log is gone, and of each span of time all but the newest. The newest of all stays:
 * a partition where nothing happens is known by it. Index: primary key of snapshots; their states are not read.
 */
const thin = (pool: Pool, partition: number, now: EpochMs) =>
  pool.query(
    `delete from snapshots s using heads h where h.partition = $1 and s.partition = $1 and (s.fold <> $2 or exists (
       select from snapshots n where n.partition = $1 and n.fold = $2 and n.position > s.position and (
         s.position < h.oldest - 1
         or n.at / (case when $3 - s.at < ${hourMs} then ${minuteMs} when $3 - s.at < ${dayMs} then ${hourMs} else ${dayMs} end)
          = s.at / (case when $3 - s.at < ${hourMs} then ${minuteMs} when $3 - s.at < ${dayMs} then ${hourMs} else ${dayMs} end))))`,
    [partition, FOLD_VERSION, now],
  )

export interface Snapshots {
  /** Resolves when every snapshot that is due is taken. */
  settled(): Promise<void>
  /** Ends the one that is being taken; those that wait are left for another time. */
  stop(): Promise<void>
}

/** The newest snapshot of a partition; without one, its beginning. */
interface Last {
  readonly position: number
  readonly at: EpochMs
  readonly rows: number
  /** After one that failed. */
  readonly notBefore?: EpochMs
}

export function startSnapshots({ pool, projections, partitions, heads, bus, config, clock, log }: SnapshotsOptions): Snapshots {
  /** Unknown until read. */
  let last: Last[] | undefined
  const waiting = new Set<number>()
  /** One at a time: a snapshot is never urgent. */
  let taking = Promise.resolve()
  let looking = Promise.resolve()
  let stopped = false
  let cancel = () => {}

  async function readLast(): Promise<Last[]> {
    const { rows } = await pool.query<{ partition: number; position: string; at: string | null }>(
      `select h.partition, coalesce(s.position, 0) as position, coalesce(s.at, (select at from commits c where c.partition = h.partition order by last limit 1)) as at
       from heads h left join lateral (select position, at from snapshots where partition = h.partition and fold = $1 order by position desc limit 1) s on true
       order by h.partition`,
      [FOLD_VERSION],
    )
    return Array.from({ length: partitions }, (_, partition) => {
      const row = rows.find((found) => found.partition === partition)
      return { position: Number(row?.position ?? 0), at: Number(row?.at ?? clock.now()), rows: 0 }
    })
  }

  async function takeOne(partition: number, known: Last[]): Promise<void> {
    waiting.delete(partition)
    if (stopped) return
    try {
      await projections.caughtUp()
      known[partition] = await take(pool, partition)
      await thin(pool, partition, clock.now())
    } catch (error) {
      if (error instanceof TooLarge) {
        known[partition] = { position: Number.POSITIVE_INFINITY, at: 0, rows: 0 }
        log.warn({ partition }, 'the state is too large for a snapshot; time travel folds from the last one')
        return
      }
      const newest = known[partition]
      if (newest !== undefined) known[partition] = { ...newest, notBefore: clock.now() + retryMs }
      log.warn({ err: error, partition }, 'a snapshot failed; it is tried again later')
    }
  }

  function consider(head: number, partition: number) {
    const known = last
    const newest = known?.[partition]
    if (known === undefined || newest === undefined || waiting.has(partition) || head <= newest.position) return
    const every = Math.max(config.snapshotEvery, eventsPerRow * newest.rows)
    const now = clock.now()
    if ((head - newest.position < every && now - newest.at < longestMs) || now < (newest.notBefore ?? 0)) return
    waiting.add(partition)
    taking = taking.then(() => takeOne(partition, known))
  }

  async function look(): Promise<void> {
    if (stopped) return
    try {
      last ??= await readLast()
      ;(await heads()).positions.forEach(consider)
      for (let partition = 0; partition < partitions; partition += 1) await thin(pool, partition, clock.now())
    } catch (error) {
      log.warn({ err: error }, 'the snapshots could not be looked at; trying again in an hour')
    }
  }
  const tick = () => {
    cancel = clock.after(lookMs, tick)
    looking = looking.then(look)
  }
  tick()
  const unsubscribe = bus.subscribe(({ partition, to }) => consider(to, partition))
  return {
    async settled() {
      await looking
      await taking
    },
    async stop() {
      cancel()
      unsubscribe()
      stopped = true
      await looking
      await taking
    },
  }
}

/**
 * Snapshots of the fold, so that a past moment is a short fold away: what the projections are, kept with the position they stand for.
 * One every so many events, and one every half day where less happens, so that there is one before the log's day is dropped. The older they are,
 * the fewer are kept: of the last hour one a minute, of the last day one an hour, then one a day while the log after it is kept.
 * A snapshot costs what changed since the one before: what came to rest is written once, apart (`snapshots_kept`), and shared by all later ones.
 * Read a page at a time and compressed as it comes, so that a large state neither fills the memory nor holds up the process.
 */
import { pipeline } from 'node:stream/promises'
import { createZstdCompress } from 'node:zlib'
import type { EpochMs } from '@signalbox/model/event.ts'
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
/** Of the time, the most that taking them may last: under load they come seldom, and a past moment is folded from further back. */
const mostShare = 0.1
const pageRows = 2_000
/** A larger state is not kept: reading it back would take more memory than folding from further back takes time. */
const mostChars = 256 * 1024 * 1024

class TooLarge extends Error {}

/** `[[tenant, table, key, row], …]` as JSON text, a row a line, as they are stored. Index: projections_position. */
async function* stateText(client: PoolClient, partition: number, after: number, what: string): AsyncGenerator<string> {
  await client.query({
    text: `declare state no scroll cursor for select json_build_array(tenant, tbl, key, body)::text from projections
           where partition = $1 and position > $2 and (${what})`,
    values: [partition, after],
  })
  let separator = '[\n'
  let chars = 0
  for (;;) {
    const { rows } = await client.query<[string]>({ text: `fetch ${pageRows} from state`, rowMode: 'array' })
    if (rows.length > 0) {
      const text = `${separator}${rows.join(',\n')}`
      separator = ',\n'
      chars += text.length
      if (chars > mostChars) throw new TooLarge()
      yield text
    }
    if (rows.length < pageRows) break
  }
  await client.query('close state')
  yield separator === '[\n' ? '[]' : '\n]'
}

async function compressed(text: AsyncGenerator<string>): Promise<Buffer> {
  const parts: Buffer[] = []
  await pipeline(text, createZstdCompress(), async (chunks) => {
    for await (const chunk of chunks) parts.push(chunk as Buffer)
  })
  return Buffer.concat(parts)
}

interface Taken {
  readonly position: number
  readonly at: number
}

/**
 * All reads see one moment: what the projections are, at the position they stand for. A row is read when it changed since the snapshot
 * before, and once more when it did not change in a whole snapshot; a closed call, of which there are the most, only once.
 */
export async function take(pool: Pool, partition: number): Promise<Taken> {
  const client = await pool.connect()
  try {
    await client.query('begin isolation level repeatable read')
    const { rows } = await client.query<{ position: string; at: string; last: string; kept: string; before: string }>(
      `select h.folded as position, coalesce((select at from commits c where c.partition = h.partition and c.last = h.folded), 0) as at,
         coalesce((select max(position) from snapshots where partition = $1 and fold = $2), 0) as last,
         coalesce(k.position, 0) as kept, coalesce(k.before, 0) as before
       from heads h left join lateral
         (select position, before from snapshots_kept where partition = $1 and fold = $2 order by position desc limit 1) k on true
       where h.partition = $1`,
      [partition, FOLD_VERSION],
    )
    const found = rows[0]
    if (found === undefined) throw new Error(`There is no partition ${partition}.`)
    const [position, at, last] = [Number(found.position), Number(found.at), Number(found.last)]
    if (position <= last) {
      await client.query('rollback')
      return { position, at }
    }
    const isClosedCall = "tbl = 'calls' and not open"
    const changed = await compressed(stateText(client, partition, last, `not (${isClosedCall})`))
    const rested = await compressed(
      stateText(
        client,
        partition,
        Number(found.before),
        `case when ${isClosedCall} then position > ${found.kept} else position <= ${last} end`,
      ),
    )
    await client.query(
      'insert into snapshots (partition, position, at, fold, state) values ($1, $2, $3, $4, $5) on conflict (partition, position) do update set at = excluded.at, fold = excluded.fold, state = excluded.state',
      [partition, position, at, FOLD_VERSION, changed],
    )
    await client.query(
      'insert into snapshots_kept (partition, position, before, fold, state) values ($1, $2, $3, $4, $5) on conflict (partition, position) do update set before = excluded.before, fold = excluded.fold, state = excluded.state',
      [partition, position, last, FOLD_VERSION, rested],
    )
    await client.query('commit')
    return { position, at }
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  } finally {
    client.release()
  }
}

/**
 * Forgets what is of another fold, those whose following log is gone, and of each span of time all but the newest. The newest of all stays:
 * a partition where nothing happens is known by it. Index: primary key of snapshots; their states are not read.
 */
async function thin(pool: Pool, partition: number, now: EpochMs): Promise<void> {
  await pool.query('delete from snapshots_kept where partition = $1 and fold <> $2', [partition, FOLD_VERSION])
  await pool.query(
    `delete from snapshots s using heads h where h.partition = $1 and s.partition = $1 and (s.fold <> $2 or exists (
       select from snapshots n where n.partition = $1 and n.fold = $2 and n.position > s.position and (
         s.position < h.oldest - 1
         or n.at / (case when $3 - s.at < ${hourMs} then ${minuteMs} when $3 - s.at < ${dayMs} then ${hourMs} else ${dayMs} end)
          = s.at / (case when $3 - s.at < ${hourMs} then ${minuteMs} when $3 - s.at < ${dayMs} then ${hourMs} else ${dayMs} end))))`,
    [partition, FOLD_VERSION, now],
  )
}

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
  let restsUntil = 0

  async function readLast(): Promise<Last[]> {
    const { rows } = await pool.query<{ partition: number; position: string; at: string | null }>(
      `select h.partition, coalesce(s.position, 0) as position, coalesce(s.at, (select at from commits c where c.partition = h.partition order by last limit 1)) as at
       from heads h left join lateral (select position, at from snapshots where partition = h.partition and fold = $1 order by position desc limit 1) s on true
       order by h.partition`,
      [FOLD_VERSION],
    )
    return Array.from({ length: partitions }, (_, partition) => {
      const row = rows.find((found) => found.partition === partition)
      return { position: Number(row?.position ?? 0), at: Number(row?.at ?? clock.now()) }
    })
  }

  async function takeOne(partition: number, known: Last[]): Promise<void> {
    waiting.delete(partition)
    const startedAt = clock.monotonic()
    if (stopped || startedAt < restsUntil) return
    try {
      await projections.caughtUp()
      known[partition] = await take(pool, partition)
      await thin(pool, partition, clock.now())
      restsUntil = clock.monotonic() + (clock.monotonic() - startedAt) * (1 / mostShare - 1)
    } catch (error) {
      if (error instanceof TooLarge) {
        known[partition] = { position: Number.POSITIVE_INFINITY, at: 0 }
        log.warn({ partition }, 'the state is too large for a snapshot; time travel folds from the last one')
        return
      }
      const newest = known[partition]
      if (newest !== undefined) known[partition] = { ...newest, notBefore: clock.monotonic() + retryMs }
      log.warn({ err: error, partition }, 'a snapshot failed; it is tried again later')
    }
  }

  function consider(head: number, partition: number) {
    const known = last
    const newest = known?.[partition]
    if (known === undefined || newest === undefined || waiting.has(partition) || head <= newest.position) return
    if (head - newest.position < config.snapshotEvery && clock.now() - newest.at < longestMs) return
    if (clock.monotonic() < Math.max(restsUntil, newest.notBefore ?? 0)) return
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

/**
 * Snapshots of the fold, so that a past moment is a short fold away: what goes on, kept with the position it stands for.
 * A partition's is taken after so many events, and later where it is large: its bytes are at most 32 for each event since the one before.
 * One comes every half day where less happens, so that there is one before the log's day is dropped. They stay while the log after them does.
 * What ended is written once, apart (`snapshots_kept`), as it was at the snapshot after: who needs a row of it finds it by its key. Closed
 * calls are not: they are nearly all rows, hardly ever change, and their chunks have them as they were before they did (call-chunk.ts).
 * Read a page at a time and compressed as it comes, so that a large state neither fills the memory nor holds up the process.
 */
import { pipeline } from 'node:stream/promises'
import { createZstdCompress } from 'node:zlib'
import type { EpochMs } from '@signalbox/model/event.ts'
import { FOLD_VERSION } from '@signalbox/model/fold/fold.ts'
import { isTerminal } from '@signalbox/model/fold/task.ts'
import { taskStates } from '@signalbox/model/rows.ts'
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
  readonly bytesPerEvent?: number
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
/** A head that moved at all is kept after this long: well before the shortest retention, a day, drops what moved it. */
const longestMs = dayMs / 2
const lookMs = hourMs
const retryMs = minuteMs
/** Of the time, the most that taking them may last: under load they come seldom, and a past moment is folded from further back. */
const mostShare = 0.03
/** Of the log's bytes a few hundredths: an event takes some hundred. */
const mostBytesPerEvent = 32
/** Positions from one of so many bytes to the next. */
export const dueAfter = (least: number, bytes: number, bytesPerEvent = mostBytesPerEvent): number => Math.max(least, bytes / bytesPerEvent)
const pageRows = 2_000
/** A larger state is not kept: reading it back would take more memory than folding from further back takes time. */
const mostChars = 256 * 1024 * 1024

class TooLarge extends Error {}

const openTask = `state in (${taskStates
  .filter((state) => !isTerminal(state))
  .map((state) => `'${state}'`)
  .join()})`
/** As the fold writes it. By a search of the text, since PostgreSQL takes no JSON apart that has a NUL anywhere. */
const isGone = `body::text ~ '"status":\\{"value":"(stopped|lost)"'`

/** What goes on in partition $1. Indexes: projections_open is a table of its own, projections_open_tasks, projections_live; edges by the primary key. */
const goesOn = `
  select tenant, tbl, key, body from projections_open where partition = $1
  union all select tenant, tbl, key, body from projections_kept where partition = $1 and tbl = 'tasks' and ${openTask}
  union all select tenant, tbl, key, body from projections_kept where partition = $1 and tbl = 'agents' and not ${isGone}
  union all select tenant, tbl, key, body from projections_kept where partition = $1 and tbl = 'runs' and state = 'running'
  union all select e.* from projections_kept r, lateral (
    select tenant, tbl, key, body from projections_kept where tenant = r.tenant and tbl = 'edges' and key >= r.key and key < r.key || ' '
      and partition = $1 and run = r.key offset 0) e where r.partition = $1 and r.tbl = 'runs' and r.state = 'running'
  union all select e.* from (select distinct tenant from projections_kept where partition = $1 and tbl = 'agents') t, lateral (
    select tenant, tbl, key, body from projections_kept where tenant = t.tenant and tbl = 'edges' and key < ' ' and partition = $1 offset 0) e`

/** What changed after $2, up to $3, which is now, and had ended, and every edge that did: one goes on as long as its run. Index: projections_kept_position. */
const ended = `
  select tenant, tbl, key, body from projections_kept where partition = $1 and position > $2 and position <= $3 and case tbl
    when 'tasks' then not ${openTask} when 'runs' then state <> 'running' when 'agents' then ${isGone} else true end`

/** `[[tenant, table, key, row], …]` as JSON text, a row a line, as they are stored. */
async function* stateText(client: PoolClient, what: string, values: readonly number[]): AsyncGenerator<string> {
  await client.query({
    text: `declare state no scroll cursor for select json_build_array(tenant, tbl, key, body)::text from (${what}) found`,
    values: [...values],
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
  readonly at: EpochMs
  readonly bytes: number
}

/** All reads see one moment: what the projections are, at the position they stand for. */
export async function take(pool: Pool, partition: number): Promise<Taken> {
  const client = await pool.connect()
  try {
    // What it takes, it takes from commits: one process is enough.
    await client.query('begin isolation level repeatable read; set local max_parallel_workers_per_gather = 0')
    const { rows } = await client.query<{ position: string; at: string; last: string; bytes: number; since: string }>(
      `select h.folded as position, coalesce((select at from commits c where c.partition = h.partition and c.last = h.folded), 0) as at,
         coalesce(s.position, 0) as last, coalesce(octet_length(s.state), 0) as bytes,
         -- Of a spread one, what had ended since the one before it is in itself alone.
         case when s.spread then coalesce((select before from snapshots_kept k where k.partition = $1 and k.position = s.position and k.fold = $2), 0)
           else coalesce(s.position, 0) end as since
       from heads h left join lateral
         (select position, state, spread from snapshots where partition = $1 and fold = $2 order by position desc limit 1) s on true
       where h.partition = $1`,
      [partition, FOLD_VERSION],
    )
    const found = rows[0]
    if (found === undefined) throw new Error(`There is no partition ${partition}.`)
    const [position, at, last] = [Number(found.position), Number(found.at), Number(found.last)]
    if (position <= last) {
      await client.query('rollback')
      return { position, at, bytes: found.bytes }
    }
    const state = await compressed(stateText(client, goesOn, [partition]))
    const kept = await compressed(stateText(client, ended, [partition, Number(found.since), position]))
    await client.query(
      'insert into snapshots (partition, position, at, fold, state, spread) values ($1, $2, $3, $4, $5, false) on conflict (partition, position) do update set at = excluded.at, fold = excluded.fold, state = excluded.state, spread = false',
      [partition, position, at, FOLD_VERSION, state],
    )
    await client.query(
      'insert into snapshots_kept (partition, position, before, fold, state) values ($1, $2, $3, $4, $5) on conflict (partition, position) do update set before = excluded.before, fold = excluded.fold, state = excluded.state',
      [partition, position, last, FOLD_VERSION, kept],
    )
    await client.query('commit')
    return { position, at, bytes: state.length }
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  } finally {
    client.release()
  }
}

/**
 * Forgets what is of another fold, and those whose following log is gone, but for the newest of all: a partition where nothing happens is
 * known by it. Indexes: primary key of snapshots, whose states are not read; calls_replaced_until.
 */
export async function forget(pool: Pick<Pool, 'query'>, partition: number): Promise<void> {
  await pool.query('delete from snapshots_kept where partition = $1 and fold <> $2', [partition, FOLD_VERSION])
  // To one bound: compared each with each, twenty thousand took eleven seconds.
  await pool.query(
    `delete from snapshots where partition = $1 and (fold <> $2 or position <
       (select least(h.oldest - 1, (select max(position) from snapshots where partition = $1 and fold = $2)) from heads h where h.partition = $1))`,
    [partition, FOLD_VERSION],
  )
  // After them: what only they needed goes too.
  await pool.query(
    'delete from calls_replaced where partition = $1 and until <= (select min(position) from snapshots where partition = $1)',
    [partition],
  )
}

export interface Snapshots {
  /** Resolves when every snapshot that is due is taken. */
  settled(): Promise<void>
  /** Ends the one that is being taken; those that wait are left for another time. */
  stop(): Promise<void>
}

/** The newest snapshot of a partition; without one, its beginning. */
interface Last extends Taken {
  /** After one that failed. */
  readonly notBefore?: EpochMs
}

export function startSnapshots({
  pool,
  projections,
  partitions,
  heads,
  bus,
  config,
  clock,
  log,
  bytesPerEvent = mostBytesPerEvent,
}: SnapshotsOptions): Snapshots {
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
    const { rows } = await pool.query<{ partition: number; position: string; at: string | null; bytes: number }>(
      `select h.partition, coalesce(s.position, 0) as position, coalesce(octet_length(s.state), 0) as bytes, coalesce(s.at, (select at from commits c where c.partition = h.partition order by last limit 1)) as at
       from heads h left join lateral (select position, at, state from snapshots where partition = h.partition and fold = $1 order by position desc limit 1) s on true
       order by h.partition`,
      [FOLD_VERSION],
    )
    return Array.from({ length: partitions }, (_, partition) => {
      const row = rows.find((found) => found.partition === partition)
      return { position: Number(row?.position ?? 0), at: Number(row?.at ?? clock.now()), bytes: row?.bytes ?? 0 }
    })
  }

  async function takeOne(partition: number, known: Last[]): Promise<void> {
    waiting.delete(partition)
    const startedAt = clock.monotonic()
    if (stopped || startedAt < restsUntil) return
    try {
      await projections.caughtUp()
      known[partition] = await take(pool, partition)
      await forget(pool, partition)
      restsUntil = clock.monotonic() + (clock.monotonic() - startedAt) * (1 / mostShare - 1)
    } catch (error) {
      if (error instanceof TooLarge) {
        known[partition] = { position: Number.POSITIVE_INFINITY, at: 0, bytes: 0 }
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
    const due = dueAfter(config.snapshotEvery, newest.bytes, bytesPerEvent)
    if (head - newest.position < due && clock.now() - newest.at < longestMs) return
    if (clock.monotonic() < Math.max(restsUntil, newest.notBefore ?? 0)) return
    waiting.add(partition)
    taking = taking.then(() => takeOne(partition, known))
  }

  async function look(): Promise<void> {
    if (stopped) return
    try {
      last ??= await readLast()
      ;(await heads()).positions.forEach(consider)
      for (let partition = 0; partition < partitions; partition += 1) await forget(pool, partition)
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

/**
 * Seals days of the log that nothing is added to any more: their events become compressed chunks (docs/decisions/0021).
 *
 * Closed calls of that time, which came as chunks of a few, are merged then too (call-merging.ts).
 *
 * Some events at a time leave their table and are a chunk in the same transaction: whenever the server dies, each is in one of them. Nobody
 * waits for it but who commits events of sealed days, for one such step. What is late enters the table of its day as ever, and becomes
 * chunks of its own when nothing was added for a day again. A table that is empty then gives its space back.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { EpochMs } from '@signalbox/model/event.ts'
import type { Pool, PoolClient } from 'pg'
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import type { Metrics } from '../ops/metrics.ts'
import { type MergePlace, mergeSome } from './call-merging.ts'
import { type Chunk, chunksOf, idTimes, openChunk } from './chunk.ts'
import { copyLine, type LogRow, logColumns, toText } from './log-row.ts'
import { lockSealed } from './sealed.ts'
import { isDropped, isLocked } from './sqlstate.ts'
import { transaction } from './transaction.ts'

export interface SealingOptions {
  readonly pool: Pool
  /** 0: never. */
  readonly compressAfterDays: number
  /** What is dropped within a day is not sealed. */
  readonly retentionDays: number
  /** Of the time, the most that sealing may last; a quarter when absent. */
  readonly mostShare?: number
  /** The time that the retention goes by: a clock that is ahead seals nothing early. */
  readonly now: () => EpochMs
  readonly clock: Pick<Clock, 'monotonic'>
  readonly log: Pick<Logger, 'info' | 'warn'>
  readonly metrics: Pick<Metrics, 'sealedEvents' | 'sealedSeconds' | 'sealedBytes' | 'sealedDays'>
}

export interface Sealing {
  /** Seals what is due, unless stopped. True when some of it is left for a reason that passes: somebody's lock, or rows behind the log. */
  sealDue(): Promise<boolean>
  /** Ends with the step that is under way. */
  stop(): Promise<void>
}

interface Table {
  readonly name: string
  readonly to: EpochMs
}

/** `left`: for a reason that passes. */
type Outcome = 'done' | 'not due' | 'left'

const dayMs = 86_400_000
const lookEveryMs = 60 * 60_000
/** Where something that is due was left; after a fault twice as long each time. */
const lookAgainMs = 60_000
const lockTimeoutMs = 2_000
/** For the lock of a whole table: all who read the log come to stand behind who waits for it. */
const tableTimeoutMs = 200
/** Events of one step, whose late commits wait for it; fewer where they are large. */
const stepEvents = 2_000
const stepBytes = 16 * 1024 * 1024
const usualShare = 0.25
const saidEverySteps = 200
/** More than a table without events and its indexes take. */
const emptyBytes = 128 * 1024

/** Index: log_position. `bytes` is of what comes before, so that one event is always among them. */
const nextRows = (name: string) => `select ${logColumns} from
  (select *, sum(octet_length(data)) over (order by position) - octet_length(data) as bytes from
    (select * from ${name} where partition = $1 and position > $2 and position <= $3 order by position limit ${stepEvents}) next) next
  where bytes <= ${stepBytes} order by position`

const insertChunk = `insert into log_chunks (partition, first, last, min_time, max_time, min_id, max_id, id_times, terms, lines)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`

const limited = async (client: PoolClient, ms = lockTimeoutMs) => void (await client.query(`set local lock_timeout = '${ms}ms'`))

async function write(client: PoolClient, chunk: Chunk): Promise<void> {
  const { partition, first, last, minTime, maxTime, minId, maxId, terms, lines, text } = chunk
  await client.query(insertChunk, [partition, first, last, minTime, maxTime, minId, maxId, idTimes(chunk), terms, lines])
  const { rows } = await client.query<{ lines: Buffer }>('select lines from log_chunks where partition = $1 and last = $2', [
    partition,
    last,
  ])
  const back = openChunk(rows[0]?.lines ?? Buffer.alloc(0))
    .map((row) => copyLine(toText(row)))
    .join('')
  if (back !== text) throw new Error(`The chunk of positions ${first} to ${last} of partition ${partition} does not read back as it was.`)
}

/** One step. Answers the last position and the bytes, undefined when nothing is left. Lock: what is sealed, alone; rows of the log. */
function sealSome(pool: Pool, name: string, partition: number, after: number, upTo: number) {
  return transaction(pool, async (client) => {
    await limited(client)
    await client.query(lockSealed)
    const { rows } = await client.query<LogRow>(nextRows(name), [partition, after, upTo])
    const last = rows.at(-1)?.position
    if (last === undefined) return undefined
    let bytes = 0
    for (const chunk of chunksOf(rows)) {
      await write(client, chunk)
      bytes += chunk.lines.length
    }
    const { rowCount } = await client.query(`delete from ${name} where partition = $1 and position > $2 and position <= $3`, [
      partition,
      after,
      last,
    ])
    if (rowCount !== rows.length) throw new Error(`${rowCount} events would leave ${name} where ${rows.length} became chunks.`)
    return { last: Number(last), events: rows.length, bytes }
  })
}

/** Of each partition with events in the table: the time its newest came in, and whether the rows of the fold stand for it. Index: log_position. */
async function newestOf(pool: Pool, name: string) {
  const { rows } = await pool.query<{ partition: number; position: string; received_at: string; folded: boolean }>(
    `select h.partition, l.position, l.received_at, h.folded >= l.position as folded from heads h,
       lateral (select position, received_at from ${name} where partition = h.partition order by position desc limit 1) l order by 1`,
  )
  return rows
}

/** From now on writers look into chunks for ids of before `to`. Lock: one head after the other, when no commit has it. */
async function announce(pool: Pool, to: EpochMs): Promise<void> {
  const { rows } = await pool.query<{ partition: number }>('select partition from heads where sealed < $1 order by partition', [to])
  for (const { partition } of rows)
    await transaction(pool, async (client) => {
      await limited(client)
      await client.query('update heads set sealed = greatest(sealed, $2) where partition = $1', [partition, to])
    })
}

/** Unless it has events. Lock: the table, alone, for a moment; who commits to it waits for the lock of what is sealed. */
function giveBack(pool: Pool, name: string): Promise<Outcome> {
  return transaction(pool, async (client): Promise<Outcome> => {
    const { rows: sizes } = await client.query<{ bytes: string }>('select pg_total_relation_size($1::regclass) as bytes', [name])
    if (Number(sizes[0]?.bytes) <= emptyBytes) return 'done'
    await limited(client, tableTimeoutMs)
    await client.query(lockSealed)
    await client.query(`lock table ${name} in access exclusive mode`)
    const { rowCount } = await client.query(`select from ${name} limit 1`)
    if (rowCount === 0) await client.query(`truncate ${name}`)
    return 'done'
  })
}

async function attempt(step: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await step()
  } catch (error) {
    if (isLocked(error)) return 'left'
    // The retention was quicker.
    if (isDropped(error)) return 'not due'
    throw error
  }
}

/** Index: none; there are some hundreds at most. */
const dueTables = 'select name, to_ms from log_partitions where to_ms <= $1 and greatest(to_ms, backfilled_at) >= $2 order by from_ms'

export function createSealing(options: SealingOptions): Sealing {
  const { pool, compressAfterDays, retentionDays, now, clock, log, metrics, mostShare = usualShare } = options
  const stopping = new AbortController()
  const { signal } = stopping

  /** After one step as long as its share of the time asks for. Answers the seconds that the step took. */
  async function rest(startedAt: number): Promise<number> {
    const tookMs = clock.monotonic() - startedAt
    metrics.sealedSeconds.inc(tookMs / 1_000)
    await pause(tookMs * (1 / mostShare - 1), undefined, { signal }).catch(() => undefined)
    return tookMs / 1_000
  }

  async function sealTable({ name, to }: Table): Promise<Outcome> {
    const newest = await newestOf(pool, name)
    if (newest.some(({ received_at }) => Number(received_at) > now() - dayMs)) return 'not due'
    if (newest.some(({ folded }) => !folded)) return 'left'
    if (newest.length > 0) await announce(pool, to)
    let [events, bytes, seconds, steps] = [0, 0, 0, 0]
    for (const { partition, position } of newest) {
      // What comes meanwhile waits for its day, as all that is late.
      for (let after = 0; ; ) {
        if (signal.aborted) return 'left'
        const startedAt = clock.monotonic()
        const sealed = await sealSome(pool, name, partition, after, Number(position))
        if (sealed === undefined) break
        after = sealed.last
        ;[events, bytes, steps] = [events + sealed.events, bytes + sealed.bytes, steps + 1]
        metrics.sealedEvents.inc(sealed.events)
        if (steps % saidEverySteps === 0) log.info({ table: name, events, bytes }, 'sealing a day of the log')
        seconds += await rest(startedAt)
      }
    }
    for (const { partition, position } of newest) {
      for (let after: MergePlace | undefined; ; ) {
        if (signal.aborted) return 'left'
        const startedAt = clock.monotonic()
        after = await mergeSome(pool, partition, Number(position), after)
        seconds += await rest(startedAt)
        if (after === undefined) break
      }
    }
    if (events > 0) log.info({ table: name, events, bytes, seconds }, 'sealed a day of the log')
    return 'done'
  }

  async function measure(): Promise<void> {
    const { rows } = await pool.query<{ days: string; bytes: string }>(
      `select pg_total_relation_size('log_chunks') as bytes, (select count(*) from log_partitions p where exists
         (select from log_chunks where id_times && int8range(p.from_ms, p.to_ms))) as days`,
    )
    metrics.sealedBytes.set(Number(rows[0]?.bytes ?? 0))
    metrics.sealedDays.set(Number(rows[0]?.days ?? 0))
  }

  async function sealDue(): Promise<boolean> {
    const { rows } = await pool.query<{ name: string; to_ms: string }>(dueTables, [
      now() - compressAfterDays * dayMs,
      now() - (retentionDays - 1) * dayMs,
    ])
    let isLeft = false
    /** Who reads the log holds all its tables: the next one's lock would be waited for in vain too. */
    let isHeld = false
    for (const { name, to_ms } of rows) {
      if (signal.aborted) return true
      let outcome = await attempt(() => sealTable({ name, to: Number(to_ms) }))
      if (outcome === 'done' && !isHeld) {
        outcome = await attempt(() => giveBack(pool, name))
        isHeld = outcome === 'left'
      }
      isLeft ||= outcome === 'left'
    }
    await measure()
    return isLeft
  }

  let sealing = Promise.resolve(false)
  return {
    sealDue() {
      sealing = sealing.then(sealDue, sealDue)
      return sealing
    },
    async stop() {
      stopping.abort()
      await sealing.catch(() => undefined)
    },
  }
}

/** Looks every hour, and at once: a server restarted every day seals too. */
export function startSealing(options: SealingOptions & { readonly clock: Clock }): Pick<Sealing, 'stop'> {
  if (options.compressAfterDays === 0) return { stop: async () => undefined }
  const sealing = createSealing(options)
  let cancel = () => {}
  let isStopped = false
  let faults = 0
  async function look() {
    let waitMs = lookEveryMs
    try {
      if (await sealing.sealDue()) waitMs = lookAgainMs
      faults = 0
    } catch (error) {
      waitMs = Math.min(lookAgainMs * 2 ** faults, lookEveryMs)
      faults += 1
      options.log.warn({ err: error, againMs: waitMs }, 'days of the log could not be sealed; trying again')
    }
    if (!isStopped) cancel = options.clock.after(waitMs, look)
  }
  void look()
  return {
    async stop() {
      isStopped = true
      cancel()
      await sealing.stop()
    },
  }
}

/**
 * Producers: which sequence numbers of each came, so that a gap ("worker-7 lost 41 to 43") and a clone (two producers with one name)
 * are reported by name. A consumer of the log with its own checkpoint, because one producer's events spread over partitions.
 *
 * In: commits from the bus; what was missed, from the log. Out: rows of `producers`, in one transaction with the checkpoint, so each
 * event is counted once. Memory is bounded: past the bound the log is read instead, and producers are taken some at a time.
 */
import type { TenantId } from '@signalbox/model/event.ts'
import type { Pool, PoolClient } from 'pg'
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import type { Metrics } from '../ops/metrics.ts'
import type { Commit, CommitBus } from '../sequencer/commit.ts'
import type { LogReader } from '../store/store.ts'
import { observe, openProducer, show } from './producer.ts'
import { consumer, type Entry, moveCheckpoints, type Observed, readBodies, readNumbers, writeBodies } from './producer-rows.ts'
import { patienceMs } from './sequence.ts'

export interface ProducersOptions {
  readonly pool: Pool
  readonly reader: Pick<LogReader, 'heads'>
  readonly bus: CommitBus
  readonly clock: Clock
  readonly metrics: Metrics
  readonly log: Logger
  readonly mostWaiting?: number
}

export interface Producers {
  /** Resolves when everything committed so far is counted. */
  settled(): Promise<void>
  stop(): Promise<void>
}

/** Positions of one partition read at once when behind. */
const pageEvents = 5_000
/** Events of commits held until they are written; with more, the log is read instead. */
const mostHeldEvents = 50_000
/** How long commits are gathered before they are written, ms. */
const gatherMs = 250
const retryMs = 1_000
/** Producers whose bodies are held at once, up to 300 kB each: four lives of a thousand missing ranges. */
const mostBodies = 200
/** Producers looked at again for a number that may yet come. Of others a gap is told with their next event. */
const mostWaiting = 10_000

/** Numbered events of one partition's commits that join up. Nothing else of them: what is held as long is copied by every young collection. */
interface Held {
  from: number
  to: number
  readonly events: Observed[]
}

function numberedOf({ events }: Commit): Observed[] {
  const numbered: Observed[] = []
  for (const { tenant, source, position, seq, epoch, receivedAt } of events)
    if (seq !== undefined) numbered.push({ tenant, source, position, seq, epoch, receivedAt })
  return numbered
}

export function startProducers(options: ProducersOptions): Producers {
  const { pool, reader, bus, clock, metrics, log } = options
  const waitingBound = options.mostWaiting ?? mostWaiting
  /** Checkpoint of each partition; undefined until read. */
  let done: number[] | undefined
  /** Was at the heads since it last lost track: from then on the bus is enough. */
  let isTracking = false
  let held: (Held | undefined)[] = []
  let heldEvents = 0
  let stopped = false
  let running: Promise<void> | undefined
  let again = false
  let cancel: (() => void) | undefined
  /** Producers that miss a number that may yet come: looked at again though nothing comes from them. */
  const waiting = new Map<string, { readonly tenant: TenantId; readonly source: string }>()

  const unsubscribe = bus.subscribe((commit) => {
    const numbered = numberedOf(commit)
    heldEvents += numbered.length
    if (heldEvents > mostHeldEvents) loseTrack()
    else {
      const own = held[commit.partition]
      if (own !== undefined && commit.from === own.to + 1) {
        for (const event of numbered) own.events.push(event)
        own.to = commit.to
      } else held[commit.partition] = { from: commit.from, to: commit.to, events: numbered }
    }
    later(gatherMs)
  })

  function loseTrack() {
    isTracking = false
    held = []
    heldEvents = 0
  }

  function later(ms: number) {
    if (cancel !== undefined || stopped) return
    cancel = clock.after(ms, () => {
      cancel = undefined
      wake()
    })
  }

  function wake() {
    if (running !== undefined) {
      again = true
      return
    }
    if (stopped) return
    running = advance()
      .then(() => {
        if (waiting.size > 0) later(patienceMs)
      })
      .catch((error: unknown) => {
        log.warn({ err: error }, 'the producers could not be brought up; trying again')
        done = undefined
        loseTrack()
        later(retryMs)
      })
      .finally(() => {
        running = undefined
        if (again) {
          again = false
          wake()
        }
      })
  }

  async function advance(): Promise<void> {
    done ??= await readCheckpoints()
    for (;;) {
      const left = done
      if (stopped) return
      if (isTracking && left.every((position, partition) => (held[partition]?.from ?? 0) <= position + 1)) break
      done = await catchUp(left)
    }
    const taken = held
    held = []
    heldEvents = 0
    const events: Observed[] = []
    const reached = done.map((position, partition) => {
      const own = taken[partition]
      for (const event of own?.events ?? []) if (event.position > position) events.push(event)
      return Math.max(position, own?.to ?? 0)
    })
    await write(events, done, reached)
    done = reached
    metrics.lagEvents.set({ consumer }, 0)
  }

  async function readCheckpoints(): Promise<number[]> {
    const { positions } = await reader.heads()
    const { rows } = await pool.query<{ partition: number; position: string }>(
      'select partition, position from checkpoints where consumer = $1',
      [consumer],
    )
    const known = new Map(rows.map(({ partition, position }) => [partition, Number(position)]))
    return positions.map((_, partition) => known.get(partition) ?? 0)
  }

  /** One page of every partition that is behind, as far as all of them are known in time: a producer's numbers spread over partitions. */
  async function catchUp(from: readonly number[]): Promise<number[]> {
    const { positions } = await reader.heads()
    const lag = positions.reduce((sum, head, partition) => sum + head - (from[partition] ?? 0), 0)
    metrics.lagEvents.set({ consumer }, lag)
    let horizon = Number.POSITIVE_INFINITY
    const pages: { readonly upTo: number; readonly events: readonly Observed[] }[] = []
    for (const [partition, head] of positions.entries()) {
      const after = from[partition] ?? 0
      const upTo = Math.min(head, after + pageEvents)
      const events = upTo > after ? await readNumbers(pool, partition, after, upTo) : []
      pages.push({ upTo, events })
      if (upTo < head) {
        const latest = events.reduce((time, { receivedAt }) => Math.max(time, receivedAt), 0)
        horizon = Math.min(horizon, latest)
      }
    }
    const taken: Observed[] = []
    const reached = pages.map(({ upTo, events }) => {
      const cut = events.findIndex(({ receivedAt }) => receivedAt > horizon)
      for (const event of cut < 0 ? events : events.slice(0, cut)) if (event.seq !== undefined) taken.push(event)
      return cut < 0 ? upTo : (events[cut]?.position ?? 1) - 1
    })
    await write(taken, from, reached)
    isTracking = reached.every((position, partition) => position >= (positions[partition] ?? 0))
    return reached
  }

  /** Events, rows and checkpoint in one transaction. */
  async function write(events: Observed[], from: readonly number[], reached: readonly number[]): Promise<void> {
    const entries = new Map<string, Entry>()
    for (const [key, { tenant, source }] of waiting) entries.set(key, { tenant, source, events: [], body: undefined })
    // In the order they came in, so that the other partition's numbers are not taken for missing ones.
    events.sort((a, b) => a.receivedAt - b.receivedAt || (a.seq ?? 0) - (b.seq ?? 0))
    for (const event of events) {
      const { tenant, source } = event
      const key = `${tenant}\u0000${source}`
      const entry = entries.get(key)
      if (entry === undefined) entries.set(key, { tenant, source, events: [event], body: undefined })
      else entry.events.push(event)
    }
    if (entries.size === 0 && reached.every((position, partition) => position === from[partition])) return
    const client = await pool.connect()
    try {
      await client.query('begin')
      if (!(await moveCheckpoints(client, from, reached))) {
        await client.query('rollback')
        throw new Error('Another consumer moved the checkpoint of producers.')
      }
      waiting.clear()
      const all = [...entries]
      for (let at = 0; at < all.length; at += mostBodies) await count(client, new Map(all.slice(at, at + mostBodies)))
      await client.query('commit')
    } catch (error) {
      await client.query('rollback').catch(() => undefined)
      throw error
    } finally {
      client.release()
    }
  }

  async function count(client: PoolClient, entries: ReadonlyMap<string, Entry>): Promise<void> {
    await readBodies(client, entries)
    const now = clock.now()
    for (const [key, entry] of entries) {
      const { tenant, source, events } = entry
      if (events.length > 0) entry.body ??= openProducer(source)
      if (entry.body === undefined) continue
      for (const event of events) observe(entry.body, event)
      if (!show(entry.body, events.at(-1)?.receivedAt ?? 0, now)) continue
      if (waiting.size < waitingBound) waiting.set(key, { tenant, source })
      else metrics.unwatched.inc({ what: 'producers' })
    }
    await writeBodies(client, entries)
    // Held no longer than they are needed: there may be thousands more.
    for (const entry of entries.values()) entry.body = undefined
  }

  wake()
  return {
    async settled() {
      cancel?.()
      cancel = undefined
      wake()
      while (running !== undefined) await running
    },
    async stop() {
      stopped = true
      cancel?.()
      unsubscribe()
      await running
    },
  }
}

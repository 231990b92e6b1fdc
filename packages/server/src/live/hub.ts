/** The hub: feeds the ring from the bus, keeps the cohorts, and decides when they are flushed. */
import { closeCodes, type ServerFrame } from '@signalbox/model/live.ts'
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import type { Metrics } from '../ops/metrics.ts'
import type { CommitBus } from '../sequencer/commit.ts'
import type { LogReader } from '../store/store.ts'
import { type Cohort, createCohort } from './cohort.ts'
import { encodeCursor } from './cursor.ts'
import { filterKey, shortHash } from './filter.ts'
import type { Hub, HubConfig, Subscription } from './live.ts'
import { createPace, createTurns } from './pace.ts'
import { createPages, type Page, type Pages } from './pages.ts'
import { type Place, placeOf } from './place.ts'
import { createRing, type Ring } from './ring.ts'
import { openSession, type Session } from './session.ts'
import { createSnapshots } from './snapshots.ts'

export interface HubDeps {
  readonly store: { readonly reader: LogReader; readonly meta: { readonly epoch: string; readonly formerEpochs: readonly string[] } }
  readonly bus: CommitBus
  readonly config: HubConfig
  readonly metrics: Metrics
  readonly log: Logger
  readonly clock: Clock
}

/** Readers by asking, who want one feed, filter and framing: those who come back together want the same page. */
interface SharedReading {
  readonly pages: Pages
  users: number
  recent?: { readonly asked: string; readonly page: Promise<Page> } | undefined
}

const tickMs = 1_000
/** Past this a flush waits no longer, however dear it is. */
const longestFlushMs = 250
/** Of `flushMs`, the least that a busy feed waits: two partitions commit milliseconds apart, and one frame for both costs half. One that rested before its last frame has room for two. */
const shortestFlush = 0.1
/** Up to `flushMs` a flush may take this share of the time, beyond it half: few readers wait little, thousands are written to less often. */
const cheapShare = 1 / 6
/** Reads of the store for readers that are behind, at one time. */
const storeReads = 4
/** Connections a second that the next server should have to take. */
const reconnectsPerSecond = 1_000

export function createHub(deps: HubDeps): Hub {
  const { store, bus, config, metrics, log, clock } = deps
  const { reader } = store
  const { epoch, formerEpochs } = store.meta
  const cohorts = new Map<string, Cohort>()
  const readings = new Map<string, SharedReading>()
  const connections = new Set<(goaway: ServerFrame) => void>()
  const flushListeners = new Set<() => void>()
  const snapshots = createSnapshots(reader, clock)
  const turns = createTurns(storeReads)
  const inTurns = { heads: () => turns(() => reader.heads()), oldest: () => turns(() => reader.oldest()) }
  const early: Parameters<Ring['add']>[0][] = []
  let ring: Ring | undefined
  /** How far the last flush told: whoever it woke has asked by the next one. */
  let told: readonly number[] = []
  let lastFlushAt = Number.NEGATIVE_INFINITY
  /** Of the last flush and the one before: the lesser counts, since one that was held up (a collection, a busy core) tells nothing of the next. */
  let costsMs: readonly [number, number] = [0, 0]
  /** When the last flush began none had been for `flushMs`. */
  let wasRested = true
  let scheduled = false
  let flushing = false
  let flushAgain = false
  let beatDue = false
  let lastBeatAt = clock.monotonic()
  let quietTicks = 0
  let stopped = false
  let unsubscribe = () => {}
  let cancelTick = () => {}

  const isFollowed = () => cohorts.size > 0 || flushListeners.size > 0
  const cursorOf = (positions: readonly number[]) => encodeCursor({ epoch, positions })
  const theRing = (): Ring => {
    if (ring === undefined) throw new Error('The hub was used before it started.')
    return ring
  }

  async function flush() {
    scheduled = false
    if (stopped) return
    flushing = true
    const beat = beatDue
    beatDue = false
    const pace = createPace(clock)
    wasRested = clock.monotonic() - lastFlushAt >= config.flushMs
    theRing().settle(told)
    told = [...theRing().heads]
    for (const cohort of [...cohorts.values()]) {
      await cohort.flush(pace, beat).catch((error: unknown) => log.error({ err: error }, 'a cohort of live readers could not be flushed'))
    }
    for (const listener of [...flushListeners]) listener()
    lastFlushAt = clock.monotonic()
    costsMs = [pace.costMs(), costsMs[0]]
    flushing = false
    if (flushAgain) schedule()
  }

  /** An idle feed is flushed in this turn of the loop; a busy one in windows that grow with what a flush costs, so that the fan-out stays below half of a core. */
  function schedule() {
    flushAgain = flushing
    if (flushing || scheduled || !isFollowed()) return
    scheduled = true
    const least = wasRested ? 0 : shortestFlush * config.flushMs
    const costMs = Math.min(...costsMs)
    const cheap = Math.min(config.flushMs, Math.max(least, costMs / cheapShare))
    const window = Math.min(longestFlushMs, Math.max(cheap, 2 * costMs))
    const due = lastFlushAt + window - clock.monotonic()
    if (due <= 0) setImmediate(flush)
    else clock.after(due, flush)
  }

  /** Commits whose announcement was lost: the store knows, as far as its rows have come. Asked only where no commit came for a while. */
  async function lookForMissed() {
    try {
      const { positions } = await reader.folded()
      if (theRing().skipTo(positions)) schedule()
    } catch (error) {
      log.warn({ err: error }, 'the live stage could not ask the store for its heads')
    }
  }

  function tick() {
    if (stopped) return
    const now = clock.monotonic()
    for (const cohort of cohorts.values()) cohort.tick(now)
    if (now - lastBeatAt >= config.heartbeatMs) {
      lastBeatAt = now
      beatDue = true
      schedule()
    }
    quietTicks += 1
    if (quietTicks > 1 && isFollowed()) void lookForMissed()
    cancelTick = clock.after(tickMs, tick)
  }

  function pagesOf({ tenant, feed, filter, framing }: Subscription) {
    const key = JSON.stringify([tenant, feed, filterKey(filter), framing])
    const own = { sub: shortHash(key), tenant, feed, filter, framing }
    return { key, own, make: () => createPages({ ...own, ring: theRing(), reader, metrics, cursorOf }) }
  }

  function cohortOf(subscription: Subscription): Cohort {
    const { key, own, make } = pagesOf(subscription)
    const held = cohorts.get(key)
    if (held !== undefined) return held
    const onEmpty = () => void cohorts.delete(key)
    const made = createCohort({ feed: own, pages: make(), ring: theRing(), config, metrics, log, clock, turns, wake: schedule, onEmpty })
    cohorts.set(key, made)
    return made
  }

  const place = ({ feed, cursor, fromStart }: Subscription) =>
    placeOf({ feed, cursor, fromStart }, { epoch, formerEpochs, ring: theRing(), reader: inTurns, maxLagEvents: config.maxLagEvents })

  async function open(session: Session, cohort: Cohort, subscription: Subscription): Promise<void> {
    const found = await place(subscription)
    if (session.state === 'closed') return
    if (found.kind === 'at' || found.kind === 'resync') session.positions = found.positions
    session.outlet.opened(openedAt(subscription, found, session.positions))
    if (found.kind === 'at' && found.held !== undefined) session.backlog = [cohort.pages.respelled(found.held, clock.now())]
    if (found.kind === 'resync') session.backlog = [cohort.pages.resync(found.reason, found.positions)]
    if (found.kind === 'snapshot' || (found.kind === 'resync' && subscription.feed === 'state')) {
      const snapshot = await snapshots(subscription.tenant, subscription.filter)
      session.positions = snapshot.positions
      session.backlog = [...session.backlog, ...(await cohort.pages.snapshot(snapshot))]
    }
    await cohort.pages.learn()
    cohort.place(session)
  }

  /** What a reader holds before its first frame. */
  function openedAt({ cursor }: Subscription, found: Place, positions: readonly number[]): string {
    if (found.kind === 'resync' && cursor !== undefined) return encodeCursor(cursor)
    return cursorOf(found.kind === 'snapshot' ? positions.map(() => 0) : positions)
  }

  return {
    socketBytes: config.socketBytes,
    slow: { closeMs: config.slowCloseMs, closed: () => metrics.slowCloses.inc() },
    async start() {
      unsubscribe = bus.subscribe((commit) => {
        if (ring === undefined) return void early.push(commit)
        quietTicks = 0
        ring.add(commit)
        if (isFollowed()) schedule()
        else ring.settle(ring.heads)
      })
      const heads = await reader.folded()
      ring = createRing(heads.positions, config.ringBytes)
      for (const commit of early.splice(0)) ring.add(commit)
      cancelTick = clock.after(tickMs, tick)
    },
    stop() {
      stopped = true
      unsubscribe()
      cancelTick()
    },
    enter(transport, onDrain) {
      if (connections.size >= config.maxConnections) return undefined
      connections.add(onDrain)
      metrics.liveClients.inc({ transport })
      let inside = true
      return {
        leave() {
          if (!inside) return
          inside = false
          connections.delete(onDrain)
          metrics.liveClients.dec({ transport })
        },
      }
    },
    subscribe(subscription, outlet) {
      const cohort = cohortOf(subscription)
      const session = openSession(outlet, cohort.positions())
      cohort.join(session)
      open(session, cohort, subscription).catch((error: unknown) => {
        log.warn({ err: error }, 'a live reader could not be placed; it is asked to come back')
        cohort.leave(session)
        outlet.close(closeCodes.tryLater, 'STORE_UNAVAILABLE')
      })
      return {
        sub: cohort.sub,
        drained: () => cohort.drained(session),
        close: () => cohort.leave(session),
      }
    },
    read(subscription) {
      const { key, make } = pagesOf(subscription)
      const shared = readings.get(key) ?? { pages: make(), users: 0 }
      shared.users += 1
      readings.set(key, shared)
      const { pages } = shared
      let learned: Promise<void> | undefined
      return {
        pages,
        cursorOf,
        place: () => place(subscription),
        heads: () => [...theRing().heads],
        delivered: (frames) => metrics.liveDeliveries.inc(frames.reduce((sum, { items }) => sum + items, 0)),
        snapshot: () => snapshots(subscription.tenant, subscription.filter),
        async next(range, limits) {
          learned ??= pages.learn()
          await learned
          const asked = `${range.after}>${range.from}>${range.upTo}>${limits.items}>${limits.bytes}`
          if (shared.recent?.asked === asked) return shared.recent.page
          const page = pages.covers(range.after)
            ? Promise.resolve(pages.fromRing(range, limits))
            : turns(() => pages.fromStore(range, limits))
          shared.recent = { asked, page }
          // A page that could not be read is asked for again by the next reader.
          page.catch(() => {
            if (shared.recent?.page === page) shared.recent = undefined
          })
          return page
        },
        close() {
          shared.users -= 1
          if (shared.users === 0) readings.delete(key)
        },
      }
    },
    onFlush(listener) {
      flushListeners.add(listener)
      return () => flushListeners.delete(listener)
    },
    cursor: () => cursorOf(theRing().heads),
    drain() {
      const spreadMs = Math.max(4_500, (connections.size / reconnectsPerSecond) * 1_000)
      const goaway: ServerFrame = { kind: 'goaway', reason: 'drain', reconnectInMs: [500, Math.round(500 + spreadMs)] }
      for (const onDrain of [...connections]) onDrain(goaway)
    },
  }
}

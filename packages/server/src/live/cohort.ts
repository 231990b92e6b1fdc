/** Readers with the same feed, filter and framing: each frame is made once and written to all who are at its start. */
import { closeCodes } from '@signalbox/model/live.ts'
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import type { Metrics } from '../ops/metrics.ts'
import { nextTurn } from '../turns.ts'
import type { Encoded } from './frames.ts'
import type { HubConfig } from './live.ts'
import type { Pace, Turns } from './pace.ts'
import type { Feed, Limits, Page, Pages } from './pages.ts'
import { isAhead, isSame, lagOf } from './place.ts'
import type { Ring } from './ring.ts'
import { type Session, step } from './session.ts'

export interface Cohort {
  readonly sub: string
  readonly pages: Pages
  /** Where its live readers are. */
  readonly positions: () => readonly number[]
  join(session: Session): void
  leave(session: Session): void
  /** The session's positions and backlog are set: begin to bring it up. */
  place(session: Session): void
  /** Its outlet may have room again. */
  drained(session: Session): void
  /** Sends what was committed since the last flush; `beat`: or else a heartbeat. One at a time. */
  flush(pace: Pace, beat: boolean): Promise<void>
  /** Closes who stood still for too long. */
  tick(now: number): void
}

interface CohortDeps {
  readonly feed: Feed
  readonly pages: Pages
  readonly ring: Ring
  readonly config: HubConfig
  readonly metrics: Metrics
  readonly log: Logger
  readonly clock: Clock
  /** Reads of the store wait here. */
  readonly turns: Turns
  /** Asks for a flush. */
  readonly wake: () => void
  readonly onEmpty: () => void
}

const pageLimits: Limits = { items: 500, bytes: 256 * 1024 }
/** Rows move on while they are read: with small pages who is behind a busy fleet never comes up. */
const rowPageLimits: Limits = { ...pageLimits, items: 2_000 }
const flushLimits: Limits = { items: 5_000, bytes: 1024 * 1024 }
/** A page reads one message at a stretch: half a megabyte is some milliseconds, a whole second's rows would hold up its frames. */
const rowFlushLimits: Limits = { ...flushLimits, items: 500 }

export function createCohort(deps: CohortDeps): Cohort {
  const { feed, pages, ring, config, metrics, log, clock, turns, wake } = deps
  const members = new Set<Session>()
  /** The last frame's end: live readers hold this very array. `scanned` is further where nothing matched since. */
  let positions: readonly number[] = [...ring.heads]
  let scanned: readonly number[] = positions
  /** The page made last: readers who come back together want the same one. */
  let recent: { readonly key: string; readonly page: Promise<Page | undefined> } | undefined

  const isFull = (session: Session) => session.outlet.pending() > config.socketBytes
  const isLive = (session: Session) => session.state === 'live'

  function block(session: Session) {
    step(session, 'full')
    session.blockedAt = clock.monotonic()
    session.blockedPending = session.outlet.pending()
  }

  /** Writes one frame to every live reader; who is full keeps its place instead. Who went live meanwhile is past this frame. */
  async function advance(frame: Encoded, to: readonly number[], pace: Pace) {
    const from = positions
    positions = to
    scanned = to
    let written = 0
    for (const session of members) {
      if (session.state !== 'live' || session.positions !== from) continue
      if (isFull(session)) {
        block(session)
        continue
      }
      session.positions = to
      session.outlet.write(frame)
      written += 1
      const pause = pace.wrote()
      if (pause !== undefined) await pause
    }
    metrics.liveDeliveries.inc(frame.items * written)
  }

  /** When the oldest event after `after` was received. */
  function oldestAfter(after: readonly number[]): number | undefined {
    let oldest: number | undefined
    after.forEach((position, partition) => {
      for (const { receivedAt } of ring.events(partition, position, Number.POSITIVE_INFINITY)) {
        oldest = Math.min(oldest ?? receivedAt, receivedAt)
        break
      }
    })
    return oldest
  }

  /** The page from `start` to `target`, for all who are there. Where nothing matched it only moves them. */
  function share(start: readonly number[], target: readonly number[], page: Promise<Page | undefined>): Promise<Page | undefined> {
    const made = page.then((read) => read && { frame: read.frame ?? pages.heartbeat(start, read.to, clock.now()), to: read.to })
    recent = { key: `${start}>${target}`, page: made }
    // A page that was not read is asked for again by the next reader.
    const forget = () => {
      if (recent?.page === made) recent = undefined
    }
    made.then((read) => read ?? forget(), forget)
    return made
  }

  async function flush(pace: Pace, beat: boolean) {
    const heads = [...ring.heads]
    while (!isSame(scanned, heads)) {
      if (!pages.covers(scanned)) {
        // A commit was missed, or more came than memory holds: everybody reads pages.
        for (const session of members) if (isLive(session)) step(session, 'missed')
      }
      if (!members.values().some(isLive)) {
        positions = heads
        scanned = heads
        break
      }
      const oldest = oldestAfter(scanned)
      const range = { after: scanned, from: positions, upTo: heads }
      // Each event is made text once, now or later; of rows the later page has fewer.
      const page = feed.feed === 'state' ? pages.fromRing(range, rowFlushLimits) : pace.uncounted(() => pages.fromRing(range, flushLimits))
      if (page instanceof Promise) {
        // It asks the store, and no other cohort waits for that: who wants it reads it as a page.
        void share(positions, heads, page)
        for (const session of members) if (isLive(session)) step(session, 'missed')
        positions = heads
        scanned = heads
        break
      }
      const { frame, to } = page
      if (frame === undefined) scanned = to
      else {
        await advance(frame, to, pace)
        // One observation a frame, of its oldest event: the worst of it.
        if (oldest !== undefined) metrics.liveSeconds.observe(Math.max(0, clock.now() - oldest) / 1_000)
      }
    }
    const isBeyond = (session: Session) => session.state === 'behind' && isAhead(session.positions, positions)
    if (beat || (positions !== scanned && members.values().some(isBeyond)))
      await advance(pages.heartbeat(positions, scanned, clock.now()), scanned, pace)
    let behind = 0
    for (const session of members) {
      if (session.state !== 'behind') continue
      behind += 1
      void pump(session)
    }
    if (behind === 0) recent = undefined
  }

  /** Undefined where its outlet filled before its turn at the store came: it has to look again. */
  async function nextPage(session: Session): Promise<Page | undefined> {
    const start = session.positions
    const target = positions
    const lag = lagOf(start, target)
    if (feed.feed === 'events' && lag > session.bestLag + config.maxLagEvents) return { frame: pages.gap(start, target), to: target }
    session.bestLag = Math.min(session.bestLag, lag)
    if (recent?.key === `${start}>${target}`) return recent.page
    const range = { after: start, from: start, upTo: target }
    const limits = feed.feed === 'state' ? rowPageLimits : pageLimits
    const page = pages.covers(start)
      ? Promise.resolve(pages.fromRing(range, limits))
      : turns(async () => (isFull(session) ? undefined : pages.fromStore(range, limits)))
    return share(start, target, page)
  }

  function write(session: Session, frame: Encoded) {
    session.outlet.write(frame)
    metrics.liveDeliveries.inc(frame.items)
  }

  async function pump(session: Session): Promise<void> {
    if (session.pumping) return
    session.pumping = true
    try {
      for (;;) {
        // One socket may have many subscriptions: in turns, each sees what the one before wrote, and they share one bound.
        await nextTurn()
        if (session.state !== 'behind') break
        if (isFull(session)) {
          block(session)
          break
        }
        const [first, ...rest] = session.backlog
        if (first !== undefined) {
          session.backlog = rest
          write(session, first)
          continue
        }
        if (isSame(session.positions, positions)) {
          session.positions = positions
          session.bestLag = 0
          step(session, 'caughtUp')
          break
        }
        if (isAhead(session.positions, positions)) {
          // Beyond this cohort's last frame: a flush brings the cohort there, now or once the commits are announced.
          if (!isAhead(session.positions, ring.heads)) wake()
          break
        }
        const page = await nextPage(session)
        if (page === undefined) continue
        // A page from the store took time; the reader may be gone.
        if (session.state !== 'behind') break
        session.positions = page.to
        if (page.frame !== undefined) write(session, page.frame)
      }
    } catch (error) {
      log.warn({ err: error }, 'a live reader could not be brought up; it is asked to come back')
      leave(session)
      session.outlet.close(closeCodes.tryLater, 'STORE_UNAVAILABLE')
    } finally {
      session.pumping = false
    }
  }

  function leave(session: Session) {
    step(session, 'close')
    session.backlog = []
    if (members.delete(session) && members.size === 0) deps.onEmpty()
  }

  function drained(session: Session) {
    if (session.state !== 'blocked' || isFull(session)) return
    step(session, 'drained')
    void pump(session)
  }

  return {
    sub: feed.sub,
    pages,
    positions: () => positions,
    join: (session) => void members.add(session),
    leave,
    place(session) {
      step(session, 'placed')
      void pump(session)
    },
    drained,
    flush,
    tick(now) {
      for (const session of members) {
        if (session.state !== 'blocked') continue
        const pending = session.outlet.pending()
        if (pending <= config.socketBytes) drained(session)
        else if (pending < session.blockedPending) {
          session.blockedPending = pending
          session.blockedAt = now
        } else if (now - session.blockedAt >= config.slowCloseMs) {
          metrics.slowCloses.inc()
          leave(session)
          session.outlet.close(closeCodes.slowConsumer, 'SLOW_CONSUMER')
        }
      }
    },
  }
}

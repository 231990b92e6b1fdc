/** Readers with the same feed, filter and framing: each frame is made once and written to all who are at its start. */
import type { FeedKind, Filter, LiveRow } from '@signalbox/model/live.ts'
import { closeCodes } from '@signalbox/model/live.ts'
import { toWire } from '@signalbox/model/wire.ts'
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import type { Metrics } from '../ops/metrics.ts'
import type { LogReader } from '../store/store.ts'
import { matchesEvent, matchesRow } from './filter.ts'
import { type Encoded, encode, encodeEvents, type Framing } from './frames.ts'
import type { HubConfig } from './hub.ts'
import type { Ring } from './ring.ts'
import { type Session, step } from './session.ts'

export interface Cohort {
  readonly sub: string
  /** Where its live readers are. */
  readonly positions: () => readonly number[]
  join(session: Session): void
  leave(session: Session): void
  /** The session's positions are set: begin to bring it up. */
  place(session: Session): void
  drained(session: Session): void
  sendSnapshot(session: Session): Promise<void>
  flush(): void
  tick(now: number, beat: boolean): void
}

interface CohortDeps {
  readonly sub: string
  readonly tenant: string
  readonly feed: FeedKind
  readonly filter: Filter
  readonly framing: Framing
  readonly ring: Ring
  readonly reader: LogReader
  readonly config: HubConfig
  readonly metrics: Metrics
  readonly log: Logger
  readonly clock: Clock
  readonly cursorOf: (positions: readonly number[]) => string
  readonly onEmpty: () => void
}

const pageEvents = 500
const pageRows = 1_000
const snapshotPageRows = 1_000

const same = (a: readonly number[], b: readonly number[]) => a.every((position, i) => position === b[i])
const ahead = (a: readonly number[], b: readonly number[]) => a.some((position, i) => position > (b[i] ?? 0))

export function createCohort(deps: CohortDeps): Cohort {
  const { sub, tenant, feed, filter, framing, ring, reader, config, metrics, log, clock, cursorOf } = deps
  const members = new Set<Session>()
  /** Last frame's end: where live readers are. `scanned` is further when nothing matched since. */
  let positions: readonly number[] = [...ring.heads]
  let scanned: readonly number[] = positions
  let snapshot: Promise<{ readonly pages: readonly Encoded[]; readonly positions: readonly number[] }> | undefined

  /** Newest row of each key. */
  function conflate(rows: Iterable<LiveRow>): LiveRow[] {
    const newest = new Map<string, LiveRow>()
    let all = 0
    for (const row of rows) {
      all += 1
      newest.set(`${row.partition} ${row.table} ${row.key}`, row)
    }
    metrics.conflated.inc(all - newest.size)
    return [...newest.values()]
  }

  function* ringRows(after: readonly number[], upTo: readonly number[]): Iterable<LiveRow> {
    for (let partition = 0; partition < upTo.length; partition += 1) {
      for (const { tenant: owner, ...row } of ring.rows(partition, after[partition] ?? 0, upTo[partition] ?? 0)) {
        if (owner === tenant && matchesRow(filter, row.table, row.row)) yield { ...row, partition }
      }
    }
  }

  function frameFromRing(after: readonly number[], from: readonly number[], upTo: readonly number[]): Encoded | undefined {
    const begins = cursorOf(from)
    const ends = cursorOf(upTo)
    if (feed === 'state') {
      const rows = conflate(ringRows(after, upTo))
      return rows.length === 0 ? undefined : encode(framing, { kind: 'delta', sub, from: begins, cursor: ends, rows }, rows.length)
    }
    const wires: string[] = []
    for (let partition = 0; partition < upTo.length; partition += 1) {
      for (const { event, wire } of ring.events(partition, after[partition] ?? 0, upTo[partition] ?? 0)) {
        if (event.tenant === tenant && matchesEvent(filter, event)) wires.push(wire())
      }
    }
    return wires.length === 0 ? undefined : encodeEvents(framing, sub, begins, ends, wires)
  }

  const isFull = (session: Session) => session.outlet.pending() > config.socketBytes

  function block(session: Session) {
    step(session, 'full')
    session.blockedAt = clock.now()
    session.blockedPending = session.outlet.pending()
    session.slow = true
  }

  /** Writes one frame to every live reader; those who are full keep their place instead. */
  function broadcast(frame: Encoded) {
    for (const session of members) {
      if (session.state !== 'live') continue
      if (isFull(session)) {
        block(session)
        continue
      }
      session.positions = positions
      session.outlet.write(frame)
      metrics.liveDeliveries.inc(frame.items)
    }
  }

  function advance(frame: Encoded, to: readonly number[]) {
    positions = to
    scanned = to
    broadcast(frame)
  }

  const heartbeat = (from: readonly number[], to: readonly number[]) =>
    encode(framing, { kind: 'heartbeat', sub, from: cursorOf(from), cursor: cursorOf(to), serverTime: clock.now() })

  /** The next page for one reader that is behind; undefined when there is nothing to send but progress. */
  async function page(session: Session): Promise<{ readonly frame: Encoded; readonly to: readonly number[] }> {
    const start = session.positions
    const target = positions
    const lag = target.reduce((sum, position, i) => sum + position - (start[i] ?? 0), 0)
    if (feed === 'events' && session.slow && lag > config.maxLagEvents) {
      metrics.gaps.inc()
      metrics.dropped.inc(lag)
      const from = cursorOf(start)
      const query = new URLSearchParams([
        ['feed', 'events'],
        ['cursor', from],
        ...Object.entries(filter).flatMap(([name, values]) => values.map((value: string) => [name, value])),
      ])
      return {
        frame: encode(framing, { kind: 'gap', sub, from, cursor: cursorOf(target), reason: 'slow', fetch: `/v1/poll?${query}` }),
        to: target,
      }
    }
    if (start.every((position, partition) => ring.covers(partition, position))) {
      const to = target.map((position, i) => Math.min(position, (start[i] ?? 0) + pageEvents))
      return { frame: frameFromRing(start, start, to) ?? heartbeat(start, to), to }
    }
    const partition = start.findIndex((position, i) => position < (target[i] ?? 0))
    const after = start[partition] ?? 0
    const upTo = target[partition] ?? 0
    const reached = (scannedTo: number) => start.map((position, i) => (i === partition ? scannedTo : position))
    if (feed === 'state') {
      const found = await reader.rowsChanged({ tenant, partition, after, upTo, filter, limit: pageRows })
      const to = reached(found.scannedTo)
      if (found.rows.length === 0) return { frame: heartbeat(start, to), to }
      return {
        frame: encode(framing, { kind: 'delta', sub, from: cursorOf(start), cursor: cursorOf(to), rows: found.rows }, found.rows.length),
        to,
      }
    }
    const found = await reader.readPartition({ tenant, partition, after, upTo, limit: pageEvents, filter })
    const to = reached(found.scannedTo)
    if (found.events.length === 0) return { frame: heartbeat(start, to), to }
    return { frame: encodeEvents(framing, sub, cursorOf(start), cursorOf(to), found.events.map(toWire)), to }
  }

  async function pump(session: Session): Promise<void> {
    if (session.pumping) return
    session.pumping = true
    try {
      while (session.state === 'behind') {
        if (isFull(session)) {
          block(session)
          break
        }
        if (same(session.positions, positions)) {
          session.slow = false
          step(session, 'caughtUp')
          break
        }
        if (ahead(session.positions, positions)) {
          // It was placed beyond this cohort's last frame: bring the cohort there, or wait for the commits to arrive.
          if (ahead(session.positions, ring.heads)) break
          flush()
          if (!same(positions, scanned)) advance(heartbeat(positions, scanned), scanned)
          continue
        }
        const { frame, to } = await page(session)
        // A page from the store took time; the reader may be gone.
        if (session.state !== 'behind') break
        session.positions = to
        session.outlet.write(frame)
        metrics.liveDeliveries.inc(frame.items)
      }
    } catch (error) {
      log.warn({ err: error }, 'a live reader could not be brought up; it is asked to come back')
      leave(session)
      session.outlet.close(closeCodes.tryLater, 'STORE_UNAVAILABLE')
    } finally {
      session.pumping = false
    }
  }

  function flush() {
    const heads = [...ring.heads]
    if (!same(heads, scanned)) {
      if (heads.every((_, partition) => ring.covers(partition, scanned[partition] ?? 0))) {
        const frame = frameFromRing(scanned, positions, heads)
        scanned = heads
        if (frame !== undefined) advance(frame, heads)
      } else {
        // More was committed than the ring holds: everybody reads pages.
        for (const session of members) if (session.state === 'live') step(session, 'missed')
        positions = heads
        scanned = heads
      }
    }
    for (const session of members) if (session.state === 'behind') void pump(session)
  }

  function leave(session: Session) {
    step(session, 'close')
    members.delete(session)
    if (members.size === 0) deps.onEmpty()
  }

  async function readSnapshot() {
    const { heads, rows } = await reader.snapshot({ tenant, filter })
    const cursor = cursorOf(heads.positions)
    const matching = rows.filter(({ table, row }) => matchesRow(filter, table, row))
    const pages: Encoded[] = []
    for (let i = 0; i === 0 || i < matching.length; i += snapshotPageRows) {
      const part = matching.slice(i, i + snapshotPageRows)
      pages.push(encode(framing, { kind: 'snapshot', sub, cursor, rows: part, last: i + snapshotPageRows >= matching.length }, part.length))
    }
    return { pages, positions: heads.positions }
  }

  return {
    sub,
    positions: () => positions,
    join: (session) => void members.add(session),
    leave,
    place(session) {
      if (session.state === 'closed') return
      step(session, 'placed')
      void pump(session)
    },
    drained(session) {
      if (session.state !== 'blocked' || isFull(session)) return
      step(session, 'drained')
      void pump(session)
    },
    async sendSnapshot(session) {
      // A storm of readers is one query: all who ask while it runs get its pages.
      snapshot ??= readSnapshot().finally(() => {
        snapshot = undefined
      })
      const { pages, positions: at } = await snapshot
      if (session.state === 'closed') return
      session.positions = at
      for (const frame of pages) {
        session.outlet.write(frame)
        metrics.liveDeliveries.inc(frame.items)
      }
    },
    flush,
    tick(now, beat) {
      for (const session of members) {
        if (session.state !== 'blocked') continue
        const pending = session.outlet.pending()
        if (pending <= config.socketBytes) {
          step(session, 'drained')
          void pump(session)
        } else if (pending < session.blockedPending) {
          session.blockedPending = pending
          session.blockedAt = now
        } else if (now - session.blockedAt >= config.slowCloseMs) {
          metrics.slowCloses.inc()
          leave(session)
          session.outlet.close(closeCodes.slowConsumer, 'SLOW_CONSUMER')
        }
      }
      if (beat) {
        flush()
        advance(heartbeat(positions, scanned), scanned)
      }
    },
  }
}

/**
 * Live: tails commits and serves feeds, the same over every transport.
 *
 * In: commits from the bus, subscriptions from transports. Out: frames. Promises: what a reader gets is the log's order, without
 * doubles; what it does not get is announced (`gap`, `resync`); a reader that does not read costs its place in the log and a bounded
 * buffer, and delays nobody.
 */
import type { FeedKind, Filter } from '@signalbox/model/live.ts'
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import type { Metrics } from '../ops/metrics.ts'
import type { CommitBus } from '../sequencer/commit.ts'
import type { Heads, LogReader } from '../store/store.ts'
import { type Cohort, createCohort } from './cohort.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import { filterKey, shortHash } from './filter.ts'
import { encode, type Framing } from './frames.ts'
import { createRing, type Ring } from './ring.ts'
import type { Outlet, Session, Subscription } from './session.ts'

export interface HubConfig {
  readonly ringBytes: number
  readonly flushMs: number
  readonly socketBytes: number
  readonly maxLagEvents: number
  readonly slowCloseMs: number
  readonly heartbeatMs: number
  readonly maxConnections: number
}

export interface HubDeps {
  readonly store: { readonly reader: LogReader; readonly meta: { readonly epoch: string; readonly partitions: number } }
  readonly bus: CommitBus
  readonly config: HubConfig
  readonly metrics: Metrics
  readonly log: Logger
  readonly clock: Clock
}

export interface Subscribed {
  readonly sub: string
  readonly cursor: string
  /** The transport can take more, or the client credited bytes. */
  drained(): void
  close(): void
  readonly isLive: () => boolean
  readonly position: () => string
}

export interface Hub {
  start(): Promise<void>
  stop(): void
  /** False when there is no room for another connection. `leave` gives the room back. */
  enter(transport: 'websocket' | 'sse' | 'poll', onDrain: () => void): { leave(): void } | undefined
  /** Undefined when the cursor is not one of ours. */
  subscribe(subscription: Subscription, outlet: Outlet): Subscribed | undefined
  /** Cursor of the newest commit known here. */
  cursor(): string
  drain(): void
  readonly socketBytes: number
}

const tickMs = 1_000
/** Past this a flush waits no longer, however dear it is. */
const longestFlushMs = 250

export function createHub(deps: HubDeps): Hub {
  const { store, bus, config, metrics, log, clock } = deps
  const { epoch } = store.meta
  const cohorts = new Map<string, Cohort>()
  const connections = new Set<() => void>()
  const early: Parameters<Parameters<CommitBus['subscribe']>[0]>[0][] = []
  let ring: Ring | undefined
  let lastFlushAt = Number.NEGATIVE_INFINITY
  let lastFlushCostMs = 0
  let flushScheduled = false
  let stopped = false
  let unsubscribe = () => {}
  let lastHeartbeatAt = clock.now()

  const cursorOf = (positions: readonly number[]) => encodeCursor({ epoch, positions })
  const theRing = (): Ring => {
    if (ring === undefined) throw new Error('The hub was used before it started.')
    return ring
  }

  function flush() {
    flushScheduled = false
    if (stopped) return
    const began = performance.now()
    for (const cohort of cohorts.values()) cohort.flush()
    lastFlushAt = clock.now()
    lastFlushCostMs = performance.now() - began
  }

  /** An idle feed is flushed in this turn of the loop; a busy one in windows that keep the fan-out below half of a core. */
  function schedule() {
    if (flushScheduled || cohorts.size === 0) return
    flushScheduled = true
    const window = Math.min(longestFlushMs, Math.max(config.flushMs, 2 * lastFlushCostMs))
    const due = lastFlushAt + window - clock.now()
    if (due <= 0) setImmediate(flush)
    else clock.after(due, flush)
  }

  function tick() {
    if (stopped) return
    const now = clock.now()
    const beat = now - lastHeartbeatAt >= config.heartbeatMs
    if (beat) lastHeartbeatAt = now
    for (const cohort of cohorts.values()) cohort.tick(now, beat)
    clock.after(tickMs, tick)
  }

  function cohortOf(tenant: string, feed: FeedKind, filter: Filter, framing: Framing): Cohort {
    const key = JSON.stringify([tenant, feed, filterKey(filter), framing])
    const held = cohorts.get(key)
    if (held !== undefined) return held
    const made = createCohort({
      sub: shortHash(key),
      tenant,
      feed,
      filter,
      framing,
      ring: theRing(),
      reader: store.reader,
      config,
      metrics,
      log,
      clock,
      cursorOf,
      onEmpty: () => cohorts.delete(key),
    })
    cohorts.set(key, made)
    return made
  }

  return {
    socketBytes: config.socketBytes,
    async start() {
      unsubscribe = bus.subscribe((commit) => {
        if (ring === undefined) return void early.push(commit)
        ring.add(commit)
        schedule()
      })
      const heads = await store.reader.heads()
      ring = createRing(heads.positions, config.ringBytes)
      for (const commit of early.splice(0)) ring.add(commit)
      clock.after(tickMs, tick)
    },
    stop() {
      stopped = true
      unsubscribe()
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
      const asked = subscription.cursor === undefined ? undefined : decodeCursor(subscription.cursor)
      if (subscription.cursor !== undefined && asked === undefined) return undefined
      const cohort = cohortOf(subscription.tenant, subscription.feed, subscription.filter, subscription.framing)
      const session: Session = {
        outlet,
        state: 'opening',
        positions: cohort.positions(),
        slow: false,
        blockedAt: 0,
        blockedPending: 0,
        pumping: false,
      }
      cohort.join(session)
      const sub = cohort.sub
      const started = cursorOf(session.positions)
      place(session, cohort, subscription, asked).catch((error: unknown) => {
        log.error({ err: error }, 'a live session could not be placed')
        cohort.leave(session)
        outlet.close(1013, 'STORE_UNAVAILABLE')
      })
      return {
        sub,
        cursor: asked === undefined ? started : (subscription.cursor ?? started),
        drained: () => cohort.drained(session),
        close: () => cohort.leave(session),
        isLive: () => session.state === 'live',
        position: () => cursorOf(session.positions),
      }
    },
    cursor: () => cursorOf(theRing().heads),
    drain() {
      for (const onDrain of connections) onDrain()
    },
  }

  async function place(session: Session, cohort: Cohort, subscription: Subscription, asked: Heads | undefined): Promise<void> {
    const { feed, framing } = subscription
    const resync = (reason: 'epoch' | 'expired' | 'future', positions: readonly number[]) => {
      metrics.resyncs.inc({ reason })
      session.positions = positions
      session.outlet.write(encode(framing, { kind: 'resync', sub: cohort.sub, cursor: cursorOf(positions), reason }))
    }
    if (asked !== undefined) {
      const wrong =
        asked.epoch !== epoch || asked.positions.length !== store.meta.partitions ? 'epoch' : await isFuture(asked, store.reader)
      if (wrong !== undefined) resync(wrong, cohort.positions())
      else if (feed === 'state') {
        session.positions = asked.positions
        return cohort.place(session)
      } else {
        const oldest = await store.reader.oldest()
        if (asked.positions.every((position, i) => position + 1 >= (oldest[i] ?? 1))) session.positions = asked.positions
        else
          resync(
            'expired',
            asked.positions.map((position, i) => Math.max(position, (oldest[i] ?? 1) - 1)),
          )
        return cohort.place(session)
      }
    }
    if (feed === 'state') await cohort.sendSnapshot(session)
    else if (subscription.fromStart === true && asked === undefined)
      session.positions = (await store.reader.oldest()).map((position) => position - 1)
    cohort.place(session)
  }
}

/** A cursor beyond the log's end comes from a log that lost its tail without a new epoch. */
async function isFuture(asked: Heads, reader: LogReader): Promise<'future' | undefined> {
  const { positions } = await reader.heads()
  return asked.positions.some((position, i) => position > (positions[i] ?? 0)) ? 'future' : undefined
}

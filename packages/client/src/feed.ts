/**
 * One live feed that stays up: it reconnects, resumes by cursor, changes transport where one does not work, and checks that no frame is missing.
 * Works in Node and in browsers.
 */
import { deadAfterMs, type FeedKind, type Filter, type ServerFrame } from '@signalbox/model/live.ts'
import { backoffMs, type Clock, systemClock, withinMs } from './clock.ts'
import { after, type FeedState, type FeedStep } from './session.ts'
import { type Connection, FeedRefused, type Listener, type TransportName, type Wanted } from './transport.ts'
import { openPoll } from './transport-poll.ts'
import { openStream } from './transport-sse.ts'
import { openWebSocket, whyRefused } from './transport-ws.ts'

export { FeedRefused }

const transports: { readonly [T in TransportName]: (wanted: Wanted, listener: Listener) => Connection } = {
  ws: openWebSocket,
  sse: openStream,
  poll: openPoll,
}

export interface FeedStatus {
  readonly state: FeedState
  readonly transport: TransportName
  /** Why it is not open, in words. */
  readonly reason?: string | undefined
  /** Server clock minus ours, ms, as of the last heartbeat. */
  readonly clockOffsetMs: number
  readonly attempts: number
}

export interface FeedOptions {
  /** Base URL of the server. */
  readonly url: string
  readonly key?: string | undefined
  /** Default "events". */
  readonly feed?: FeedKind
  readonly filter?: Filter
  /** Go on after this; absent: a snapshot (state), or from now (events). */
  readonly cursor?: string | undefined
  /** events: from the oldest kept. */
  readonly fromStart?: boolean
  /** In order of preference. Default ws, sse, poll. */
  readonly transports?: readonly TransportName[]
  /** Called for every frame that continues the feed, in order. */
  readonly onFrame: (frame: ServerFrame) => void
  readonly onStatus?: (status: FeedStatus) => void
  /** events without a cursor: where the feed begins, once the server has said it. */
  readonly onStart?: (cursor: string) => void
  /** The feed is closed: the server refuses it for good. */
  readonly onRefused?: (refusal: FeedRefused) => void
  /** Default the system's. */
  readonly clock?: Clock
}

export interface Feed {
  readonly cursor: () => string | undefined
  readonly status: () => FeedStatus
  /** The network may be another, as after a sleep: what waits to connect does so now, what was silent for `silentMs` connects anew. */
  hurry(silentMs: number): void
  close(): void
}

const firstRetryMs = 300
const longestRetryMs = 30_000
/** Failures in a row after which the next transport is tried. */
const failuresPerTransport = 2
/** A lesser transport is left for the best one again after a time within this. */
export const reprobeMs: readonly [number, number] = [150_000, 300_000]

/** After an outage it comes back over whatever is tried just then; where the best one did work before, it is tried again within this. */
export const reprobeSoonMs: readonly [number, number] = [1_000, 5_000]

export function openFeed(options: FeedOptions): Feed {
  const clock = options.clock ?? systemClock
  const url = options.url.replace(/\/+$/, '')
  const ladder = options.transports ?? (['ws', 'sse', 'poll'] as const)
  const filter = options.filter ?? {}
  const feed = options.feed ?? 'events'
  let cursor = options.cursor
  let state: FeedState = 'connecting'
  let rung = 0
  let failures = 0
  let attempts = 0
  let reason: string | undefined
  let clockOffsetMs = 0
  let connection: Connection | undefined
  let generation = 0
  let heard = false
  /** The best transport worked, and has not been tried again since it did not. */
  let bestWorked = false
  let heardAt = clock.monotonic()
  let cancelRetry = () => {}
  let cancelWatchdog = () => {}
  let cancelProbe = () => {}
  /** What a server that drains asked for. */
  let reconnectMs: number | undefined

  const transport = (): TransportName => ladder[rung] ?? 'ws'
  const status = (): FeedStatus => ({ state, transport: transport(), reason, clockOffsetMs, attempts })
  const move = (by: FeedStep): boolean => {
    const next = after(state, by)
    if (next === undefined) return false
    const changed = next !== state
    state = next
    if (changed) options.onStatus?.(status())
    return true
  }

  function watch() {
    cancelWatchdog()
    cancelWatchdog = clock.after(deadAfterMs, () => lose(generation, 'nothing came for too long'))
  }

  function lose(of: number, why: string) {
    if (of !== generation || (state !== 'open' && state !== 'connecting')) return
    generation += 1
    cancelWatchdog()
    connection?.close()
    reason = why
    failures = heard ? 1 : failures + 1
    if (!heard && transport() === 'ws' && ladder.length === 1) void whyRefused(wanted()).then((refusal) => refusal && refuse(refusal))
    if (failures >= failuresPerTransport && rung < ladder.length - 1) {
      rung += 1
      failures = 0
      probeWithin(reprobeMs)
    }
    attempts += 1
    move('lost')
    const waitMs = reconnectMs ?? backoffMs(clock, attempts, firstRetryMs, longestRetryMs)
    reconnectMs = undefined
    cancelRetry = clock.after(waitMs, connect)
  }

  function probeWithin(ms: readonly [number, number]) {
    cancelProbe()
    cancelProbe = clock.after(withinMs(clock, ms), () => {
      rung = 0
      failures = 0
      lose(generation, 'trying a better transport')
    })
  }

  function refuse(refusal: FeedRefused) {
    if (state === 'closed') return
    reason = `${refusal.code}: ${refusal.message}`
    end('refused')
    options.onRefused?.(refusal)
  }

  function end(by: 'close' | 'refused') {
    generation += 1
    cancelRetry()
    cancelWatchdog()
    cancelProbe()
    move(by)
    connection?.close()
  }

  const wanted = (): Wanted => ({ url, key: options.key, feed, filter, cursor, fromStart: options.fromStart })

  function take(of: number, frame: ServerFrame) {
    if (of !== generation || state === 'closed') return
    watch()
    if (rung === 0) bestWorked = true
    else if (!heard && bestWorked) {
      bestWorked = false
      probeWithin(reprobeSoonMs)
    }
    heard = true
    heardAt = clock.monotonic()
    if (frame.kind === 'goaway') {
      const askedMs = withinMs(clock, frame.reconnectInMs)
      reconnectMs = askedMs > 0 ? askedMs : undefined
      return
    }
    if (frame.kind === 'subscribed') {
      if (feed !== 'events' || cursor !== undefined) return
      cursor = frame.cursor
      options.onStart?.(cursor)
      return
    }
    if (frame.kind === 'error' || frame.kind === 'welcome') return
    if (frame.kind === 'heartbeat') clockOffsetMs = frame.serverTime - clock.now()
    if ('from' in frame && cursor !== undefined && frame.from !== cursor) return lose(of, 'a frame is missing; resuming')
    // A frame that its reader stumbles over does not count: it is asked for again.
    options.onFrame(frame)
    // A snapshot counts once its last page is here; a loss before that starts it again.
    if (frame.kind !== 'snapshot' || frame.last) cursor = frame.cursor
    attempts = 0
  }

  function connect() {
    if (state === 'closed' || (state === 'waiting' && !move('retry'))) return
    const mine = ++generation
    watch()
    heard = false
    heardAt = clock.monotonic()
    try {
      connection = transports[transport()](wanted(), {
        onOpen() {
          if (mine !== generation) return
          reason = undefined
          move('opened')
        },
        onFrame: (frame) => take(mine, frame),
        onLost: (why) => lose(mine, why),
        onRefused(refusal) {
          if (mine === generation) refuse(refusal)
        },
      })
    } catch (error) {
      lose(mine, error instanceof Error ? error.message : String(error))
    }
  }
  connect()

  return {
    cursor: () => cursor,
    status,
    hurry(silentMs) {
      if (state === 'open' && clock.monotonic() - heardAt >= silentMs) lose(generation, 'nothing came for long; trying anew')
      if (state !== 'waiting') return
      cancelRetry()
      connect()
    },
    close: () => end('close'),
  }
}

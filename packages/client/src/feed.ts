/**
 * One live feed that stays up: it reconnects, resumes by cursor, changes transport where one does not work, and checks that no frame is missing.
 * Works in Node and in browsers.
 */
import { deadAfterMs, type FeedKind, type Filter, type ServerFrame } from '@signalbox/model/live.ts'
import { after, type FeedState, type FeedStep } from './session.ts'
import { type Connection, type TransportName, transports } from './transports.ts'

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
  /** Base URL of the server, without a trailing slash. */
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
}

export interface Feed {
  readonly cursor: () => string | undefined
  readonly status: () => FeedStatus
  close(): void
}

const firstRetryMs = 300
const longestRetryMs = 30_000
/** Failures in a row after which the next transport is tried. */
const failuresPerTransport = 2
/** A lesser transport is left for the best one again after this long. */
const probeMs = 5 * 60_000

export function openFeed(options: FeedOptions): Feed {
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
  let timer: ReturnType<typeof setTimeout> | undefined
  let watchdog: ReturnType<typeof setTimeout> | undefined
  let probe: ReturnType<typeof setTimeout> | undefined
  let reconnectIn: readonly [number, number] | undefined

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
    clearTimeout(watchdog)
    watchdog = setTimeout(() => lose(generation, 'nothing came for too long'), deadAfterMs)
  }

  function lose(of: number, why: string) {
    if (of !== generation || (state !== 'open' && state !== 'connecting')) return
    const wasOpen = state === 'open'
    generation += 1
    clearTimeout(watchdog)
    connection?.close()
    reason = why
    failures = wasOpen ? 1 : failures + 1
    if (failures >= failuresPerTransport && rung < ladder.length - 1) {
      rung += 1
      failures = 0
      clearTimeout(probe)
      probe = setTimeout(() => {
        rung = 0
        failures = 0
        lose(generation, 'trying a better transport')
      }, probeMs)
    }
    attempts += 1
    move('lost')
    const spread = reconnectIn
    reconnectIn = undefined
    // Full jitter, so that a herd of clients does not come back as one.
    const waitMs =
      spread === undefined
        ? Math.random() * Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(attempts - 1, 10))
        : spread[0] + Math.random() * (spread[1] - spread[0])
    timer = setTimeout(connect, waitMs)
  }

  function take(of: number, frame: ServerFrame) {
    if (of !== generation || state === 'closed') return
    watch()
    if (frame.kind === 'goaway') {
      reconnectIn = frame.reconnectInMs
      return
    }
    if (frame.kind === 'subscribed') {
      cursor ??= feed === 'events' ? frame.cursor : undefined
      return
    }
    if (frame.kind === 'error') return
    if (frame.kind === 'heartbeat') clockOffsetMs = frame.serverTime - Date.now()
    if ('from' in frame && cursor !== undefined && frame.from !== cursor) return lose(of, 'a frame is missing; resuming')
    // A snapshot counts once its last page is here; a loss before that starts it again.
    if (frame.kind !== 'snapshot' || frame.last) cursor = frame.cursor
    attempts = 0
    options.onFrame(frame)
  }

  function connect() {
    if (state === 'closed' || (state === 'waiting' && !move('retry'))) return
    const mine = ++generation
    watch()
    const begin = transports[transport()]
    try {
      connection = begin(
        { url: options.url, key: options.key, feed, filter, cursor, fromStart: options.fromStart },
        {
          onOpen() {
            if (mine !== generation) return
            failures = 0
            reason = undefined
            move('opened')
          },
          onFrame: (frame) => take(mine, frame),
          onLost: (why) => lose(mine, why),
        },
      )
    } catch (error) {
      lose(mine, (error as Error).message)
    }
  }
  connect()

  return {
    cursor: () => cursor,
    status,
    close() {
      generation += 1
      clearTimeout(timer)
      clearTimeout(watchdog)
      clearTimeout(probe)
      move('close')
      connection?.close()
    },
  }
}

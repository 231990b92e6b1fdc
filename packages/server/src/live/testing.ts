/** For tests of the live stage: a hub or a server on a free port over a log in memory, and readers without a socket. */
import type { Server } from 'node:http'
import type { ServerFrame } from '@signalbox/model/live.ts'
import { pino } from 'pino'
import type { createFakeClock } from '../clock.fake.ts'
import { type Clock, systemClock } from '../clock.ts'
import { type Caller, createHttp } from '../http.ts'
import { createMetrics, type Metrics } from '../ops/metrics.ts'
import { after } from '../sequencer/testing.ts'
import { nextTurn } from '../turns.ts'
import { decodeCursor } from './cursor.ts'
import { createHub } from './hub.ts'
import type { Hub, HubConfig, Subscription } from './live.ts'
import type { TestLog } from './log.fake.ts'
import { liveRoutes } from './routes.ts'
import { createTaker, type Taker } from './taker.testing.ts'
import { registerLiveSockets } from './ws.ts'

export type FakeClock = ReturnType<typeof createFakeClock>

const log = pino({ level: 'silent' })

export const hubConfig: HubConfig = {
  ringBytes: 1 << 26,
  flushMs: 1,
  socketBytes: 64 * 1024,
  maxLagEvents: 100_000,
  slowCloseMs: 30_000,
  heartbeatMs: 20_000,
  maxConnections: 1_000,
}

export async function startHub(
  from: TestLog,
  options: { readonly config?: Partial<HubConfig>; readonly clock?: Clock } = {},
): Promise<{ readonly hub: Hub; readonly metrics: Metrics; readonly config: HubConfig; readonly clock: Clock }> {
  const config = { ...hubConfig, ...options.config }
  const clock = options.clock ?? systemClock
  const metrics = createMetrics()
  const meta = { epoch: from.epoch, formerEpochs: from.formerEpochs }
  const hub = createHub({ store: { reader: from.reader, meta }, bus: from.bus, config, metrics, log, clock })
  await hub.start()
  return { hub, metrics, config, clock }
}

export interface LiveServer {
  readonly url: string
  readonly http: Server
  readonly hub: Hub
  readonly metrics: Metrics
  /** As app.ts does when it stops. */
  drain(): void
  stop(): Promise<void>
}

interface ServerOptions extends NonNullable<Parameters<typeof startHub>[1]> {
  /** Callers are not known before. */
  readonly gate?: Promise<void>
  /** Who calls with this key. Default everybody, of the tenant that the key names. */
  readonly callerOf?: (key: string | undefined) => Promise<Caller | undefined>
  /** Most WebSockets that wait for their key. */
  readonly mostWaiting?: number
}
const ofTenant = async (key = 'default'): Promise<Caller> => ({ tenant: key, scopes: new Set(['read']) })

/** The key is what follows `Bearer`. */
export async function startLiveServer(from: TestLog, options: ServerOptions = {}): Promise<LiveServer> {
  const { hub, metrics, config, clock } = await startHub(from, options)
  const http = createHttp({
    config: { host: '127.0.0.1', port: 0, allowedHosts: '', allowedOrigins: '', bodyTimeoutMs: 30_000, maxBodyBytes: 1 << 20, drainMs: 0 },
    auth: {
      async caller({ headers }) {
        await options.gate
        return (options.callerOf ?? ofTenant)(headers.authorization?.slice(7))
      },
    },
    log,
    clock,
  })
  await http.app.register(liveRoutes({ hub, clock }))
  const sockets = registerLiveSockets(http.upgrades, {
    hub,
    clock,
    heartbeatMs: config.heartbeatMs,
    onRefused: (code) => metrics.liveKeysRefused.inc({ code }),
    ...(options.mostWaiting === undefined ? {} : { mostWaiting: options.mostWaiting }),
  })
  const url = await http.listen()
  return {
    url,
    http: http.app.server,
    hub,
    metrics,
    drain() {
      sockets.drain()
      hub.drain()
    },
    async stop() {
      hub.stop()
      await http.stop()
    },
  }
}

/** A server that is stopped after the test. */
export async function serve(from: TestLog, options: ServerOptions = {}): Promise<LiveServer> {
  const server = await startLiveServer(from, options)
  after(() => server.stop())
  return server
}

export interface Attached extends Taker {
  /** From now on it does not read: what is written to it waits. */
  stall(): void
  /** Reads what waits, and goes on. */
  read(): void
  /** Bytes written to it that it has not read. */
  readonly waitingBytes: () => number
  readonly closedWith: () => number | undefined
  close(): void
}

/** A reader without a socket. */
export function attach(
  hub: Hub,
  wanted: Partial<Omit<Subscription, 'cursor'>> & { readonly cursor?: string | undefined },
  taker = createTaker(wanted.cursor),
): Attached {
  let isStalled = false
  let waitingBytes = 0
  let closedWith: number | undefined
  let waiting: ServerFrame[] = []
  const subscribed = hub.subscribe(
    {
      tenant: 'default',
      feed: 'events',
      filter: {},
      framing: 'text',
      ...wanted,
      cursor: wanted.cursor === undefined ? undefined : decodeCursor(wanted.cursor),
    },
    {
      opened: (cursor) => taker.take({ kind: 'subscribed', ref: '', sub: '', cursor }),
      write(frame) {
        const value = JSON.parse(String(frame.payload)) as ServerFrame
        if (!isStalled) return taker.take(value)
        waiting.push(value)
        waitingBytes += frame.bytes
      },
      pending: () => waitingBytes,
      close(code) {
        closedWith = code
      },
    },
  )
  return {
    ...taker,
    stall() {
      isStalled = true
    },
    read() {
      isStalled = false
      waitingBytes = 0
      const held = waiting
      waiting = []
      for (const frame of held) taker.take(frame)
      subscribed.drained()
    },
    waitingBytes: () => waitingBytes,
    closedWith: () => closedWith,
    close: () => subscribed.close(),
  }
}

/** Lets the hub work, with the clock moving a millisecond a turn, until `is` holds. */
export async function work(clock: FakeClock, is: () => boolean): Promise<void> {
  for (let turn = 0; turn < 20_000; turn += 1) {
    if (is()) return
    await nextTurn()
    clock.advance(1)
  }
  throw new Error('It never came to be.')
}

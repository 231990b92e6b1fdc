/**
 * One life of a Signalbox: the real stages, wired as app.ts does, over simulated ports. Stand-ins are HTTP itself (bodies come parsed) and
 * the log's tables by day; nothing watches for lost agents, counts producers or takes snapshots.
 */

import type { Broker } from '@signalbox/server/broker/broker.ts'
import { createDirectBroker } from '@signalbox/server/broker/direct.ts'
import type { Upgrades } from '@signalbox/server/http.ts'
import { createReceive, type Receipt } from '@signalbox/server/ingest/receive.ts'
import { refusedAs } from '@signalbox/server/ingest/rest.ts'
import { registerIngestSocket } from '@signalbox/server/ingest/websocket.ts'
import { createHub } from '@signalbox/server/live/hub.ts'
import type { HubConfig } from '@signalbox/server/live/live.ts'
import { registerLiveSockets } from '@signalbox/server/live/ws.ts'
import { createMetrics, type Metrics } from '@signalbox/server/ops/metrics.ts'
import { createMemoryBus } from '@signalbox/server/sequencer/bus.ts'
import { startSequencers } from '@signalbox/server/sequencer/sequencer.ts'
import type { LogDays } from '@signalbox/server/store/days.ts'
import { createProjections } from '@signalbox/server/store/projections.ts'
import { createQuarantine } from '@signalbox/server/store/quarantine.ts'
import { createLogReader } from '@signalbox/server/store/reader.ts'
import { type Bug, misread } from './bugs.ts'
import type { Database } from './database/database.ts'
import type { Life } from './life.ts'
import type { End } from './network.ts'
import { serverSocket } from './sockets.ts'

export interface ServerConfig extends HubConfig {
  readonly queueEvents: number
  readonly queueBytes: number
  readonly batchEvents: number
  readonly commitTimeoutMs: number
  readonly ingestCredit: number
}

export interface Server {
  readonly life: Life
  readonly metrics: Metrics
  readonly isListening: () => boolean
  /** All that it received is accounted for: nothing waits for the quarantine any more. */
  readonly isSettled: () => boolean
  /** As who reads rows asks for them. */
  caughtUp(): Promise<void>
  /** A connection to `path`: a WebSocket, or a request whose body comes as its one message. */
  accept(path: string, end: End): void
  /** As app.ts stops: whoever is connected is asked to go, what was taken is settled. */
  stop(): Promise<void>
}

export interface ServerOptions {
  readonly life: Life
  readonly database: Database
  readonly partitions: number
  readonly epoch: string
  readonly config: ServerConfig
  readonly bugs: ReadonlySet<Bug>
  /** Told of what the server logs as an error: nothing here should give it cause. */
  /** Bad items were refused, and could not be kept: the database was away just then. */
  readonly onNotKept: () => void
  readonly onWarning: (warning: string) => void
  readonly onError: (error: string) => void
}

const nothing = { kind: 'text', text: '{"status":200,"body":{}}', bytes: 0 } as const
const tenant = 'default'
const caller = { tenant, scopes: new Set(['ingest', 'read'] as const) }
const retentionMs = 30 * 86_400_000
const limits = {
  maxBodyBytes: 1 << 24,
  maxBatchEvents: 10_000,
  maxIngestSockets: 100,
  maxDepth: 64,
  maxKeys: 1_000,
  maxStringChars: 1_000_000,
}
/** Open connections that do not go are cut. */
const drainMs = 2_000

export async function startServer(options: ServerOptions): Promise<Server> {
  const { life, database, partitions, epoch, bugs } = options
  const config = { ...options.config, ...limits }
  const { clock } = life
  const warn = ({ err, partition }: { err?: Error; partition?: number }, message: string) =>
    options.onWarning(`${message} ${partition ?? ''} ${err?.message ?? ''}`)
  const log = {
    debug() {},
    info() {},
    warn,
    error: ({ err }: { err?: Error }, message: string) => options.onError(`${message}: ${err?.stack ?? ''}`),
  } as unknown as Parameters<typeof createHub>[0]['log']
  const pool = database.poolOf(life)
  const projections = createProjections()
  const reader = misread(createLogReader(pool, { epoch, partitions }, projections), bugs)
  const quarantine = createQuarantine({ pool, mostRows: 1_000, retentionMs, now: clock.now })
  const days: LogDays = {
    ensure: async () => {},
    makeAhead: async () => {},
    dropExpired: async () => [],
    forget() {},
    retainedFrom: () => clock.now() - retentionMs,
  }
  const newClient = (_name: string, timeoutMs: number) => database.newClient(life, timeoutMs)
  const metrics = createMetrics()
  const bus = createMemoryBus(log)
  const broker = createDirectBroker(config, clock)
  const hub = createHub({ store: { reader, meta: { epoch, formerEpochs: [] } }, bus, config, metrics, log, clock })
  const store = { newClient, days, projections, reader, quarantine, meta: { partitions } }
  const sequencers = startSequencers({ store, broker, bus, config, metrics, log, clock })
  await projections.caughtUp()
  await hub.start()

  const settle = createReceive({
    broker: bugs.has('ack-before-commit') ? answeringEarly(broker) : broker,
    partitions,
    quarantine: quarantine.keep,
    cursor: hub.cursor,
    limits: config,
    durability: 'durable',
    clock,
    metrics,
    onFault: options.onNotKept,
  })
  let unsettled = 0
  const receive: typeof settle = (...items) => {
    unsettled += 1
    return settle(...items).finally(() => {
      unsettled -= 1
    })
  }
  const metDoorFault = (error: unknown) => options.onError(`a door met a fault: ${String(error)}`)
  const doors = new Map<string, Parameters<Upgrades['on']>[3]>()
  const upgrades: Upgrades = { on: (path, _scope, _protocols, accept) => void doors.set(path, accept) }
  const ingestSockets = registerIngestSocket(upgrades, { receive, config, clock, onFault: metDoorFault, onRefused: () => {} })
  registerLiveSockets(upgrades, { hub, clock, heartbeatMs: config.heartbeatMs, onRefused: () => {} })
  let isListening = true
  let isDraining = false
  const ends = new Set<End>()

  /** `POST /v1/events`, as ingest/rest.ts answers it. */
  async function answer(text: string): Promise<{ status: number; body: object }> {
    if (isDraining) return { status: 503, body: { code: 'DRAINING' } }
    try {
      const items = text.split('\n').map((line) => ({ value: JSON.parse(line) as unknown }))
      const { received, made: _, ...body }: Receipt = await receive(items, { tenant, door: 'rest', backfill: false })
      const only = received === 1 ? body.refused[0] : undefined
      return only === undefined ? { status: 200, body } : { status: 422, body: { code: only.code, refused: body.refused } }
    } catch (error) {
      const { init } = refusedAs(error) as { readonly init?: { readonly code: string; readonly retryAfterMs?: number } }
      if (init === undefined) throw error
      return { status: 503, body: { code: init.code, retryAfterMs: init.retryAfterMs } }
    }
  }

  return {
    life,
    metrics,
    isSettled: () => unsettled === 0,
    caughtUp: projections.caughtUp,
    isListening: () => isListening && life.isAlive(),
    accept(url, end) {
      ends.add(end)
      const path = new URL(url, 'http://server').pathname
      const door = doors.get(path)
      if (door !== undefined) {
        const { socket, request } = serverSocket(end, url)
        socket.on('close', () => ends.delete(end))
        door(socket, request, caller, async () => ({ caller }))
        return
      }
      end.onClose = () => ends.delete(end)
      end.onMessage = (message) => {
        if (message.kind !== 'text') return
        // A feed that is refused its WebSocket asks the poll why.
        if (path !== '/v1/events') return end.send(nothing)
        answer(message.text).then((made) => {
          const text = JSON.stringify(made)
          end.send({ kind: 'text', text, bytes: text.length })
        }, metDoorFault)
      }
    },
    async stop() {
      isListening = false
      isDraining = true
      ingestSockets.drain()
      hub.drain()
      await new Promise<void>((resume) => clock.after(drainMs, resume))
      for (const end of ends) end.reset()
      await sequencers.stop()
      hub.stop()
    },
  }
}

/** The bug: events are said to be stored as soon as they are taken. */
const answeringEarly = (broker: Broker): Pick<Broker, 'publish'> => ({
  async publish(submission) {
    broker.publish(submission).catch(() => {})
    return { durability: 'durable', outcomes: submission.events.map(() => ({ kind: 'stored', position: 0 })), head: 0 }
  },
})

/**
 * The wiring: the one place that chooses adapters and orders start and stop.
 * Start goes against the data's way (store first), stop goes with it (doors first), so nothing taken is left behind.
 */
import { join } from 'node:path'
import swagger from '@fastify/swagger'
import { partitionKey, partitionOf, uuidv7 } from '@signalbox/model/ids.ts'
import type { Durability } from '@signalbox/model/live.ts'
import type { Logger } from 'pino'
import packageJson from '../package.json' with { type: 'json' }
import { pipelineRoute } from './api/pipeline.ts'
import { startPipelineHistory } from './api/pipeline-history.ts'
import { eventById } from './api/reads.ts'
import { createMomentRecord } from './api/record.ts'
import { apiRoutes } from './api/routes.ts'
import type { Broker } from './broker/broker.ts'
import { createDirectBroker } from './broker/direct.ts'
import { type Clock, systemClock } from './clock.ts'
import { CannotStart, type Config } from './config.ts'
import { isLoopback } from './http/allow.ts'
import { createHttp } from './http.ts'
import { a2aDoor } from './ingest/a2a/a2a.ts'
import { claudeCodeDoor } from './ingest/claude-code/claude-code.ts'
import { cloudEventsDoor } from './ingest/cloudevents/cloudevents.ts'
import type { DoorDeps } from './ingest/door.ts'
import { createInFlight } from './ingest/in-flight.ts'
import { openAiAgentsDoor } from './ingest/openai-agents/openai-agents.ts'
import { createGrpcDoor } from './ingest/otlp/grpc.ts'
import { otlpDoor } from './ingest/otlp/http.ts'
import { mapLogs } from './ingest/otlp/logs/mapping.ts'
import { mapMetrics } from './ingest/otlp/metrics/mapping.ts'
import { listenForOtlp } from './ingest/otlp/ports.ts'
import { createSpanMapping } from './ingest/otlp/spans/mapping.ts'
import { startSettling } from './ingest/otlp/spans/settling.ts'
import { createTake } from './ingest/otlp/take.ts'
import { createReceive } from './ingest/receive.ts'
import { restDoor } from './ingest/rest.ts'
import { readWebhooks } from './ingest/webhook/config.ts'
import { webhookDoor } from './ingest/webhook/webhook.ts'
import { registerIngestSocket } from './ingest/websocket.ts'
import { createHub } from './live/hub.ts'
import { liveRoutes } from './live/routes.ts'
import { registerLiveSockets } from './live/ws.ts'
import { canaryTenant, createAuth } from './ops/auth.ts'
import { dashboardFiles } from './ops/dashboard.ts'
import { errorPage } from './ops/error-page.ts'
import { opsRoutes } from './ops/health.ts'
import { createLog } from './ops/log.ts'
import { createMetrics } from './ops/metrics.ts'
import { createMemoryBus } from './sequencer/bus.ts'
import { startSequencers } from './sequencer/sequencer.ts'
import { startBlockRanges } from './store/block-ranges.ts'
import { startEmbedded } from './store/embedded.ts'
import { openStore } from './store/open.ts'
import { startLongSums } from './store/rollups-keep.ts'
import { startSealing } from './store/sealing.ts'
import { startWalAhead } from './store/wal-ahead.ts'
import { startLiveness } from './streams/liveness.ts'
import { startProducers } from './streams/producers.ts'
import { startSnapshots } from './streams/snapshots.ts'

export interface App {
  readonly url: string
  /** Where OTLP is listened for beside the main port. */
  readonly otlp: { readonly http?: number | undefined; readonly grpc?: number | undefined }
  stop(): Promise<void>
}

/** Where PostgreSQL does not sync (fsync = off) a commit is no promise, and no acknowledgement may say that it is. */
function saying(durability: Durability, broker: Pick<Broker, 'publish'>): Pick<Broker, 'publish'> {
  return durability === 'durable' ? broker : { publish: async (submission) => ({ ...(await broker.publish(submission)), durability }) }
}

const dashboardFolder = join(import.meta.dirname, '..', '..', 'dashboard', 'dist')

export async function startApp(config: Config, options: { readonly log?: Logger; readonly clock?: Clock } = {}): Promise<App> {
  const log = options.log ?? createLog(config.logLevel)
  const clock = options.clock ?? systemClock
  const stops: (() => unknown)[] = []
  const stopAll = async () => {
    for (const stop of stops.splice(0).reverse()) await stop()
  }
  try {
    const webhooks = readWebhooks(config.webhooks, process.env)
    const embedded = config.databaseUrl === '' ? await startEmbedded(config, log) : undefined
    if (embedded !== undefined) stops.push(() => embedded.stop())
    const store = await openStore({ url: embedded?.url ?? config.databaseUrl, config, log, clock })
    stops.push(() => store.stop())

    const auth = createAuth(store.pool, config, clock.monotonic)
    const refusal = await auth.refuseToStart()
    if (refusal !== undefined) throw new CannotStart(refusal)

    const metrics = createMetrics({ queueDepth: () => broker.depth() })
    const bus = createMemoryBus(log)
    const broker = createDirectBroker(config)
    const { partitions } = store.meta
    if (embedded !== undefined) {
      const walAhead = startWalAhead({ pool: store.pool, bus, data: config.data, wantedBytes: config.walAheadBytes, clock, log })
      stops.push(() => walAhead.stop())
    }
    const history = startPipelineHistory({ pool: store.pool, metrics, clock, log })
    stops.push(() => history.stop())
    const hub = createHub({ store, bus, config, metrics, log, clock })
    stops.push(() => hub.stop())
    const record = createMomentRecord({ bus, reader: store.reader, log })
    stops.push(() => record.stop())
    const snapshots = startSnapshots({ ...store, partitions, heads: store.reader.heads, bus, config, clock, log })
    stops.push(() => snapshots.stop())
    const blockRanges = startBlockRanges({ pool: store.pool, bus, clock, log })
    stops.push(() => blockRanges.stop())
    const longSums = startLongSums({ pool: store.pool, clock, log })
    stops.push(() => longSums.stop())
    const producers = startProducers({ pool: store.pool, reader: store.reader, bus, clock, metrics, log })
    stops.push(() => producers.stop())
    const sequencers = startSequencers({ store, broker, bus, config, metrics, log, clock })
    stops.push(() => sequencers.stop())
    // What a killed server had not folded: readers begin with all of it.
    await store.projections.caughtUp()
    // Then: what no row stands for is not sealed. It ends before the sequencers, whose last commits wait for no step of it.
    const { compressAfterDays, retentionDays } = config
    const sealing = startSealing({
      ...{ pool: store.pool, compressAfterDays, retentionDays, clock, log, metrics },
      now: () => store.days.retainedFrom() + retentionDays * 86_400_000,
    })
    stops.push(() => sealing.stop())
    await hub.start()
    const liveness = startLiveness({ ...store, bus, broker, partitions, config, metrics, clock, log })
    stops.push(() => liveness.stop())

    const onFault = (error: unknown) => log.error({ err: error }, 'a door met a fault')
    const durability = store.checks.some(({ name, ok }) => name === 'fsync' && !ok) ? 'volatile' : 'durable'
    const receive = createReceive({
      broker: saying(durability, broker),
      partitions,
      quarantine: store.quarantine.keep,
      cursor: hub.cursor,
      limits: config,
      durability,
      clock,
      metrics,
      onFault,
    })
    let draining = false
    const canary = async () => {
      const now = clock.now()
      const event = {
        id: uuidv7(now),
        tenant: canaryTenant,
        source: 'signalbox',
        type: 'custom.canary',
        time: now,
        data: {},
        dataJson: '{}',
      }
      await broker.publish({
        partition: partitionOf(canaryTenant, partitionKey({}), partitions),
        events: [event],
        backfill: false,
        receivedAt: now,
      })
      if ((await eventById(store.pool, canaryTenant, event.id)) === undefined)
        throw new Error('The canary was committed and cannot be read back.')
    }

    const door: DoorDeps = {
      receive,
      inFlight: createInFlight(config.inFlightBytes, (bytes) => metrics.bodyBytes.set(bytes)),
      config,
      clock,
      onRefused: (code) => metrics.refusals.inc({ code }),
      onFault,
    }
    const claudeCode = claudeCodeDoor({ ...door, auth, metrics, log })
    stops.push(() => claudeCode.stop(config.drainMs))

    const http = createHttp({ config, auth, log, clock })
    const fronts: { stop(): Promise<void> }[] = [http]
    stops.push(() => Promise.all(fronts.map((front) => front.stop())))
    await http.app.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: {
          title: 'Signalbox',
          version: packageJson.version,
          description: 'A real-time control room for fleets of AI agents.',
          license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
        },
        servers: [{ url: '/' }],
        components: {
          securitySchemes: {
            key: { type: 'http', scheme: 'bearer', description: 'A key sbx_…; on a server bound to loopback none is needed.' },
          },
        },
        security: isLoopback(config.host) ? [{}, { key: [] }] : [{ key: [] }],
        tags: ['ingest', 'live', 'events', 'state', 'kept', 'ops'].map((name) => ({ name })),
      },
    })
    await http.app.register(restDoor(door))
    await http.app.register(claudeCode.plugin)
    const onForgotten = (waiting: number) => metrics.spansForgotten.inc(waiting)
    await http.app.register(openAiAgentsDoor({ ...door, onForgotten }))
    const spans = createSpanMapping({ now: clock.monotonic, onForgotten })
    const settling = startSettling(spans, door)
    stops.push(() => settling.stop())
    const take = createTake(door, { traces: spans.map, logs: mapLogs, metrics: mapMetrics })
    await http.app.register(otlpDoor({ ...door, config, take }))
    const grpc = createGrpcDoor({ ...door, config, auth, take })
    fronts.push(grpc)
    await http.app.register(cloudEventsDoor(door))
    await http.app.register(a2aDoor(door))
    await http.app.register(webhookDoor({ ...door, webhooks }))
    await http.app.register(liveRoutes({ hub, clock }))
    await http.app.register(apiRoutes({ store, record, durability, config, version: packageJson.version, now: clock.now, log }))
    await http.app.register(
      pipelineRoute({ history, pool: store.pool, durability, version: packageJson.version, now: clock.now, monotonic: clock.monotonic }),
    )
    await http.app.register(
      opsRoutes({
        metrics,
        clock,
        canary,
        isDraining: () => draining,
        onFault: (error) => log.warn({ err: error }, 'an event cannot be stored now'),
      }),
    )
    http.app.get('/openapi.json', { schema: { hide: true } }, async () => http.app.swagger())
    await http.app.register(errorPage)
    await http.app.register(dashboardFiles({ folder: dashboardFolder }))
    const ingestSockets = registerIngestSocket(http.upgrades, {
      receive,
      config,
      clock,
      onFault,
      onRefused: (code) => metrics.refusals.inc({ code }),
    })
    const liveSockets = registerLiveSockets(http.upgrades, {
      hub,
      clock,
      heartbeatMs: config.heartbeatMs,
      onRefused: (code) => metrics.liveKeysRefused.inc({ code }),
    })
    stops.push(() => {
      draining = true
      http.drain()
      grpc.drain()
      ingestSockets.drain()
      liveSockets.drain()
      hub.drain()
    })
    const url = await http.listen()
    const otlp = await listenForOtlp(config, { http: http.listenForOtlp, grpc: grpc.listen }, log)
    log.info({ address: url, otlp, partitions, epoch: store.meta.epoch }, 'Signalbox is up')
    return { url, otlp, stop: stopAll }
  } catch (error) {
    await stopAll()
    throw error
  }
}

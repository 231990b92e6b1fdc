/** OTLP's doors on real sockets, with what stands behind them in the test's hand. */
import { connect } from 'node:http2'
import { Client, type ClientOptions, credentials, Metadata, type ServiceError } from '@grpc/grpc-js'
import type { TenantId } from '@signalbox/model/event.ts'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { createFakeClock } from '../../clock.fake.ts'
import { type Caller, createHttp } from '../../http.ts'
import { createInFlight } from '../in-flight.ts'
import type { RawItem, Receipt, Receive } from '../receive.ts'
import { createGrpcDoor } from './grpc.ts'
import { otlpDoor } from './http.ts'
import { mapLogs } from './logs/mapping.ts'
import { mapMetrics } from './metrics/mapping.ts'
import type { Signal } from './signals.ts'
import { createSpanMapping } from './spans/mapping.ts'
import { createTake, type Mappings } from './take.ts'

/** As the server has them. */
export const createMappings = (): Mappings => ({ traces: createSpanMapping().map, logs: mapLogs, metrics: mapMetrics })

/** Stores what its door did not refuse. */
export const stored: Receive = async (raw: readonly RawItem[]): Promise<Receipt> => {
  const refused = raw.flatMap((item, index) => (item.refused === undefined ? [] : [{ index, ...item.refused }]))
  return {
    received: raw.length,
    accepted: raw.length - refused.length,
    duplicates: 0,
    refused,
    durability: 'durable',
    cursor: 'c',
    made: [],
  }
}

interface More {
  readonly receive?: Receive
  readonly mappings?: Partial<Mappings>
  readonly caller?: () => Promise<Caller | undefined>
  readonly maxBodyBytes?: number
  readonly inFlightBytes?: number
}

const local: Caller = { tenant: 'default' satisfies TenantId, scopes: new Set(['ingest'] as const) }

export async function otlpDoors({
  receive = stored,
  mappings = {},
  caller = async () => local,
  maxBodyBytes = 1 << 20,
  inFlightBytes = 64 << 20,
}: More = {}) {
  const clock = createFakeClock(Date.UTC(2026, 0, 1))
  const faults: unknown[] = []
  const refusals: string[] = []
  const held: number[] = []
  const config = {
    maxBodyBytes,
    maxBatchEvents: 1_000,
    bodyTimeoutMs: 30_000,
    drainMs: 1_000,
    host: '127.0.0.1',
    port: 0,
    allowedHosts: '',
    allowedOrigins: '',
  }
  const auth = { caller }
  const door = {
    receive,
    inFlight: createInFlight(inFlightBytes, (bytes) => held.push(bytes)),
    config,
    clock,
    onRefused: (code: string) => refusals.push(code),
    onFault: (error: unknown) => faults.push(error),
  }
  const take = createTake(door, { ...createMappings(), ...mappings })
  const http = createHttp({ config, auth, log: pino({ level: 'silent' }), clock })
  await http.app.register(otlpDoor({ ...door, take }))
  http.app.get('/elsewhere', async () => 'else')
  const grpc = createGrpcDoor({ ...door, auth, take })
  const url = await http.listen()
  const otlpUrl = `http://127.0.0.1:${await http.listenForOtlp(0)}`
  const address = `127.0.0.1:${await grpc.listen(0)}`
  onTestFinished(async () => {
    await Promise.all([http.stop(), grpc.stop()])
  })
  return {
    url,
    otlpUrl,
    address,
    http,
    grpc,
    clock,
    faults,
    refusals,
    held,
    async post(path: string, body: Uint8Array | string, headers: Readonly<Record<string, string>> = {}, base = url) {
      const response = await fetch(`${base}${path}`, {
        method: 'POST',
        headers,
        body: typeof body === 'string' ? body : new Uint8Array(body),
      })
      return {
        status: response.status,
        type: response.headers.get('content-type'),
        retryAfter: response.headers.get('retry-after'),
        body: Buffer.from(await response.arrayBuffer()),
      }
    },
    client(options: ClientOptions = {}) {
      const client = new Client(address, credentials.createInsecure(), options)
      onTestFinished(() => client.close())
      return {
        channel: client,
        /** Answers the response's bytes, or how it was refused. */
        export: (signal: Signal, body: Buffer, metadata: Readonly<Record<string, string>> = {}) =>
          call(client, methodOf(signal), body, metadata),
      }
    },
    /** A bare connection of HTTP/2. */
    session() {
      const session = connect(`http://${address}`)
      session.on('error', () => undefined)
      onTestFinished(() => session.destroy())
      return session
    },
  }
}

const services: Readonly<Record<Signal, string>> = {
  traces: 'trace.v1.TraceService',
  logs: 'logs.v1.LogsService',
  metrics: 'metrics.v1.MetricsService',
}
export const methodOf = (signal: Signal) => `/opentelemetry.proto.collector.${services[signal]}/Export`

const asIs = (bytes: Buffer) => bytes
type Answered = { readonly bytes: Buffer } | { readonly error: ServiceError }

export function call(client: Client, method: string, body: Buffer, headers: Readonly<Record<string, string>> = {}): Promise<Answered> {
  const metadata = new Metadata()
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value)
  return new Promise((resolve) => {
    client.makeUnaryRequest(method, asIs, asIs, body, metadata, (error, bytes) =>
      resolve(error === null ? { bytes: bytes ?? Buffer.alloc(0) } : { error }),
    )
  })
}

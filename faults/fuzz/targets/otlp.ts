/** OTLP: export requests of each signal in both encodings, the HTTP route, and a call of gRPC. A first byte picks, and a line ends it: what is JSON is then changed as JSON. */
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { takeMade } from '@signalbox/model/validate.ts'
import { systemClock } from '@signalbox/server/clock.ts'
import { Refused } from '@signalbox/server/http/problem.ts'
import { createHttp } from '@signalbox/server/http.ts'
import type { Mapped } from '@signalbox/server/ingest/door.ts'
import { createInFlight } from '@signalbox/server/ingest/in-flight.ts'
import { decodeLogs, decodeMetrics, decodeTraces, type Encoding } from '@signalbox/server/ingest/otlp/decode.ts'
import { createMappings, stored } from '@signalbox/server/ingest/otlp/doors.testing.ts'
import { messageOf } from '@signalbox/server/ingest/otlp/grpc-call.ts'
import { otlpDoor } from '@signalbox/server/ingest/otlp/http.ts'
import type { AttributeValue, Decoded } from '@signalbox/server/ingest/otlp/otlp.ts'
import type { Signal } from '@signalbox/server/ingest/otlp/signals.ts'
import { createTake } from '@signalbox/server/ingest/otlp/take.ts'
import { protobufOf, requestOf } from '@signalbox/server/ingest/otlp/wire.testing.ts'
import { createLog } from '@signalbox/server/ops/log.ts'
import { must, type Target } from '../fuzz.ts'

const at = '1764192000000000000'
const values = [
  { stringValue: 'text' },
  { intValue: '9007199254740993' },
  { doubleValue: 0.5 },
  { boolValue: true },
  { bytesValue: 'AQI=' },
  { arrayValue: { values: [{ stringValue: 'a' }, { intValue: '1' }] } },
  { kvlistValue: { values: [{ key: '__proto__', value: { kvlistValue: { values: [{ key: 'b', value: {} }] } } }] } },
]
const attributes = values.map((value, n) => ({ key: `gen_ai.${n}`, value }))
const items = {
  traces: [
    {
      traceId: '5b8efff798038103d269b633813fc60c',
      spanId: 'eee19b7ec3c1b174',
      parentSpanId: 'eee19b7ec3c1b173',
      name: 'chat',
      kind: 3,
      startTimeUnixNano: at,
      endTimeUnixNano: at,
      attributes,
      events: [{ timeUnixNano: at, name: 'e', attributes }],
      links: [{ traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174' }],
      status: { code: 2, message: 'failed' },
    },
    { name: 'without ids' },
  ],
  logs: [
    { timeUnixNano: at, severityNumber: 9, body: values[6], attributes, eventName: 'said', traceId: '5b8efff798038103d269b633813fc60c' },
  ],
  metrics: [
    { name: 'sum', sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [{ timeUnixNano: at, asInt: '7', attributes }] } },
    { name: 'h', histogram: { dataPoints: [{ timeUnixNano: at, count: '2', sum: 1, bucketCounts: ['1', '1'], explicitBounds: [1] }] } },
    { name: 'e', exponentialHistogram: { dataPoints: [{ timeUnixNano: at, count: '2', sum: 1, min: 0, max: 1 }] } },
    { name: 's', summary: { dataPoints: [{ timeUnixNano: at, count: '2', sum: 1 }] } },
  ],
} as const satisfies Record<Signal, readonly unknown[]>
const all = Object.keys(items) as Signal[]
const jsonOf = (signal: Signal, most?: number) => Buffer.from(JSON.stringify(requestOf(signal, items[signal].slice(0, most))))
const protoOf = (signal: Signal, most?: number) => protobufOf(signal, requestOf(signal, items[signal].slice(0, most)))

const picked = (pick: number, body: Uint8Array) => Buffer.concat([Buffer.from([pick, 0x0a]), body])
const mappings = createMappings()
const limits = { maxDepth: 64, maxKeys: 1_000, maxStringChars: 1_000_000 }

function inheritsNothing(value: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(value)
  return prototype === null || (Object.getPrototypeOf(prototype) === null && Reflect.ownKeys(prototype).length === 0)
}

function checkValue(value: AttributeValue, depth = 0): void {
  must(depth <= 64, 'values end')
  if (typeof value === 'number') must(Number.isFinite(value), 'a number is one')
  if (typeof value !== 'object' || value === null) return
  must(Array.isArray(value) || inheritsNothing(value), 'no key of an object is inherited')
  for (const inner of Object.values(value)) checkValue(inner, depth + 1)
}

interface Checked {
  readonly attributes: { readonly [key: string]: AttributeValue }
  readonly start?: number
  readonly time?: number
}

/** What holds of whatever was decoded, and of the events made of it. */
function checkDecoded(decoded: Decoded<Checked>, mapped: readonly Mapped[]): string {
  for (const { resource, scope, items: list } of decoded.groups) {
    must(list.length > 0, 'a group has items')
    for (const { attributes: held, start = 0, time = 0 } of [resource, scope, ...list] as readonly Checked[]) {
      checkValue(held)
      must(start >= 0 && time >= 0 && start <= 2 ** 45 && time <= 2 ** 45, 'times are times')
    }
  }
  const count = decoded.groups.reduce((sum, { items: list }) => sum + list.length, decoded.bad.length)
  must(new Set(mapped.map(({ item }) => item)).size === count, 'every item becomes something')
  for (const one of mapped) if ('event' in one) takeMade(one.event, 'default', limits)
  if (decoded.bad.length > 0) return 'some bad'
  return count === 0 ? 'empty' : 'taken'
}

const decodings: Readonly<Record<Signal, (body: Uint8Array, encoding: Encoding) => string>> = {
  traces: (body, encoding) => {
    const decoded = decodeTraces(body, encoding)
    return checkDecoded(decoded, mappings.traces(decoded, 'default'))
  },
  logs: (body, encoding) => {
    const decoded = decodeLogs(body, encoding)
    return checkDecoded(decoded, mappings.logs(decoded, 0))
  },
  metrics: (body, encoding) => {
    const decoded = decodeMetrics(body, encoding)
    return checkDecoded(decoded, mappings.metrics(decoded))
  },
}

const decoder = (signal: Signal): Target => ({
  name: `otlp-${signal}`,
  expects: ['taken', 'empty', 'BAD_REQUEST', 'another signal', ...(signal === 'logs' ? [] : ['some bad'])],
  seeds: () => [
    picked(0, jsonOf(signal, 1)),
    picked(1, protoOf(signal, 1)),
    ...all.flatMap((each) => [picked(0, jsonOf(each)), picked(1, protoOf(each))]),
  ],
  check(input) {
    const encoding = (input[0] ?? 0) % 2 === 0 ? 'json' : 'protobuf'
    const body = input.subarray(2)
    try {
      return decodings[signal](body, encoding)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      const { code, detail } = error.init
      must(code === 'BAD_REQUEST' || code === 'BATCH_TOO_LARGE', `${code} is what a body is refused with`)
      return detail.startsWith('This is an Export') ? 'another signal' : code
    }
  },
})

const config = { maxBodyBytes: 256 * 1024, maxBatchEvents: 1_000, bodyTimeoutMs: 30_000 }
let held = 0
const inFlight = createInFlight(1 << 24, (bytes) => {
  held = bytes
})
const deps = {
  receive: stored,
  inFlight,
  config,
  clock: systemClock,
  onRefused: () => undefined,
  onFault: (error: unknown) => {
    throw error
  },
}

const paths = ['/v1/traces', '/v1/logs', '/v1/metrics', '/api/public/otel/v1/traces'] as const
const types = ['application/json', 'application/x-protobuf', 'text/plain'] as const
const compressions = [undefined, 'gzip', 'zstd', 'deflate', 'br'] as const

const front = createHttp({
  config: { ...config, host: '127.0.0.1', port: 0, allowedHosts: '', allowedOrigins: '', drainMs: 0 },
  auth: { caller: async () => ({ tenant: 'default', scopes: new Set(['ingest'] as const) }) },
  log: createLog('silent'),
})
void front.app.register(otlpDoor({ ...deps, take: createTake(deps, mappings) }))

const pickOf = (path: number, type: number, compression: number) => path + 4 * (type + 3 * compression)

const http: Target = {
  name: 'otlp-http',
  expects: ['200', '400', '413', '415'],
  seeds: () =>
    all.flatMap((signal, path) => [
      picked(pickOf(path, 0, 0), jsonOf(signal)),
      picked(pickOf(path, 1, 0), protoOf(signal)),
      picked(pickOf(path, 1, 1), gzipSync(protoOf(signal))),
      picked(pickOf(path, 1, 1), gzipSync(Buffer.alloc(1 << 20))),
      picked(pickOf(3, 2, 4), jsonOf(signal)),
    ]),
  async check(input) {
    const pick = input[0] ?? 0
    const type = types[Math.trunc(pick / 4) % 3] ?? types[0]
    const compression = compressions[Math.trunc(pick / 12) % 5]
    const answer = await front.app.inject({
      method: 'POST',
      url: paths[pick % 4] ?? paths[0],
      headers: { host: 'localhost', 'content-type': type, ...(compression === undefined ? {} : { 'content-encoding': compression }) },
      payload: Buffer.from(input.subarray(2)),
    })
    must(answer.statusCode < 500, `${answer.statusCode} is no fault: ${answer.body}`)
    must(answer.headers['content-type'] === (type === 'text/plain' ? 'application/json' : type), 'the answer is of the type of its request')
    if (type !== 'application/x-protobuf') JSON.parse(answer.body)
    return String(answer.statusCode)
  },
}

const grpcCompressions = [undefined, 'identity', 'gzip', 'snappy'] as const
const framed = (message: Uint8Array, flag: number) => {
  const prefix = Buffer.from([flag, 0, 0, 0, 0])
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}

const grpc: Target = {
  name: 'otlp-grpc',
  expects: ['message', 'BAD_REQUEST', 'BODY_TOO_LARGE', 'UNSUPPORTED_ENCODING'],
  seeds: () => [
    picked(0, framed(protoOf('traces'), 0)),
    picked(2, framed(gzipSync(protoOf('traces')), 1)),
    picked(2, framed(gzipSync(Buffer.alloc(1 << 20)), 1)),
    picked(3, framed(protoOf('logs'), 1)),
  ],
  async check(input) {
    const encoding = grpcCompressions[(input[0] ?? 0) % 4]
    const body = Buffer.from(input.subarray(2))
    const share = inFlight.open()
    try {
      const headers = { 'content-type': 'application/grpc', ...(encoding === undefined ? {} : { 'grpc-encoding': encoding }) }
      const half = body.length >> 1
      const stream = Readable.from([body.subarray(0, half), body.subarray(half)])
      const message = await messageOf(stream, headers, { ...deps, share, onLate: () => must(false, 'it is not late') })
      must(message.length <= config.maxBodyBytes && held >= message.length, 'what is held is counted')
      return 'message'
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      return error.init.code
    } finally {
      share.close()
      must(held === 0, 'all of it is given back')
    }
  },
}

export const otlpTargets: readonly Target[] = [...all.map(decoder), http, grpc]

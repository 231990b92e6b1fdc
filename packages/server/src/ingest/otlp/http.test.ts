import { once } from 'node:events'
import { connect } from 'node:net'
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import protobuf from 'protobufjs/minimal.js'
import { expect, test } from 'vitest'
import { Unavailable } from '../../broker/broker.ts'
import { Refused } from '../../http/problem.ts'
import { otlpDoors } from './doors.testing.ts'
import type { Signal } from './signals.ts'
import { protobufOf, requestOf, responseOf } from './wire.testing.ts'

const types = { json: 'application/json', protobuf: 'application/x-protobuf' } as const
const at = '1764192000000000000'
const items: Readonly<Record<Signal, unknown>> = {
  traces: {
    traceId: '5b8efff798038103d269b633813fc60c',
    spanId: 'eee19b7ec3c1b174',
    name: 'chat',
    startTimeUnixNano: at,
    endTimeUnixNano: at,
  },
  logs: { timeUnixNano: at, body: { stringValue: 'said' } },
  metrics: { name: 'm', gauge: { dataPoints: [{ timeUnixNano: at, asInt: '1' }] } },
}
const signals = Object.keys(items) as Signal[]
const json = (signal: Signal, list = [items[signal]]) => JSON.stringify(requestOf(signal, list))
const proto = (signal: Signal, list = [items[signal]]) => protobufOf(signal, requestOf(signal, list))

/** Code and message of a google.rpc.Status. */
function statusOf(bytes: Buffer, type: string | null): { code?: number; message?: string } {
  if (type === types.json) return JSON.parse(bytes.toString()) as { code: number; message: string }
  const reader = protobuf.Reader.create(bytes)
  const status: { code?: number; message?: string } = {}
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (tag === 0x08) status.code = reader.int32()
    else if (tag === 0x12) status.message = reader.string()
    else reader.skipType(tag & 7)
  }
  return status
}

test.each(signals)('%s: all well is an empty response, in the type of the request, on both ports', async (signal) => {
  const { post, otlpUrl, url } = await otlpDoors()
  for (const base of [url, otlpUrl]) {
    const path = `/v1/${signal}`
    expect(await post(path, json(signal), { 'content-type': `${types.json}; charset=utf-8` }, base)).toMatchObject({
      status: 200,
      type: types.json,
    })
    expect((await post(path, json(signal), { 'content-type': types.json }, base)).body.toString()).toBe('{}')
    expect(await post(path, proto(signal), { 'content-type': types.protobuf }, base)).toMatchObject({
      status: 200,
      type: types.protobuf,
      body: Buffer.alloc(0),
    })
    // An empty request is one.
    expect(await post(path, '{}', { 'content-type': types.json }, base)).toMatchObject({ status: 200 })
    expect(await post(path, Buffer.alloc(0), { 'content-type': types.protobuf }, base)).toMatchObject({ status: 200 })
  }
})

test('what is refused for good is counted and named, and costs no other', async () => {
  const { post } = await otlpDoors()
  const list = [items.traces, { name: 'without ids' }, items.traces]
  const said = {
    rejectedSpans: '1',
    errorMessage: expect.stringMatching(/^1 of 3 were refused for good .* item 2: INVALID_EVENT: traceId is missing or zero\./),
  }
  const asJson = await post('/v1/traces', json('traces', list), { 'content-type': types.json })
  expect(asJson.status).toBe(200)
  expect(JSON.parse(asJson.body.toString())).toEqual({ partialSuccess: said })
  const asProto = await post('/v1/traces', proto('traces', list), { 'content-type': types.protobuf })
  expect(asProto.status).toBe(200)
  expect(responseOf('traces', asProto.body)).toMatchObject({ partialSuccess: { ...said, rejectedSpans: 1 } })
})

test('compressed bodies are understood', async () => {
  const { post } = await otlpDoors()
  const body = proto('traces')
  for (const [encoding, bytes] of [
    ['gzip', gzipSync(body)],
    ['zstd', zstdCompressSync(body)],
    ['deflate', deflateSync(body)],
  ] as const)
    expect(await post('/v1/traces', bytes, { 'content-type': types.protobuf, 'content-encoding': encoding })).toMatchObject({ status: 200 })
})

test('Langfuse’s clients find their path', async () => {
  const { post } = await otlpDoors()
  expect(await post('/api/public/otel/v1/traces', proto('traces'), { 'content-type': types.protobuf })).toMatchObject({ status: 200 })
})

const megabyte = 1 << 20
const gzip = { 'content-encoding': 'gzip' }
test.each<[string, string, Uint8Array | string, Readonly<Record<string, string>>, number, number, RegExp]>([
  ['broken JSON', '/v1/traces', '{', { 'content-type': types.json }, 400, 3, /not JSON/],
  [
    'a body that is no message',
    '/v1/traces',
    proto('traces').subarray(0, -2),
    { 'content-type': types.protobuf },
    400,
    3,
    /no Protobuf message of OTLP/,
  ],
  [
    'another signal’s body',
    '/v1/traces',
    proto('logs'),
    { 'content-type': types.protobuf },
    400,
    3,
    /^This is an ExportLogsServiceRequest; send it to \/v1\/logs\.$/,
  ],
  [
    'a truncated gzip',
    '/v1/traces',
    gzipSync(proto('traces')).subarray(0, -9),
    { 'content-type': types.protobuf, ...gzip },
    400,
    3,
    /could not be read/,
  ],
  ['no gzip at all', '/v1/traces', json('traces'), { 'content-type': types.json, ...gzip }, 400, 3, /could not be read/],
  [
    'an unknown encoding',
    '/v1/traces',
    json('traces'),
    { 'content-type': types.json, 'content-encoding': 'br' },
    415,
    12,
    /"br" is not understood/,
  ],
  ['an unknown type', '/v1/traces', 'x', { 'content-type': 'text/plain' }, 415, 12, /must be application\/x-protobuf or application\/json/],
  ['too large a body', '/v1/logs', Buffer.alloc(megabyte + 1), { 'content-type': types.protobuf }, 413, 3, /more than 1048576 bytes/],
  [
    'a bomb',
    '/v1/logs',
    gzipSync(Buffer.alloc(2 * megabyte)),
    { 'content-type': types.protobuf, ...gzip },
    413,
    3,
    /more than 1048576 bytes/,
  ],
  ['an unknown parameter', '/v1/traces?x=1', json('traces'), { 'content-type': types.json }, 400, 3, /no parameter "x"/],
])('%s is refused by a Status in the type of the request', async (_name, path, body, headers, status, code, message) => {
  const { post } = await otlpDoors()
  const answer = await post(path, body, headers)
  expect(answer).toMatchObject({ status, retryAfter: null, type: headers['content-type'] === types.protobuf ? types.protobuf : types.json })
  expect(statusOf(answer.body, answer.type)).toMatchObject({ code, message: expect.stringMatching(message) })
})

const fails = (error: Error) => ({
  receive: async () => {
    throw error
  },
})
test.each<[string, Parameters<typeof otlpDoors>[0], string]>([
  ['a full queue', fails(new Unavailable('OVERLOADED', 3_000, false)), '3'],
  ['a store that is away', fails(new Unavailable('STORE_UNAVAILABLE', 1_000, true)), '1'],
  ['a fault', fails(new Error('whatever it is')), '1'],
  ['no room for bodies', fails(new Refused({ code: 'OVERLOADED', detail: 'full', retryAfterMs: 1_000 })), '1'],
  [
    'a mapping that fails',
    {
      mappings: {
        traces: () => {
          throw new TypeError('a bug')
        },
      },
    },
    '1',
  ],
  ['keys that cannot be looked up', { caller: async () => Promise.reject(new Error('connect ECONNREFUSED')) }, '1'],
])('%s is answered 503 with Retry-After, never a rejection', async (_name, more, retryAfter) => {
  const { post } = await otlpDoors(more)
  for (const [type, body] of [
    [types.json, json('traces')],
    [types.protobuf, proto('traces')],
  ] as const) {
    const answer = await post('/v1/traces', body, { 'content-type': type })
    expect(answer).toMatchObject({ status: 503, retryAfter, type })
    expect(statusOf(answer.body, type)).toMatchObject({ code: 14 })
  }
})

test('a caller who may not send is told so, and a server that stops says when to come again', async () => {
  let caller: 'nobody' | 'reader' = 'nobody'
  const doors = await otlpDoors({
    caller: async () => (caller === 'nobody' ? undefined : { tenant: 'default', scopes: new Set(['read'] as const) }),
  })
  const ask = async () => {
    const { status, type, retryAfter, body } = await doors.post('/v1/metrics', proto('metrics'), { 'content-type': types.protobuf })
    return [status, retryAfter, statusOf(body, type).code]
  }
  expect(await ask()).toEqual([401, null, 16])
  caller = 'reader'
  expect(await ask()).toEqual([403, null, 7])
  doors.http.drain()
  expect(await ask()).toEqual([503, '2', 14])
})

test('the port of OTLP serves OTLP alone, by its own name, and no page of another site', async () => {
  const { otlpUrl, url, post } = await otlpDoors()
  expect((await fetch(`${url}/elsewhere`)).status).toBe(200)
  expect((await fetch(`${otlpUrl}/elsewhere`)).status).toBe(404)
  expect(await post('/v1/traces', '{}', { 'content-type': types.json, origin: 'https://elsewhere.example' }, otlpUrl)).toMatchObject({
    status: 403,
  })
})

test('a body that comes too slowly is answered 503: what is told 408 is not sent again', async () => {
  const { url, clock, held } = await otlpDoors()
  const { port, hostname } = new URL(url)
  const socket = connect({ port: Number(port), host: hostname })
  socket.write(`POST /v1/traces HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: ${types.json}\r\ncontent-length: 1000\r\n\r\n{`)
  await expect.poll(() => held.at(-1)).toBe(1_000)
  clock.advance(27_000)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 503 [\s\S]*retry-after: 1\r\n[\s\S]*"message":"The body did not arrive in time\."/)
  await expect.poll(() => held.at(-1)).toBe(0)
  socket.destroy()
})

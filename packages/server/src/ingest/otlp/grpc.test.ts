import { once } from 'node:events'
import type { ClientHttp2Session } from 'node:http2'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { status as codes } from '@grpc/grpc-js'
import protobuf from 'protobufjs/minimal.js'
import { expect, onTestFinished, test } from 'vitest'
import { Unavailable } from '../../broker/broker.ts'
import type { Receipt } from '../receive.ts'
import { call, methodOf, otlpDoors, stored } from './doors.testing.ts'
import type { Signal } from './signals.ts'
import { protobufOf, requestOf, responseOf } from './wire.testing.ts'

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
const body = (signal: Signal, list = [items[signal]]) => protobufOf(signal, requestOf(signal, list))
const megabyte = 1 << 20

/** One message as gRPC frames it. */
const framed = (message: Buffer, compressed = 0) => {
  const prefix = Buffer.alloc(5)
  prefix[0] = compressed
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}

/** A call by bare HTTP/2: what a well-behaved client would not send. */
function bare(session: ClientHttp2Session, headers: Readonly<Record<string, string>> = {}) {
  const stream = session.request({
    ':method': 'POST',
    ':path': methodOf('traces'),
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  })
  stream.on('error', () => undefined)
  const status = once(stream, 'response').then(
    ([answer]) => Number(answer['grpc-status']),
    () => 'none',
  )
  return { stream, status }
}

test.each<Signal>(['traces', 'logs', 'metrics'])('%s: all well is an empty message, plain and gzip', async (signal) => {
  const doors = await otlpDoors()
  expect(await doors.client().export(signal, body(signal))).toEqual({ bytes: Buffer.alloc(0) })
  const zipping = doors.client({ 'grpc.default_compression_algorithm': 2 })
  expect(await zipping.export(signal, body(signal))).toEqual({ bytes: Buffer.alloc(0) })
  expect(await zipping.export(signal, Buffer.alloc(0))).toEqual({ bytes: Buffer.alloc(0) })
})

test('what is refused for good is counted and named', async () => {
  const { client } = await otlpDoors()
  const answer = await client().export('traces', body('traces', [items.traces, { name: 'without ids' }]))
  expect('bytes' in answer && responseOf('traces', answer.bytes)).toMatchObject({
    partialSuccess: { rejectedSpans: 1, errorMessage: expect.stringContaining('item 1: INVALID_EVENT') },
  })
})

test.each<[string, Buffer, RegExp]>([
  ['a body that is no message', body('traces').subarray(0, -2), /no Protobuf message of OTLP/],
  ['another signal’s body', body('logs'), /send it to \/v1\/logs/],
  ['a message that is too large', Buffer.alloc(2 * megabyte), /more than 1048576 bytes/],
])('%s is INVALID_ARGUMENT, which nobody sends again', async (_name, message, why) => {
  const { client } = await otlpDoors()
  expect(await client().export('traces', message)).toMatchObject({
    error: { code: codes.INVALID_ARGUMENT, details: expect.stringMatching(why) },
  })
  const zipping = client({ 'grpc.default_compression_algorithm': 2 })
  expect(await zipping.export('traces', message)).toMatchObject({
    error: { code: codes.INVALID_ARGUMENT, details: expect.stringMatching(why) },
  })
})

/** Seconds of google.rpc.RetryInfo within a google.rpc.Status. */
function retrySecondsOf(bytes: Buffer): number | undefined {
  const fieldOf = (message: Buffer, tag: number): Buffer | undefined => {
    const reader = protobuf.Reader.create(message)
    while (reader.pos < reader.len) {
      const found = reader.uint32()
      if (found === tag) return Buffer.from(reader.bytes())
      reader.skipType(found & 7)
    }
    return undefined
  }
  const any = fieldOf(bytes, 0x1a)
  const value = any === undefined ? undefined : fieldOf(any, 0x12)
  const delay = value === undefined ? undefined : fieldOf(value, 0x0a)
  expect(any === undefined ? '' : String(fieldOf(any, 0x0a))).toBe('type.googleapis.com/google.rpc.RetryInfo')
  return delay?.[0] === 0x08 ? delay[1] : undefined
}

test.each<[string, Parameters<typeof otlpDoors>[0], number]>([
  ['a full queue', { receive: () => Promise.reject(new Unavailable('OVERLOADED', 3_000, false)) }, 3],
  ['a fault', { receive: () => Promise.reject(new Error('whatever')) }, 1],
  ['keys that cannot be looked up', { caller: () => Promise.reject(new Error('connect ECONNREFUSED')) }, 1],
])('%s is UNAVAILABLE, with when to try again', async (_name, more, seconds) => {
  const { client } = await otlpDoors(more)
  const answer = await client({ 'grpc.enable_retries': 0 }).export('traces', body('traces'))
  expect(answer).toMatchObject({ error: { code: codes.UNAVAILABLE } })
  const [details] = 'error' in answer ? answer.error.metadata.get('grpc-status-details-bin') : []
  expect(retrySecondsOf(details as Buffer)).toBe(seconds)
})

test('a caller who may not send, a method that is none', async () => {
  const { client } = await otlpDoors({ caller: async () => undefined })
  expect(await client().export('traces', body('traces'))).toMatchObject({ error: { code: codes.UNAUTHENTICATED } })
  const reading = await otlpDoors({ caller: async () => ({ tenant: 'default', scopes: new Set(['read'] as const) }) })
  expect(await reading.client().export('traces', body('traces'))).toMatchObject({ error: { code: codes.PERMISSION_DENIED } })
  expect(await call(reading.client().channel, '/x.Y/Z', body('traces'))).toMatchObject({ error: { code: codes.UNIMPLEMENTED } })
})

test('what is no call of gRPC is refused, and costs its connection nothing', async () => {
  const { session, client } = await otlpDoors()
  const connection = session()
  const statusOf = async (bytes: Buffer, headers?: Readonly<Record<string, string>>) => {
    const { stream, status } = bare(connection, headers)
    stream.end(bytes)
    return status
  }
  const message = body('traces')
  expect(await statusOf(Buffer.alloc(0))).toBe(codes.INVALID_ARGUMENT)
  expect(await statusOf(framed(message).subarray(0, -1))).toBe(codes.INVALID_ARGUMENT)
  expect(await statusOf(Buffer.concat([framed(message), framed(message)]))).toBe(codes.INVALID_ARGUMENT)
  expect(await statusOf(framed(message, 1))).toBe(codes.INVALID_ARGUMENT)
  expect(await statusOf(framed(gzipSync(message).subarray(0, -4), 1), { 'grpc-encoding': 'gzip' })).toBe(codes.INVALID_ARGUMENT)
  expect(await statusOf(framed(gzipSync(Buffer.alloc(3 * megabyte)), 1), { 'grpc-encoding': 'gzip' })).toBe(codes.INVALID_ARGUMENT)
  expect(await statusOf(framed(message, 1), { 'grpc-encoding': 'snappy' })).toBe(codes.UNIMPLEMENTED)
  expect(await statusOf(framed(message), { 'content-type': 'text/plain' })).toBe(codes.UNIMPLEMENTED)
  const { stream } = bare(connection)
  stream.end(framed(message))
  const [trailers] = await once(stream, 'trailers')
  expect(trailers['grpc-status']).toBe('0')
  expect(await client().export('traces', message)).toHaveProperty('bytes')
})

test('messages under way are held to the bound of all bodies; who is refused is told to come again', async () => {
  const { session, held, client, refusals } = await otlpDoors({ inFlightBytes: 3 * megabyte, maxBodyBytes: 2 * megabyte })
  const slow = Array.from({ length: 40 }, () => bare(session()))
  const statuses: unknown[] = []
  for (const { stream, status } of slow) {
    void status.then((code) => statuses.push(code))
    stream.write(framed(Buffer.alloc(2 * megabyte)).subarray(0, megabyte))
  }
  await expect.poll(() => statuses.length).toBeGreaterThan(35)
  expect(new Set(statuses)).toEqual(new Set([codes.UNAVAILABLE]))
  expect(refusals).toContain('OVERLOADED')
  expect(Math.max(...held)).toBeLessThanOrEqual(3 * megabyte)
  for (const { stream } of slow) stream.close()
  await expect.poll(() => held.at(-1)).toBe(0)
  expect(await client().export('traces', body('traces'))).toHaveProperty('bytes')
})

test('a message that comes too slowly is refused, and what it held is given back', async () => {
  const { session, clock, held } = await otlpDoors()
  const { stream, status } = bare(session())
  stream.write(framed(body('traces')).subarray(0, 50))
  await expect.poll(() => held.at(-1)).toBe(50)
  clock.advance(30_000)
  expect(await status).toBe(codes.UNAVAILABLE)
  // It has a second more to leave by itself.
  clock.advance(1_000)
  await expect.poll(() => held.at(-1)).toBe(0)
})

test('a stop answers what is under way and refuses what comes', async () => {
  const settle: (() => void)[] = []
  const { client, grpc } = await otlpDoors({
    receive: (raw, options) => new Promise<Receipt>((resolve) => settle.push(() => resolve(stored(raw, options)))),
  })
  const first = client({ 'grpc.enable_retries': 0 })
  const underWay = first.export('traces', body('traces'))
  await expect.poll(() => settle.length).toBe(1)
  const stopped = grpc.stop()
  const late = client({ 'grpc.enable_retries': 0 })
  expect(await late.export('traces', body('traces'))).toMatchObject({ error: { code: codes.UNAVAILABLE } })
  settle[0]?.()
  expect(await underWay).toHaveProperty('bytes')
  await stopped
})

test('a stop cuts what does not end', async () => {
  const { session, grpc, clock } = await otlpDoors({ receive: () => new Promise<Receipt>(() => undefined) })
  const connection = session()
  const { stream } = bare(connection)
  stream.end(framed(body('traces')))
  await once(connection, 'connect')
  const closed = once(connection, 'close')
  const stopped = grpc.stop()
  clock.advance(1_000)
  await stopped
  await closed
})

test('a peer that is gone without a word is noticed by a ping that it does not answer', async () => {
  const { address, clock } = await otlpDoors()
  const [host, port] = address.split(':')
  const socket = connect({ host: host ?? '', port: Number(port) })
  onTestFinished(() => void socket.destroy())
  const frames: Buffer[] = []
  socket.on('data', (chunk: Buffer) => frames.push(chunk))
  // The preface of HTTP/2 and empty settings: all that this peer ever says.
  socket.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.from('000000040000000000', 'hex')]))
  await expect.poll(() => frames.length).toBeGreaterThan(0)
  const before = Buffer.concat(frames).length
  clock.advance(60_000)
  const ping = Buffer.from('0000080600', 'hex')
  await expect.poll(() => Buffer.concat(frames).subarray(before).includes(ping)).toBe(true)
  const closed = once(socket, 'close')
  clock.advance(20_000)
  await closed
})

/** Whatever a sender writes, on every way in: a clear answer, every other event stored, everything counted. */

import { once } from 'node:events'
import { connect } from 'node:net'
import { constants, createZstdCompress, gzipSync, zstdCompressSync } from 'node:zlib'
import { codecs } from '@signalbox/model/codecs/codec.ts'
import { uuidv7 } from '@signalbox/model/ids.ts'
import { closeCodes } from '@signalbox/model/live.ts'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type App, startApp } from '../app.ts'
import { readConfig } from '../config.ts'
import { stopDatabases, withDatabase } from '../store/testing.ts'
import { connectIngest, ways } from './senders.testing.ts'

let app: App
const small = { SIGNALBOX_MAX_BODY_BYTES: '2000000', SIGNALBOX_MAX_BATCH_EVENTS: '1000', SIGNALBOX_INGEST_CREDIT: '1500' }

beforeAll(async () => {
  app = await startApp(readConfig({ DATABASE_URL: await withDatabase(), SIGNALBOX_PORT: '0', ...small }), {
    log: pino({ level: 'silent' }),
  })
})
afterAll(async () => {
  await app.stop()
  await stopDatabases()
})

const event = (more: Record<string, unknown> = {}) => ({
  id: uuidv7(Date.now()),
  source: 'test',
  type: 'log',
  time: new Date().toISOString(),
  run: 'r',
  agent: 'a',
  data: {},
  ...more,
})
const good = (more: Record<string, unknown> = {}) => JSON.stringify(event(more))
const withData = (data: string) => good().replace('"data":{}', `"data":${data}`)
const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`

async function countsOf(door: string) {
  const text = await (await fetch(`${app.url}/metrics`)).text()
  const of = (fate: string) =>
    Number(new RegExp(`^signalbox_events_total\\{door="${door}",fate="${fate}"\\} (\\d+)`, 'm').exec(text)?.[1] ?? 0)
  return { received: of('received'), settled: of('stored') + of('duplicate') + of('refused') + of('quarantined') }
}

async function theOthersAreServed() {
  for (const way of ['rest', 'json'] as const) {
    const other = await ways[way](app.url)
    expect(await other.send([good()])).toMatchObject({ accepted: 1, refused: [] })
    other.close()
  }
}

/** Name, item as JSON text, code; `not`: ways whose encoder cannot write it. */
const refused: readonly (readonly [name: string, item: string, code: string, not?: readonly string[]])[] = [
  ['a missing field', '{"source":"x"}', 'INVALID_EVENT'],
  ['a wrong type', good({ seq: 'seven' }), 'INVALID_EVENT'],
  ['a number where an event should be', '7', 'INVALID_EVENT'],
  ['null where an event should be', 'null', 'INVALID_EVENT'],
  ['a NUL in a name', good({ agent: 'a\u0000b' }), 'INVALID_EVENT'],
  ['a lone surrogate in a name', good({ agent: '\ud800' }), 'INVALID_EVENT'],
  ['2^53', withData('{"n":9007199254740992}'), 'NUMBER_NOT_EXACT'],
  ['a number out of range', withData('{"n":1e400}'), 'NUMBER_NOT_EXACT', ['proto']],
  ['seq beyond 2^53', good().replace('"data"', '"seq":9007199254740993,"data"'), 'INVALID_EVENT'],
  ['__proto__', withData('{"in":{"__proto__":{"admin":true}}}'), 'KEY_FORBIDDEN'],
  ['depth 65', withData(deep(65)), 'TOO_DEEP'],
  ['depth 100,000', withData(deep(100_000)), 'TOO_DEEP', ['msgpack', 'proto']],
  ['too old', good({ id: uuidv7(Date.UTC(2020, 1, 1)) }), 'EVENT_TOO_OLD'],
  ['from the future', good({ id: uuidv7(Date.now() + 3_600_000) }), 'EVENT_FROM_FUTURE'],
  ['from the future by its time alone', good({ time: '9999-12-31T23:59:59-23:59' }), 'EVENT_FROM_FUTURE'],
]

describe.each(Object.keys(ways) as (keyof typeof ways)[])('%s', (way) => {
  const door = way === 'rest' ? 'rest' : 'websocket'
  async function sender() {
    const made = await ways[way](app.url)
    onTestFinished(() => made.close())
    return made
  }

  const cases = refused.flatMap(([name, item, code, not = []]) => (not.includes(way) ? [] : [{ name, item, code }]))
  test.each(cases)('$name: refused by name, the rest is stored, all is counted', async ({ item, code }) => {
    const it = await sender()
    const before = await countsOf(door)
    expect(await it.send([good(), item, good()])).toMatchObject({ accepted: 2, duplicates: 0, refused: [{ index: 1, code }] })
    expect(await it.send([good()])).toMatchObject({ accepted: 1, refused: [] })
    const after = await countsOf(door)
    expect(after.received - before.received).toBe(4)
    expect(after.settled).toBe(after.received)
    await theOthersAreServed()
  })

  test('kept as sent: an unknown type, NUL and lone surrogates in data, the largest number', async () => {
    const it = await sender()
    const odd = event({ type: 'com.example/Odd', data: { text: 'a\u0000b\ud800c', n: Number.MAX_SAFE_INTEGER, x: 0.1 } })
    expect(await it.send([JSON.stringify(odd)])).toMatchObject({ accepted: 1, refused: [] })
    expect(await (await fetch(`${app.url}/v1/events/${odd.id}`)).json()).toMatchObject({ type: odd.type, data: odd.data })
  })

  test('an id again: the same is a duplicate, other content is refused, within a batch and after it', async () => {
    const it = await sender()
    const first = event({ data: { n: 1 } })
    const [same, other] = [JSON.stringify(first), JSON.stringify({ ...first, data: { n: 2 } })]
    expect(await it.send([same, same, other])).toMatchObject({ accepted: 1, duplicates: 1, refused: [{ index: 2, code: 'ID_REUSED' }] })
    expect(await it.send([good(), other, same])).toMatchObject({ accepted: 1, duplicates: 1, refused: [{ index: 1, code: 'ID_REUSED' }] })
    const { received, settled } = await countsOf(door)
    expect(settled).toBe(received)
  })

  test('an empty batch is answered', async () => {
    const it = await sender()
    expect(await it.send([])).toMatchObject({ accepted: 0, duplicates: 0, refused: [] })
    expect(await it.send([good()])).toMatchObject({ accepted: 1 })
  })
})

const deepArray = Buffer.concat([Buffer.alloc(100_000, 0x91), Buffer.from([1])])
const batch = (n: number, events: readonly unknown[]) => JSON.stringify({ kind: 'batch', n, events })

test.each([
  ['JSON cut short', codecs.json, '{"kind":"batch"', closeCodes.protocol, 'MALFORMED_JSON'],
  [
    'JSON in bytes that are no UTF-8',
    codecs.json,
    Buffer.from(batch(1, [event({ run: 'caf\u00e9' })]), 'latin1'),
    closeCodes.protocol,
    'BAD_REQUEST',
  ],
  ['a frame of another kind', codecs.json, '{"kind":"nonsense"}', closeCodes.protocol, 'BAD_REQUEST'],
  ['a number', codecs.json, '7', closeCodes.protocol, 'BAD_REQUEST'],
  ['events that are no list', codecs.json, '{"kind":"batch","n":1,"events":{}}', closeCodes.protocol, 'BAD_REQUEST'],
  ['a batch number that is none', codecs.json, '{"kind":"batch","n":1.5,"events":[]}', closeCodes.protocol, 'BAD_REQUEST'],
  ['a batch of 100,000', codecs.json, batch(1, Array(100_000).fill(1)), closeCodes.tooLarge, 'BATCH_TOO_LARGE'],
  ['no MessagePack', codecs.msgpack, Buffer.from([0xc1]), closeCodes.protocol, 'BAD_REQUEST'],
  ['MessagePack nested 100,000 deep', codecs.msgpack, deepArray, closeCodes.protocol, 'BAD_REQUEST'],
  ['a list said to have 2^32 - 1 items', codecs.msgpack, Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff]), closeCodes.protocol, 'BAD_REQUEST'],
  ['text where MessagePack was agreed', codecs.msgpack, batch(1, []), closeCodes.protocol, 'BAD_REQUEST'],
  ['no Protobuf', codecs.proto, Buffer.from([0xff, 0xff, 0xff]), closeCodes.protocol, 'BAD_REQUEST'],
  ['text where Protobuf was agreed', codecs.proto, batch(1, []), closeCodes.protocol, 'BAD_REQUEST'],
])('WebSocket: %s ends that socket with a code, and nothing else', async (_name, codec, content, close, code) => {
  const { socket, until, closed } = await connectIngest(app.url, codec)
  socket.send(content)
  expect(await until(({ kind }) => kind === 'error')).toMatchObject({ code })
  expect(await closed).toBe(close)
  await theOthersAreServed()
})

test('WebSocket: a frame above the limit ends that socket with 1009', async () => {
  const { socket, closed } = await connectIngest(app.url)
  socket.send(' '.repeat(2_000_001))
  expect(await closed).toBe(1009)
  await theOthersAreServed()
})

test('WebSocket: what follows a wrong batch number, or passes the credit, is not taken', async () => {
  const before = await countsOf('websocket')
  for (const second of [3, 2]) {
    const { socket, until, closed } = await connectIngest(app.url)
    socket.send(batch(1, Array(800).fill(event())))
    // Either a number too far, or more events than the credit of 1,500 has left.
    socket.send(batch(second, Array(800).fill(event())))
    socket.send(batch(2, [event()]))
    expect(await until(({ kind }) => kind === 'error')).toMatchObject({ code: 'BAD_REQUEST' })
    expect(await closed).toBe(closeCodes.protocol)
  }
  const probe = await connectIngest(app.url)
  probe.say({ kind: 'batch', n: 1, events: [] })
  await probe.until(({ n }) => n === 1)
  probe.socket.close()
  expect((await countsOf('websocket')).received - before.received).toBe(1_600)
})

test('REST: a bomb of either encoding is cut at the limit', async () => {
  const zeros = Buffer.alloc(200_000_000)
  for (const [encoding, bomb] of Object.entries({ gzip: gzipSync(zeros), zstd: zstdCompressSync(zeros) })) {
    const before = process.memoryUsage().rss
    const response = await fetch(`${app.url}/v1/events`, {
      method: 'POST',
      headers: { 'content-encoding': encoding },
      body: new Uint8Array(bomb),
    })
    expect([response.status, await response.json()]).toMatchObject([413, { code: 'BODY_TOO_LARGE' }])
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000)
  }
  await theOthersAreServed()
})

test('REST: a bomb of newlines or of lines costs no more than the body', async () => {
  const post = async (bomb: Buffer) => {
    const headers = { 'content-encoding': 'gzip', 'content-type': 'application/x-ndjson' }
    const response = await fetch(`${app.url}/v1/events`, { method: 'POST', headers, body: new Uint8Array(gzipSync(bomb)) })
    return [response.status, await response.json()]
  }
  const before = process.memoryUsage().rss
  expect(await post(Buffer.alloc(2_000_000, '\n'))).toMatchObject([200, { accepted: 0, refused: [] }])
  expect(await post(Buffer.alloc(2_000_000, '\r\n \t'))).toMatchObject([200, { accepted: 0, refused: [] }])
  expect(await post(Buffer.alloc(2_000_000, '1\n'))).toMatchObject([413, { code: 'BATCH_TOO_LARGE' }])
  expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000)
})

test('REST: what is nested too deeply to be printed in time is kept by that name', async () => {
  const levels = 500_000
  const body = '['.repeat(levels) + ']'.repeat(levels)
  const response = await fetch(`${app.url}/v1/events`, { method: 'POST', body })
  expect([response.status, await response.json()]).toMatchObject([422, { code: 'INVALID_EVENT' }])
  const { items } = (await (await fetch(`${app.url}/v1/quarantine?limit=1`)).json()) as { items: { body: string }[] }
  expect(items[0]?.body).toBe('(nested too deeply to print)')
})

test.each([
  ['gzip', gzipSync],
  ['zstd', zstdCompressSync],
] as const)(
  'REST: what comes behind the end of %s is not dropped without a word; another frame of it is read',
  async (encoding, compress) => {
    const frame = () => compress(`${good()}\n`)
    const post = async (...parts: Buffer[]) => {
      const headers = { 'content-encoding': encoding, 'content-type': 'application/x-ndjson' }
      return fetch(`${app.url}/v1/events`, { method: 'POST', headers, body: new Uint8Array(Buffer.concat(parts)) })
    }
    expect(await (await post(frame(), frame())).json()).toMatchObject({ accepted: 2, refused: [] })
    const broken = frame()
    broken[0] = 0
    const refused = await post(frame(), broken)
    expect([refused.status, await refused.json()]).toMatchObject([400, { code: 'BAD_REQUEST' }])
  },
)

test('REST: zstd that asks for a window of 128 MiB is refused', async () => {
  const compress = createZstdCompress({ params: { [constants.ZSTD_c_windowLog]: 27 } })
  const chunks: Buffer[] = []
  compress.on('data', (chunk: Buffer) => chunks.push(chunk))
  // Two writes: of one alone the size is known, and asked for instead.
  compress.write(`[${good()},`)
  compress.flush()
  compress.end(`${good()}]`)
  await once(compress, 'end')
  const body = new Uint8Array(Buffer.concat(chunks))
  const response = await fetch(`${app.url}/v1/events`, { method: 'POST', headers: { 'content-encoding': 'zstd' }, body })
  expect([response.status, await response.json()]).toMatchObject([400, { code: 'BAD_REQUEST' }])
})

test('MessagePack: what JSON does not know is refused item by item', async () => {
  const { socket, say, until } = await connectIngest(app.url, codecs.msgpack)
  onTestFinished(() => socket.close())
  const odd = [new Date(0), Buffer.from('x'), 2n ** 62n].map((value) => event({ data: { list: [value] } }))
  say({ kind: 'batch', n: 1, events: [event({ run: undefined }), ...odd, event()] })
  expect(await until(({ n }) => n === 1)).toMatchObject({
    accepted: 2,
    refused: [
      { index: 1, code: 'MALFORMED_JSON' },
      { index: 2, code: 'MALFORMED_JSON' },
      { index: 3, code: 'NUMBER_NOT_EXACT' },
    ],
  })
  const { received, settled } = await countsOf('websocket')
  expect(settled).toBe(received)
})

test('REST: bytes that are no UTF-8 are refused, of NDJSON their line alone', async () => {
  const post = async (type: string, body: Buffer) => {
    const response = await fetch(`${app.url}/v1/events`, { method: 'POST', headers: { 'content-type': type }, body: new Uint8Array(body) })
    return [response.status, await response.json()]
  }
  const broken = Buffer.from(JSON.stringify(event({ data: { text: 'caf?' } })).replace('?', '\u00e9'), 'latin1')
  expect(await post('application/json', broken)).toMatchObject([400, { code: 'MALFORMED_JSON', detail: 'The body is not UTF-8.' }])
  const lines = Buffer.concat([Buffer.from(`${good()}\n`), broken, Buffer.from(`\n${good()}`)])
  expect(await post('application/x-ndjson', lines)).toMatchObject([200, { accepted: 2, refused: [{ index: 1, code: 'MALFORMED_JSON' }] }])
})

test('REST: no body, and one that is said to be too large, are refused before any of it comes', async () => {
  const asked = async (head: string) => {
    const socket = connect(Number(new URL(app.url).port), '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    socket.write(`POST /v1/events HTTP/1.1\r\nHost: localhost\r\n${head}\r\n\r\n`)
    return String(await once(socket, 'data'))
  }
  expect(await asked('Connection: close')).toContain('"code":"MALFORMED_JSON"')
  expect(await asked('content-length: 2000001')).toContain('"code":"BODY_TOO_LARGE"')
})

test.each([
  ['an empty Idempotency-Key', '', { 'idempotency-key': '' }],
  ['an Idempotency-Key too long to keep', '', { 'idempotency-key': 'k'.repeat(256) }],
  ['a parameter of no meaning', '?backfil=true', {}],
  ['a backfill that is neither true nor false', '?backfill=yes', {}],
  ['a backfill said twice', '?backfill=true&backfill=false', {}],
])('REST: %s is refused, and nothing is stored', async (_name, query, headers) => {
  const body = event()
  const response = await fetch(`${app.url}/v1/events${query}`, { method: 'POST', headers, body: JSON.stringify(body) })
  expect([response.status, await response.json()]).toMatchObject([400, { code: 'BAD_REQUEST' }])
  expect((await fetch(`${app.url}/v1/events/${body.id}`)).status).toBe(404)
})

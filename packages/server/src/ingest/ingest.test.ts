import { once } from 'node:events'
import { connect } from 'node:net'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { uuidv7 } from '@signalbox/model/ids.ts'
import fc from 'fast-check'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { startTestApi } from '../api/testing.ts'
import { type App, startApp } from '../app.ts'
import { type Ack, Unavailable } from '../broker/broker.ts'
import { createFakeClock } from '../clock.fake.ts'
import { readConfig } from '../config.ts'
import { createMetrics } from '../ops/metrics.ts'
import { stopDatabases, withDatabase } from '../store/testing.ts'
import { createReceive } from './receive.ts'

let app: App
const small = { SIGNALBOX_MAX_BODY_BYTES: '2000000', SIGNALBOX_MAX_BATCH_EVENTS: '1000', SIGNALBOX_BODY_TIMEOUT_MS: '1500' }

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

interface Answer {
  readonly status: number
  readonly body: {
    readonly accepted?: number
    readonly duplicates?: number
    readonly code?: string
    readonly refused?: readonly { index: number; code: string }[]
    readonly warnings?: readonly { code: string }[]
    readonly ids?: readonly { id: string }[]
  }
}
async function post(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}, query = ''): Promise<Answer> {
  const response = await fetch(`${app.url}/v1/events${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })
  return { status: response.status, body: (await response.json()) as Answer['body'] }
}
const send = (value: unknown, headers?: Record<string, string>, query?: string) => post(JSON.stringify(value), headers, query)
const bytes = (buffer: Buffer) => new Uint8Array(buffer)

test('one event, an array, NDJSON; plain, gzip and zstd', async () => {
  expect(await send(event())).toMatchObject({ status: 200, body: { accepted: 1, refused: [] } })
  expect(await send([event(), event()])).toMatchObject({ status: 200, body: { accepted: 2 } })
  const lines = [event(), event(), event()].map((item) => JSON.stringify(item)).join('\n')
  expect(await post(lines, { 'content-type': 'application/x-ndjson' })).toMatchObject({ status: 200, body: { accepted: 3 } })
  const text = () => Buffer.from(JSON.stringify([event()]))
  expect(await post(bytes(gzipSync(text())), { 'content-encoding': 'gzip' })).toMatchObject({ status: 200, body: { accepted: 1 } })
  expect(await post(bytes(zstdCompressSync(text())), { 'content-encoding': 'zstd' })).toMatchObject({ status: 200, body: { accepted: 1 } })
  expect(await post(bytes(text()), { 'content-encoding': 'br' })).toMatchObject({ status: 415, body: { code: 'UNSUPPORTED_ENCODING' } })
})

const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`
const raw = (data: string, more: Record<string, unknown> = {}) => JSON.stringify(event(more)).replace('"data":{}', `"data":${data}`)

test.each([
  ['a missing field', JSON.stringify({ source: 'x' }), 'INVALID_EVENT'],
  ['a wrong type', JSON.stringify(event({ seq: 'seven' })), 'INVALID_EVENT'],
  ['no object', '7', 'INVALID_EVENT'],
  ['a NUL in a name', JSON.stringify(event({ agent: 'a\u0000b' })), 'INVALID_EVENT'],
  ['a lone surrogate in a name', JSON.stringify(event({ agent: '\ud800' })), 'INVALID_EVENT'],
  ['2^53', raw('{"n":9007199254740992}'), 'NUMBER_NOT_EXACT'],
  ['a number out of range', raw('{"n":1e400}'), 'NUMBER_NOT_EXACT'],
  ['seq beyond 2^53', JSON.stringify(event()).replace('"data"', '"seq":9007199254740993,"data"'), 'INVALID_EVENT'],
  ['__proto__', raw('{"__proto__":{"admin":true}}'), 'KEY_FORBIDDEN'],
  ['depth 65', raw(deep(65)), 'TOO_DEEP'],
  ['depth 100,000', raw(deep(100_000)), 'TOO_DEEP'],
  [
    '1,001 keys',
    JSON.stringify(event({ data: Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [`k${i}`, i])) })),
    'TOO_MANY_KEYS',
  ],
  ['a string of a million and one', JSON.stringify(event({ data: { text: 'x'.repeat(1_000_001) } })), 'STRING_TOO_LONG'],
  ['too old', JSON.stringify(event({ id: uuidv7(Date.UTC(2020, 1, 1)) })), 'EVENT_TOO_OLD'],
  ['from the future', JSON.stringify(event({ id: uuidv7(Date.now() + 3_600_000) })), 'EVENT_FROM_FUTURE'],
])('%s is refused by name and costs no other event', async (_name, bad, code) => {
  const { status, body } = await post(`[${JSON.stringify(event())},${bad},${JSON.stringify(event())}]`)
  expect(status).toBe(200)
  expect(body).toMatchObject({ accepted: 2, refused: [{ index: 1, code }] })
  // Alone it answers as a problem.
  expect((await post(bad)).body.code).toBe(code)
})

test('an unknown type is stored; \\u0000 and lone surrogates in data are kept as they are', async () => {
  const odd = event({ type: 'com.example/Odd-Type', data: { text: 'a\u0000b\ud800c' } })
  expect(await send(odd)).toMatchObject({ status: 200, body: { accepted: 1 } })
  const stored = (await (await fetch(`${app.url}/v1/events/${odd.id}`)).json()) as { type: string; data: unknown }
  expect(stored).toMatchObject({ type: 'com.example/Odd-Type', data: { text: 'a\u0000b\ud800c' } })
})

test('an id again: the same content is a duplicate, other content is refused and kept in quarantine', async () => {
  const first = event({ data: { n: 1 } })
  expect(await send(first)).toMatchObject({ body: { accepted: 1 } })
  expect(await send(first)).toMatchObject({ status: 200, body: { accepted: 0, duplicates: 1 } })
  expect(await send({ ...first, data: { n: 2 } })).toMatchObject({ status: 409, body: { code: 'ID_REUSED' } })
  const { items } = (await (await fetch(`${app.url}/v1/quarantine`)).json()) as {
    items: { eventId?: string; body: string; otherBody?: string }[]
  }
  const kept = items.find(({ eventId }) => eventId === first.id)
  expect([JSON.parse(kept?.body ?? '{}').data, JSON.parse(kept?.otherBody ?? '{}').data]).toEqual([{ n: 2 }, { n: 1 }])
})

test('without an id the sender is told that a retry may double; an Idempotency-Key makes it a duplicate', async () => {
  const { id: _id, ...nameless } = event()
  expect((await send(nameless)).body.warnings?.[0]?.code).toBe('ID_MADE_BY_SERVER')
  const key = { 'idempotency-key': crypto.randomUUID() }
  const once_ = await send(nameless, key)
  const again = await send(nameless, key)
  expect([once_.body.accepted, again.body.accepted, again.body.duplicates]).toEqual([1, 0, 1])
  expect(again.body.ids).toEqual(once_.body.ids)
  expect(await send({ ...nameless, data: { other: true } }, key)).toMatchObject({ status: 409, body: { code: 'ID_REUSED' } })
})

test('malformed JSON, an empty batch, a malformed line', async () => {
  expect(await post('{"a":')).toMatchObject({ status: 400, body: { code: 'MALFORMED_JSON' } })
  expect(await post('[]')).toMatchObject({ status: 200, body: { accepted: 0, refused: [] } })
  const lines = `${JSON.stringify(event())}\n{oops\n${JSON.stringify(event())}`
  expect(await post(lines, { 'content-type': 'application/x-ndjson' })).toMatchObject({
    status: 200,
    body: { accepted: 2, refused: [{ index: 1, code: 'MALFORMED_JSON' }] },
  })
})

test('history enters through the backfill, at its own time', async () => {
  const old = event({ id: uuidv7(Date.UTC(2021, 4, 5)), time: '2021-05-05T00:00:00.000Z' })
  expect(await send([old], {}, '?backfill=true')).toMatchObject({ body: { accepted: 1 } })
  expect(await (await fetch(`${app.url}/v1/events/${old.id}`)).json()).toMatchObject({ time: '2021-05-05T00:00:00.000Z' })
})

test('a gzip bomb is cut at the limit; a batch of 100,000 is refused', async () => {
  const bomb = gzipSync(Buffer.alloc(200_000_000, 0x20))
  const before = process.memoryUsage().rss
  expect(await post(bytes(bomb), { 'content-encoding': 'gzip' })).toMatchObject({ status: 413, body: { code: 'BODY_TOO_LARGE' } })
  expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000)
  expect(await post(`[${'1,'.repeat(99_999)}1]`)).toMatchObject({ status: 413, body: { code: 'BATCH_TOO_LARGE' } })
})

test('a client that sends a byte at a time is cut off in time, and the others are served meanwhile', async () => {
  const { hostname, port } = new URL(app.url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  socket.write(`POST /v1/events HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n`)
  const drip = setInterval(() => socket.writable && socket.write(' '), 50)
  socket.on('error', () => undefined)
  let answer = ''
  socket.on('data', (chunk) => {
    answer += chunk
  })
  const closed = once(socket, 'close')
  expect(await send(event())).toMatchObject({ status: 200 })
  await closed
  clearInterval(drip)
  expect(answer).toMatch(/^HTTP\/1\.1 (408|400)/)
})

test('another site’s page gets nothing, by Host or by Origin', async () => {
  const { hostname, port } = new URL(app.url)
  const ask = async (headers: string) => {
    const socket = connect(Number(port), hostname)
    socket.write(`GET /v1/info HTTP/1.1\r\n${headers}\r\nconnection: close\r\n\r\n`)
    let answer = ''
    for await (const chunk of socket) answer += chunk
    return answer
  }
  expect(await ask(`host: ${hostname}:${port}`)).toMatch(/^HTTP\/1\.1 200/)
  expect(await ask(`host: evil.example:${port}`)).toMatch(/403[\s\S]*ORIGIN_REFUSED/)
  expect(await ask(`host: ${hostname}:${port}\r\norigin: https://evil.example`)).toMatch(/403[\s\S]*ORIGIN_REFUSED/)
})

test('WebSocket ingest: batches in flight, cumulative acks, a frame that is none', async () => {
  const socket = new WebSocket(`${app.url.replace('http', 'ws')}/v1/ingest`)
  const frames: { kind: string; n?: number; accepted?: number; credit?: number; refused?: { n: number; index: number; code: string }[] }[] =
    []
  let wake = () => {}
  socket.on('message', (text) => {
    frames.push(JSON.parse(String(text)))
    wake()
  })
  const until = async (done: () => boolean) => {
    while (!done()) {
      await new Promise<void>((resume) => {
        wake = resume
      })
    }
  }
  await until(() => frames[0]?.kind === 'welcome')
  for (let n = 1; n <= 5; n += 1) socket.send(JSON.stringify({ kind: 'batch', n, events: [event(), n === 3 ? { bad: true } : event()] }))
  await until(() => frames.at(-1)?.n === 5)
  const acks = frames.filter(({ kind }) => kind === 'ack')
  expect(acks.reduce((sum, { accepted = 0 }) => sum + accepted, 0)).toBe(9)
  expect(acks.flatMap(({ refused = [] }) => refused)).toMatchObject([{ n: 3, index: 1, code: 'INVALID_EVENT' }])
  expect(acks.map(({ n }) => n)).toEqual(acks.map(({ n }) => n).sort())
  const closed = once(socket, 'close')
  socket.send('{"kind":"nonsense"}')
  const [code] = await closed
  expect(code).toBe(4010)
})

test('received = stored + duplicate + refused + quarantined, whatever comes and whatever fails', async () => {
  const Item = fc.constantFrom('good', 'bad', 'malformed', 'again', 'reused', 'reused, not kept', 'old')
  await fc.assert(
    fc.asyncProperty(
      fc.array(Item, { maxLength: 30 }),
      fc.constantFrom('works', 'away', 'half'),
      fc.nat({ max: 10 }),
      async (kinds, store, room) => {
        const metrics = createMetrics()
        const receive = createReceive({
          broker: {
            async publish({ partition, events }): Promise<Ack> {
              if (store === 'away' || (store === 'half' && partition === 1)) throw new Unavailable('OVERLOADED', 1, false)
              return {
                durability: 'durable',
                head: 1,
                outcomes: events.map(({ source }) =>
                  source === 'again'
                    ? { kind: 'duplicate' }
                    : source === 'reused'
                      ? { kind: 'refused', code: 'ID_REUSED', message: '', kept: true }
                      : source === 'reused, not kept'
                        ? { kind: 'refused', code: 'ID_REUSED', message: '', kept: false }
                        : source === 'old'
                          ? { kind: 'refused', code: 'EVENT_TOO_OLD', message: '' }
                          : { kind: 'stored', position: 1 },
                ),
              }
            },
          },
          partitions: 2,
          quarantine: async (rows) => Math.min(room, rows.length),
          cursor: () => 'c',
          limits: { maxDepth: 64, maxKeys: 1_000, maxStringChars: 1_000 },
          durability: 'durable',
          clock: createFakeClock(Date.now()),
          metrics,
          onFault: () => undefined,
        })
        const items = kinds.map((kind, i) =>
          kind === 'malformed' ? { malformed: '{' } : { value: kind === 'bad' ? {} : event({ source: kind, run: `r${i}` }) },
        )
        await receive(items, { tenant: 't', door: 'rest', backfill: false }).catch((error: unknown) =>
          expect(error).toBeInstanceOf(Unavailable),
        )
        const counts = Object.fromEntries((await metrics.events.get()).values.map(({ labels, value }) => [String(labels.fate), value]))
        const { received = 0, stored = 0, duplicate = 0, refused = 0, quarantined = 0 } = counts
        expect(received).toBe(kinds.length)
        expect(stored + duplicate + refused + quarantined).toBe(received)
      },
    ),
    { numRuns: 200 },
  )
})

test('a clock that is put back by hours: events without an id are taken at once, also of a day that has no table yet', async () => {
  const clock = createFakeClock(Date.now())
  const api = await startTestApi({}, { clock })
  const bare = { source: 'test', type: 'log', run: 'r', data: {}, time: '2026-01-01T00:00:00.000Z' }
  expect(await api.send([bare])).toMatchObject({ accepted: 1 })
  clock.set(-50 * 3_600_000)
  expect(await api.send([bare])).toMatchObject({ accepted: 1, refused: [] })
  await api.stop()
})

import { gzipSync } from 'node:zlib'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { startTestApi, type TestApi } from '../../api/testing.ts'
import { Unavailable } from '../../broker/broker.ts'
import { createFakeClock } from '../../clock.fake.ts'
import { createHttp } from '../../http.ts'
import { stopDatabases } from '../../store/testing.ts'
import { createInFlight } from '../in-flight.ts'
import type { Receive } from '../receive.ts'
import { openAiAgentsDoor } from './openai-agents.ts'
import { desk, span } from './testing.ts'

const now = Date.UTC(2026, 10, 20, 0, 1)
let api: TestApi
beforeAll(async () => {
  api = await startTestApi({}, { clock: createFakeClock(now) })
})
afterAll(async () => {
  await api.stop()
  await stopDatabases()
})

const post = async (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}, query = '', url = api.url) => {
  const response = await fetch(`${url}/v1/traces/ingest${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'openai-beta': 'traces=v1', ...headers },
    body,
  })
  return { status: response.status, headers: response.headers, body: (await response.json()) as Record<string, unknown> }
}
const send = (data: readonly unknown[], ...more: [Record<string, string>?, string?, string?]) => post(JSON.stringify({ data }), ...more)

test('what the exporter sends is stored, and the same request again stores nothing', async () => {
  const first = await send(desk('trace_1'))
  expect(first).toMatchObject({ status: 200, body: { duplicates: 0, refused: [] } })
  const again = await send(desk('trace_1'))
  expect(again).toMatchObject({ status: 200, body: { accepted: 0, duplicates: first.body.accepted, refused: [] } })
  const { body } = await api.get<{ run: object; edges: object[] }>('/v1/runs/trace_1/graph')
  expect(body.run).toMatchObject({ name: 'Refund desk', state: 'finished', startedAt: '2026-11-20T00:00:00.001Z' })
  expect(body.edges).toHaveLength(2)
})

test('an item that can be none costs no other, and is named', async () => {
  const good = desk('trace_2')
  const nameless = { object: 'trace.span', trace_id: 'trace_2' }
  const timeless = { ...span('trace_2', { id: 's', from: 0, to: 1, data: {} }), started_at: 'soon', ended_at: null }
  const answer = await send([nameless, 7, ...good, timeless, { object: 'trace.event', id: 'x' }])
  expect(answer.status).toBe(200)
  expect(answer.body.refused).toEqual([
    { index: 0, code: 'INVALID_EVENT', message: 'Item 0: It has no id.' },
    { index: 1, code: 'INVALID_EVENT', message: 'Item 1: It is not an object.' },
    { index: good.length + 2, code: 'INVALID_EVENT', message: `Item ${good.length + 2}: It has neither started_at nor ended_at.` },
    {
      index: good.length + 3,
      code: 'INVALID_EVENT',
      message: `Item ${good.length + 3}: Its "object" is neither "trace" nor "trace.span".`,
    },
  ])
  expect((await api.all('/v1/runs/trace_2/calls', 50)).length).toBe(7)
})

test('compressed, empty, and history', async () => {
  const old = desk('trace_3').map((record) => ({ ...record, started_at: '2025-01-01T00:00:00Z', ended_at: '2025-01-01T00:00:01Z' }))
  expect(await send([])).toMatchObject({ status: 200, body: { accepted: 0, refused: [] } })
  const refused = await send(old)
  expect(refused.body.refused).toContainEqual(expect.objectContaining({ index: 1, code: 'EVENT_TOO_OLD' }))
  const zipped = gzipSync(JSON.stringify({ data: old }))
  expect(await post(new Uint8Array(zipped), { 'content-encoding': 'gzip' }, '?backfill=true')).toMatchObject({
    status: 200,
    body: { refused: [] },
  })
})

test.each([
  ['no JSON', '{"data":[', 'MALFORMED_JSON', 400],
  ['no list', '{"data":{}}', 'BAD_REQUEST', 400],
  ['a list alone', '[]', 'BAD_REQUEST', 400],
  ['no UTF-8', new Uint8Array([0x7b, 0xff]), 'MALFORMED_JSON', 400],
])('%s is refused whole', async (_, body, code, status) => {
  expect(await post(body)).toMatchObject({ status, body: { code } })
})

test('an unknown parameter is named', async () => {
  expect(await send([], {}, '?backfil=true')).toMatchObject({
    status: 400,
    body: { code: 'BAD_REQUEST', detail: expect.stringContaining('backfil') },
  })
})

test('while the store is away the exporter is told to come back, and then nothing is missing', async () => {
  const clock = createFakeClock(now)
  let isAway = true
  const stored: unknown[] = []
  const receive: Receive = async (raw) => {
    if (isAway) throw new Unavailable('STORE_UNAVAILABLE', 2_000, false)
    stored.push(...raw.map(({ event }) => event))
    return { received: raw.length, accepted: raw.length, duplicates: 0, refused: [], durability: 'durable', cursor: '', made: [] }
  }
  const config = { maxBodyBytes: 1 << 20, maxBatchEvents: 5, bodyTimeoutMs: 30_000, inFlightBytes: 1 << 24 }
  const http = createHttp({
    config: { ...config, host: '127.0.0.1', port: 0, allowedHosts: '', allowedOrigins: '', drainMs: 0 },
    auth: { caller: async () => ({ tenant: 'default', scopes: new Set(['ingest'] as const) }) },
    log: pino({ level: 'silent' }),
  })
  const inFlight = createInFlight(config.inFlightBytes, () => undefined)
  const unasked = () => undefined
  await http.app.register(
    openAiAgentsDoor({ receive, inFlight, config, clock, onRefused: unasked, onFault: unasked, onForgotten: unasked }),
  )
  const url = await http.listen()
  onTestFinished(() => http.stop())

  const away = await send(desk('trace_4'), {}, '', url)
  expect(away).toMatchObject({ status: 503, body: { code: 'STORE_UNAVAILABLE' } })
  expect(away.headers.get('retry-after')).toBe('2')
  isAway = false
  clock.advance(5_000)
  const { body } = await send(desk('trace_4'), {}, '', url)
  expect(body.accepted).toBe(stored.length)
  expect(stored.filter((event) => (event as { type: string }).type === 'llm.attributed')).toHaveLength(5)
})

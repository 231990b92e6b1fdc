import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { EventInput } from '@signalbox/model/event.ts'
import { afterEach, expect, test } from 'vitest'
import { connect } from '../connect.ts'
import { Failure } from '../failure.ts'
import { parseSpeed, schedule, sendPaced } from './pace.ts'
import { createRestager, nameRuns } from './restage.ts'
import { batchEvents, sendAll } from './send.ts'

interface Answer {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

let open: HttpServer | undefined
afterEach(() => {
  open?.closeAllConnections()
  open?.close()
})

/** A real socket whose answers the test chooses. */
async function serve(answer: (path: string, events: EventInput[]) => Answer) {
  const seen: { path: string; body: string; key: string | undefined }[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    seen.push({ path: request.url ?? '', body, key: request.headers.authorization })
    const { status, body: out = {}, headers = {} } = answer(request.url ?? '', body === '' ? [] : (JSON.parse(body) as EventInput[]))
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(out))
  })
  open = server
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { seen, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const stored = (events: EventInput[]): Answer => ({ status: 200, body: { accepted: events.length, duplicates: 0, refused: [] } })
const event = (n: number, time = 1_767_225_600_000): EventInput => ({
  id: `id-${n}`,
  source: 's',
  type: 'log',
  time: new Date(time).toISOString(),
  run: 'r',
  agent: 'a',
  data: { n },
})
const quietly = { signal: new AbortController().signal, onProgress: () => {} }
const noWait = { patienceMs: 60_000, sleep: async () => undefined }

test('events go in order, in batches, as backfill, with the key', async () => {
  const { seen, url } = await serve((_path, events) => stored(events))
  const sent = await sendAll(
    connect({ url, key: 'sbx_x' }),
    Array.from({ length: batchEvents * 2 + 1 }, (_, n) => event(n)),
    quietly,
  )
  expect(sent).toEqual({ sent: 1_001, accepted: 1_001, duplicates: 0, refused: [] })
  expect(seen.map(({ path, key }) => [path, key])).toEqual(Array(3).fill(['/v1/events?backfill=true', 'Bearer sbx_x']))
  expect(seen.flatMap(({ body }) => (JSON.parse(body) as EventInput[]).map(({ data }) => data?.n))).toEqual(
    Array.from({ length: 1_001 }, (_, n) => n),
  )
})

test('a server that is overloaded gets the same bytes again', async () => {
  let calls = 0
  const { seen, url } = await serve((_path, events) => (++calls < 3 ? { status: 503, headers: { 'retry-after': '1' } } : stored(events)))
  const waits: number[] = []
  const sent = await sendAll(connect({ url, patienceMs: 60_000, sleep: async (ms) => void waits.push(ms) }), [event(1)], quietly)
  expect(sent.accepted).toBe(1)
  expect(waits).toEqual([1_000, 1_000])
  expect(new Set(seen.map(({ body }) => body)).size).toBe(1)
})

test('a refusal names its code and what to do, and is not tried again', async () => {
  const { seen, url } = await serve(() => ({ status: 401, body: { code: 'UNAUTHENTICATED', detail: 'No key.', hint: 'Make one.' } }))
  const failure = await sendAll(connect({ url, ...noWait }), [event(1)], quietly).catch((error: unknown) => error)
  expect(failure).toMatchObject({ kind: 'refused', hint: 'Make one.' })
  expect((failure as Failure).message).toContain('UNAUTHENTICATED')
  expect(seen).toHaveLength(1)
})

test('nobody there: says so once patience ends', async () => {
  let now = 0
  const server = connect({
    url: 'http://127.0.0.1:1',
    patienceMs: 10_000,
    now: () => now,
    sleep: async (ms) => {
      now += ms
    },
  })
  const failure = await server.get('/livez').catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(Failure)
  expect(failure).toMatchObject({ kind: 'unreachable' })
  expect(now).toBeGreaterThan(1_000)
})

test('refused events are told one by one', async () => {
  const { url } = await serve(() => ({
    status: 200,
    body: { accepted: 0, duplicates: 1, refused: [{ index: 0, id: 'id-1', code: 'ID_REUSED', message: 'used' }] },
  }))
  const sent = await sendAll(connect({ url }), [event(1), event(2)], quietly)
  expect(sent).toEqual({ sent: 2, accepted: 0, duplicates: 1, refused: [{ id: 'id-1', code: 'ID_REUSED', message: 'used' }] })
})

test('a schedule divides gaps by the speed, cuts silences short, and keeps what was later later', () => {
  const times = [0, 0, 1, 60_001, 60_002, 36_000_000]
  expect(schedule(times, 60, 2_000)).toEqual([0, 0, 1, 1_001, 1_002, 3_002])
  expect(schedule(times, 'max', 2_000)).toEqual([0, 0, 1, 2, 3, 4])
  expect(['max', '10x', '2.5', '0x', 'fast', '-1x'].map(parseSpeed)).toEqual(['max', 10, 2.5, undefined, undefined, undefined])
})

test('paced events are sent when they are due, never with a time to come', async () => {
  let now = 1_000_000
  const posted: { at: number; times: number[] }[] = []
  const { url } = await serve((_path, events) => {
    posted.push({ at: now, times: events.map(({ time }) => Date.parse(time)) })
    return stored(events)
  })
  const recorded = [0, 0, 60_000, 120_000].map((offset, n) => event(n, 1_767_225_600_000 + offset))
  const sent = await sendPaced(connect({ url }), recorded, {
    speed: 60,
    maxGapMs: 5_000,
    signal: new AbortController().signal,
    restage: createRestager({ runs: new Map([['r', 'live:r:1']]), speed: 60, agentPrefix: '' }),
    onProgress: () => {},
    now: () => now,
    sleep: async (ms) => {
      now += ms
    },
  })
  expect(sent.accepted).toBe(4)
  expect(posted).toEqual([
    { at: 1_000_000, times: [1_000_000, 1_000_000] },
    { at: 1_001_000, times: [1_001_000] },
    { at: 1_002_000, times: [1_002_000] },
  ])
})

test('a restaged event is new, says where it is from, and carries its relations over', () => {
  const restage = createRestager({ runs: new Map([['r', 'replay:r:1']]), speed: 10, agentPrefix: 'replay:1/' })
  const first = restage({ ...event(1), seq: 4, epoch: 2, data: { intervalMs: 5_000, manager: 'boss' } }, 5_000)
  const second = restage({ ...event(2), cause: 'id-1', type: 'task.assigned', task: 't', data: { to: 'b', from: 'a' } }, 6_000)
  expect(first).toMatchObject({ run: 'replay:r:1', agent: 'replay:1/a', time: '1970-01-01T00:00:05.000Z', source: 'replay:s' })
  expect(first.data).toEqual({
    manager: 'replay:1/boss',
    replay: { of: 'r', speed: '10x', at: '2026-01-01T00:00:00.000Z', shiftedMs: 5_000 - 1_767_225_600_000 },
  })
  expect(first).not.toHaveProperty('seq')
  expect(second).toMatchObject({ cause: first.id, task: 't', data: { to: 'replay:1/b', from: 'replay:1/a' } })
})

test('a run that was played before gets the next number', async () => {
  const taken = new Set(['/v1/runs/live%3Aa%2Fb%3A1'])
  const { url } = await serve((path) => ({ status: taken.has(path) ? 200 : 404 }))
  expect((await nameRuns(connect({ url }), 'live', ['a/b'])).names).toEqual(new Map([['a/b', 'live:a/b:2']]))
})

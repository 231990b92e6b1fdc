/** What the doors of CloudEvents, A2A and webhooks answer and count, with what stands behind them in the test's hand. */
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { Unavailable } from '../broker/broker.ts'
import { createFakeClock } from '../clock.fake.ts'
import { createHttp } from '../http.ts'
import { a2aDoor } from './a2a/a2a.ts'
import { cloudEventsDoor } from './cloudevents/cloudevents.ts'
import { accepted } from './doors.testing.ts'
import { createInFlight } from './in-flight.ts'
import type { RawItem, Receive } from './receive.ts'
import { compileWebhooks } from './webhook/config.ts'
import { webhookDoor } from './webhook/webhook.ts'

const limits = { bodyTimeoutMs: 30_000, maxBodyBytes: 1_000, maxBatchEvents: 3, inFlightBytes: 1 << 20 }

async function doors(receive: Receive) {
  const clock = createFakeClock(Date.UTC(2026, 1, 28))
  const refusals: string[] = []
  let held = 0
  const inFlight = createInFlight(limits.inFlightBytes, (bytes) => {
    held = bytes
  })
  const config = { ...limits, host: '127.0.0.1', port: 0, allowedHosts: '', allowedOrigins: '', drainMs: 0 }
  const http = createHttp({
    config,
    auth: { caller: async () => ({ tenant: 'default', scopes: new Set(['ingest'] as const) }) },
    log: pino({ level: 'silent' }),
  })
  const deps = { receive, inFlight, config, clock, onRefused: (code: string) => refusals.push(code), onFault: () => undefined }
  const webhooks = compileWebhooks({ plain: { events: [{ type: 'log' }] } }, {}, 'test')
  for (const door of [cloudEventsDoor(deps), a2aDoor(deps), webhookDoor({ ...deps, webhooks })]) await http.app.register(door)
  const url = await http.listen()
  onTestFinished(() => http.stop())
  return {
    clock,
    refusals,
    held: () => held,
    async post(path: string, type: string, body: string) {
      const response = await fetch(`${url}${path}`, { method: 'POST', headers: { 'content-type': type, connection: 'close' }, body })
      return {
        status: response.status,
        retryAfter: response.headers.get('retry-after'),
        body: (await response.json()) as { code?: string },
      }
    },
  }
}

const event = { specversion: '1.0', id: '1', source: '/a', type: 'log', time: '2026-02-28T00:00:00Z' }
const requests = [
  ['/v1/cloudevents', 'application/cloudevents+json', JSON.stringify(event)],
  ['/v1/a2a', 'application/json', JSON.stringify({ messageId: 'm', parts: [] })],
  ['/v1/webhooks/plain', 'application/json', '{"a":1}'],
] as const

test.each(requests)('%s: a store that is away is 503 with Retry-After, and gives back what the body held', async (...request) => {
  const { post, held } = await doors(() => Promise.reject(new Unavailable('STORE_UNAVAILABLE', 2_500, true)))
  expect(await post(...request)).toMatchObject({ status: 503, retryAfter: '3', body: { code: 'STORE_UNAVAILABLE' } })
  await expect.poll(held).toBe(0)
})

test.each(requests)(
  '%s: a sender without a time gets that of its first arrival, also when that was not stored',
  async (...[path, type, body]) => {
    const untimed = path === '/v1/cloudevents' ? JSON.stringify({ ...event, time: undefined }) : body
    const seen: unknown[] = []
    let isAway = true
    const { post, clock } = await doors(async (raw) => {
      seen.push(raw.map(({ event }) => event))
      if (isAway) throw new Unavailable('OVERLOADED', 1_000, true)
      return accepted(raw)
    })
    expect(await post(path, type, untimed)).toMatchObject({ status: 503 })
    isAway = false
    clock.set(10_000)
    expect(await post(path, type, untimed)).toMatchObject({ status: 200 })
    expect(seen[1]).toEqual(seen[0])
    expect(seen[0]).toMatchObject([{ time: Date.UTC(2026, 1, 28) }])
  },
)

test.each(requests)('%s: a body past the limit is refused and counted', async (path, type) => {
  const { post, refusals } = await doors(async (raw) => accepted(raw))
  expect(await post(path, type, ' '.repeat(1_001))).toMatchObject({ status: 413, body: { code: 'BODY_TOO_LARGE' } })
  expect(await post(path, type, '{')).toMatchObject({ status: 400, body: { code: 'MALFORMED_JSON' } })
  expect(refusals).toEqual(['BODY_TOO_LARGE', 'MALFORMED_JSON'])
})

test('an item of many events is stored in batches of the size that one may have', async () => {
  const batches: number[] = []
  const { post } = await doors(async (raw: readonly RawItem[]) => {
    batches.push(raw.length)
    return accepted(raw)
  })
  const history = Array.from({ length: 6 }, (_, i) => ({ messageId: `m-${i}`, role: 'agent', parts: [] }))
  const task = { id: 't', contextId: 'c', status: { state: 'working', timestamp: event.time }, history }
  expect(await post('/v1/a2a', 'application/json', JSON.stringify({ task }))).toMatchObject({ status: 200, body: { accepted: 9 } })
  expect(batches).toEqual([3, 3, 3])
})

import { uuidv7 } from '@signalbox/model/ids.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createFakeClock } from '../clock.fake.ts'
import { createKeys } from '../ops/auth.ts'
import { stopDatabases } from '../store/testing.ts'
import { startTestApi, type TestApi } from './testing.ts'

interface Rates {
  readonly at: string
  readonly ids: readonly string[]
  readonly tokensLastMinute: readonly number[]
  readonly costMicrosLastHour: readonly number[]
  readonly errorsLast5Minutes: readonly number[]
  readonly spark: readonly (readonly number[])[] | null
}

let api: TestApi
/** Fifteen seconds into a minute: three quarters of the minute before are of the last one. */
const now = Date.UTC(2026, 10, 20, 12, 0, 15)
const clock = createFakeClock(now)
beforeAll(async () => {
  api = await startTestApi({}, { clock })
})
afterAll(async () => {
  await api?.stop()
  await stopDatabases()
})

const call = (agent: string, agoMs: number, more: Record<string, unknown> = {}, type = 'llm.finished') => ({
  id: uuidv7(now - agoMs),
  source: 's',
  type,
  agent,
  time: new Date(now - agoMs).toISOString(),
  data: { usage: { inputTokens: 100, outputTokens: 20 }, costMicros: 1_000, ...more },
})

test('columns by agent: tokens of the last minute, cost of the hour, errors of five minutes, events of each second', async () => {
  await api.send([
    call('a', 5_000),
    call('a', 5_500),
    call('a', 30_000),
    call('a', 50 * 60_000),
    call('a', 90 * 60_000),
    call('b', 4 * 60_000, {}, 'llm.failed'),
    call('b', 20 * 60_000, {}, 'tool.failed'),
    call('c', 70 * 60_000),
  ])
  const { body } = await api.get<Rates>('/v1/fleet/rates')
  expect(body.ids).toEqual(['a', 'b'])
  expect(body.tokensLastMinute).toEqual([240 + 90, 0])
  expect(body.costMicrosLastHour).toEqual([4_000, 2_000])
  expect(body.errorsLast5Minutes).toEqual([0, 1])
  const [spark = []] = body.spark ?? []
  expect(spark).toHaveLength(60)
  expect([spark[30], spark[54], spark[55]]).toEqual([1, 1, 1])
  expect(spark.reduce((sum, count) => sum + count, 0)).toBe(3)
})

test('an answer is made once a second, and again when that is over', async () => {
  const first = (await api.get<Rates>('/v1/fleet/rates')).body
  await api.send([call('new', 1_000)])
  expect((await api.get<Rates>('/v1/fleet/rates')).body).toEqual(first)
  clock.advance(1_000)
  expect((await api.get<Rates>('/v1/fleet/rates')).body.ids).toContain('new')
})

test('a tenant is told of no agent that is another’s', async () => {
  const { key } = await createKeys(api.pool).create('other', ['ingest', 'read'], 'other')
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  await fetch(`${api.url}/v1/events`, { method: 'POST', headers, body: JSON.stringify([call('theirs', 2_000)]) })
  clock.advance(2_000)
  const theirs = (await (await fetch(`${api.url}/v1/fleet/rates`, { headers })).json()) as Rates
  expect(theirs.ids).toEqual(['theirs'])
  expect((await api.get<Rates>('/v1/fleet/rates')).body.ids).not.toContain('theirs')
})

test('of too many events no spark is drawn, and all else is told', async () => {
  const many = (from: number) => Array.from({ length: 5_000 }, (_, i) => call('busy', (from + i) % 900, { usage: {}, costMicros: 1 }))
  for (let from = 0; from < 45_000; from += 5_000) await api.send(many(from))
  clock.advance(1_000)
  const { body } = await api.get<Rates>('/v1/fleet/rates')
  expect(body.spark).toBeNull()
  expect(body.costMicrosLastHour[body.ids.indexOf('busy')]).toBe(45_000)
}, 30_000)

test('of a past moment it tells what it told then, and of its own minute the share that had passed', async () => {
  const minute = 60_000
  clock.advance(4 * minute - (clock.now() % minute))
  const then = clock.now()
  const at = (time: number) => `/v1/fleet/rates?at=${new Date(time).toISOString()}`
  const told = (await api.get<Rates>('/v1/fleet/rates')).body
  expect(told.ids).toContain('a')
  clock.advance(45_000)
  await api.send([call('a', now - then - 30_000), call('afterwards', now - then - 40_000, {}, 'llm.failed')])
  clock.advance(5 * minute)
  expect((await api.get<Rates>(at(then))).body).toEqual(told)
  const later = (await api.get<Rates>(at(then + 45_000))).body
  expect(later.ids).toContain('afterwards')
  const of = ({ ids, ...columns }: Rates, column: 'costMicrosLastHour' | 'tokensLastMinute') => columns[column][ids.indexOf('a')] ?? 0
  expect(of(later, 'costMicrosLastHour')).toBe(of(told, 'costMicrosLastHour') + 750)
  const spark = later.spark?.[later.ids.indexOf('a')] ?? []
  expect([spark[44], spark[45]]).toEqual([0, 1])
  expect(await api.get('/v1/fleet/rates?at=soon')).toMatchObject({ status: 400, body: { code: 'BAD_REQUEST' } })
})

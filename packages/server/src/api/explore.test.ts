/** `/v1/explore` says what a count over `/v1/events` and over the calls says. */
import type { StoredEvent } from '@signalbox/model/event.ts'
import { uuidv7 } from '@signalbox/model/ids.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createKeys } from '../ops/auth.ts'
import { createLogDays } from '../store/days.ts'
import { dropRollups } from '../store/rollups-drop.ts'
import { changedHours, raiseSummed, sumHour } from '../store/rollups-long.ts'
import { stopDatabases } from '../store/testing.ts'
import { startTestApi, type TestApi } from './testing.ts'

interface Summary {
  readonly calls: number
  readonly errors: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cachedTokens: number
  readonly costMicros: number
  readonly events: number
  readonly durationMs: { readonly p50: number | null; readonly p95: number | null; readonly p99: number | null }
}
interface Group extends Summary {
  readonly key: string
  readonly points: readonly (readonly (number | null)[])[]
}
interface Explored {
  readonly since: string
  readonly until: string
  readonly step: number
  readonly complete: boolean
  readonly total: Omit<Group, 'key'>
  readonly groups: readonly Group[]
  readonly other?: Summary & { readonly groups: number }
  readonly latency: { readonly boundsMs: readonly number[]; readonly cells: readonly (readonly number[])[] }
}

let api: TestApi
const minute = 60_000
/** Half an hour ago, at the beginning of a minute. */
const start = Math.floor(Date.now() / minute) * minute - 30 * minute
const event = (type: string, agent: string, afterMs: number, data: Record<string, unknown> = {}, more: Record<string, unknown> = {}) => ({
  id: uuidv7(start + afterMs),
  source: 's',
  type,
  agent,
  run: 'r',
  time: new Date(start + afterMs).toISOString(),
  data,
  ...more,
})
const at = (afterMs: number) => new Date(start + afterMs).toISOString()
const usage = { inputTokens: 100, outputTokens: 10, cacheReadTokens: 40 }
const fleet = () => [
  event('agent.started', 'a', 0, { team: 'red' }),
  event('agent.started', 'b', 0, { team: 'blue' }),
  // A start and an end, told twice: one call of two seconds.
  event('llm.started', 'a', 1_000, { call: 'l1', model: 'large' }),
  event('llm.finished', 'a', 3_000, { call: 'l1', model: 'large', usage, costMicros: 7 }),
  event('llm.finished', 'a', 3_000, { call: 'l1', model: 'large', usage, costMicros: 7 }),
  event('llm.failed', 'b', 61_000, { call: 'l2', model: 'small', usage, costMicros: 3, startedAt: at(60_900) }),
  event('tool.finished', 'b', 62_000, { call: 't1', name: 'grep', startedAt: at(61_990) }),
  event('tool.finished', 'b', 121_000, { call: 't2', name: 'grep' }),
  // Whose it is comes later.
  event('tool.finished', 'a', 125_000, { call: 't3', name: 'read', startedAt: at(122_000) }, { agent: undefined }),
  event('tool.attributed', 'b', 125_001, { call: 't3' }),
  event('task.started', 'a', 10_000, {}, { task: 'x' }),
  event('task.completed', 'a', 130_000, {}, { task: 'x' }),
  event('task.failed', 'b', 131_000, {}, { task: 'y' }),
]
const all = `since=${at(0)}&until=${at(5 * minute)}`
const explore = async (query: string) => {
  const { status, body } = await api.get<Explored>(`/v1/explore?${query}`)
  expect(status).toBe(200)
  return body
}

beforeAll(async () => {
  api = await startTestApi()
  await api.send(fleet())
})
afterAll(async () => {
  await api?.stop()
  await stopDatabases()
})

test('each call counts once, in the minute of its end: totals, points and quantiles', async () => {
  const found = await explore(all)
  expect(found).toMatchObject({ since: at(0), until: at(5 * minute), step: 60, complete: true, groups: [] })
  expect(found.total).toMatchObject({ calls: 5, errors: 1, inputTokens: 200, outputTokens: 20, cachedTokens: 80, costMicros: 10 })
  expect(found.total.events).toBe((await api.all<StoredEvent>('/v1/events', 100)).length)
  const [first, second, third] = found.total.points
  expect(first?.slice(0, 5)).toEqual([start, 1, 0, 110, 7])
  expect(first?.[5]).toBeGreaterThan(1_500)
  expect(first?.[5]).toBeLessThanOrEqual(2_000)
  expect(second?.slice(0, 5)).toEqual([start + minute, 2, 1, 110, 3])
  expect(third?.slice(0, 5)).toEqual([start + 2 * minute, 2, 0, 0, 0])
  expect(found.total.points.reduce((sum, point) => sum + (point[8] ?? 0), 0)).toBe(found.total.events)
  // Four of the five said when they began.
  expect(found.latency.cells.flatMap(([, ...counts]) => counts).reduce((sum, count) => sum + count, 0)).toBe(4)
  expect(found.latency.cells[0]).toHaveLength(found.latency.boundsMs.length + 2)
})

test.each([
  [
    'by=agent',
    [
      ['b', 4, 1, 13],
      ['a', 1, 0, 7],
    ],
  ],
  [
    'by=team',
    [
      ['blue', 4, 1],
      ['red', 1, 0],
    ],
  ],
  [
    'by=model',
    [
      ['large', 1, 0],
      ['small', 1, 1],
    ],
  ],
  [
    'by=tool',
    [
      ['grep', 2, 0],
      ['read', 1, 0],
    ],
  ],
  [
    'by=agent&kind=task',
    [
      ['a', 1, 0],
      ['b', 1, 1],
    ],
  ],
  ['by=agent&kind=llm&agent=b', [['b', 1, 1]]],
  ['by=tool&team=red', []],
  ['by=agent&model=large', [['a', 1, 0]]],
  [
    'by=agent&model=large&tool=read',
    [
      ['a', 1, 0],
      ['b', 1, 0],
    ],
  ],
] as const)('%s', async (query, groups) => {
  const found = await explore(`${all}&${query}`)
  const counted = found.groups.filter(({ calls }) => calls > 0)
  const key = (a: readonly unknown[], b: readonly unknown[]) => (String(a[0]) < String(b[0]) ? -1 : 1)
  expect(counted.map(({ key, calls, errors }) => [key, calls, errors]).sort(key)).toEqual(
    groups.map(([name, calls, errors]) => [name, calls, errors]).sort(key),
  )
  for (const { calls, points } of found.groups) expect(points.reduce((sum, [, count]) => sum + (count ?? 0), 0)).toBe(calls)
})

test('by type: as many events as the log has of each', async () => {
  const found = await explore(`${all}&by=type`)
  const events = await api.all<StoredEvent>('/v1/events', 100)
  const counts = new Map<string, number>()
  for (const { type } of events) counts.set(type, (counts.get(type) ?? 0) + 1)
  expect(new Map(found.groups.map(({ key, calls }) => [key, calls]))).toEqual(counts)
  expect(found.total.calls).toBe(events.length)
})

test('what cannot be answered is refused by name', async () => {
  const refused = async (query: string) => (await api.get<{ detail: string }>(`/v1/explore?${query}`)).body.detail
  expect(await refused('by=type&agent=a')).toContain('"agent"')
  expect(await refused('step=90')).toContain('multiple of 60')
  expect(await refused(`since=${at(0)}&until=${at(0)}`)).toContain('before "until"')
  expect(await refused('since=1970-01-01T00:00:00Z&step=60')).toContain('more than 1000 steps')
  expect(await explore('since=1970-01-01T00:00:00Z')).toMatchObject({ total: { calls: 5 } })
})

const questions = [
  'by=agent',
  'by=team',
  'by=model',
  'by=tool',
  'by=type',
  'by=none',
  'by=agent&model=large',
  'by=tool&agent=b',
  'kind=task&team=blue',
]

test('longer sums answer the same, of any window, step and question, also once a figure is corrected', async () => {
  const windows = [all, `since=${at(-3 * 86_400_000)}&until=${at(30 * minute)}`, `since=${at(-3_600_000)}&until=${at(2 * minute)}&step=300`]
  const asked = windows.flatMap((window) => questions.map((question) => `${window}&${question}`))
  const answers = async () => Object.fromEntries(await Promise.all(asked.map(async (query) => [query, await explore(query)] as const)))
  const sumAll = async () => {
    await raiseSummed(api.pool, start + 30 * minute)
    for (const changed of await changedHours(api.pool, 100)) await sumHour(api.pool, changed)
  }
  const before = await answers()
  await sumAll()
  expect(await answers()).toEqual(before)
  // Told again by another, of a minute that is summed: it counts once, as what it is known for now.
  await api.send([event('llm.finished', 'a', 4_000, { call: 'l1', model: 'large', usage: { inputTokens: 900 }, costMicros: 70 })])
  const corrected = await answers()
  expect(corrected).not.toEqual(before)
  await sumAll()
  expect(await answers()).toEqual(corrected)
})

test('of many groups the first fifty are told, and the rest as one', async () => {
  const later = 10 * minute
  await api.send(Array.from({ length: 60 }, (_, i) => event('tool.finished', `m${i}`, later, { call: `m${i}`, name: 'many' })))
  const found = await explore(`since=${at(later)}&until=${at(later + minute)}&by=agent`)
  expect(found.groups).toHaveLength(50)
  expect(found.other).toMatchObject({ groups: 10, calls: 10 })
  expect(found.total.calls).toBe(60)
})

test('nobody is told another tenant’s figures', async () => {
  const { key } = await createKeys(api.pool).create('other', ['ingest', 'read'], 'other')
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const body = JSON.stringify([
    event('llm.finished', 'theirs', 0, { call: 'l', model: 'secret', costMicros: 5 }),
    event('agent.started', 'a', 1, { team: 'theirs' }),
  ])
  await fetch(`${api.url}/v1/events`, { method: 'POST', headers, body })
  for (const by of ['agent', 'model', 'team', 'type']) {
    const theirs = (await (await fetch(`${api.url}/v1/explore?${all}&by=${by}`, { headers })).json()) as Explored
    expect(theirs.groups.map((group) => group.key)).not.toContain('large')
    expect(theirs.total.calls).toBe(by === 'type' ? 2 : 1)
    const ours = await explore(`${all}&by=${by}`)
    expect(ours.groups.map((group) => group.key)).not.toEqual(expect.arrayContaining([expect.stringMatching(/secret|theirs/)]))
  }
})

test('the figures leave with the log they were counted from', async () => {
  const later = Date.now() + 60 * 86_400_000
  expect(await dropRollups(api.pool, later)).toBe(0)
  await createLogDays(api.pool, { retentionDays: 30 }, () => later).dropExpired()
  expect(await dropRollups(api.pool, later)).toBeGreaterThan(0)
  expect((await explore(all)).total).toMatchObject({ calls: 0, events: 0, points: [] })
})

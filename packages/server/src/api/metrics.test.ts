import { uuidv7 } from '@signalbox/model/ids.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventsOf } from '../ingest/otlp/logs/mapped.testing.ts'
import { mapMetrics } from '../ingest/otlp/metrics/mapping.ts'
import type { Attributes, MetricPoint } from '../ingest/otlp/otlp.ts'
import { stopDatabases } from '../store/testing.ts'
import { readMetrics } from './metric-points.ts'
import { startTestApi, type TestApi } from './testing.ts'

const minute = 60_000
/** A whole hour, some while ago. */
const base = Math.floor(Date.now() / 3_600_000 - 2) * 3_600_000
const at = (minutes: number) => base + minutes * minute
const text = (minutes: number) => new Date(at(minutes)).toISOString()
const window = `since=${text(0)}&until=${text(30)}&step=600`

type Told = Partial<MetricPoint> & { readonly resource?: Attributes }
const told = (points: readonly Told[]) =>
  points.flatMap(({ resource = { 'service.name': 'desk', 'service.instance.id': '1' }, ...point }) =>
    eventsOf(
      mapMetrics({
        groups: [
          {
            resource: { attributes: resource },
            scope: { name: 'meter', version: '', attributes: {} },
            items: [
              {
                ...{ name: 'tokens', description: '', unit: '{token}', kind: 'sum', temporality: 'cumulative', isMonotonic: true },
                ...{ start: at(-1), time: at(0), attributes: {}, value: 0 },
                ...point,
              },
            ],
          },
        ],
        bad: [],
      }),
    ),
  )

interface Answer {
  readonly series: readonly {
    readonly kind: string
    readonly aggregation: string
    readonly attributes: object
    readonly points: readonly object[]
  }[]
  readonly truncated: boolean
}
let api: TestApi
const ask = async (query: string) => (await api.get<Answer>(`/v1/metrics/series?${query}`)).body

beforeAll(async () => {
  api = await startTestApi()
  const second = { 'service.name': 'desk', 'service.instance.id': '2' }
  await api.send([
    ...told([
      // Counted for long before; then a restart, of which one point comes late, and a second process.
      { start: at(-600), time: at(-2), value: 5_000 },
      { start: at(-600), time: at(1), value: 5_010 },
      { start: at(5), time: at(14), value: 9 },
      { start: at(5), time: at(7), value: 4 },
      { start: at(3), time: at(8), value: 100, resource: second },
      { start: at(3), time: at(12), value: 101, resource: second },
      // Another series of that name.
      { temporality: 'delta', attributes: { type: 'output' }, start: at(0), time: at(1), value: 3 },
      { temporality: 'delta', attributes: { type: 'output' }, start: at(1), time: at(2), value: 4 },
      { name: 'memory', unit: 'By', kind: 'gauge', temporality: 'unspecified', start: 0, time: at(2), value: 10 },
      { name: 'memory', unit: 'By', kind: 'gauge', temporality: 'unspecified', start: 0, time: at(4), value: 7 },
      { name: 'wait', unit: 's', kind: 'histogram', temporality: 'delta', start: at(10), time: at(11), value: 2.5, count: 2 },
      { name: 'wait', unit: 's', kind: 'histogram', temporality: 'delta', start: at(11), time: at(12), value: 0.5, count: 1 },
      { name: 'open', unit: '', isMonotonic: false, time: at(3), value: 8 },
      { name: 'open', unit: '', isMonotonic: false, time: at(6), value: 2 },
      ...['Explore', 'Plan'].map((agent) => ({
        ...{ name: 'claude_code.token.usage', unit: 'tokens', temporality: 'delta' as const, start: at(0), time: at(1), value: 30 },
        attributes: { 'session.id': `session-of-${agent}`, 'agent.name': agent },
      })),
    ]),
    // As anybody may tell one.
    { source: 'me', type: 'metric', id: uuidv7(at(9)), time: text(9), data: { name: 'queue', value: 3 } },
    { source: 'me', type: 'metric', id: uuidv7(at(9)), time: text(9), data: { name: 'broken', value: 'much' } },
    { source: 'me', type: 'metric', id: uuidv7(at(9)), time: text(9), data: {} },
  ])
})
afterAll(async () => {
  await api?.stop()
  await stopDatabases()
})

test('a counter is added up over restarts and processes, each of its series apart', async () => {
  expect(await ask(`name=tokens&${window}`)).toEqual({
    ...{ name: 'tokens', since: text(0), until: text(30), step: 600, truncated: false },
    series: [
      {
        ...{ unit: '{token}', kind: 'sum', aggregation: 'increase', attributes: { type: 'output' } },
        points: [{ time: text(0), value: 7 }],
      },
      {
        ...{ unit: '{token}', kind: 'sum', aggregation: 'increase', attributes: {} },
        points: [
          { time: text(0), value: 10 + 4 + 100 },
          { time: text(10), value: 5 + 1 },
        ],
      },
    ],
  })
})

test.each([
  ['memory', 'last', [{ time: text(0), value: 7 }]],
  ['open', 'last', [{ time: text(0), value: 2 }]],
  ['wait', 'increase', [{ time: text(10), value: 3, count: 3 }]],
  ['queue', 'last', [{ time: text(0), value: 3 }]],
])('%s: %s', async (name, aggregation, points) => {
  expect((await ask(`name=${name}&${window}`)).series).toMatchObject([{ aggregation, points }])
})

test('what has no value tells nothing', async () => {
  expect((await ask(`name=broken&${window}`)).series).toEqual([])
})

test('only of a run, or of an agent', async () => {
  const name = 'name=claude_code.token.usage'
  expect((await ask(`${name}&${window}`)).series).toHaveLength(2)
  const explored = [{ attributes: { 'agent.name': 'Explore' }, points: [{ value: 30 }] }]
  expect((await ask(`${name}&${window}&run=claude-code/session-of-Explore`)).series).toMatchObject(explored)
  expect((await ask(`${name}&${window}&agent=claude-code/session-/Explore`)).series).toMatchObject(explored)
  expect((await ask(`${name}&${window}&run=other`)).series).toEqual([])
})

test('the series there are, each with its newest point', async () => {
  const { body } = await api.get<{ items: { name: string; lastTime: string }[] }>('/v1/metrics')
  expect(body.items.map(({ name, lastTime }) => [name, lastTime])).toEqual([
    ['claude_code.token.usage', text(1)],
    ['claude_code.token.usage', text(1)],
    ['memory', text(4)],
    ['open', text(6)],
    ['queue', text(9)],
    ['tokens', text(2)],
    ['tokens', text(14)],
    ['wait', text(12)],
  ])
  const early = await api.get<{ items: { name: string }[] }>(`/v1/metrics?since=${text(-5)}&until=${text(0)}`)
  expect(early.body.items.map(({ name }) => name)).toEqual(['tokens'])
})

test.each([
  ['name=tokens&since=yesterday', 'since'],
  [`name=tokens&since=${text(2)}&until=${text(1)}`, 'since'],
  [`name=tokens&since=${text(0)}&until=${text(30)}&step=1`, 'step'],
  [`name=tokens&step=0`, 'step'],
  ['since=1969-01-01T00:00:00Z&name=tokens', 'since'],
  ['nam=tokens', ''],
])('%s is refused', async (query, parameter) => {
  const { status, body } = await api.get<{ detail: string }>(`/v1/metrics/series?${query}`)
  expect([status, body.detail]).toEqual([400, expect.stringContaining(parameter)])
})

test('how far it looked is told where that is not all', async () => {
  const q = { tenant: 'default', since: at(-60), until: at(60) }
  const read = async (mostPages: number, run?: string) => {
    const names: string[] = []
    const from = await readMetrics(api.pool, { ...q, run }, ({ name }) => names.push(name), { pageEvents: 4, mostPages })
    return { from, count: names.length }
  }
  const all = await read(30)
  expect(all).toEqual({ from: q.since, count: 17 })
  const some = await read(2)
  expect(some.from).toBeGreaterThan(q.since)
  // Of the eight newest two have no name or no value.
  expect(some.count).toBe(6)
  expect(await read(30, 'claude-code/session-of-Plan')).toEqual({ from: q.since, count: 1 })
})

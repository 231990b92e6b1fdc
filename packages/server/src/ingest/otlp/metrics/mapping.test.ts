import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runOf } from '@signalbox/model/claude-code.ts'
import type { AgentRow, RunRow } from '@signalbox/model/rows.ts'
import { expect, test } from 'vitest'
import { decodeMetrics } from '../decode.ts'
import { eventsOf, foldOf, refusedOf } from '../logs/mapped.testing.ts'
import type { Attributes, Decoded, MetricPoint } from '../otlp.ts'
import { mapMetrics } from './mapping.ts'

const examples = join(
  process.env.SIGNALBOX_TEST_DATA ?? join(import.meta.dirname, '../../../../../../../shared/data'),
  'genai-spans/opentelemetry-proto-examples',
)
const time = Date.UTC(2026, 8, 1, 12)
const point: MetricPoint = {
  ...{ name: 'requests', description: '', unit: '1', kind: 'sum', temporality: 'delta', isMonotonic: true },
  ...{ start: time - 60_000, time, attributes: {}, value: 5 },
}
const pointsOf = (items: readonly MetricPoint[], resource: Attributes = { 'service.name': 'desk' }): Decoded<MetricPoint> => ({
  groups: [{ resource: { attributes: resource }, scope: { name: 'meter', version: '1', attributes: {} }, items }],
  bad: [],
})
const map = (items: readonly Partial<MetricPoint>[], resource?: Attributes) =>
  eventsOf(
    mapMetrics(
      pointsOf(
        items.map((one) => ({ ...point, ...one })),
        resource,
      ),
    ),
  )

test.each<[Partial<MetricPoint>, object]>([
  [
    {},
    { name: 'requests', unit: '1', kind: 'sum', temporality: 'delta', monotonic: true, value: 5, startTime: '2026-09-01T11:59:00.000Z' },
  ],
  [
    { kind: 'gauge', temporality: 'unspecified', start: 0, value: 0.5 },
    { kind: 'gauge', value: 0.5 },
  ],
  [
    { kind: 'histogram', temporality: 'cumulative', value: 12.5, count: 3, min: 1, max: 9, bounds: [5, 10], counts: [1, 2, 0] },
    { kind: 'histogram', temporality: 'cumulative', sum: 12.5, count: 3, min: 1, max: 9, bounds: [5, 10], counts: [1, 2, 0] },
  ],
  [
    { kind: 'summary', temporality: 'unspecified', value: 7, count: 2 },
    { kind: 'summary', sum: 7, count: 2 },
  ],
  [{ value: Number.NaN }, { value: 'NaN' }],
  [{ value: 2 ** 60 }, { value: String(2 ** 60) }],
  [{ kind: 'histogram', value: 1, count: 1, bounds: [Number.POSITIVE_INFINITY], counts: [1, 0] }, { bounds: ['Infinity'] }],
])('%j', (made, expected) => {
  const events = map([{ attributes: { a: 'b' }, ...made }])
  expect(events).toMatchObject([{ type: 'metric', source: 'otlp/desk', time: new Date(time).toISOString() }])
  expect(events[0]?.data).toMatchObject({
    ...expected,
    attributes: { a: 'b' },
    resource: { 'service.name': 'desk' },
    scope: { name: 'meter' },
  })
  expect(foldOf(events).of('agents')).toEqual([])
})

test('tokens and cost are of their session, and in no total of it', () => {
  const attributes = { 'session.id': 's-1', type: 'input', 'agent.name': 'Explore' }
  const events = map([
    { name: 'claude_code.token.usage', unit: 'tokens', attributes, value: 900 },
    { name: 'claude_code.cost.usage', unit: 'USD', attributes, value: 1.5 },
    { name: 'gen_ai.client.token.usage', kind: 'histogram', value: 900, count: 1, attributes: { 'gen_ai.agent.name': 'triage' } },
  ])
  expect(events.map(({ run, agent }) => [run, agent])).toEqual([
    [runOf('s-1'), 'claude-code/s-1/Explore'],
    [runOf('s-1'), 'claude-code/s-1/Explore'],
    [undefined, 'desk/triage'],
  ])
  const { of } = foldOf(events)
  for (const { totals } of [...(of('runs') as RunRow[]), ...(of('agents') as AgentRow[])])
    expect(Object.values(totals).every((total) => total === 0)).toBe(true)
})

test('a point that comes again is the same event; another value of it is another', () => {
  const [first, again, other] = map([{}, {}, { value: 6 }])
  expect(again).toEqual(first)
  expect(other?.id).not.toBe(first?.id)
})

test('a point without a time that an event can have is refused by itself, and what could not be decoded comes last', () => {
  const mapped = mapMetrics({ ...pointsOf([{ ...point, time: 0 }, point]), bad: [{ code: 'INVALID_EVENT', message: 'no', value: 1 }] })
  expect(eventsOf(mapped)).toHaveLength(1)
  expect(refusedOf(mapped).map(({ item }) => item)).toEqual([0, 2])
})

test('the OpenTelemetry project’s example metrics.json is four events', () => {
  const events = eventsOf(mapMetrics(decodeMetrics(readFileSync(join(examples, 'metrics.json')), 'json')))
  expect(events.map(({ data }) => data)).toMatchObject([
    { name: 'my.counter', kind: 'sum', temporality: 'delta', monotonic: true, value: 5, attributes: { 'my.counter.attr': 'some value' } },
    { name: 'my.gauge', kind: 'gauge', value: 10 },
    { name: 'my.histogram', kind: 'histogram', temporality: 'delta', sum: 2, count: 2, min: 0, max: 2, bounds: [1], counts: [1, 1] },
    { name: 'my.exponential.histogram', kind: 'exponential-histogram', sum: 10, count: 3, min: 0, max: 5 },
  ])
  foldOf(events)
})

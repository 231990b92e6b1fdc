import { expect, test } from 'vitest'
import { bucketName, countedOf } from './buckets.ts'
import { sorted } from './columns.ts'
import { csvOf } from './export.ts'
import type { Explored, Group, Point } from './figures.ts'
import { queryOf } from './figures.ts'
import { lineOf, stepsOf, summary } from './series.ts'
import { brushed, spanOf } from './span.ts'
import { change, duration, rate } from './words.ts'

const minute = 60_000
const start = Date.UTC(2026, 10, 20, 12)
const at = (ms: number) => new Date(start + ms).toISOString()
const sums = { errors: 0, inputTokens: 0, outputTokens: 0, cachedTokens: 0, costMicros: 0, events: 0 }
const group = (key: string, calls: number, p95: number | null = null): Group => ({
  ...sums,
  key,
  calls,
  durationMs: { p50: null, p95, p99: null },
  points: [],
})

test('a span is what was brushed, or so long before now, or before the past moment', () => {
  const none = { from: undefined, to: undefined, since: '' }
  expect(spanOf(none, undefined)).toEqual({ kind: 'live', lengthMs: 60 * minute })
  expect(spanOf({ ...none, since: '7d' }, undefined)).toEqual({ kind: 'live', lengthMs: 7 * 24 * 60 * minute })
  expect(spanOf({ ...none, since: 'nonsense' }, start + 59_999)).toEqual({ kind: 'fixed', from: start - 60 * minute, to: start })
  expect(spanOf({ from: 1, to: 2, since: '6h' }, start)).toEqual({ kind: 'fixed', from: 1, to: 2 })
  expect(spanOf({ from: 2, to: 2, since: '' }, undefined)).toMatchObject({ kind: 'live' })
})

test('a brush is whole minutes, whichever way it was drawn', () => {
  expect(brushed(start + 90_000, start + 30_000)).toEqual({ from: start, to: start + 2 * minute })
  expect(brushed(start + 10, start + 20)).toEqual({ from: start, to: start + minute })
})

test('events by type are asked for without filters', () => {
  const asked = { by: 'type', type: 'llm', agent: 'a', team: '', model: '', tool: '' }
  expect(queryOf(asked, start, start + minute)).not.toContain('agent')
  expect(queryOf({ ...asked, by: '' }, start, start + minute)).toBe(
    `since=${encodeURIComponent(at(0))}&until=${encodeURIComponent(at(minute))}&by=agent&kind=llm&agent=a`,
  )
})

test('every step has a place: a quiet one is zero, an unknown one no value, the newest counts for what has passed of it', () => {
  const points: Point[] = [
    [start, 60, 6, 0, 0, 10, 20, 30, 0],
    [start + 2 * minute, 30, 0, 0, 0, 10, 20, 30, 0],
  ]
  const steps = stepsOf({ since: at(0), until: at(10 * minute), step: 60 }, start + 2.5 * minute)
  expect(lineOf('Calls', 'calls', points, steps).values).toEqual([60, 0, 60])
  expect(lineOf('Failed', 'errors', points, steps).values).toEqual([10, null, 0])
  expect(lineOf('p95', 'p95', points, steps).values).toEqual([20, null, 20])
  // The last one ends with the time.
  const cut = stepsOf({ since: at(0), until: at(3 * minute), step: 120 }, start + 60 * minute)
  expect(lineOf('Calls', 'calls', points, cut).values).toEqual([30, 30])
  // A step of which nothing has passed says nothing.
  const young = stepsOf({ since: at(0), until: at(10 * minute), step: 60 }, start + 2 * minute + 1_000)
  expect(lineOf('Calls', 'calls', points, young).values).toEqual([60, 0, null])
})

test('a line in a sentence', () => {
  const of = (values: (number | null)[]) => summary({ name: 'p95', metric: 'p95', values }, (i) => `step ${i}`)
  expect(of([null, 1_500, 400, null])).toBe('p95: from 400 ms at step 2 to 1.5 s at step 1, 400 ms at the end.')
  expect(of([7, 7])).toBe('p95: 7 ms all the time.')
  expect(of([null])).toBe('p95: nothing in this time.')
})

test('groups by any column; what is not known comes last, the other way first', () => {
  const groups = [group('b', 5, 100), group('a', 9), group('c', 7, 50)]
  const keys = (sort: string) => sorted(groups, sort).map(({ key }) => key)
  expect(keys('')).toEqual(['b', 'a', 'c'])
  expect(keys('-calls')).toEqual(['a', 'c', 'b'])
  expect(keys('name')).toEqual(['a', 'b', 'c'])
  expect(keys('-p95')).toEqual(['b', 'c', 'a'])
  expect(keys('constructor')).toEqual(['b', 'a', 'c'])
})

test('the buckets that hold anything, with one around them', () => {
  const boundsMs = [1, 10, 100, 1_000]
  expect(countedOf({ boundsMs, cells: [[start, 0, 0, 3, 0, 0]] })).toMatchObject({ most: 3, low: 1, high: 3 })
  expect(countedOf({ boundsMs, cells: [] })).toMatchObject({ most: 0 })
  expect([0, 2, 4].map((i) => bucketName(boundsMs, i))).toEqual(['up to 1 ms', '10 ms to 100 ms', 'over 1 s'])
})

test('a spreadsheet takes no name for a formula', () => {
  const points: Point[] = [[start, 1, 0, 2, 3, 4, null, null, 5]]
  const found = { total: { points }, groups: [{ ...group('=cmd|"x"', 1), points }] } as unknown as Explored
  expect(csvOf(found)).toBe(
    `time,group,calls,errors,tokens,cost_micros,p50_ms,p95_ms,p99_ms,events\r\n${at(0)},,1,0,2,3,4,,,5\r\n${at(0)},"'=cmd|""x""",1,0,2,3,4,,,5\r\n`,
  )
})

test('figures as words', () => {
  expect([0, 0.254, 3.16, 12_345].map(rate)).toEqual(['0', '0.25', '3.2', '12k'])
  expect([0.25, 340, 2_340, 61_000].map(duration)).toEqual(['0.3 ms', '340 ms', '2.3 s', '1m 1s'])
  expect([change(120, 100), change(50, 100), change(100, 100), change(5, 0), change(null, 3)]).toEqual([
    '+20 %',
    '−50 %',
    '±0 %',
    undefined,
    undefined,
  ])
})

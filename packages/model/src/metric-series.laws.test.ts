/** Counters are made up, exported as OpenTelemetry's SDKs do, and their points brought out of order, twice or not at all. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { increasePerStep, increases, lastPerStep, type SeriesPoint } from './metric-series.ts'

/** One life of a counter: what it counted between one export and the next. */
interface Life {
  readonly start: number
  readonly everyMs: number
  readonly added: readonly number[]
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
const totalOf = (points: readonly SeriesPoint[], since = 0) => sum(increases(points, since).map(({ value }) => value))

const cumulative = ({ start, everyMs, added }: Life): SeriesPoint[] =>
  added.map((_, i) => ({ start, time: start + (i + 1) * everyMs, isDelta: false, value: sum(added.slice(0, i + 1)) }))
const delta = ({ start, everyMs, added }: Life): SeriesPoint[] =>
  added.map((value, i) => ({ start: start + i * everyMs, time: start + (i + 1) * everyMs, isDelta: true, value }))

const added = fc.array(fc.nat(1_000), { minLength: 1, maxLength: 12 })
/** Lives one after the other; with `overlap` the next may begin before the one before it ends. No two have times in common, as clocks have it. */
const lives = (overlap: boolean) =>
  fc
    .array(fc.record({ gap: fc.integer({ min: 1, max: 5_000 }), everyMs: fc.integer({ min: 1, max: 60_000 }), added }), { maxLength: 5 })
    .map((all) => {
      const made: Life[] = []
      let at = 1_000
      for (const [i, { gap, everyMs, added: counts }] of all.entries()) {
        made.push({ start: (at + gap) * 8 + i, everyMs: everyMs * 8, added: counts })
        at += gap + (overlap ? 0 : everyMs * counts.length)
      }
      return made
    })
/** In any order, some of them more than once. */
const disordered = (points: readonly SeriesPoint[]) =>
  fc
    .tuple(fc.shuffledSubarray([...points], { minLength: points.length }), fc.subarray([...points]))
    .map(([all, again]) => [...all, ...again])
const truth = (all: readonly Life[]) => sum(all.flatMap((life) => life.added))

function expectTruth(told: fc.Arbitrary<{ readonly all: readonly Life[]; readonly points: readonly SeriesPoint[] }>) {
  fc.assert(
    fc.property(told, ({ all, points }) => {
      expect(totalOf(points)).toBe(truth(all))
    }),
  )
}

describe('the increase of a series is what its counter counted', () => {
  test.each([
    ['cumulative points, of processes that run beside one another', true, cumulative],
    ['deltas, of processes that run beside one another', true, delta],
  ] as const)('%s', (_, overlap, exported) => {
    const told = lives(overlap).chain((all) => disordered(all.flatMap(exported)).map((points) => ({ all, points })))
    expectTruth(told)
  })

  test('however the temporality changes from one life to the next', () => {
    const told = lives(false).chain((all) =>
      fc
        .array(fc.boolean(), { minLength: all.length, maxLength: all.length })
        .chain((kinds) => disordered(all.flatMap((life, i) => (kinds[i] ? delta : cumulative)(life))))
        .map((points) => ({ all, points })),
    )
    expectTruth(told)
  })

  test('once, where it is told both ways', () => {
    const told = lives(false).chain((all) =>
      disordered(all.flatMap((life) => [...delta(life), ...cumulative(life)])).map((points) => ({ all, points })),
    )
    expectTruth(told)
  })

  test('though cumulative points are lost, as long as the last of each life came', () => {
    const told = lives(true).chain((all) => {
      const points = all.map(cumulative)
      return fc
        .tuple(...points.map((own) => fc.subarray(own.slice(0, -1))))
        .chain((some) => disordered(points.flatMap((own, i) => [...(some[i] ?? []), ...own.slice(-1)])))
        .map((points) => ({ all, points }))
    })
    expectTruth(told)
  })

  test('never more, where starts are not told; all but its first point, where a restart shows', () => {
    fc.assert(
      fc.property(lives(false), (all) => {
        const points = all.flatMap(cumulative).map((point) => ({ ...point, start: 0 }))
        const first = points[0]?.value ?? 0
        expect(totalOf(points)).toBeLessThanOrEqual(truth(all) - first)
        const shows = all.every((life, i) => i === 0 || (life.added[0] ?? 0) < sum(all[i - 1]?.added ?? []))
        if (shows) expect(totalOf(points)).toBe(truth(all) - first)
      }),
    )
  })

  test('of both the sum and the count of a histogram, whose sum may fall', () => {
    const values = fc.array(fc.array(fc.integer({ min: -50, max: 50 }), { maxLength: 5 }), { minLength: 1, maxLength: 10 })
    fc.assert(
      fc.property(values, (batches) => {
        const points = batches.map((_, i) => {
          const seen = batches.slice(0, i + 1).flat()
          return { start: 10, time: 20 + i, isDelta: false, value: sum(seen), count: seen.length }
        })
        const all = increases(points, 0)
        expect([sum(all.map(({ value }) => value)), sum(all.map(({ count }) => count))]).toEqual([
          sum(batches.flat()),
          batches.flat().length,
        ])
      }),
    )
  })
})

test('steps share the increase out: none is lost between them, none is in two', () => {
  const window = fc.record({
    since: fc.nat(100_000),
    ms: fc.integer({ min: 1, max: 400_000 }),
    stepMs: fc.integer({ min: 1, max: 50_000 }),
  })
  fc.assert(
    fc.property(lives(true), window, (all, { since, ms, stepMs }) => {
      const added = increases(all.flatMap(cumulative), 0)
      const steps = increasePerStep(added, { since, until: since + ms, stepMs })
      const within = added.filter(({ time }) => time >= since && time < since + ms)
      expect(sum(steps.map(({ value }) => value))).toBe(sum(within.map(({ value }) => value)))
      expect(steps.every(({ time }) => (time - since) % stepMs === 0)).toBe(true)
      expect(new Set(steps.map(({ time }) => time)).size).toBe(steps.length)
    }),
  )
})

test('what a counter counted before the points begin is not taken for an increase', () => {
  const points = [
    { start: 5, time: 100, isDelta: false, value: 1_000_000 },
    { start: 5, time: 160, isDelta: false, value: 1_000_007 },
  ]
  expect(increases(points, 50)).toEqual([{ time: 160, value: 7, count: 0 }])
  expect(increases(points, 5)).toEqual([
    { time: 100, value: 1_000_000, count: 0 },
    { time: 160, value: 7, count: 0 },
  ])
})

test('a level has its newest value in each step', () => {
  const points = [30, 10, 25, 5, 12].map((time) => ({ start: 0, time, isDelta: false, value: time * 2 }))
  expect(lastPerStep(points, { since: 5, until: 30, stepMs: 10 })).toEqual([
    { time: 5, value: 24, count: 0 },
    { time: 25, value: 50, count: 0 },
  ])
})

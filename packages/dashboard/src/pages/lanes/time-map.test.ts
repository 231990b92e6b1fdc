import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Swimlanes } from './layout.ts'
import { drawnLanes, gapsOf, timeMap } from './time-map.ts'

const gaps = fc
  .array(
    fc.record({
      wait: fc.integer({ min: 1, max: 10_000 }),
      length: fc.integer({ min: 2_000, max: 1e8 }),
      short: fc.integer({ min: 1, max: 1_500 }),
    }),
    { maxLength: 8 },
  )
  .map((list) => {
    let at = 1_000
    return list.map(({ wait, length, short }) => {
      const from = at + wait
      at = from + length
      return { from, to: at, short }
    })
  })
const time = fc.integer({ min: 0, max: 9e8 })

test('drawn time grows with time, and goes back to it: exactly outside gaps, to a part of a ms within', () => {
  fc.assert(
    fc.property(gaps, time, time, (list, a, b) => {
      const map = timeMap(list)
      if (a < b) expect(map.to(a)).toBeLessThan(map.to(b))
      const isIn = list.some(({ from, to }) => a > from && a < to)
      if (isIn) expect(map.back(map.to(a))).toBeCloseTo(a, 2)
      else expect(map.back(map.to(a))).toBe(a)
    }),
  )
})

test('a gap is as long as it is said to be, and what follows keeps its length', () => {
  const map = timeMap([{ from: 1_000, to: 101_000, short: 500 }])
  expect([0, 1_000, 51_000, 101_000, 102_000].map(map.to)).toEqual([0, 1_000, 1_250, 1_500, 2_500])
})

const minute = 60_000
const lanes = (...bars: (readonly [from: number, to: number | undefined])[]): Swimlanes => ({
  lanes: [
    {
      agent: 'a',
      label: 'a',
      depth: 0,
      workers: 0,
      pinned: false,
      under: undefined,
      waits: [],
      rows: 1,
      goneAt: undefined,
      models: [],
      tools: [],
      bars: bars.map(([from, to]) => ({
        task: 't',
        label: 't',
        state: 'working',
        worked: true,
        from,
        to,
        contradicted: false,
        row: 0,
        crowded: false,
      })),
    },
  ],
  arrows: [],
  begin: 0,
  end: 0,
})

test('a night between two bursts of work is drawn short; work without a pause is left as it is', () => {
  const [gap, more] = gapsOf(lanes([0, minute], [2 * minute, 3 * minute], [600 * minute, 601 * minute], [602 * minute, undefined]))
  expect(gap).toMatchObject({ from: 3 * minute, to: 600 * minute })
  expect(gap?.short).toBeLessThan(minute)
  expect(more).toBe(undefined)
  expect(gapsOf(lanes(...Array.from({ length: 50 }, (_, i) => [i * minute, (i + 1) * minute] as const)))).toEqual([])
  expect(gapsOf(lanes())).toEqual([])
})

test('a call that runs is no gap, a task that is open is one', () => {
  const busy = lanes([0, 1_000], [900 * minute, 901 * minute])
  const called: Swimlanes = {
    ...busy,
    lanes: busy.lanes.map((lane) => ({ ...lane, models: [{ call: 'c', label: 'c', from: 500, to: 900 * minute, failed: false }] })),
  }
  expect(gapsOf(busy).length).toBe(1)
  expect(gapsOf(called)).toEqual([])
})

test('lanes in drawn time keep what is open open', () => {
  const map = timeMap([{ from: 1_000, to: 11_000, short: 500 }])
  const [lane] = drawnLanes(lanes([0, 1_000], [11_000, undefined]), map).lanes
  expect(lane?.bars.map(({ from, to }) => [from, to])).toEqual([
    [0, 1_000],
    [1_500, undefined],
  ])
})

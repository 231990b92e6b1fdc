import { emptyTotals } from '@signalbox/model/fold/totals.ts'
import type { AgentRow } from '@signalbox/model/rows.ts'
import { expect, test } from 'vitest'
import { createRates } from './rates.ts'

const start = 1_800_000_000_000
const agent = (
  id: string,
  at: number,
  [events, tokens, cost, errors]: readonly [number, number, number, number],
  since = start,
): AgentRow => ({
  id,
  firstSeenAt: since,
  lastSeenAt: at,
  lastReceivedAt: at,
  events,
  totals: { ...emptyTotals, inputTokens: tokens, costMicros: cost, errors },
  inFlight: [],
})
const seen = (rates: ReturnType<typeof createRates>, id: string) => {
  const { tokensPerMinute, costMicrosPerHour, errors } = rates.of(id) ?? {}
  return [rates.spark(id, []).reduce((a, b) => a + b, 0), tokensPerMinute, costMicrosPerHour, errors]
}

test('what an agent did before the page looked is not counted, what it does then is, until it is too long ago', () => {
  const rates = createRates()
  rates.look([agent('a', start, [50, 1_000, 900, 3])], start)
  expect(seen(rates, 'a')).toEqual([0, 0, 0, 0])
  rates.look([agent('a', start + 1_000, [53, 1_600, 950, 4])], start + 1_000)
  expect(seen(rates, 'a')).toEqual([3, 600, 50, 1])
  expect(rates.all()).toMatchObject({ tokensPerMinute: 600, costMicrosPerHour: 50, errors: 1 })
  const later = (ms: number) => rates.look([agent('a', start + 1_000, [53, 1_600, 950, 4])], start + ms)
  later(60_000)
  expect(seen(rates, 'a')).toEqual([3, 600, 50, 1])
  later(62_000)
  expect(seen(rates, 'a')).toEqual([0, 0, 50, 1])
  later(5 * 60_000 + 20_000)
  expect(seen(rates, 'a')).toEqual([0, 0, 50, 0])
  later(3_700_000)
  expect(seen(rates, 'a')).toEqual([0, 0, 0, 0])
})

test('who joins is counted from its first event; a recording of long ago that comes in now is not of now', () => {
  const rates = createRates()
  rates.look([], start)
  const old = start - 86_400_000
  rates.look([agent('new', start + 900, [4, 80, 7, 1], start + 500), agent('old', old, [90, 9_000, 90, 9], old)], start + 1_000)
  expect(seen(rates, 'new')).toEqual([4, 80, 7, 1])
  expect(seen(rates, 'old')).toEqual([0, 0, 0, 0])
  rates.look([agent('old', old + 5, [95, 9_900, 99, 12], old)], start + 2_000)
  expect(seen(rates, 'old')).toEqual([0, 0, 0, 0])
})

test('the server’s word replaces what was counted, and counting goes on from the rows', () => {
  const rates = createRates()
  rates.look([agent('a', start, [10, 0, 0, 0])], start)
  rates.look([agent('a', start + 1_000, [20, 5_000, 5_000, 5])], start + 1_000)
  const spark = Array.from({ length: 60 }, (_, second) => (second === 0 ? 2 : second === 59 ? 7 : 0))
  rates.seed({
    at: new Date(start + 2_000).toISOString(),
    ids: ['a', 'b'],
    tokensLastMinute: [121, 0],
    costMicrosLastHour: [7, 0],
    errorsLast5Minutes: [1, 0],
    spark: [spark, spark.map(() => 0)],
  })
  expect(seen(rates, 'a')).toEqual([9, 121, 7, 1])
  expect(rates.spark('a', [])).toEqual(spark)
  rates.look([agent('a', start + 3_000, [30, 9_000, 9_000, 9])], start + 3_000)
  expect(seen(rates, 'a')).toEqual([7, 118, 7, 1])
  rates.look([agent('a', start + 4_000, [31, 9_002, 9_000, 9])], start + 4_000)
  expect(rates.spark('a', []).slice(-3)).toEqual([7, 0, 1])
  expect(rates.of('nobody')).toBeUndefined()

  // Too many to be told of: the bars go on from what was counted here.
  rates.seed({
    at: new Date(start + 5_000).toISOString(),
    ids: ['a'],
    tokensLastMinute: [5],
    costMicrosLastHour: [0],
    errorsLast5Minutes: [0],
    spark: null,
  })
  expect(seen(rates, 'a')).toEqual([8, 5, 0, 0])
})

test('of how many calls an agent’s errors are is counted, and taken as usual for those that the server tells of', () => {
  const rates = createRates()
  const calling = (at: number, calls: number, errors: number): AgentRow => {
    const row = agent('a', at, [calls, 0, 0, errors])
    return { ...row, totals: { ...row.totals, toolCalls: calls } }
  }
  rates.look([calling(start, 100, 10)], start)
  rates.look([calling(start + 1_000, 104, 12)], start + 1_000)
  expect(rates.of('a')).toMatchObject({ errors: 2, calls: 4 })
  rates.seed({
    at: new Date(start + 2_000).toISOString(),
    ids: ['a'],
    tokensLastMinute: [0],
    costMicrosLastHour: [0],
    errorsLast5Minutes: [6],
    spark: null,
  })
  rates.look([calling(start + 2_000, 104, 13)], start + 2_000)
  expect(rates.of('a')).toMatchObject({ errors: 6, calls: 48 })
})

test('events a second are those of all agents that came in the last ten seconds', () => {
  const rates = createRates()
  const until = (seconds: number) => {
    for (let second = 0; second <= seconds; second += 1)
      rates.look([agent('a', start, [second * 20, 0, 0, 0]), agent('b', start, [second * 5, 0, 0, 0])], start + second * 1_000)
  }
  until(4)
  expect(rates.all().eventsPerSecond).toBeCloseTo(25 * (3 / 4))
  until(30)
  expect(rates.all().eventsPerSecond).toBe(25)
})

test('a page that has just been opened tells the events a second that the server tells of', () => {
  const rates = createRates()
  const each = Array.from({ length: 60 }, () => 6)
  rates.seed({
    at: new Date(start).toISOString(),
    ids: ['a', 'b'],
    tokensLastMinute: [0, 0],
    costMicrosLastHour: [0, 0],
    errorsLast5Minutes: [0, 0],
    spark: [each, each],
  })
  rates.look([agent('a', start, [500, 0, 0, 0]), agent('b', start, [500, 0, 0, 0])], start)
  expect(rates.all().eventsPerSecond).toBe(12)
  for (let second = 1; second <= 11; second += 1) rates.look([agent('a', start, [500, 0, 0, 0])], start + second * 1_000)
  expect(rates.all().eventsPerSecond).toBe(0)
})

test('ten thousand agents are looked at in a few milliseconds', () => {
  const rates = createRates()
  const rows = (n: number) => Array.from({ length: 10_000 }, (_, i) => agent(`agent ${i}`, start + n * 1_000, [n, n, n, 0]))
  const looks = Array.from({ length: 8 }, (_, n) => rows(n))
  const took = looks.map((agents, n) => {
    const began = performance.now()
    rates.look(agents, start + n * 1_000)
    return performance.now() - began
  })
  expect(Math.min(...took)).toBeLessThan(25)
  expect(seen(rates, 'agent 9999')).toEqual([7, 7, 7, 0])
})

import { afterAll, expect, test } from 'vitest'
import { stopDatabases } from '../store/testing.ts'
import { between, quantile } from './pipeline-figures.ts'
import { troublesOf } from './pipeline-health.ts'
import type { Distribution, Sample } from './pipeline-sample.ts'
import { startTestApi } from './testing.ts'

afterAll(stopDatabases)

const none: Distribution = { count: 0, sum: 0, buckets: [] }
const quiet: Sample = {
  at: 0,
  tick: 0,
  doors: new Map(),
  refusals: new Map(),
  clients: new Map(),
  commit: none,
  batch: none,
  ack: none,
  live: none,
  counters: {
    deliveries: 0,
    conflated: 0,
    gaps: 0,
    dropped: 0,
    resyncs: 0,
    slowCloses: 0,
    fenced: 0,
    notKept: 0,
    hooksDropped: 0,
    rows: 0,
  },
  gauges: { queueEvents: 0, hooksQueued: 0, bodyBytes: 0 },
  behind: [{ consumer: 'rows', events: 0, ms: 0 }],
  process: { rssBytes: 1e8, heapBytes: 5e7, loopDelayMs: 1 },
}
const counts = (received: number, stored: number, refused = 0) =>
  new Map([['rest', { received, stored, duplicate: 0, refused, quarantined: 0 }]])
const codes = (now: Partial<Sample>, more: { before?: Partial<Sample>; commitP95Ms?: number; durability?: string } = {}) =>
  troublesOf({
    first: quiet,
    before: { ...quiet, ...more.before },
    now: { ...quiet, ...now },
    commitP95Ms: more.commitP95Ms ?? null,
    durability: more.durability ?? 'durable',
  }).map(({ code, severity }) => `${severity} ${code}`)

test('quantiles are of what came between, within their bucket', () => {
  const of = (...all: [bound: number, count: number][]): Distribution => ({ count: all.at(-1)?.[1] ?? 0, sum: 0, buckets: all })
  const before = of([0.01, 50], [0.1, 50], [Number.POSITIVE_INFINITY, 50])
  const after = of([0.01, 100], [0.1, 150], [Number.POSITIVE_INFINITY, 150])
  expect(quantile(before, after, 0.5)).toBeCloseTo(0.01)
  expect(quantile(before, after, 0.75)).toBeCloseTo(0.055)
  expect(quantile(before, after, 1)).toBeCloseTo(0.1)
  expect(quantile(after, after, 0.5)).toBeNull()
  expect(quantile(none, of([0.01, 0], [Number.POSITIVE_INFINITY, 9]), 0.5)).toBe(0.01)
})

test('rates are of the monotonic clock', () => {
  const rates = between(quiet, { ...quiet, tick: 2_000, doors: counts(400, 300, 100) })
  expect(rates).toMatchObject({ received: 200, stored: 150, refused: 50, commits: 0, commitP50Ms: null, eventsPerCommit: null })
  expect(between(quiet, quiet)).toMatchObject({ received: 0, stored: 0 })
})

test('all is well until something is wrong, and then it is said, worst first', () => {
  expect(codes({})).toEqual([])
  expect(codes({ doors: counts(10, 10) })).toEqual([])
  expect(codes({ doors: counts(10, 8, 2), behind: undefined })).toEqual(['bad store-away', 'warn refused'])
  expect(codes({ gauges: { ...quiet.gauges, queueEvents: 50_000 } })).toEqual(['bad queue'])
  expect(
    codes({
      behind: [
        { consumer: 'rows', events: 5, ms: 60_000 },
        { consumer: 'producers', events: 5, ms: 60_000 },
      ],
    }),
  ).toEqual(['bad lag-rows', 'warn lag-producers'])
  expect(codes({ counters: { ...quiet.counters, gaps: 1, slowCloses: 2, notKept: 3, fenced: 1, hooksDropped: 1 } })).toEqual([
    'warn not-kept',
    'warn hooks',
    'warn slow-readers',
    'warn gaps',
    'warn fenced',
  ])
  expect(codes({}, { commitP95Ms: 900, durability: 'volatile' })).toEqual(['warn slow-commits', 'warn volatile'])
})

test('what does not add up is told only when nothing is under way any more', () => {
  const lost = { doors: counts(10, 9) }
  expect(codes(lost, { before: { doors: counts(4, 4) } })).toEqual([])
  expect(codes({ ...lost, gauges: { ...quiet.gauges, queueEvents: 1 } }, { before: lost })).toEqual([])
  expect(codes(lost, { before: lost })).toEqual(['bad unbalanced'])
})

interface Answered {
  readonly troubles: { code: string }[]
  readonly totals: Record<string, number>
  readonly doors: { door: string; received: number; underWay: number }[]
  readonly refusals: { code: string; count: number }[]
  readonly consumers: { consumer: string; events: number }[] | null
  readonly store: { events: number; bytes: number; days: number } | null
  readonly history: { at: number[]; received: (number | null)[]; everyMs: number }
}

test('the server tells its own health: what came and what became of it adds up', async () => {
  const api = await startTestApi()
  try {
    const time = new Date().toISOString()
    const good = { source: 'test', type: 'log', time, agent: 'a', data: {} }
    const now = Date.now().toString(16).padStart(12, '0')
    const event = { ...good, id: `${now.slice(0, 8)}-${now.slice(8)}-7000-8000-000000000001` }
    await api.send([event, { ...event, id: `${event.id.slice(0, -1)}2` }])
    await api.send([event, { source: 'test', type: 'no good type', time } as never])
    const { status, body } = await api.get<Answered>('/v1/pipeline')
    expect(status).toBe(200)
    expect(body.totals).toEqual({ received: 4, stored: 2, duplicate: 1, refused: 0, quarantined: 1, underWay: 0 })
    expect(body.doors).toMatchObject([{ door: 'rest', received: 4, underWay: 0 }])
    expect(body.troubles.map(({ code }) => code)).toContain('refused')
    expect(body.refusals).toHaveLength(1)
    expect(body.consumers?.find(({ consumer }) => consumer === 'rows')).toBeDefined()
    expect(body.store?.events).toBeGreaterThanOrEqual(2)
    expect(body.store?.days).toBeGreaterThan(0)
    expect(body.history.at).toHaveLength(body.history.received.length)
    expect(body.history.everyMs).toBe(2_000)
  } finally {
    await api.stop()
  }
})

/** The figures of minutes are what one pass over the log counts, however it came to be written. */
import type { Event } from '@signalbox/model/event.ts'
import { uuidv7 } from '@signalbox/model/ids.ts'
import { bucketOf, callMeasure, type Measure, minuteOf, taskMeasure } from '@signalbox/model/rollup.ts'
import type { CallRow, TaskRow } from '@signalbox/model/rows.ts'
import fc from 'fast-check'
import type pg from 'pg'
import { expect, test } from 'vitest'
import { requestRebuild } from '../store/rebuild.ts'
import { durationColumns } from '../store/rollups-write.ts'
import { storedRows } from '../store/rows.testing.ts'
import { event, type Line, line } from './testing.ts'

interface Figures {
  calls: number
  failed: number
  tokens: number
  costMicros: number
  durationMs: number
  durations: number[]
}
type Table = Map<string, Figures>

const none = (): Figures => ({ calls: 0, failed: 0, tokens: 0, costMicros: 0, durationMs: 0, durations: durationColumns.map(() => 0) })

const sumOf = (column: string) => `coalesce(sum(${column}), 0)::float8`

async function stored(pool: pg.Pool): Promise<Table> {
  const { rows } = await pool.query<Record<string, number> & { key: string }>(
    `select concat_ws(' ', tenant, minute, kind, agent, name) as key, sum(calls)::float8 as calls, ${sumOf('failed')} as failed,
       ${sumOf('input_tokens')} + ${sumOf('output_tokens')} + ${sumOf('cached_tokens')} as tokens, ${sumOf('cost_micros')} as "costMicros", ${sumOf('duration_ms')} as "durationMs",
       ${durationColumns.map((column) => `${sumOf(column)} as ${column}`).join()}
     from rollups group by tenant, minute, kind, agent, name having sum(calls) <> 0 order by 1`,
  )
  return new Map(
    rows.map(({ key, calls = 0, failed = 0, tokens = 0, costMicros = 0, durationMs = 0, ...rest }) => [
      key,
      { calls, failed, tokens, costMicros, durationMs, durations: durationColumns.map((column) => rest[column] ?? 0) },
    ]),
  )
}

/** One pass over the log, and over the rows that it folded to. */
async function counted(pool: pg.Pool): Promise<Table> {
  const table: Table = new Map()
  const of = (...key: readonly (string | number)[]): Figures => {
    const name = key.join(' ')
    const held = table.get(name) ?? none()
    table.set(name, held)
    return held
  }
  const count = (tenant: string, measure: Measure | undefined) => {
    if (measure === undefined) return
    const to = of(tenant, measure.minute, measure.kind, measure.agent, measure.name)
    to.calls += 1
    to.failed += Number(measure.failed)
    to.tokens += measure.inputTokens + measure.outputTokens + measure.cachedTokens
    to.costMicros += measure.costMicros
    if (measure.durationMs === undefined) return
    to.durationMs += measure.durationMs
    const bucket = bucketOf(measure.durationMs)
    to.durations[bucket] = (to.durations[bucket] ?? 0) + 1
  }
  for (const { tenant, tbl, body } of await storedRows(pool)) {
    if (tbl === 'calls') count(tenant, callMeasure(body as CallRow))
    if (tbl === 'tasks') count(tenant, taskMeasure(body as TaskRow))
  }
  const { rows: events } = await pool.query<{ tenant: string; time: string; type: string; agent: string | null }>(
    'select tenant, time, type, agent from log',
  )
  for (const { tenant, time, type, agent } of events) {
    of(tenant, minuteOf(Number(time)), 'event', agent ?? '', '').calls += 1
    of(tenant, minuteOf(Number(time)), 'type', '', type).calls += 1
  }
  return new Map([...table].sort(([a], [b]) => (a < b ? -1 : 1)))
}

async function expectCounted(it: Line): Promise<Table> {
  await it.store.projections.caughtUp()
  const table = await stored(it.store.pool)
  expect(new Map([...table].sort(([a], [b]) => (a < b ? -1 : 1)))).toEqual(await counted(it.store.pool))
  return table
}

/** The beginning of a minute, ms: what follows within it is in the same minute, whenever tests run. */
const start = minuteOf(Date.now() - 600_000)
/** Few names and few minutes, so that calls are told twice, end twice, are corrected and attributed late. */
const Sketched = fc.record({
  type: fc.constantFrom(
    ...['llm.started', 'llm.finished', 'llm.failed', 'llm.attributed', 'tool.started', 'tool.finished', 'tool.failed'],
    ...['task.created', 'task.assigned', 'task.started', 'task.completed', 'task.failed', 'log'],
  ),
  agent: fc.constantFrom('a1', 'a2', undefined),
  tenant: fc.constantFrom('default', 'other'),
  run: fc.constantFrom('r1', 'r2', 'r3'),
  task: fc.constantFrom('t1', 't2'),
  afterMs: fc.integer({ min: 0, max: 200_000 }),
  data: fc.record(
    {
      call: fc.constantFrom('c1', 'c2', 'c3'),
      model: fc.constantFrom('large', 'small'),
      name: fc.constantFrom('grep', 'x'.repeat(300), 'nul \u0000'),
      to: fc.constantFrom('a1', 'a2'),
      usage: fc.record({ inputTokens: fc.nat(50), outputTokens: fc.nat(9), cacheReadTokens: fc.nat(9) }),
      costMicros: fc.nat(20),
      startedAt: fc.nat(200_000).map((ms) => new Date(start + ms).toISOString()),
    },
    { requiredKeys: ['call', 'to'] },
  ),
})
const eventsOf = (sketches: readonly (typeof Sketched extends fc.Arbitrary<infer T> ? T : never)[]): Event[] =>
  sketches.map(({ afterMs, ...sketch }) => event({ ...sketch, time: start + afterMs, id: uuidv7(start + afterMs) }))

test('any split into batches, duplicates and restarts in between: the table is that of one pass over the log', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(Sketched, { minLength: 1, maxLength: 60 }),
      fc.array(fc.record({ size: fc.integer({ min: 1, max: 20 }), restart: fc.boolean(), twice: fc.boolean() }), {
        minLength: 1,
        maxLength: 6,
      }),
      async (sketches, steps) => {
        const events = eventsOf(sketches)
        let it = await line()
        for (let at = 0, i = 0; at < events.length; i += 1) {
          const { size, restart, twice } = steps[i % steps.length] ?? { size: 1, restart: false, twice: false }
          const batch = events.slice(at, at + size)
          await it.send(batch)
          if (twice) await it.send(batch)
          at += size
          if (!restart) continue
          await it.stop()
          it = await line({ url: it.url })
        }
        await expectCounted(it)
        await it.stop()
      },
    ),
    { numRuns: 8 },
  )
}, 120_000)

test('a writer that lost its partition before it wrote leaves nothing out, and its successor counts nothing twice', async () => {
  const first = await line({ partitions: 1 })
  const second = await line({ url: first.url, partitions: 1 })
  const call = (i: number, more = {}) =>
    event({
      type: 'tool.finished',
      data: { call: `c${i}`, name: 'grep', startedAt: new Date(start).toISOString() },
      time: start + i,
      ...more,
    })
  for (let i = 0; i < 40; i += 1) await (i % 3 === 0 ? second : first).send([call(i), call(i)])
  const table = await expectCounted(second)
  expect([...table].find(([key]) => key.includes('tool'))?.[1]).toMatchObject({ calls: 40 })
})

test('rows that are made again from the log bring the same figures', async () => {
  const it = await line()
  await it.send(eventsOf(fc.sample(Sketched, { numRuns: 200, seed: 7 })))
  const before = await expectCounted(it)
  await requestRebuild(it.store.pool)
  await it.stop()
  const again = await line({ url: it.url })
  expect(await expectCounted(again)).toEqual(before)
})

test('of more agents in a minute than are told apart the rest are one, and nothing is lost', async () => {
  const it = await line({ partitions: 1 })
  const many = Array.from({ length: 6_000 }, (_, i) =>
    event({ type: 'llm.finished', agent: `a${i}`, time: start, data: { call: `c${i}`, costMicros: 1 } }),
  )
  for (let at = 0; at < many.length; at += 500) await it.send(many.slice(at, at + 500))
  await it.store.projections.caughtUp()
  const { rows } = await it.store.pool.query<{ calls: number; costs: number; agents: number }>(
    "select sum(calls)::int as calls, sum(cost_micros)::int as costs, count(distinct agent)::int as agents from rollups where kind = 'llm'",
  )
  expect(rows[0]).toMatchObject({ calls: 6_000, costs: 6_000 })
  expect(rows[0]?.agents).toBeLessThan(2_600)
})

/** A longer sum that stands is the sum of its minutes, at every moment: while it is made, while figures come late, and while they are corrected. */
import type { Event } from '@signalbox/model/event.ts'
import { uuidv7 } from '@signalbox/model/ids.ts'
import { minuteMs, minuteOf } from '@signalbox/model/rollup.ts'
import fc from 'fast-check'
import type pg from 'pg'
import { expect, test } from 'vitest'
import { createFakeClock } from '../clock.fake.ts'
import { requestRebuild } from '../store/rebuild.ts'
import { startLongSums } from '../store/rollups-keep.ts'
import { type Cut, dayMs, hourMs, levels } from '../store/rollups-levels.ts'
import { changedHours, raiseSummed, sumHour } from '../store/rollups-long.ts'
import { durationColumns, rollupSums } from '../store/rollups-write.ts'
import { event, type Line, line, log } from './testing.ts'

const sums = [...rollupSums, ...durationColumns].map((column) => `coalesce(sum(${column}), 0)::float8`).join()
const keysOf = { agent: "agent, ''", name: "'', name", both: 'agent, name' } satisfies Record<Cut, string>

/** How many sums stand, and how many of their rows are in them or in their minutes alone. One statement: one moment. */
async function standing(pool: pg.Pool, spanMs: number, cut: Cut): Promise<{ stand: number; differ: number }> {
  const { rows } = await pool.query<{ stand: number; differ: number }>(
    `with found as (select tenant, minute - minute % ${spanMs} as begins from rollups union select tenant, begins from rollups_long where span_ms = ${spanMs}),
     stands as (select f.* from found f, rollups_until where begins + ${spanMs} <= until and not exists
       (select from rollups_changed c where c.tenant = f.tenant and c.minute >= f.begins and c.minute < f.begins + ${spanMs})),
     of_minutes as (select r.tenant, begins, kind, ${keysOf[cut]}, ${sums} from rollups r
       join stands s on s.tenant = r.tenant and r.minute >= s.begins and r.minute < s.begins + ${spanMs} group by 1, 2, 3, 4, 5),
     of_long as (select tenant, begins, kind, agent, name, ${sums} from rollups_long join stands using (tenant, begins)
       where span_ms = ${spanMs} and cut = '${cut}' group by 1, 2, 3, 4, 5)
     select (select count(*)::int from stands) as stand,
       (select count(*)::int from ((table of_minutes except table of_long) union all (table of_long except table of_minutes)) as d) as differ`,
  )
  return rows[0] ?? { stand: 0, differ: -1 }
}

/** How many sums stand of each length. */
async function expectSums({ store: { pool } }: Line): Promise<readonly number[]> {
  const counts: number[] = []
  for (const { spanMs, cuts } of levels)
    for (const cut of cuts) {
      const { stand, differ } = await standing(pool, spanMs, cut)
      expect(differ, `${cut} of ${spanMs} ms`).toBe(0)
      if (cut === 'name') counts.push(stand)
    }
  return counts
}

const start = Math.floor(Date.now() / dayMs - 4) * dayMs
const spanHours = 60
/** Few hours, agents and calls, so that sums are added to late and calls end again elsewhere. */
const Sketched = fc.record({
  type: fc.constantFrom('llm.started', 'llm.finished', 'llm.failed', 'llm.attributed', 'tool.finished', 'task.started', 'task.completed'),
  agent: fc.constantFrom('a1', 'a2', undefined),
  tenant: fc.constantFrom('default', 'other'),
  run: fc.constantFrom('r1', 'r2', 'r3'),
  task: fc.constantFrom('t1', 't2'),
  after: fc.record({ hour: fc.constantFrom(0, 1, 5, 6, 23, 24, 47), minute: fc.constantFrom(0, 9, 10, 14, 59) }),
  data: fc.record({
    call: fc.constantFrom('c1', 'c2', 'c3'),
    model: fc.constantFrom('large', 'small'),
    name: fc.constantFrom('grep', 'read'),
    to: fc.constantFrom('a1', 'a2'),
    costMicros: fc.nat(20),
    usage: fc.record({ inputTokens: fc.nat(50), outputTokens: fc.nat(9) }),
  }),
})
type Sketch = typeof Sketched extends fc.Arbitrary<infer T> ? T : never
const eventsOf = (sketches: readonly Sketch[]): Event[] =>
  sketches.map(({ after: { hour, minute }, ...sketch }) => {
    const time = start + hour * hourMs + minute * minuteMs
    return event({ ...sketch, time, id: uuidv7(time) })
  })

async function sumSome({ store: { pool } }: Line, most: number): Promise<void> {
  for (const changed of await changedHours(pool, most)) await sumHour(pool, changed)
}

test('whatever is sent and summed beside each other, what stands is right, and in the end all stands', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(Sketched, { minLength: 1, maxLength: 60 }),
      fc.array(fc.record({ size: fc.integer({ min: 1, max: 20 }), untilHour: fc.integer({ min: 0, max: spanHours }), sums: fc.nat(4) }), {
        minLength: 1,
        maxLength: 6,
      }),
      async (sketches, steps) => {
        const events = eventsOf(sketches)
        const it = await line()
        for (let at = 0, i = 0; at < events.length; i += 1) {
          const { size, untilHour, sums: most } = steps[i % steps.length] ?? { size: 1, untilHour: 0, sums: 0 }
          const send = async () => {
            await it.send(events.slice(at, at + size))
            await it.store.projections.caughtUp()
          }
          const sum = async () => {
            await raiseSummed(it.store.pool, start + untilHour * hourMs)
            if (most > 0) await sumSome(it, most)
          }
          await Promise.all([send(), sum(), expectSums(it)])
          at += size
        }
        await raiseSummed(it.store.pool, start + spanHours * hourMs)
        while ((await changedHours(it.store.pool, 1)).length > 0) await sumSome(it, 10)
        const [minutes = 0, , hours = 0] = await expectSums(it)
        expect(minutes).toBeGreaterThan(0)
        expect(hours).toBeGreaterThan(0)
        await it.stop()
      },
    ),
    { numRuns: 6 },
  )
}, 120_000)

const call = (i: number, time: number) =>
  event({ type: 'tool.finished', agent: `a${i % 3}`, time, id: uuidv7(time), data: { call: `c${i}`, name: 'grep' } })

test('they are made by themselves for what was there before, and for what comes late; a day stands once it is over', async () => {
  const it = await line()
  await it.send(Array.from({ length: 40 }, (_, i) => call(i, start + i * 1_800_000)))
  await it.store.projections.caughtUp()
  const clock = createFakeClock(start + 30 * hourMs)
  const long = startLongSums({ pool: it.store.pool, clock, log })
  await long.settled()
  // Of thirty hours less half a minute: twenty are there, one day is over.
  expect((await expectSums(it)).slice(2)).toEqual([20, 4, 1])
  await it.send([call(100, start + minuteMs)])
  await it.store.projections.caughtUp()
  expect((await expectSums(it)).slice(2)).toEqual([19, 3, 0])
  clock.advance(1_000)
  await long.settled()
  expect((await expectSums(it)).slice(2)).toEqual([20, 4, 1])
  await long.stop()
})

test('a day whose last hours are empty stands too, as do sums over a time in which nobody summed', async () => {
  const it = await line()
  await it.send([call(0, start + 2 * hourMs)])
  await it.store.projections.caughtUp()
  const sumUntil = async (until: number) => {
    await raiseSummed(it.store.pool, minuteOf(until))
    await sumSome(it, 100)
    return (await expectSums(it)).slice(2)
  }
  expect(await sumUntil(start + 4 * hourMs)).toEqual([1, 0, 0])
  expect(await sumUntil(start + 7 * hourMs)).toEqual([1, 1, 0])
  expect(await sumUntil(start + 90 * hourMs)).toEqual([1, 1, 1])
  expect(await sumUntil(start + 3 * hourMs)).toEqual([1, 1, 1])
})

test('rows that are made again take the sums of the former ones with them', async () => {
  const it = await line()
  await it.send(Array.from({ length: 10 }, (_, i) => call(i, start + i * minuteMs)))
  await it.store.projections.caughtUp()
  await raiseSummed(it.store.pool, start + 2 * hourMs)
  await sumSome(it, 10)
  await requestRebuild(it.store.pool)
  await it.stop()
  const again = await line({ url: it.url })
  expect((await expectSums(again))[2]).toBe(0)
  await raiseSummed(again.store.pool, start + 2 * hourMs)
  await sumSome(again, 10)
  expect((await expectSums(again))[2]).toBe(1)
})

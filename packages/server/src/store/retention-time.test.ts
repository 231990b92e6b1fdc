/** No wall clock, however wrong, has the retention drop what is not due, or refuses what is sent meanwhile. */
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { createFakeClock } from '../clock.fake.ts'
import { event, type Line, line, logOf } from '../sequencer/testing.ts'
import { openStore } from './open.ts'
import { createRetentionTime } from './retention-time.ts'

const dayMs = 86_400_000
const yearMs = 365 * dayMs
const today = Date.UTC(2026, 4, 20, 12)

/** A log with one event of today, its server stopped since. */
async function stoppedServer() {
  const clock = createFakeClock(today)
  const it = await line({ partitions: 1, clock })
  await it.send([event({ time: today })])
  await it.stop()
  return { url: it.url, clock, again: () => line({ partitions: 1, clock, url: it.url }) }
}

/** Positions left after an upkeep, of which the server's own at its start may still be under way. */
async function kept(it: Line) {
  await it.store.projections.caughtUp()
  await it.store.days.dropExpired()
  return (await logOf(it)).map(({ position }) => position)
}

test('a clock that is a year ahead at start, and whose time is committed, drops nothing, also after another start', async () => {
  const { clock, again } = await stoppedServer()
  clock.set(yearMs)
  const ahead = await again()
  expect(await kept(ahead)).toEqual([1])
  expect(await ahead.send([event({ time: today }), event({ time: clock.now() })])).toMatchObject([{ kind: 'stored' }, { kind: 'stored' }])
  await ahead.stop()
  const restarted = await again()
  expect(await kept(restarted)).toEqual([1, 2, 3])
})

test('a clock that jumps while the server runs is believed four days a day', async () => {
  const { clock, again } = await stoppedServer()
  const it = await again()
  clock.set(yearMs)
  clock.advance(7 * dayMs)
  expect(await kept(it)).toEqual([1])
  clock.advance(dayMs)
  expect(await kept(it)).toEqual([])
})

test('a server that was off for two months drops what is due within three weeks', async () => {
  const { clock, again } = await stoppedServer()
  clock.advance(60 * dayMs)
  const it = await again()
  expect(await kept(it)).toEqual([1])
  clock.advance(20 * dayMs)
  expect(await kept(it)).toEqual([])
  expect(it.store.days.retainedFrom()).toBe(clock.now() - 30 * dayMs)
})

test('a clock that is behind at start drops nothing, and the retention goes on from where it was once it is right', async () => {
  const { clock, again } = await stoppedServer()
  const past = Date.UTC(2020, 0, 1)
  const before = await again()
  await before.send([event({ time: past })], { backfill: true })
  await before.stop()
  clock.set(-50 * yearMs)
  const it = await again()
  expect(await kept(it)).toEqual([1, 2])
  clock.set(50 * yearMs)
  clock.advance(29 * dayMs)
  expect(await kept(it)).toEqual([1, 2])
  clock.advance(2 * dayMs)
  expect(await kept(it)).toEqual([])
})

test('how far it has come is kept over starts', async () => {
  const { clock, again } = await stoppedServer()
  const it = await again()
  const time = createRetentionTime({ pool: it.store.pool, clock, log: pino({ level: 'silent' }) })
  await time.remember()
  clock.set(yearMs)
  clock.advance(3 * dayMs)
  await time.remember()
  const next = createRetentionTime({ pool: it.store.pool, clock, log: pino({ level: 'silent' }) })
  await next.remember()
  expect(next.now()).toBe(today + 12 * dayMs)
})

test('a clock that is far away is told once, with both times', async () => {
  const { url, clock } = await stoppedServer()
  clock.set(yearMs)
  const said: string[] = []
  const log = pino({ level: 'warn' }, { write: (text) => void said.push(text) })
  const store = await openStore({ url, config: { partitions: 1, retentionDays: 30, quarantineItems: 10 }, log, clock })
  await store.stop()
  expect(said.filter((text) => text.includes('retention'))).toEqual([
    expect.stringContaining('the wall clock says 2027-05-20T12:00:00.000Z, the retention is at 2026-05-20T12:00:00.000Z'),
  ])
})

import type pg from 'pg'
import { pino } from 'pino'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { createFakeClock } from '../clock.fake.ts'
import type { Clock } from '../clock.ts'
import { writeQuarantine } from './log-write.ts'
import { openStore } from './open.ts'
import { createQuarantine } from './quarantine.ts'
import { stopDatabases, withDatabase } from './testing.ts'

afterAll(stopDatabases)
const dayMs = 86_400_000

const row = (at = Date.now()) => ({
  id: crypto.randomUUID(),
  tenant: 'default',
  at,
  door: 'rest',
  code: 'INVALID_EVENT',
  message: 'no',
  body: '{}',
})

const opened = async (clock?: Clock) => {
  const config = { partitions: 1, retentionDays: 30, quarantineItems: 10 }
  const store = await openStore({
    url: await withDatabase(),
    config,
    log: pino({ level: 'silent' }),
    ...(clock === undefined ? {} : { clock }),
  })
  onTestFinished(() => store.stop())
  return store
}

test('the bound holds for requests at the same time, and a failed write takes no room', async () => {
  const { pool } = await opened()
  let isAway = false
  const query = ((...asked: Parameters<pg.Pool['query']>) =>
    isAway ? Promise.reject(new Error('away')) : pool.query(...asked)) as pg.Pool['query']
  const { keep, notKept } = createQuarantine({ pool: { query }, mostRows: 10, retentionMs: 1_000, now: Date.now })
  const kept = await Promise.all(Array.from({ length: 4 }, () => keep([row(), row()])))
  expect(kept).toEqual([2, 2, 2, 2])
  isAway = true
  await expect(keep([row(), row()])).rejects.toThrow('away')
  isAway = false
  const last = await Promise.all(Array.from({ length: 4 }, () => keep([row(), row()])))
  expect(last.reduce((sum, count) => sum + count, 0)).toBe(2)
  expect(notKept('default')).toBe(8)
  expect((await pool.query('select 1 from quarantine')).rowCount).toBe(10)
})

test('what is kept leaves with the retention, and makes room', async () => {
  const clock = createFakeClock(Date.UTC(2026, 0, 1))
  const { now } = clock
  const { quarantine, pool } = await opened(clock)
  const old = Array.from({ length: 8 }, () => row(now()))
  expect(await quarantine.keep(old)).toBe(8)
  clock.advance(30 * dayMs)
  expect(await quarantine.dropExpired()).toBe(0)
  expect(await quarantine.keep([row(now()), row(now()), row(now())])).toBe(2)
  // The same again: it is kept.
  expect(await quarantine.keep([row(now()), ...old])).toBe(8)
  clock.advance(1)
  expect(await quarantine.dropExpired()).toBe(8)
  expect(await quarantine.keep(Array.from({ length: 9 }, () => row(now())))).toBe(8)
  expect((await pool.query('select 1 from quarantine')).rowCount).toBe(10)
})

test('the bound holds when old items leave while a commit is under way', async () => {
  const { quarantine, pool } = await opened()
  let end = () => {}
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  const rows = Array.from({ length: 8 }, () => row())
  let reserve = () => {}
  const reserved = new Promise<void>((resolve) => {
    reserve = resolve
  })
  const slow = quarantine.within(pool, rows, async (admitted) => {
    reserve()
    await ended
    await writeQuarantine(pool, admitted)
  })
  await reserved
  await quarantine.dropExpired()
  expect(await quarantine.keep([row()])).toBe(1)
  end()
  expect((await slow).size).toBe(8)
  expect(await quarantine.keep([row(), row()])).toBe(1)
  await quarantine.dropExpired()
  expect(await quarantine.keep([row()])).toBe(0)
  expect((await pool.query('select 1 from quarantine')).rowCount).toBe(10)
})

test('a bound that was passed before is brought down in bounded steps', async () => {
  const now = Date.UTC(2026, 0, 1)
  const { pool } = await opened(createFakeClock(now))
  await pool.query(
    `insert into quarantine (id, tenant, at, door, code, message, body)
     select gen_random_uuid(), 'default', $1::bigint + i, 'rest', 'X', '', '' from generate_series(1, 2500) i`,
    // Too young for the store's own upkeep, which runs at its start.
    [now],
  )
  const deletes: (number | null)[] = []
  const query = (async (...asked: Parameters<pg.Pool['query']>) => {
    const result = (await pool.query(...asked)) as unknown as pg.QueryResult
    deletes.push(result.rowCount)
    return result
  }) as unknown as pg.Pool['query']
  const { dropExpired } = createQuarantine({ pool: { query }, mostRows: 10, retentionMs: 0, now: () => now + 2_401 })
  expect(await dropExpired()).toBe(2_400)
  expect(deletes).toEqual([1_000, 1_000, 400])
})

test('the start forgets what its retention ended', async () => {
  const url = await withDatabase()
  const config = { partitions: 1, retentionDays: 30, quarantineItems: 10 }
  const log = pino({ level: 'silent' })
  const start = Date.UTC(2026, 0, 1)
  const early = await openStore({ url, config, log, clock: createFakeClock(start) })
  await early.quarantine.keep([row(start)])
  await early.stop()
  const later = await openStore({ url, config, log, clock: createFakeClock(start + 31 * dayMs) })
  await expect.poll(async () => (await later.pool.query('select 1 from quarantine')).rowCount).toBe(0)
  await later.stop()
})

import { firstIdOf, uuidv7 } from '@signalbox/model/ids.ts'
import pg from 'pg'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { createLogDays, type LogDays } from './days.ts'
import { migrate } from './migrate.ts'
import { poolOf, stopDatabases, withDatabase } from './testing.ts'

const dayMs = 86_400_000
const today = Date.UTC(2026, 4, 20, 15, 30)
const retentionDays = 10

let pool: pg.Pool
let now: number
let days: LogDays

beforeEach(async () => {
  const url = await withDatabase()
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await migrate(client)
  await client.end()
  pool = poolOf(url, 6)
  await pool.query('insert into heads (partition) values (0), (1)')
  now = today
  days = createLogDays(pool, { retentionDays }, () => now)
})
afterEach(() => pool.end())
afterAll(stopDatabases)

const children = async () => {
  const { rows } = await pool.query<{ name: string }>(
    "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'log'::regclass order by 1",
  )
  return rows.map(({ name }) => name)
}
const listed = async () =>
  (await pool.query<{ name: string }>('select name from log_partitions order by name')).rows.map(({ name }) => name)

/** One committed event. */
async function put(partition: number, position: number, time: number, id = uuidv7(time)) {
  await pool.query(
    `insert into log (position, time, received_at, id, partition, tenant, source, type, data) values ($1, $2, $2, $3, $4, 'default', 's', 'log', '{}')`,
    [position, time, id, partition],
  )
  await pool.query(
    `insert into commits (partition, first, last, at, stored, duplicates, refused, min_id, max_id, hash) values ($1, $2, $2, $3, 1, 0, 0, $4, $4, '')`,
    [partition, position, now, id],
  )
  await pool.query('update heads set position = $2 where partition = $1', [partition, position])
}
const oldest = async () =>
  (await pool.query<{ oldest: string }>('select oldest from heads order by partition')).rows.map((row) => Number(row.oldest))

test('the days ahead are made, yesterday too, and making them again changes nothing', async () => {
  await days.makeAhead()
  const made = await children()
  expect(made).toEqual(Array.from({ length: 9 }, (_, i) => `log_202605${19 + i}`))
  expect(await listed()).toEqual(made)
  await createLogDays(pool, { retentionDays }, () => now).makeAhead()
  expect(await children()).toEqual(made)
})

test('an id lands in the day of its time, to the millisecond', async () => {
  const midnight = Date.UTC(2026, 4, 21)
  await days.ensure([midnight - 1, midnight], false)
  await put(0, 1, midnight - 1, uuidv7(midnight - 1, new Uint8Array(16).fill(255)))
  await put(0, 2, midnight, firstIdOf(midnight))
  const { rows } = await pool.query('select tableoid::regclass::text as name from log order by position')
  expect(rows).toEqual([{ name: 'log_20260520' }, { name: 'log_20260521' }])
})

test('many writers that need one day make it once', async () => {
  const makers = Array.from({ length: 6 }, () => createLogDays(pool, { retentionDays }, () => now))
  await Promise.all(makers.map((maker) => maker.ensure([today], false)))
  expect(await children()).toEqual(['log_20260520'])
})

test('retention drops a day when all of it is too old, and readers learn what is gone', async () => {
  await days.ensure([today, today + dayMs], false)
  await put(0, 1, today)
  await put(0, 2, today + 1)
  await put(0, 3, today + dayMs)
  await put(1, 1, today)
  // The day's last millisecond is not yet past the retention.
  now = Date.UTC(2026, 4, 21) + retentionDays * dayMs
  expect(await days.dropExpired()).toEqual([])
  expect(await oldest()).toEqual([1, 1])
  now += 1
  expect(await days.dropExpired()).toEqual(['log_20260520'])
  expect(await children()).toEqual(['log_20260521'])
  expect(await listed()).toEqual(['log_20260521'])
  expect(await oldest()).toEqual([3, 2])
  // Of the commits before the oldest position one stays, to tell "gone" from "never was".
  const { rows } = await pool.query('select partition, last::int from commits order by partition, last')
  expect(rows).toEqual([
    { partition: 0, last: 2 },
    { partition: 0, last: 3 },
    { partition: 1, last: 1 },
  ])
  expect(await days.dropExpired()).toEqual([])
})

test('a backfilled day stays for the retention from its backfill, also when it comes again', async () => {
  const past = Date.UTC(2020, 0, 1, 12)
  await days.ensure([past], true)
  await put(0, 1, past)
  expect(await days.dropExpired()).toEqual([])
  now += 5 * dayMs
  await days.ensure([past], true)
  now += (retentionDays - 1) * dayMs
  expect(await days.dropExpired()).toEqual([])
  now += 1 * dayMs + 1
  expect(await days.dropExpired()).toEqual(['log_20200101'])
  // It can be backfilled once more.
  await days.ensure([past], true)
  await put(0, 2, past)
  expect(await children()).toContain('log_20200101')
})

test('a day in use is left for the next time instead of holding up the log', async () => {
  await days.ensure([today], false)
  await put(0, 1, today)
  now += 20 * dayMs
  const reader = await pool.connect()
  await reader.query('begin')
  await reader.query('select * from log')
  expect(await days.dropExpired()).toEqual([])
  await reader.query('commit')
  reader.release()
  expect(await days.dropExpired()).toEqual(['log_20260520'])
})

test('retention counts back from now', () => {
  expect(days.retainedFrom()).toBe(today - retentionDays * dayMs)
})

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

/** One committed event, folded. */
async function put(partition: number, position: number, time: number, id = uuidv7(time)) {
  await pool.query(
    `insert into log (position, time, received_at, id, partition, tenant, source, type, data) values ($1, $2, $2, $3, $4, 'default', 's', 'log', '{}')`,
    [position, time, id, partition],
  )
  await pool.query(
    `insert into commits (partition, first, last, at, stored, duplicates, refused, min_id, max_id, hash) values ($1, $2, $2, $3, 1, 0, 0, $4, $4, '')`,
    [partition, position, now, id],
  )
  await pool.query('update heads set position = $2, folded = $2 where partition = $1', [partition, position])
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
  // What left is remembered for as long as one of its commits is.
  const remembered = async () =>
    (await pool.query('select partition, first::int, last::int from log_dropped order by partition, first')).rows
  expect(await remembered()).toEqual([
    { partition: 0, first: 1, last: 2 },
    { partition: 1, first: 1, last: 1 },
  ])
  expect(await days.dropExpired()).toEqual([])
  now += dayMs
  expect(await days.dropExpired()).toEqual(['log_20260521'])
  expect(await remembered()).toEqual([
    { partition: 0, first: 3, last: 3 },
    { partition: 1, first: 1, last: 1 },
  ])
})

test('a table stays while an event of it was not folded into rows, and holds back no other', async () => {
  await days.ensure([today, today + dayMs], false)
  await put(0, 1, today + dayMs)
  await put(1, 1, today + dayMs)
  await put(1, 2, today)
  await pool.query('update heads set folded = 1')
  now += 20 * dayMs
  expect(await days.dropExpired()).toEqual(['log_20260521'])
  expect(await children()).toEqual(['log_20260520'])
  expect(await oldest()).toEqual([2, 2])
  // It is still known: nothing of it may be made twice.
  await days.ensure([today], true)
  await pool.query('update heads set folded = position')
  now += 20 * dayMs
  expect(await days.dropExpired()).toEqual(['log_20260520'])
})

test('a backfilled table stays for the retention from its backfill, also when it comes again', async () => {
  const past = Date.UTC(2020, 0, 1, 12)
  await days.ensure([past], true)
  await put(0, 1, past)
  expect(await days.dropExpired()).toEqual([])
  now += 5 * dayMs
  await days.ensure([past], true)
  now += (retentionDays - 1) * dayMs
  expect(await days.dropExpired()).toEqual([])
  now += 1 * dayMs + 1
  expect(await days.dropExpired()).toEqual(['log_20200101_20210101'])
  // It can be backfilled once more.
  await days.ensure([past], true)
  await put(0, 2, past)
  expect(await children()).toContain('log_20200101_20210101')
})

const daysSince = (year: number) =>
  Array.from({ length: Math.floor((today - Date.UTC(year, 0)) / dayMs) + 1 }, (_, day) => Date.UTC(year, 0) + day * dayMs)

test('history lands in a table a year, whatever its day; days within the retention have their own', async () => {
  await days.ensure([0, ...daysSince(2016)], true)
  expect(await children()).toHaveLength(1 + 2026 - 2016 + 1 + retentionDays + 1)
  expect(await children()).toContain('log_20250101_20260101')
  // Up to the day that the retention begins in, which is not wholly past it.
  expect(await children()).toContain('log_20260101_20260510')
  await put(0, 1, 0, firstIdOf(0))
  await put(0, 2, Date.UTC(2026, 4, 10) - 1)
  const { rows } = await pool.query('select tableoid::regclass::text as name from log order by position')
  expect(rows).toEqual([{ name: 'log_19700101_19710101' }, { name: 'log_20260101_20260510' }])
})

test('within a long retention, what comes late is kept by the month', async () => {
  days = createLogDays(pool, { retentionDays: 400 }, () => now)
  await days.ensure(
    Array.from({ length: 500 }, (_, back) => today - back * dayMs),
    true,
  )
  const found = await children()
  expect(found.length).toBeLessThan(32 + 14 + 2)
  expect(found).toEqual(
    expect.arrayContaining([
      'log_20260419',
      'log_20260401_20260419',
      'log_20260301_20260401',
      'log_20250415_20250501',
      'log_20250101_20250415',
    ]),
  )
})

test('within a retention of decades some dozens of tables hold every day', async () => {
  days = createLogDays(pool, { retentionDays: 30_000 }, () => now)
  await days.ensure([0, ...daysSince(2016)], false)
  // Days, months, years.
  expect(await children()).toHaveLength(32 + 13 + 11)
  expect(await days.dropExpired()).toEqual([])
})

test('a table takes what the tables of its year left free', async () => {
  // As an older version made them, and as time goes on.
  await pool.query(
    `create table log_20200310 partition of log for values from ('${firstIdOf(Date.UTC(2020, 2, 10))}') to ('${firstIdOf(Date.UTC(2020, 2, 11))}')`,
  )
  await pool.query('insert into log_partitions values ($1, $2, $3)', ['log_20200310', Date.UTC(2020, 2, 10), Date.UTC(2020, 2, 11)])
  await days.ensure([Date.UTC(2020, 5, 1), Date.UTC(2020, 2, 10), Date.UTC(2020, 2, 9), Date.UTC(2020, 2, 11)], true)
  expect(await children()).toEqual(['log_20200101_20200310', 'log_20200310', 'log_20200311_20210101'])
  await days.ensure([today - 11 * dayMs], true)
  now += dayMs
  await days.ensure([today - 10 * dayMs], true)
  expect(await children()).toEqual(expect.arrayContaining(['log_20260101_20260510', 'log_20260510']))
})

test('a day that the retention begins in keeps what was backfilled into it', async () => {
  const morning = Date.UTC(2026, 4, 10, 1)
  const evening = Date.UTC(2026, 4, 10, 23)
  await days.ensure([evening], false)
  await days.ensure([evening, morning], true)
  await put(0, 1, morning)
  now += dayMs
  expect(await days.dropExpired()).toEqual([])
  now += retentionDays * dayMs
  expect(await days.dropExpired()).toEqual(['log_20260510'])
})

test('a clock that is right again has its days in the table of the year that was history when it was ahead', async () => {
  now += 900 * dayMs
  await days.ensure([today - 100 * dayMs], false)
  now = today
  days = createLogDays(pool, { retentionDays }, () => now)
  await days.makeAhead()
  expect(await children()).toEqual(['log_20260101_20270101'])
  now = Date.UTC(2027, 0, 1) + retentionDays * dayMs + 1
  expect(await days.dropExpired()).toEqual(['log_20260101_20270101'])
})

test('a shorter retention drops the days past it at the next start, a longer one keeps and reuses what there is', async () => {
  const back = [0, 1, 4, 5, 6, 9].map((day) => today - day * dayMs)
  await days.ensure([...back, Date.UTC(2020, 0, 1)], true)
  const shorter = createLogDays(pool, { retentionDays: 5 }, () => now)
  expect(await shorter.dropExpired()).toEqual(['log_20260511', 'log_20260514'])
  await shorter.ensure([...back, Date.UTC(2020, 0, 1)], true)
  expect(await children()).toContain('log_20260101_20260515')
  const longer = createLogDays(pool, { retentionDays: 60 }, () => now)
  const before = await children()
  await longer.ensure([...back, Date.UTC(2026, 3, 1)], true)
  expect(await children()).toEqual(before)
  now += 6 * dayMs
  expect(await longer.dropExpired()).toEqual([])
})

test('a table is made while others read and write the log', async () => {
  await days.ensure([today], false)
  const other = await pool.connect()
  await other.query('begin')
  await other.query('select * from log')
  await other.query(
    `insert into log (position, time, received_at, id, partition, tenant, source, type, data) values (1, 1, 1, $1, 0, 'default', 's', 'log', '{}')`,
    [uuidv7(today)],
  )
  await days.ensure([Date.UTC(2020, 0, 1)], true)
  await other.query('commit')
  other.release()
  expect(await children()).toHaveLength(2)
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

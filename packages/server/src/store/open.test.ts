import { minuteOf } from '@signalbox/model/rollup.ts'
import pg from 'pg'
import { pino } from 'pino'
import { afterAll, expect, onTestFinished, test, vi } from 'vitest'
import { createFakeClock } from '../clock.fake.ts'
import { migrate, underStartLock } from './migrate.ts'
import { openStore, type Store } from './open.ts'
import { addRollups, durationColumns, rollupSums } from './rollups-write.ts'
import { stopDatabases, withEmptyDatabase } from './testing.ts'

const log = pino({ level: 'silent' })
const open = (url: string, partitions = 2) => openStore({ url, config: { partitions, retentionDays: 30, quarantineItems: 1_000 }, log })
afterAll(stopDatabases)

async function ask(url: string, sql: string) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await client.query(sql)
  } finally {
    await client.end()
  }
}

async function using<T>(url: string, run: (store: Store) => Promise<T> | T, partitions?: number): Promise<T> {
  const store = await open(url, partitions)
  try {
    return await run(store)
  } finally {
    await store.stop()
  }
}

test('servers that start together migrate once; a later start has nothing to do', async () => {
  const url = await withEmptyDatabase()
  const migrated = await Promise.all(
    [1, 2, 3].map(async () => {
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      try {
        return (await migrate(client)).length
      } finally {
        await client.end()
      }
    }),
  )
  expect(migrated.filter((count) => count > 0)).toHaveLength(1)
  expect(await using(url, ({ meta }) => meta.partitions)).toBe(2)
})

test('a migration that came in below a later one is applied too', async () => {
  const url = await withEmptyDatabase()
  await using(url, () => undefined)
  await ask(url, 'alter table heads drop column fold; alter table meta drop column former_epochs; delete from migrations where number = 3')
  await using(url, () => undefined)
  expect((await ask(url, 'select number from migrations where number = 3')).rowCount).toBe(1)
})

/** Tables as before migration 23: no figure is null. */
const olderFigures = ['rollups', 'rollups_long']
  .flatMap((table) => [
    ...[...rollupSums, ...durationColumns].flatMap((column) => [
      `update ${table} set ${column} = 0 where ${column} is null`,
      `alter table ${table} alter column ${column} set not null`,
    ]),
    ...durationColumns.map((column, i) => `alter table ${table} rename column ${column} to d${i}`),
  ])
  .join(';')

test('figures of an older version, also of a rebuild that it did not end, are added to as they are', async () => {
  const url = await withEmptyDatabase()
  const figures = {
    ...{
      tenant: 'default',
      minute: minuteOf(Date.now()),
      kind: 'tool' as const,
      agent: 'a',
      name: 'read',
      calls: 2,
      failed: 0,
      inputTokens: 0,
      outputTokens: 0,
    },
    ...{ cachedTokens: 0, costMicros: 5, durationMs: 9, durations: durationColumns.map((_, i) => (i === 3 ? 2 : 0)) },
  }
  const add = (table: string) =>
    using(url, async ({ pool }) => {
      const client = await pool.connect()
      await addRollups(client, table, 0, [figures])
      client.release()
    })
  await add('rollups')
  await ask(
    url,
    `${olderFigures}; create table rollups_next (like rollups, primary key (tenant, minute, kind, agent, name, partition));
     insert into rollups_next table rollups; drop index log_run_block; create index log_run on log (tenant, run, position) where run is not null;
     delete from migrations where number = 23`,
  )
  for (const table of ['rollups', 'rollups_next']) {
    await add(table)
    const { rows } = await ask(url, `select calls, failed, cost_micros, took0, took3 from ${table}`)
    expect(rows).toEqual([{ calls: '4', failed: null, cost_micros: 10, took0: null, took3: 4 }])
  }
  expect((await ask(url, "select from pg_indexes where indexname in ('log_run', 'log_run_block')")).rowCount).toBe(1)
})

test('a commit of an older version that waits while the schema changes finds itself fenced', async () => {
  const url = await withEmptyDatabase()
  await using(url, () => undefined)
  await ask(url, 'drop table log_dropped; delete from migrations where number = 8')
  const [reader, writer, migrating] = await Promise.all(
    [1, 2, 3].map(async () => {
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      onTestFinished(() => client.end())
      return client
    }),
  )
  if (reader === undefined || writer === undefined || migrating === undefined) throw new Error('There are three connections.')
  const { rows } = await writer.query<{ fence: string }>('select fence from heads where partition = 0')
  const waiting = async () =>
    (
      await ask(
        url,
        "select from pg_locks where relation = 'heads'::regclass and not granted and database = (select oid from pg_database where datname = current_database())",
      )
    ).rowCount

  await reader.query('begin; select from heads')
  const migrated = migrate(migrating)
  await expect.poll(waiting).toBe(1)
  const committed = writer.query(
    `call commit_events(0, ${rows[0]?.fence}, 1, 1, 0, 0, 0, '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000', '', 0)`,
  )
  committed.catch(() => undefined)
  await expect.poll(waiting).toBe(2)
  await reader.query('commit')

  expect(await migrated).toEqual(['0008-dropped-tables.sql'])
  await expect(committed).rejects.toMatchObject({ code: 'SBX01' })
})

test('a database that a newer version made is refused, and so is one whose migration was edited', async () => {
  const url = await withEmptyDatabase()
  await using(url, () => undefined)
  await ask(url, "insert into migrations (number, name, sha256) values (9000, '9000-later.sql', '')")
  await expect(open(url)).rejects.toThrow('The database has migration 9000-later.sql, which this version does not know.')
  await ask(url, 'delete from migrations where number = 9000')
  await ask(url, "update migrations set sha256 = 'other' where number = 1")
  await expect(open(url)).rejects.toThrow('was changed after it was applied')
})

test('the epoch stays over restarts, and changes when the database was restored or promoted', async () => {
  const url = await withEmptyDatabase()
  const epoch = await using(url, ({ meta }) => meta.epoch)
  expect(epoch).toMatch(/^[0-9a-f]{8}$/)
  expect(await using(url, ({ meta }) => meta.epoch)).toBe(epoch)
  await ask(url, 'update meta set timeline = timeline + 1')
  const promoted = await using(url, ({ meta }) => meta.epoch)
  expect(promoted).not.toBe(epoch)
  await ask(url, "update meta set system_identifier = '1'")
  const restored = await using(url, ({ meta }) => meta.epoch)
  expect(new Set([epoch, promoted, restored]).size).toBe(3)
  expect(await using(url, async ({ reader }) => (await reader.heads()).epoch)).toBe(restored)
})

test('the number of partitions is fixed at first start', async () => {
  const url = await withEmptyDatabase()
  expect(await using(url, ({ meta }) => meta.partitions, 3)).toBe(3)
  expect(await using(url, async ({ meta, reader }) => [meta.partitions, (await reader.heads()).positions], 8)).toEqual([3, [0, 0, 0]])
})

test('today and the days ahead are ready when the store opens', async () => {
  const url = await withEmptyDatabase()
  await using(url, async ({ pool }) => {
    const name = `log_${new Date().toISOString().slice(0, 10).replaceAll('-', '')}`
    expect((await pool.query('select to_regclass($1) as found', [name])).rows).toEqual([{ found: name }])
  })
})

test('what the retention ended while the server was away is dropped when it comes back', async () => {
  const url = await withEmptyDatabase()
  const then = Date.UTC(2026, 0, 10)
  const early = await openStore({
    url,
    config: { partitions: 1, retentionDays: 30, quarantineItems: 1_000 },
    log,
    clock: createFakeClock(then),
  })
  await early.stop()
  const later = await openStore({
    url,
    config: { partitions: 1, retentionDays: 30, quarantineItems: 1_000 },
    log,
    clock: createFakeClock(then + 35 * 86_400_000 + 1),
  })
  await later.stop()
  const { rows } = await ask(url, 'select min(name) as first from log_partitions')
  expect(rows).toEqual([{ first: 'log_20260115' }])
})

test('the retention goes on where rows cannot be written, as on a full disk', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const url = await withEmptyDatabase()
  const clock = createFakeClock(Date.UTC(2026, 0, 10))
  const store = await openStore({ url, config: { partitions: 1, retentionDays: 30, quarantineItems: 1_000 }, log, clock })
  onTestFinished(() => store.stop())
  store.projections.bringUpBy(() => Promise.reject(new Error('No space left on device.')))
  clock.advance(35 * 86_400_000 + 1)
  vi.advanceTimersByTime(60 * 60_000)
  await expect
    .poll(async () => (await store.pool.query('select min(name) as first from log_partitions')).rows)
    .toEqual([{ first: 'log_20260115' }])
})

test('readers go on after every connection was cut', async () => {
  const url = await withEmptyDatabase()
  await using(url, async ({ reader }) => {
    await Promise.all(Array.from({ length: 5 }, () => reader.heads()))
    await ask(url, 'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()')
    // A query may meet a connection whose end has not been noticed; the one after it does not.
    await expect.poll(() => reader.heads().catch(() => undefined)).toMatchObject({ positions: [0, 0] })
  })
})

test('a database that is not there is named in a sentence', async () => {
  const url = (await withEmptyDatabase()).replace(/test_\w+$/, 'nowhere')
  await expect(open(url)).rejects.toThrow(/PostgreSQL does not answer: database "nowhere" does not exist\. Check DATABASE_URL/)
})

test('a transaction whose machine is gone does not keep its locks for as long as TCP would', async () => {
  const url = await withEmptyDatabase()
  const { rows } = await using(url, ({ pool }) =>
    pool.query("select setting from pg_settings where name = 'idle_in_transaction_session_timeout'"),
  )
  expect(Number(rows[0]?.setting)).toBeGreaterThan(0)
})

test('a start whose machine is gone does not hold up the next one for as long as TCP would', async () => {
  const client = new pg.Client({ connectionString: await withEmptyDatabase() })
  await client.connect()
  try {
    const { rows } = await underStartLock(client, () =>
      client.query<{ setting: string }>("select setting from pg_settings where name in ('tcp_user_timeout', 'tcp_keepalives_idle')"),
    )
    // Over TCP on Linux; elsewhere PostgreSQL says 0 of what the system lacks.
    expect(rows.map(({ setting }) => Number(setting)).sort((a, b) => a - b)).toEqual([15, 30_000])
  } finally {
    await client.end()
  }
})

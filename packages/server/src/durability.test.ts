import pg from 'pg'
import { pino } from 'pino'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { startApp } from './app.ts'
import { readConfig } from './config.ts'
import { stopDatabases, withDatabase } from './store/testing.ts'

afterAll(stopDatabases)

test('on a PostgreSQL that does not sync, no acknowledgement says that it did', async () => {
  const databaseUrl = await withDatabase()
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  onTestFinished(() => client.end())
  // The embedded one cannot be told to: its settings are seen here as those of one that was.
  await client.query('create schema unsafe')
  await client.query(`create view unsafe.pg_settings as select name, case name when 'fsync' then 'off' else setting end as setting
    from pg_catalog.pg_settings`)
  await client.query(`alter database ${new URL(databaseUrl).pathname.slice(1)} set search_path = public, unsafe, pg_catalog`)
  const app = await startApp(readConfig({ DATABASE_URL: databaseUrl, SIGNALBOX_PORT: '0' }), { log: pino({ level: 'silent' }) })
  onTestFinished(() => app.stop())
  const body = JSON.stringify({ source: 's', type: 'log', time: new Date().toISOString() })
  const receipt = await (await fetch(`${app.url}/v1/events`, { method: 'POST', body })).json()
  expect(receipt).toMatchObject({ accepted: 1, durability: 'volatile' })
  const refused = await (await fetch(`${app.url}/v1/events`, { method: 'POST', body: '[{},{}]' })).json()
  expect(refused).toMatchObject({ accepted: 0, refused: [{ index: 0 }, { index: 1 }], durability: 'volatile' })
  const info = await (await fetch(`${app.url}/v1/info`)).json()
  expect(info).toMatchObject({ capabilities: { durability: ['volatile'] } })
})

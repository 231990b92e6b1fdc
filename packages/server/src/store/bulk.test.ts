import pg from 'pg'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { sendBulk } from './bulk.ts'
import { stopDatabases, withDatabase } from './testing.ts'

let client: pg.Client
beforeEach(async () => {
  await client?.end()
  client = new pg.Client({ connectionString: await withDatabase() })
  // A test that cuts the connection hears of it here too.
  client.on('error', () => undefined)
  await client.connect()
  await client.query('create table a (n int primary key); create table b (t text)')
})
afterAll(async () => {
  await client.end()
  await stopDatabases()
})

const rows = (...values: unknown[]) => Buffer.from(values.map((value) => `${value}\n`).join(''))
const counts = async () => {
  const { rows: found } = await client.query<{ a: number; b: number }>(
    'select (select count(*) from a)::int a, (select count(*) from b)::int b',
  )
  return found[0]
}
const large = Buffer.from('a line of some length, so that all of them fit into no buffer on the way\n'.repeat(100_000))

test('statements and several copies are one transaction with one answer', async () => {
  await sendBulk(client, 'insert into a values (1); copy a from stdin; copy b from stdin; insert into a values (4)', [rows(2, 3), large])
  expect(await counts()).toEqual({ a: 4, b: 100_000 })
})

test.for([
  ['a statement before the first copy', 'insert into nowhere values (1); copy a from stdin; copy b from stdin', [rows(2), large], '42P01'],
  ['a line of a copy', 'copy b from stdin; copy a from stdin; insert into b values (1)', [large, rows(2, 'x', 3)], '22P02'],
  ['a key that is there', 'copy a from stdin; copy b from stdin', [rows(2, 2), large], '23505'],
  ['a statement after the last copy', 'copy a from stdin; copy b from stdin; do $$ begin perform 1 / 0; end $$', [rows(2), large], '22012'],
] as const)('%s fails: nothing is stored, and the connection goes on', async ([_, text, copies, code]) => {
  await expect(sendBulk(client, text, copies)).rejects.toMatchObject({ code })
  expect(await counts()).toEqual({ a: 0, b: 0 })
  await sendBulk(client, 'copy a from stdin', [rows(7)])
  expect(await counts()).toEqual({ a: 1, b: 0 })
})

test('a connection that breaks under way rejects', async () => {
  const sending = sendBulk(client, 'copy b from stdin; do $$ begin perform pg_terminate_backend(pg_backend_pid()); end $$', [large])
  await expect(sending).rejects.toThrow()
})

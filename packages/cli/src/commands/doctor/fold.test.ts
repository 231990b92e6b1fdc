import { event, type Line, line } from '@signalbox/server/sequencer/testing.ts'
import type { Pool, PoolClient } from 'pg'
import { expect, test } from 'vitest'
import { checkFold } from './fold.ts'

const quietly = () => {}
const work = (count: number, tenant = 'default') =>
  Array.from({ length: count }, (_, i) =>
    event({
      tenant,
      run: `r${i % 5}`,
      agent: `w${i % 4}`,
      task: `t${i % 11}`,
      type: ['agent.started', 'tool.started', 'tool.finished', 'task.assigned', 'llm.finished'][i % 5] ?? 'log',
      data: { call: `c${i % 50}`, to: `w${(i + 1) % 4}` },
    }),
  )

/** The pool of a line whose connections run `before` ahead of each statement that begins so. */
function watched({ store: { pool } }: Line, statement: string, before: () => Promise<unknown>): Pool {
  const connect = async () => {
    const client = await pool.connect()
    const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>
    const slowed = async (...args: unknown[]) => {
      if (String(args[0]).startsWith(statement)) await before()
      return query(...args)
    }
    return Object.assign(Object.create(client) as PoolClient, { query: slowed, release: () => client.release() })
  }
  return Object.assign(Object.create(pool) as Pool, { connect, query: pool.query.bind(pool) })
}

test('rows of several tenants are compared, at the head they are of, while events come and a new day of the log is made', async () => {
  const it = await line()
  await it.send([...work(300), ...work(100, 'another')])
  await it.store.projections.caughtUp()
  let days = 0
  const pool = watched(it, 'fetch', async () => {
    days += 1
    await it.store.days.ensure([Date.now() - days * 90 * 86_400_000], true)
    await it.send(work(20))
  })
  expect(await checkFold(pool, quietly)).toMatchObject({ health: 'good', what: expect.stringMatching(/^\d+ rows are what/) })
  expect(days).toBeGreaterThan(1)
  await it.store.pool.query("update projections set agent = 'x' where tenant = 'another' and tbl = 'calls'")
  expect(await checkFold(it.store.pool, quietly)).toMatchObject({
    health: 'bad',
    what: expect.stringMatching(/calls "r\d \/ (tool|llm) \/ c\d+" of tenant another differs in column agent(; .*){4}; and \d+ more$/),
  })
})

test('more rows than memory is meant for, and rows of another fold, are said to be not compared', async () => {
  const it = await line({ partitions: 1 })
  await it.send(work(100))
  await it.store.projections.caughtUp()
  expect(await checkFold(it.store.pool, quietly, 10)).toMatchObject({
    health: 'unknown',
    what: expect.stringContaining('more than 10 rows'),
  })
  await it.store.pool.query("update heads set fold = 'other'")
  expect(await checkFold(it.store.pool, quietly)).toMatchObject({ health: 'unknown', what: expect.stringContaining('of fold "other"') })
})

/** A call of run r2 that closes, and one of r3 that closes and is told more of later: once in one chunk, twice in two. */
async function withCalls() {
  const it = await line({ partitions: 1 })
  const told = (run: string, call: string, type: string) => event({ run, agent: 'w1', type, data: { call, name: 'search' } })
  await it.send([
    told('r2', 'c1', 'tool.started'),
    told('r2', 'c1', 'tool.finished'),
    told('r3', 'c2', 'tool.finished'),
    told('r4', 'c3', 'tool.started'),
  ])
  await it.store.projections.caughtUp()
  await it.send([told('r3', 'c2', 'tool.started')])
  await it.store.projections.caughtUp()
  return { it, sql: (text: string, values: unknown[] = []) => it.store.pool.query(text, values) }
}
const found = async (it: Line) => (await checkFold(it.store.pool, quietly)).what

test('of calls in chunks the newest is compared, beside what it was and a row of before there were any', async () => {
  const { it, sql } = await withCalls()
  expect((await sql('select run, last::int, again from call_chunks order by last')).rows).toEqual([
    { run: 'r2', last: 2, again: false },
    { run: 'r3', last: 3, again: false },
    { run: 'r3', last: 5, again: true },
  ])
  expect(await checkFold(it.store.pool, quietly)).toMatchObject({ health: 'good' })
  await sql(`insert into projections (position, sort, partition, open, tbl, tenant, key, body)
    values (3, 0, 0, false, 'calls', 'default', 'r3\u001ftool\u001fc2', '{}')`)
  expect(await checkFold(it.store.pool, quietly)).toMatchObject({ health: 'good' })
})

test('a call that is missing, older than the log, twice, of no event, another than folded or cannot be read is found in chunks', async () => {
  const { it, sql } = await withCalls()
  const spoiled = async (how: string, values: unknown[] = []) => {
    await sql('create table whole as select * from call_chunks; create table opened as select * from projections_open')
    await sql(how, values)
    const what = await found(it)
    await sql(
      'truncate call_chunks; insert into call_chunks select * from whole; truncate projections_open; insert into projections_open select * from opened',
    )
    await sql('drop table whole, opened')
    return what
  }
  const again = (last: string) =>
    `insert into call_chunks select partition, first, last + 90, count, again, tenant, run, hashes, calls from call_chunks where last = ${last}`
  expect(await spoiled('delete from call_chunks where last = 2')).toBe('calls "r2 / tool / c1" of tenant default is missing')
  expect(await spoiled('delete from call_chunks where last = 5')).toBe('calls "r3 / tool / c2" of tenant default differs in position')
  for (const [last, call] of [
    ['2', 'r2 / tool / c1'],
    ['3', 'r3 / tool / c2'],
    ['5', 'r3 / tool / c2'],
  ] as const)
    expect(await spoiled(again(last))).toBe(`calls "${call}" of tenant default is there twice`)
  const hidden = 'calls "r2 / tool / c1" of tenant default is not found by its key'
  expect(await spoiled("update call_chunks set hashes = '{1}' where last = 2")).toBe(hidden)
  expect(await spoiled("update call_chunks set run = 'r9' where last = 2")).toBe(hidden)
  expect(await spoiled("update call_chunks set tenant = 'other' where last = 2")).toBe(
    'calls "r2 / tool / c1" of tenant other is of no event; calls "r2 / tool / c1" of tenant default is missing',
  )
  expect(
    await spoiled(`insert into projections (position, sort, partition, open, tbl, tenant, key, body)
    values (1, 0, 0, true, 'calls', 'default', 'r2\u001ftool\u001fc1', '{}')`),
  ).toBe('calls "r2 / tool / c1" of tenant default is there twice')
  const { rows } = await sql('select calls from call_chunks where last = 2')
  const text = (rows[0] as { calls: Buffer }).calls.toString()
  expect(text).toContain('"search"')
  expect(await spoiled('update call_chunks set calls = $1 where last = 2', [Buffer.from(text.replace('"search"', '"find"'))])).toBe(
    'calls "r2 / tool / c1" of tenant default differs in name',
  )
  for (const bytes of [text.slice(0, -1), `${text.slice(0, -2)}\n`, '('])
    expect(await spoiled('update call_chunks set calls = $1 where last = 2', [Buffer.from(bytes)])).toBe(
      'closed calls of partition 0 cannot be read',
    )
  expect(await checkFold(it.store.pool, quietly)).toMatchObject({ health: 'good' })
})

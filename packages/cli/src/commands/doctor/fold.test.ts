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

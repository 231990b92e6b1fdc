import type pg from 'pg'
import { pino } from 'pino'
import { afterAll, expect, test } from 'vitest'
import { openStore } from './open.ts'
import { createQuarantine } from './quarantine.ts'
import { stopDatabases, withDatabase } from './testing.ts'

afterAll(stopDatabases)

const row = () => ({
  id: crypto.randomUUID(),
  tenant: 'default',
  at: Date.now(),
  door: 'rest',
  code: 'INVALID_EVENT',
  message: 'no',
  body: '{}',
})

test('the bound holds for requests at the same time, and a failed write takes no room', async () => {
  const store = await openStore({ url: await withDatabase(), config: { partitions: 1, retentionDays: 30 }, log: pino({ level: 'silent' }) })
  let isAway = false
  const keep = createQuarantine(
    {
      query: ((...asked: Parameters<pg.Pool['query']>) =>
        isAway ? Promise.reject(new Error('away')) : store.pool.query(...asked)) as pg.Pool['query'],
    },
    10,
  )
  const kept = await Promise.all(Array.from({ length: 4 }, () => keep([row(), row()])))
  expect(kept).toEqual([2, 2, 2, 2])
  isAway = true
  await expect(keep([row(), row()])).rejects.toThrow('away')
  isAway = false
  const last = await Promise.all(Array.from({ length: 4 }, () => keep([row(), row()])))
  expect(last.reduce((sum, count) => sum + count, 0)).toBe(2)
  expect((await store.pool.query('select 1 from quarantine')).rowCount).toBe(10)
  await store.stop()
})

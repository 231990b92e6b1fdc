/** Files of the write-ahead log are made while nobody waits, and only then. */
import { tmpdir } from 'node:os'
import type pg from 'pg'
import { pino } from 'pino'
import { afterAll, expect, test } from 'vitest'
import { createFakeClock } from '../clock.fake.ts'
import { poolOf, stopDatabases, withEmptyDatabase } from './testing.ts'
import { startWalAhead } from './wal-ahead.ts'

afterAll(stopDatabases)

const fileBytes = 16 * 1024 * 1024
const log = pino({ level: 'silent' })

async function stage() {
  const pool = poolOf(await withEmptyDatabase(), 1)
  const asked: string[] = []
  const listeners = new Set<() => void>()
  const clock = createFakeClock(0)
  const size = async () => {
    const { rows } = await pool.query<{ bytes: number }>('select sum(size)::float8 as bytes from pg_ls_waldir()')
    return rows[0]?.bytes ?? 0
  }
  return {
    size,
    asked,
    commit() {
      for (const listener of listeners) listener()
    },
    async pass(seconds: number) {
      for (let second = 0; second < seconds; second += 1) {
        clock.advance(1_000)
        await new Promise((resume) => setImmediate(resume))
      }
    },
    isFollowed: () => listeners.size > 0,
    start: (wantedBytes: number) =>
      startWalAhead({
        pool: {
          query: ((text: string, values?: unknown[]) => {
            asked.push(text)
            return pool.query(text, values)
          }) as pg.Pool['query'],
        },
        bus: {
          subscribe(listener) {
            listeners.add(listener)
            return () => void listeners.delete(listener)
          },
        },
        data: tmpdir(),
        ...{ clock, log, wantedBytes },
      }),
    end: () => pool.end(),
  }
}

test('once nothing was committed for a while there are as many files as are wanted, and it is done', async () => {
  const { size, pass, commit, isFollowed, start, asked, end } = await stage()
  const before = await size()
  const walAhead = start(before + 3 * fileBytes)
  for (let seconds = 0; seconds < 5; seconds += 1) {
    commit()
    await pass(1)
  }
  expect(asked).toEqual([])
  await pass(2)
  await expect.poll(isFollowed).toBe(false)
  expect(await size()).toBeGreaterThanOrEqual(before + 3 * fileBytes)
  const { length } = asked
  await pass(60)
  await walAhead.stop()
  expect(asked).toHaveLength(length)
  await end()
})

test('a commit that comes meanwhile waits for one file at most', async () => {
  const { size, pass, commit, start, asked, end } = await stage()
  const walAhead = start((await size()) + 100 * fileBytes)
  const switches = () => asked.filter((text) => text.includes('pg_switch_wal')).length
  await pass(3)
  await expect.poll(switches).toBeGreaterThan(0)
  commit()
  const made = switches()
  // They wait for what is asked on the same connection.
  for (let asks = 0; asks < 6; asks += 1) await size()
  const { length } = asked
  expect(switches()).toBeLessThanOrEqual(made + 1)
  await pass(1)
  await size()
  expect(asked).toHaveLength(length)
  await pass(3)
  await expect.poll(switches).toBeGreaterThan(made + 1)
  await walAhead.stop()
  await end()
})

test('on a disk that is nearly full nothing is made', async () => {
  const { pass, isFollowed, start, asked, end } = await stage()
  const walAhead = start(1e18)
  await pass(3)
  await expect.poll(isFollowed).toBe(false)
  expect(asked.join()).not.toContain('pg_switch_wal')
  await walAhead.stop()
  await end()
})

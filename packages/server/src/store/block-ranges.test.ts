/** Whoever asks what changed lately reads few pages: without waiting for a vacuum, and after a sum that was cut short. */
import { setImmediate } from 'node:timers/promises'
import type pg from 'pg'
import { afterAll, expect, test } from 'vitest'
import { createFakeClock } from '../clock.fake.ts'
import { mendRanges, startBlockRanges } from './block-ranges.ts'
import { poolOf, stopDatabases, withDatabase } from './testing.ts'

afterAll(stopDatabases)

/** Some 50 block ranges. */
const writeRows = (pool: pg.Pool) =>
  pool.query(
    `insert into projections_kept (position, born, sort, partition, open, tbl, tenant, key, state, body)
       select n, n, n, 0, false, 'tasks', 'default', 'task-' || n, 'completed', jsonb_build_object('filler', repeat('x', 150))
       from generate_series(1, 20001) as n`,
  )

/** Pages read for what no row has. */
async function unknownPages(pool: pg.Pool): Promise<number> {
  const client = await pool.connect()
  try {
    await client.query('begin; set local enable_seqscan = off')
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(
      'explain (analyze, costs off, timing off) select from projections_kept where position > 1000000000000',
    )
    await client.query('rollback')
    return Number(/Heap Blocks: lossy=(\d+)/.exec(rows.map((row) => row['QUERY PLAN']).join('\n'))?.[1] ?? 0)
  } finally {
    client.release()
  }
}

/** Some range's sum is begun and never ended, as by a kill; the others are summed up. */
async function cutShort(pool: pg.Pool): Promise<void> {
  const client = await pool.connect()
  try {
    for (let tries = 0; tries < 200; tries += 1) {
      await client.query(
        "select brin_desummarize_range('projections_kept_position', page) from generate_series(0, pg_relation_size('projections_kept') / 8192, 16) as page",
      )
      await client.query('set statement_timeout = 2')
      await client.query("select brin_summarize_new_values('projections_kept_position')").catch(() => undefined)
      await client.query('set statement_timeout = 0')
      await client.query("select brin_summarize_new_values('projections_kept_position')")
      if ((await unknownPages(pool)) > 16) return
    }
    throw new Error('No sum was cut short.')
  } finally {
    client.release()
  }
}

function keep(pool: pg.Pool) {
  const clock = createFakeClock(0)
  let isWaiting = false
  const listeners = new Set<() => void>()
  const warned: string[] = []
  let asked = 0
  const connect = (() => {
    asked += 1
    return pool.connect()
  }) as pg.Pool['connect']
  const ranges = startBlockRanges({
    pool: { connect },
    bus: {
      subscribe(listener) {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
    },
    clock: {
      ...clock,
      after(ms, look) {
        isWaiting = true
        return clock.after(ms, look)
      },
    },
    log: { warn: (...said: unknown[]) => void warned.push(String(said.at(-1))) },
  })
  return {
    warned,
    asked: () => asked,
    commit() {
      for (const listener of listeners) listener()
    },
    /** Until the look that was due is done. */
    async pass(seconds: number) {
      isWaiting = false
      clock.advance(seconds * 1_000)
      for (const until = performance.now() + 10_000; !isWaiting; await setImmediate())
        if (performance.now() > until) throw new Error('It waits.')
    },
    stop: () => ranges.stop(),
  }
}

test('what is written is summed up within seconds, and where nothing is, nothing is asked', async () => {
  const pool = poolOf(await withDatabase(), 2)
  const { commit, pass, asked, warned, stop } = keep(pool)
  await pass(5)
  await writeRows(pool)
  expect(await unknownPages(pool)).toBeGreaterThan(300)
  commit()
  await pass(5)
  expect(await unknownPages(pool)).toBe(0)
  const before = asked()
  await pass(5)
  expect(asked()).toBe(before)
  expect(warned).toEqual([])
  await stop()
  await pool.end()
})

test('a range whose sum was cut short makes all after it unknown, and is summed up anew at the next start', async () => {
  const pool = poolOf(await withDatabase(), 3)
  await writeRows(pool)
  await cutShort(pool)
  const { pass, warned, stop } = keep(pool)
  await pass(5)
  expect(await unknownPages(pool)).toBe(0)
  expect(warned).toEqual(['block ranges of changed rows whose sum was cut short are summed up anew'])
  expect(await mendRanges(pool)).toBe(0)
  await stop()
  await pool.end()
})

test('it does not wait for a vacuum of the rows, which PostgreSQL would end for it', async () => {
  const pool = poolOf(await withDatabase(), 3)
  await writeRows(pool)
  const vacuum = await pool.connect()
  await vacuum.query('begin; lock table projections_kept in share update exclusive mode')
  const { commit, pass, warned, stop } = keep(pool)
  await pass(5)
  expect(await unknownPages(pool)).toBeGreaterThan(300)
  expect(warned).toEqual([])
  await vacuum.query('commit')
  vacuum.release()
  commit()
  await pass(5)
  expect(await unknownPages(pool)).toBe(0)
  await stop()
  await pool.end()
})

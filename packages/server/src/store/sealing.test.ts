import type { Event } from '@signalbox/model/event.ts'
import { expect, test } from 'vitest'
import { startApp } from '../app.ts'
import { createFakeClock } from '../clock.fake.ts'
import { readConfig } from '../config.ts'
import { createMetrics } from '../ops/metrics.ts'
import { verifyChain } from '../sequencer/chain.ts'
import { after, event, type Line, line, log } from '../sequencer/testing.ts'
import { readLog } from './reader.ts'
import { requestRebuild } from './rebuild.ts'
import { storedRows } from './rows.testing.ts'
import { lockSealed } from './sealed.ts'
import { dayMs, sealingOf } from './sealing.testing.ts'
import { startSealing } from './sealing.ts'

const now = Date.now()
const partitions = 2
const old = (count: number, daysAgo = 5): Event[] =>
  Array.from({ length: count }, (_, i) => event({ time: now - daysAgo * dayMs + i, run: `r${i % 4}` }))

/** Days that are due. */
async function due(count: number) {
  const it = await line({ partitions })
  const events = old(count)
  await it.send(events)
  await it.store.projections.caughtUp()
  return { it, events, seal: (later = 2 * dayMs) => sealingOf(it.store.pool, () => now + later).sealDue() }
}

/** As a server looks. `waits`: for how long after each look, in ms. */
function looking({ store: { pool } }: Line, later = 2 * dayMs) {
  const clock = createFakeClock(now)
  const waits: number[] = []
  const sealing = startSealing({
    ...{ pool, compressAfterDays: 1, retentionDays: 30, now: () => now + later, log, metrics: createMetrics() },
    clock: {
      ...clock,
      after(ms, run) {
        waits.push(ms)
        return clock.after(ms, run)
      },
    },
  })
  after(() => sealing.stop())
  return { clock, looked: (...wanted: readonly number[]) => expect.poll(() => waits).toEqual(wanted) }
}
const minuteMs = 60_000
const hourMs = 60 * minuteMs

const places = async ({ store: { pool } }: Line) => {
  const { rows } = await pool.query<{ inTables: number; inChunks: number }>(
    'select (select count(*) from log)::int as "inTables", (select coalesce(sum(last - first + 1), 0) from log_chunks)::int as "inChunks"',
  )
  return rows[0]
}
const idsOf = async ({ store: { pool } }: Line) => {
  const logs = await Promise.all(Array.from({ length: partitions }, (_, partition) => readLog(pool, partition, 0, 1e6, 1e5)))
  return logs.flat().map(({ id }) => id)
}

test('a seal whose connection dies after its chunks were written leaves the table as it was, and the next one seals it', async () => {
  const { it, events, seal } = await due(300)
  const { pool } = it.store
  await pool.query(
    'create function die() returns trigger language plpgsql as $$ begin perform pg_terminate_backend(pg_backend_pid()); return old; end $$',
  )
  await pool.query('create trigger die before delete on log for each row execute function die()')
  await expect(seal()).rejects.toThrow(/terminat/)
  expect(await places(it)).toEqual({ inTables: 300, inChunks: 0 })
  await pool.query('drop trigger die on log')
  await seal()
  expect(await places(it)).toEqual({ inTables: 0, inChunks: 300 })
  expect((await idsOf(it)).sort()).toEqual(events.map(({ id }) => id).sort())
})

test('a chunk that was changed on disk is no event less: it is not opened as something else', async () => {
  const { it, seal } = await due(100)
  await seal()
  await it.store.pool.query("update log_chunks set lines = overlay(lines placing '\\x00ff00ff' from 40)")
  await expect(readLog(it.store.pool, 0, 0, 100, 100)).rejects.toThrow()
})

test('events that no row stands for yet, or that came within a day, are not sealed', async () => {
  const { it, seal } = await due(20)
  await it.store.pool.query('update heads set folded = position - 1')
  expect(await seal()).toBe(true)
  expect(await places(it)).toEqual({ inTables: 20, inChunks: 0 })
  // What has to wait for its day is not left for a reason that passes, whether rows stand for it or not.
  expect(await seal(dayMs / 2)).toBe(false)
  await it.store.pool.query('update heads set folded = position')
  expect(await seal(dayMs / 2)).toBe(false)
  expect(await places(it)).toEqual({ inTables: 20, inChunks: 0 })
})

test('a day whose lock was not had is looked at again a minute later, and once it is sealed in an hour', async () => {
  const { it } = await due(40)
  const late = await it.store.pool.connect()
  await late.query('begin')
  await late.query(lockSealed)
  const { clock, looked } = looking(it)
  await looked(minuteMs)
  expect(await places(it)).toEqual({ inTables: 40, inChunks: 0 })
  await late.query('rollback')
  late.release()
  clock.advance(minuteMs)
  await looked(minuteMs, hourMs)
  expect(await places(it)).toEqual({ inTables: 0, inChunks: 40 })
})

test('a day that no row stands for yet is looked at every minute until it is sealed', async () => {
  const { it } = await due(40)
  await it.store.pool.query('update heads set folded = position - 1')
  const { clock, looked } = looking(it)
  await looked(minuteMs)
  clock.advance(minuteMs)
  await looked(minuteMs, minuteMs)
  await it.store.pool.query('update heads set folded = position')
  clock.advance(minuteMs)
  await looked(minuteMs, minuteMs, hourMs)
  expect(await places(it)).toEqual({ inTables: 0, inChunks: 40 })
})

test('a day that something came to is looked at an hour later', async () => {
  const { it } = await due(40)
  const { clock, looked } = looking(it, dayMs / 2)
  await looked(hourMs)
  clock.advance(hourMs)
  await looked(hourMs, hourMs)
  expect(await places(it)).toEqual({ inTables: 40, inChunks: 0 })
})

test('a day that could not be sealed is looked at again in a minute, then two, and so on up to an hour', async () => {
  const { it } = await due(40)
  const { pool } = it.store
  await pool.query(
    "create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no' using errcode = '53100'; end $$",
  )
  await pool.query('create trigger refuse before insert on log_chunks for each row execute function refuse()')
  const { clock, looked } = looking(it)
  const waits = [1, 2, 4, 8, 16, 32, 60, 60].map((minutes) => minutes * minuteMs)
  for (const [i, waitMs] of waits.entries()) {
    await looked(...waits.slice(0, i + 1))
    clock.advance(waitMs)
  }
  await looked(...waits, hourMs)
  await pool.query('drop trigger refuse on log_chunks')
  clock.advance(hourMs)
  await looked(...waits, hourMs, hourMs)
  expect(await places(it)).toEqual({ inTables: 0, inChunks: 40 })
})

test('a day that is dropped within a day is not sealed, a backfilled one is', async () => {
  const { it } = await due(40)
  const { pool } = it.store
  const seal = () => sealingOf(pool, () => now + 2 * dayMs, 5, 7).sealDue()
  await seal()
  expect(await places(it)).toEqual({ inTables: 40, inChunks: 0 })
  await pool.query('update log_partitions set backfilled_at = $1', [now])
  await seal()
  expect(await places(it)).toEqual({ inTables: 0, inChunks: 40 })
})

test('the first look of a server is after it has folded what a killed one had not', async () => {
  const clock = createFakeClock(now)
  const it = await line({ partitions, clock })
  await it.send(old(60), { receivedAt: now - 2 * dayMs })
  const { pool } = it.store
  // Its rows cannot be written for a while.
  const held = await pool.connect()
  await held.query('begin; lock table projections in exclusive mode')
  const config = readConfig({ DATABASE_URL: it.url, SIGNALBOX_PORT: '0', SIGNALBOX_COMPRESS_AFTER_DAYS: '1' })
  const starting = startApp(config, { log, clock })
  after(() => starting.then((app) => app.stop()))
  const waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
  await expect.poll(async () => (await pool.query(waiting)).rowCount).toBeGreaterThan(0)
  await held.query('rollback')
  held.release()
  await starting
  await expect.poll(() => places(it)).toEqual({ inTables: 0, inChunks: 60 })
})

test('a server that is told nothing seals days older than a week', async () => {
  const clock = createFakeClock(now)
  const it = await line({ partitions, clock })
  await it.send([...old(60, 9), ...old(20, 6)], { receivedAt: now - 2 * dayMs })
  const app = await startApp(readConfig({ DATABASE_URL: it.url, SIGNALBOX_PORT: '0' }), { log, clock })
  after(() => app.stop())
  await expect.poll(() => places(it)).toEqual({ inTables: 20, inChunks: 60 })
})

test('a table that somebody reads for long stays until the next look, and its events are read once meanwhile', async () => {
  const { it, events, seal } = await due(2_500)
  const table = `log_${new Date(now - 5 * dayMs).toISOString().slice(0, 10).replaceAll('-', '')}`
  const reader = await it.store.pool.connect()
  await reader.query('begin; select 1 from log limit 1')
  expect(await seal()).toBe(true)
  expect(await places(it)).toEqual({ inTables: 0, inChunks: 2_500 })
  const size = async () => Number((await it.store.pool.query('select pg_table_size($1) as bytes', [table])).rows[0]?.bytes)
  expect(await size()).toBeGreaterThan(100_000)
  expect((await idsOf(it)).length).toBe(events.length)
  await reader.query('rollback')
  reader.release()
  expect(await seal()).toBe(false)
  expect(await size()).toBeLessThan(20_000)
})

test('a second server, which knew of no sealed day, finds what comes again a duplicate, and what has other content reused', async () => {
  const { it, events, seal } = await due(60)
  const other = await line({ url: it.url, partitions })
  await other.send(old(2, 4))
  await it.send(old(2, 4))
  await other.send(old(2, 4))
  await seal()
  const changed = events.slice(0, 3).map((sent) => ({ ...sent, data: { other: 1 }, dataJson: '{"other":1}' }))
  for (const server of [other, it]) {
    // What is new goes between: a writer that has just met what it had looks first by itself.
    await server.send([event({ time: now - 5 * dayMs + 999 })])
    expect((await server.send(events.slice(0, 30))).map(({ kind }) => kind)).toEqual(Array.from({ length: 30 }, () => 'duplicate'))
    await server.send([event({ time: now - 5 * dayMs + 999 })])
    expect(await server.send(changed)).toMatchObject(changed.map(() => ({ kind: 'refused', code: 'ID_REUSED' })))
  }
  const ids = await idsOf(it)
  expect(new Set(ids).size).toBe(ids.length)
})

test('days are sealed while their events come again and late ones with them: each is there once, and the chain holds', async () => {
  const { it, events, seal } = await due(6_000)
  const late: Event[] = []
  let isSealing = true
  const sealing = seal().finally(() => {
    isSealing = false
  })
  // It looks at whether rows stand for all before it begins.
  await expect.poll(async () => (await places(it))?.inChunks, { interval: 5 }).toBeGreaterThan(0)
  const outcomes = []
  for (let i = 0; isSealing || i < 30; i += 1) {
    const from = (i * 211) % 5_800
    // Apart: a writer that has just met what it had looks first by itself.
    const more = old(8)
    late.push(...more)
    outcomes.push(...(await it.send(more)))
    outcomes.push(...(await it.send(events.slice(from, from + 200))))
  }
  await sealing
  expect((await places(it))?.inChunks).toBeGreaterThanOrEqual(events.length)
  expect(outcomes.filter(({ kind }) => kind === 'stored').length).toBe(late.length)
  expect(outcomes.filter(({ kind }) => kind === 'refused')).toEqual([])
  const ids = await idsOf(it)
  expect(ids.toSorted()).toEqual([...events, ...late].map(({ id }) => id).sort())
  for (let partition = 0; partition < partitions; partition += 1)
    expect((await verifyChain(it.store.pool, partition)).broken).toBeUndefined()
})

test('calls of a sealed day that closed one at a time are merged by run, those of a day that is not sealed are left', async () => {
  const it = await line({ partitions: 1 })
  const closing = async (run: string, from: number, time: number) => {
    for (let i = from; i < from + 12; i += 1) {
      await it.send([event({ time, run, agent: 'w', type: 'tool.finished', data: { call: `c${i % 9}`, name: `say ${i}` } })])
      await it.store.projections.caughtUp()
    }
  }
  const chunks = async () =>
    (
      await it.store.pool.query<{ run: string; again: boolean; count: number }>(
        'select run, again, count from call_chunks order by run, last',
      )
    ).rows
  await closing('r1', 0, now - 3 * dayMs)
  await closing('r2', 0, now - 3 * dayMs)
  await closing('r1', 40, now)
  expect(await chunks()).toHaveLength(36)
  const before = await storedRows(it.store.pool)
  await sealingOf(it.store.pool, () => now + 2 * dayMs, 2).sealDue()
  // What changed after it closed stands by itself; of the later day each is as it was written.
  const first = [
    { again: false, count: 9 },
    { again: true, count: 3 },
  ]
  const found = await chunks()
  expect(found.filter(({ run }) => run === 'r2')).toEqual(first.map((chunk) => ({ run: 'r2', ...chunk })))
  expect(found.filter(({ run }) => run === 'r1').slice(0, 2)).toEqual(first.map((chunk) => ({ run: 'r1', ...chunk })))
  expect(found).toHaveLength(4 + 12)
  expect(await storedRows(it.store.pool)).toEqual(before)
})

test('rows of another fold are made again from days that are sealed', async () => {
  const it = await line({ partitions })
  const types = ['run.started', 'task.created', 'tool.started', 'tool.finished', 'llm.finished']
  await it.send(old(700).map((sent, i) => ({ ...sent, type: types[i % types.length] ?? 'log', task: `t${i % 9}` })))
  await it.store.projections.caughtUp()
  await sealingOf(it.store.pool, () => now + 2 * dayMs).sealDue()
  expect(await places(it)).toEqual({ inTables: 0, inChunks: 700 })
  const rowsOf = async ({ store: { pool } }: Line) => ({
    all: await storedRows(pool),
    columns: (await pool.query('select partition, tenant, tbl, key, sort, state, open from projections order by 1, 2, 3, 4')).rows,
  })
  const before = await rowsOf(it)
  expect(before.columns.length).toBeGreaterThan(10)
  expect(before.all.length).toBeGreaterThan(before.columns.length)
  await requestRebuild(it.store.pool)
  await it.store.pool.query("update projections set state = 'wrong'; update call_chunks set calls = ''")
  await it.stop()
  const again = await line({ url: it.url, partitions })
  expect(await rowsOf(again)).toEqual(before)
})

import { zstdDecompressSync } from 'node:zlib'
import { applyEvent, createRows, FOLD_VERSION } from '@signalbox/model/fold/fold.ts'
import { expect, test } from 'vitest'
import { stateAt } from '../api/state.testing.ts'
import { createFakeClock } from '../clock.fake.ts'
import { type Clock, systemClock } from '../clock.ts'
import { after, event, type Line, line, log } from '../sequencer/testing.ts'
import { createLogDays } from '../store/days.ts'
import { startSnapshots } from './snapshots.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

function snapshotsOf(it: Line, snapshotEvery: number, clock: Clock = systemClock) {
  const { pool, projections, reader, meta } = it.store
  const config = { snapshotEvery }
  const snapshots = startSnapshots({
    pool,
    projections,
    partitions: meta.partitions,
    heads: reader.heads,
    bus: it.bus,
    config,
    clock,
    log,
    bytesPerEvent: 1_000,
  })
  after(() => snapshots.stop())
  return snapshots
}

async function stored(it: Line) {
  const { rows } = await it.store.pool.query<{ partition: number; position: string; fold: string; state: Buffer }>(
    'select partition, position, fold, state from snapshots order by partition, position',
  )
  return rows.map(({ position, state, ...row }) => ({
    ...row,
    position: Number(position),
    state: JSON.parse(zstdDecompressSync(state).toString()),
  }))
}

test('the state at every snapshot, between them and now is the fold of the log up to there', async () => {
  const clock = createFakeClock(Date.UTC(2026, 4, 20, 15))
  const it = await line({ clock })
  const { pool, reader } = it.store
  const snapshots = snapshotsOf(it, 10, clock)
  // Calls that open, close and are contradicted later, tasks that rest and come back, an agent that is heard once.
  const acts = (round: number) =>
    Array.from({ length: 60 }, (_, i) => {
      const of = { time: clock.now(), run: `r${i % 5}`, agent: `w${i % 7}`, task: `t${round % 3}` }
      const call = `c${(round - (i % 4)) * 60 + i}`
      return event(
        [
          { ...of, type: 'tool.started', data: { call: `c${round * 60 + i}`, name: 'say "\u0000"' } },
          { ...of, type: 'tool.finished', data: { call } },
          { ...of, type: round % 3 === 0 ? 'task.started' : 'task.completed' },
          { time: clock.now(), type: 'agent.started', agent: `once ${round}`, data: { name: 'Zoë 🚦' } },
        ][i % 4 === 3 && i > 4 ? i % 3 : i % 4] as Parameters<typeof event>[0],
      )
    })
  for (let round = 0; round < 12; round += 1) {
    // Of a call that was told to have finished three rounds ago.
    const contradicts = { run: 'r0', agent: 'w5', type: 'tool.failed', data: { call: `c${(round - 4) * 60 + 5}` } }
    await it.send([...acts(round), event({ time: clock.now(), ...contradicts })])
    await snapshots.settled()
    clock.advance(minuteMs)
  }
  const taken = await stored(it)
  expect(taken.length).toBeGreaterThan(10)
  const heads = (await reader.heads()).positions
  for (const [partition, head] of heads.entries()) {
    const own = taken.flatMap((snapshot) => (snapshot.partition === partition ? [snapshot.position] : []))
    for (const position of [...own, ...own.map((at) => at - 1), ...own.map((at) => at + 7), head].filter((at) => at <= head)) {
      const rows = createRows()
      const { events } = await reader.readPartition({ tenant: 'default', partition, after: 0, upTo: position, limit: 10_000 })
      for (const logged of events) applyEvent(rows, logged)
      const at = heads.map((_, i) => (i === partition ? position : 0))
      const found = (await stateAt(it.store, 'default', at, log))[partition]
      const plain = (entries: Iterable<unknown> = []) => JSON.parse(JSON.stringify([...entries].toSorted()))
      expect(plain(found?.entries())).toEqual(plain(rows.entries()))
    }
  }
  // No snapshot holds a closed call: those that were contradicted are kept as they were too, and no other.
  const { rows } = await pool.query<{ state: Buffer }>('select state from snapshots union all select state from snapshots_kept')
  const entriesOf = (state: Buffer): [string, string, string, object][] => JSON.parse(zstdDecompressSync(state).toString())
  expect(rows.flatMap(({ state }) => entriesOf(state)).filter(([, table, , row]) => table === 'calls' && 'outcome' in row)).toEqual([])
  const { rows: counts } = await pool.query<{ closed: number; replaced: number }>(
    'select sum(count)::int as closed, (sum(count) filter (where again))::int as replaced from call_chunks',
  )
  expect(counts[0]?.closed).toBeGreaterThan(100)
  expect(counts[0]?.replaced).toBeGreaterThan(0)
  expect(counts[0]?.replaced).toBeLessThan(20)
})

test('it is taken every so many positions, and those of another fold are forgotten', async () => {
  const it = await line({ partitions: 1 })
  await it.store.pool.query("insert into snapshots (partition, position, at, fold, state) values (0, 1, 0, 'of old', '')")
  await it.store.pool.query(
    `insert into calls_replaced (partition, position, until, tenant, key, body) values (0, 1, 100, 'default', 'before', '{}'), (0, 1, 102, 'default', 'after', '{}')`,
  )
  const snapshots = snapshotsOf(it, 100)
  await it.send(Array.from({ length: 99 }, () => event()))
  await it.send([event()])
  await it.send([event()])
  await snapshots.settled()
  const found = await stored(it)
  expect(found).toHaveLength(1)
  expect(found[0]?.fold).toBe(FOLD_VERSION)
  expect(found[0]?.position).toBeGreaterThanOrEqual(100)
  // No moment is read from before the oldest snapshot on.
  expect((await it.store.pool.query('select key from calls_replaced')).rows).toEqual([{ key: 'after' }])
})

test('after one that took long the next one waits, so that they take a small share of the time', async () => {
  const clock = createFakeClock(Date.UTC(2026, 4, 20, 15))
  let passed = 0
  const it = await line({ partitions: 1, clock })
  // Every look at this clock lasts a second: a snapshot takes some.
  const snapshots = snapshotsOf(it, 10, { ...clock, monotonic: () => clock.monotonic() + 1_000 * passed++ })
  await snapshots.settled()
  const newest = async () => {
    await snapshots.settled()
    return (await stored(it)).at(-1)?.position
  }
  const send = () => it.send(Array.from({ length: 20 }, () => event({ time: clock.now() })))
  await send()
  expect(await newest()).toBe(20)
  await send()
  expect(await newest()).toBe(20)
  clock.advance(hourMs)
  expect(await newest()).toBe(40)
})

test('where little happens there is one every half day, so that the state is known when the log of it is gone', async () => {
  const clock = createFakeClock(Date.UTC(2026, 4, 20, 15))
  const it = await line({ partitions: 1, clock })
  const { pool, reader } = it.store
  await it.send(Array.from({ length: 5 }, (_, i) => event({ time: clock.now(), type: 'agent.started', agent: `w${i}` })))
  const snapshots = snapshotsOf(it, 1_000, clock)
  const hours = async (count: number) => {
    for (let i = 0; i < count; i += 1) {
      clock.advance(hourMs)
      await snapshots.settled()
    }
  }
  await hours(11)
  expect(await stored(it)).toEqual([])
  await hours(1)
  expect(await stored(it)).toMatchObject([{ position: 5 }])
  await hours(84)
  expect(await stored(it)).toHaveLength(1)
  const [before] = await stateAt(it.store, 'default', [5], log)
  await it.store.projections.caughtUp()
  expect((await createLogDays(pool, { retentionDays: 2 }, clock.now).dropExpired()).length).toBeGreaterThan(0)
  expect(await reader.oldest()).toEqual([6])
  const [later] = await stateAt(it.store, 'default', [5], log)
  expect([...(later?.entries() ?? [])].toSorted()).toEqual(JSON.parse(JSON.stringify([...(before?.entries() ?? [])].toSorted())))
  await expect(stateAt(it.store, 'default', [4], log)).rejects.toThrow('starts at 6')
})

test('a large one is followed by the next later, so that they take a small share of the disk', async () => {
  const clock = createFakeClock(Date.UTC(2026, 4, 20, 15))
  const it = await line({ partitions: 1, clock })
  const { pool, projections, reader, bus } = { ...it, ...it.store }
  const of = { pool, projections, partitions: 1, heads: reader.heads, bus, config: { snapshotEvery: 50 }, clock, log }
  const snapshots = startSnapshots({ ...of, bytesPerEvent: 4 })
  after(() => snapshots.stop())
  const agents = Array.from({ length: 50 }, (_, i) => event({ time: clock.now(), type: 'agent.started', agent: `w${i} ${Math.sin(i)}` }))
  await it.send(agents)
  await snapshots.settled()
  const { rows } = await pool.query<{ bytes: number }>('select octet_length(state) as bytes from snapshots')
  const due = 50 + Math.ceil((rows[0]?.bytes ?? 0) / 4)
  expect(due).toBeGreaterThan(150)
  for (let sent = 50; sent < due - 1; sent += 1) await it.send([event({ time: clock.now() })])
  await snapshots.settled()
  expect((await stored(it)).map(({ position }) => position)).toEqual([50])
  await it.send([event({ time: clock.now() })])
  await snapshots.settled()
  expect((await stored(it)).map(({ position }) => position)).toEqual([50, due])
})

test('they stay while the log after them does', async () => {
  const clock = createFakeClock(Date.UTC(2026, 4, 20, 15))
  const it = await line({ partitions: 1, clock })
  const positions = 1_000
  await it.send(Array.from({ length: positions }, () => event({ time: clock.now() })))
  const { pool } = it.store
  await pool.query(
    `insert into snapshots (partition, position, at, fold, state) select 0, n, $1, $2, '' from generate_series(10, ${positions}, 10) n`,
    [clock.now(), FOLD_VERSION],
  )
  const snapshots = snapshotsOf(it, 1_000_000, clock)
  const kept = async () => {
    await snapshots.settled()
    const { rows } = await pool.query<{ position: string }>('select position from snapshots order by position')
    return rows.map(({ position }) => Number(position))
  }
  expect(await kept()).toHaveLength(positions / 10)
  await pool.query('update heads set oldest = 601')
  clock.advance(hourMs)
  expect(await kept()).toEqual(Array.from({ length: 41 }, (_, i) => 600 + 10 * i))
  // The newest of all stays though the log is gone up to it: it is how a quiet partition is known.
  await pool.query('update heads set oldest = $1', [positions + 1])
  clock.advance(hourMs)
  expect(await kept()).toEqual([positions])
})

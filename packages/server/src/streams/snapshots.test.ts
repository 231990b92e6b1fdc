import { zstdDecompressSync } from 'node:zlib'
import { applyEvent, createRows, FOLD_VERSION } from '@signalbox/model/fold/fold.ts'
import { expect, test } from 'vitest'
import { stateAt } from '../api/state.ts'
import { createFakeClock } from '../clock.fake.ts'
import { type Clock, systemClock } from '../clock.ts'
import { after, event, type Line, line, log } from '../sequencer/testing.ts'
import { createLogDays } from '../store/days.ts'
import { startSnapshots } from './snapshots.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

function snapshotsOf(it: Line, snapshotEvery: number, clock: Clock = systemClock) {
  const { pool, projections, reader, meta } = it.store
  const config = { snapshotEvery }
  const snapshots = startSnapshots({ pool, projections, partitions: meta.partitions, heads: reader.heads, bus: it.bus, config, clock, log })
  after(() => snapshots.stop())
  return snapshots
}

const work = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) =>
    event({
      run: `r${(from + i) % 5}`,
      agent: `w${(from + i) % 7}`,
      type: 'tool.started',
      data: { call: `c${from + i}`, name: 'say "\u0000"' },
    }),
  )

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

test('a snapshot is the fold of the log up to its position', async () => {
  const it = await line()
  // Enough rows for several pages.
  for (let from = 0; from < 1_600; from += 400) await it.send(work(from, 400))
  const snapshots = snapshotsOf(it, 50)
  await it.send(work(1_600, 10))
  await it.send(work(1_610, 10))
  await snapshots.settled()
  const found = await stored(it)
  expect(new Set(found.map(({ partition }) => partition))).toEqual(new Set([0, 1]))
  for (const { partition, position, state } of found) {
    const rows = createRows()
    const { events } = await it.store.reader.readPartition({ tenant: 'default', partition, after: 0, upTo: position, limit: 10_000 })
    for (const logged of events) applyEvent(rows, logged)
    const folded = [...rows.entries()].map(([table, key, row]) => [`default ${table} ${key}`, JSON.parse(JSON.stringify(row))])
    expect(
      new Map(state.map(([tenant, table, key, row]: [string, string, string, unknown]) => [`${tenant} ${table} ${key}`, row])),
    ).toEqual(new Map(folded as [string, unknown][]))
  }
})

test('it is taken every so many positions, and those of another fold are forgotten', async () => {
  const it = await line({ partitions: 1 })
  await it.store.pool.query("insert into snapshots (partition, position, at, fold, state) values (0, 1, 0, 'of old', '')")
  const snapshots = snapshotsOf(it, 100)
  await it.send(Array.from({ length: 99 }, () => event()))
  await it.send([event()])
  await it.send([event()])
  await snapshots.settled()
  const found = await stored(it)
  expect(found).toHaveLength(1)
  expect(found[0]?.fold).toBe(FOLD_VERSION)
  expect(found[0]?.position).toBeGreaterThanOrEqual(100)
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

test('the older, the fewer: one a minute, one an hour, one a day; and none whose log is gone', async () => {
  const clock = createFakeClock(Date.UTC(2026, 4, 20, 15))
  const it = await line({ partitions: 1, clock })
  const positions = 1_000
  await it.send(Array.from({ length: positions }, () => event({ time: clock.now() })))
  // One every twenty seconds of two hours, then one every ten minutes of two days, then one every two hours of ten days.
  const ages = [
    ...Array.from({ length: 360 }, (_, i) => i * 20_000),
    ...Array.from({ length: 276 }, (_, i) => 2 * hourMs + i * 10 * minuteMs),
    ...Array.from({ length: 96 }, (_, i) => 2 * dayMs + i * 2 * hourMs),
  ]
  const { pool } = it.store
  await pool.query(
    `insert into snapshots (partition, position, at, fold, state)
     select 0, ${positions + 1} - n, $2::bigint - age, $3, '' from unnest($1::bigint[]) with ordinality as a (age, n)`,
    [ages, clock.now(), FOLD_VERSION],
  )
  const snapshots = snapshotsOf(it, 1_000_000, clock)
  await snapshots.settled()
  const kept = async () => {
    const { rows } = await pool.query<{ position: string; at: string }>('select position, at from snapshots order by position')
    return rows.map(({ position, at }) => ({ position: Number(position), age: clock.now() - Number(at) }))
  }
  const first = await kept()
  const between = (from: number, to: number) => first.filter(({ age }) => age >= from && age < to).length
  // The full minute, hour and day that it is count as one more.
  expect([between(0, hourMs), between(hourMs, dayMs), between(dayMs, 11 * dayMs)]).toEqual([61, 23, 9])
  expect(first.at(-1)).toEqual({ position: positions, age: 0 })

  const oldest = positions - 400
  await pool.query('update heads set oldest = $1', [oldest])
  clock.advance(hourMs)
  await snapshots.settled()
  const second = await kept()
  expect(second.length).toBeGreaterThan(5)
  expect(second[0]?.position).toBeGreaterThanOrEqual(oldest - 1)
  // The newest of all stays though the log is gone up to it: it is how a quiet partition is known.
  await pool.query('update heads set oldest = $1', [positions + 1])
  clock.advance(hourMs)
  await snapshots.settled()
  expect(await kept()).toEqual([{ position: positions, age: 2 * hourMs }])
})

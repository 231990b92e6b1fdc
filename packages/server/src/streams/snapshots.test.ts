import { zstdDecompressSync } from 'node:zlib'
import { applyEvent, createRows, FOLD_VERSION } from '@signalbox/model/fold/fold.ts'
import { expect, test } from 'vitest'
import { after, event, type Line, line, log } from '../sequencer/testing.ts'
import { startSnapshots } from './snapshots.ts'

function snapshotsOf(it: Line, snapshotEvery: number) {
  const { pool, reader, meta } = it.store
  const snapshots = startSnapshots({ pool, partitions: meta.partitions, heads: reader.heads, bus: it.bus, config: { snapshotEvery }, log })
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

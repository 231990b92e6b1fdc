import type { Event } from '@signalbox/model/event.ts'
import { partitionOf, uuidv7 } from '@signalbox/model/ids.ts'
import type { Filter } from '@signalbox/model/live.ts'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDirectBroker } from '../broker/direct.ts'
import { systemClock } from '../clock.ts'
import { createMetrics } from '../ops/metrics.ts'
import { createMemoryBus } from '../sequencer/bus.ts'
import { startSequencers } from '../sequencer/sequencer.ts'
import { openStore, type Store } from './open.ts'
import type { TableRow } from './store.ts'
import { stopDatabases, withDatabase } from './testing.ts'

const log = pino({ level: 'silent' })
const dayMs = 86_400_000
const commits = 30
let store: Store
const sent: Event[] = []

/** Thirty commits over five days of ids, in no order of time, two tenants, one partition. */
beforeAll(async () => {
  store = await openStore({ url: await withDatabase(), config: { partitions: 1, retentionDays: 30, quarantineItems: 1_000 }, log })
  const broker = createDirectBroker({ queueEvents: 10_000, queueBytes: 1 << 26, batchEvents: 500 })
  const bus = createMemoryBus(log)
  const config = { commitTimeoutMs: 10_000 }
  const sequencers = startSequencers({ store, broker, bus, config, metrics: createMetrics(), log, clock: systemClock })
  for (let commit = 0; commit < commits; commit += 1) {
    const events = Array.from({ length: 10 }, (_, i): Event => {
      const time = Date.now() - ((commit * 7 + i) % 5) * dayMs
      return {
        id: uuidv7(time),
        tenant: i % 5 === 4 ? 'other' : 'default',
        source: 'test',
        type: i === 8 ? 'handoff' : i % 2 === 0 ? 'task.started' : 'tool.started',
        time,
        run: `r${commit % 3}`,
        agent: `w${i % 4}`,
        task: `t${commit}`,
        data: { call: `c${commit}-${i}`, to: 'w1' },
        dataJson: JSON.stringify({ call: `c${commit}-${i}`, to: 'w1' }),
      }
    })
    sent.push(...events)
    await broker.publish({ partition: partitionOf('default', 'r', 1), events, backfill: false, receivedAt: Date.now() })
  }
  await sequencers.stop()
})
afterAll(async () => {
  await store?.stop()
  await stopDatabases()
})

/** All pages from the start, as a reader takes them. */
async function readAll(limit: number, filter?: Parameters<Store['reader']['readPartition']>[0]['filter'], tenant = 'default') {
  const { positions } = await store.reader.heads()
  const upTo = positions[0] ?? 0
  const found = []
  for (let after = 0; after < upTo; ) {
    const { events, scannedTo } = await store.reader.readPartition({ tenant, partition: 0, after, upTo, limit, filter })
    expect(scannedTo).toBeGreaterThan(after)
    expect(scannedTo).toBeLessThanOrEqual(upTo)
    found.push(...events)
    after = scannedTo
  }
  return found
}

test.each([1, 7, 1_000])('pages of %i give every event of the tenant once, in order of position', async (limit) => {
  const events = await readAll(limit)
  expect(events.map(({ id }) => id)).toEqual(sent.filter(({ tenant }) => tenant === 'default').map(({ id }) => id))
  for (const event of events) expect(event.position).toBe(sent.findIndex(({ id }) => id === event.id) + 1)
})

test('what is read is what was sent', async () => {
  const { position, partition, receivedAt, ...event } = (await readAll(5))[0] ?? {}
  expect(JSON.parse(JSON.stringify(event))).toEqual(sent[0])
  expect([position, partition]).toEqual([1, 0])
  expect(receivedAt).toBeGreaterThan(Date.now() - 120_000)
})

test('a filter leaves out, and still says how far it looked', async () => {
  const ids = (await readAll(4, { run: ['r1'], type: ['tool.*'] })).map(({ id }) => id)
  expect(ids).toEqual(
    sent.filter(({ tenant, run, type }) => tenant === 'default' && run === 'r1' && type === 'tool.started').map(({ id }) => id),
  )
  expect(await readAll(4, { agent: ['nobody'] })).toEqual([])
  const { positions } = await store.reader.heads()
  const upTo = positions[0] ?? 0
  expect(
    await store.reader.readPartition({ tenant: 'default', partition: 0, after: 0, upTo, limit: 4, filter: { agent: ['nobody'] } }),
  ).toEqual({ events: [], scannedTo: upTo })
})

test('nothing is read past the bound, even when there is more', async () => {
  const { events, scannedTo } = await store.reader.readPartition({ tenant: 'default', partition: 0, after: 3, upTo: 17, limit: 1_000 })
  expect(events.every(({ position }) => position > 3 && position <= 17)).toBe(true)
  expect(events).toHaveLength(sent.slice(3, 17).filter(({ tenant }) => tenant === 'default').length)
  expect(scannedTo).toBe(17)
})

test('another tenant reads its own alone', async () => {
  expect((await readAll(9, undefined, 'other')).every(({ tenant }) => tenant === 'other')).toBe(true)
  expect((await readAll(9, undefined, 'other')).length).toBe(commits * 2)
  expect((await store.reader.snapshot({ tenant: 'nobody' })).rows).toEqual([])
})

test.each([1, 2, 10])('rows changed since a position, in pages of %i, and the snapshot agree', async (limit) => {
  const { heads, rows } = await store.reader.snapshot({ tenant: 'default' })
  expect(heads).toEqual(await store.reader.heads())
  const upTo = heads.positions[0] ?? 0
  const changed: TableRow[] = []
  for (let after = 0; after < upTo; ) {
    const page = await store.reader.rowsChanged({ tenant: 'default', partition: 0, after, upTo, limit })
    expect(page.scannedTo).toBeGreaterThan(after)
    changed.push(...page.rows)
    after = page.scannedTo
  }
  const keys = (list: readonly Pick<TableRow, 'table' | 'key' | 'position'>[]) =>
    list.map(({ table, key, position }) => `${table} ${key} ${position}`).sort()
  expect(keys(changed)).toEqual(keys(rows))
  expect(new Set(changed.map(({ table }) => table))).toEqual(new Set(['agents', 'runs', 'tasks', 'calls']))
})

test.each<[Filter, readonly string[]]>([
  [{}, []],
  [{ agent: ['w0'] }, []],
  [{ task: ['t26'] }, []],
  [{ run: ['r2'] }, ['r2\u001fw0\u001fw1\u001fhandoff']],
])('edges of filter %j', async (filter, wanted) => {
  const { heads, rows } = await store.reader.snapshot({ tenant: 'default', filter })
  const upTo = heads.positions[0] ?? 0
  const changed: TableRow[] = []
  for (let after = 0; after < upTo; ) {
    const page = await store.reader.rowsChanged({ tenant: 'default', partition: 0, after, upTo, filter, limit: 10 })
    changed.push(...page.rows)
    after = page.scannedTo
  }
  for (const found of [rows, changed]) expect(found.flatMap(({ table, key }) => (table === 'edges' ? [key] : []))).toEqual(wanted)
})

test('the snapshot of a run holds its rows', async () => {
  const { rows } = await store.reader.snapshot({ tenant: 'default', filter: { run: ['r2'] } })
  expect(new Set(rows.filter(({ table }) => table === 'runs').map(({ key }) => key))).toEqual(new Set(['r2']))
  for (const { table, json } of rows) if (table === 'tasks' || table === 'calls') expect(JSON.parse(json)).toMatchObject({ run: 'r2' })
})

test('what left with a day is found as a hole, whoever it belonged to, and only that', async () => {
  const upTo = sent.length
  const holes = async () => {
    const found = []
    for (let after = 0; after < upTo; ) {
      const hole = await store.reader.firstHole({ partition: 0, after, upTo })
      if (hole === undefined) break
      for (let position = hole.after + 1; position <= hole.upTo; position += 1) found.push(position)
      after = hole.upTo
    }
    return found
  }
  expect(await holes()).toEqual([])
  const dayOf = (time: number) => Math.floor(time / dayMs)
  const left = dayOf(Date.now() - 2 * dayMs)
  const name = `log_${new Date(left * dayMs).toISOString().slice(0, 10).replaceAll('-', '')}`
  await store.pool.query(`delete from ${name}`)
  expect(await holes()).toEqual(sent.flatMap(({ time }, i) => (dayOf(time) === left ? [i + 1] : [])))
  expect(await store.reader.firstHole({ partition: 0, after: upTo, upTo })).toBeUndefined()
})

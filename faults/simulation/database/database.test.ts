/** The simulated database answers as PostgreSQL does, for all that the sequencers and the readers of the live stage ask. */
import type { Event } from '@signalbox/model/event.ts'
import { partitionKey, partitionOf } from '@signalbox/model/ids.ts'
import type { Outcome, Submission } from '@signalbox/server/broker/broker.ts'
import { createDirectBroker } from '@signalbox/server/broker/direct.ts'
import { createMetrics } from '@signalbox/server/ops/metrics.ts'
import { createMemoryBus } from '@signalbox/server/sequencer/bus.ts'
import { startSequencers } from '@signalbox/server/sequencer/sequencer.ts'
import { event, line, log, work } from '@signalbox/server/sequencer/testing.ts'
import { callsByKey, callsOf, countCalls } from '@signalbox/server/store/calls-read.ts'
import { createProjections } from '@signalbox/server/store/projections.ts'
import { createQuarantine } from '@signalbox/server/store/quarantine.ts'
import { createLogReader } from '@signalbox/server/store/reader.ts'
import { storedRows } from '@signalbox/server/store/rows.testing.ts'
import { readAllRows, readRows } from '@signalbox/server/store/rows-write.ts'
import type { LogReader } from '@signalbox/server/store/store.ts'
import type { Pool } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { createRandom } from '../../world/random.ts'
import { installTime } from '../globals.ts'
import { createLife } from '../life.ts'
import { createTime } from '../time.ts'
import { createDatabase } from './database.ts'
import { createLocks } from './locks.ts'

const partitions = 2
const tenant = 'default'
const receivedAt = Date.now()

/** Batches one after the other, each of one partition: positions are then the same wherever they are sent. */
function batchesOf(events: readonly Event[], size: number): Submission[] {
  const batches: Submission[] = []
  for (let from = 0; from < events.length; from += size)
    for (let partition = 0; partition < partitions; partition += 1) {
      const own = events.slice(from, from + size).filter((one) => partitionOf(tenant, partitionKey(one), partitions) === partition)
      if (own.length > 0) batches.push({ partition, events: own, backfill: false, receivedAt })
    }
  return batches
}

async function publishAll(publish: (batch: Submission) => Promise<{ outcomes: readonly Outcome[] }>, batches: readonly Submission[]) {
  const outcomes: Outcome[] = []
  for (const batch of batches) outcomes.push(...(await publish(batch)).outcomes)
  return outcomes
}

const sorted = <T>(rows: readonly T[]): T[] => rows.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))

async function readAll(reader: LogReader) {
  const run = ['r1']
  const all: unknown[] = [(await reader.heads()).positions, (await reader.folded()).positions, await reader.oldest()]
  for (const filter of [{}, { run }, { agent: ['w1'], task: ['t1'] }])
    all.push(sorted((await reader.snapshot({ tenant, filter })).rows.map(({ json, ...row }) => ({ ...row, row: JSON.parse(json) }))))
  for (const partition of [0, 1]) {
    const range = { tenant, partition, after: 3, upTo: 40 }
    all.push(await reader.readPartition({ ...range, limit: 7 }), await reader.readPartition({ ...range, limit: 500, filter: { run } }))
    for (const filter of [{}, { run }]) {
      const { rows, scannedTo } = await reader.rowsChanged({ ...range, limit: 9, filter })
      all.push(sorted(rows), scannedTo)
    }
    all.push((await reader.firstHole({ partition, after: 0, upTo: 40 })) ?? 'no hole')
  }
  const { agents, partitions: ofRun } = await reader.members({ tenant, run })
  all.push([...agents].sort(), [...ofRun].sort(), sorted(await reader.agents({ tenant, ids: ['w1', 'w2'], upTo: [1, 1] })))
  return all
}

/** The rows, whoever asks for them: what was written when is each database's own. */
async function readRowsOf(pool: Pool) {
  const rows = (await storedRows(pool)).map(({ partition, tbl, key, position, body }) => ({ partition, tbl, key, position, body }))
  const all: unknown[] = [rows]
  for (const partition of [0, 1]) {
    const keys = rows.filter((row) => row.partition === partition).map(({ tbl, key }) => ({ table: tbl, key }))
    const { rows: found, complete } = await readAllRows(pool, partition, tenant, 1_000)
    const newest = (await readRows(pool, partition, tenant, keys)).concat(found).map((row) => [`${row.tbl} ${row.key}`, row.body] as const)
    const calls = await callsByKey(pool, tenant, [...keys.map(({ key }) => key), 'r1\u001ftool\u001fno such call'], { partition })
    all.push(complete, sorted([...new Map(newest)]), sorted([...calls.values()]))
    const versions = await callsOf(pool, tenant, partition)
    // Some closed again, in a later write.
    expect(versions.length).toBeGreaterThan(calls.size)
    expect(await countCalls(pool, tenant, partition, 1_000)).toBe(versions.length)
  }
  return all
}

test('the same batches have the same fate, and the same is read', async () => {
  const sent = [...work(120), ...Array.from({ length: 9 }, () => event({ data: { text: 'a;\'b\\ \t\n"{},NULL' } }))]
  const [first, second] = [sent[3], sent[8]]
  if (first === undefined || second === undefined) throw new Error('There are events.')
  // Duplicates, and ids with other content: of the same partition, and of another.
  const again = [first, { ...second, dataJson: '{"other":"it\'s"}', data: { other: "it's" } }, { ...first, run: 'elsewhere' }]
  const batches = [...batchesOf(sent, 16), ...batchesOf(again, 1), ...batchesOf([...work(20), first], 25)]
  // Of calls that closed in what was written before.
  const late = batchesOf(work(60), 60)

  const real = await line({ partitions, commitTimeoutMs: 60_000 })
  const dueOutcomes = await publishAll(real.broker.publish, batches)
  await real.store.projections.caughtUp()
  dueOutcomes.push(...(await publishAll(real.broker.publish, late)))
  await real.store.projections.caughtUp()
  const due = [...(await readAll(real.store.reader)), ...(await readRowsOf(real.store.pool))]

  const random = createRandom(1)
  const time = createTime(Date.now(), random, () => {})
  const undo = installTime(time)
  onTestFinished(undo)
  const life = createLife('server', time, random)
  const database = createDatabase({ time, random, partitions, bugs: new Set(), onCommit() {} })
  const pool = database.poolOf(life)
  const projections = createProjections()
  const reader = createLogReader(pool, { epoch: real.store.meta.epoch, partitions }, projections)
  const quarantine = createQuarantine({ pool, mostRows: 100, retentionMs: 1e9, now: time.now })
  const broker = createDirectBroker({ queueEvents: 1_000, queueBytes: 1e9, batchEvents: 500 }, life.clock)
  const { days, meta } = real.store
  const store = { newClient: (_: string, ms: number) => database.newClient(life, ms), days, projections, reader, quarantine, meta }
  startSequencers({
    store,
    broker,
    bus: createMemoryBus(log),
    config: { commitTimeoutMs: 1e6 },
    metrics: createMetrics(),
    log,
    clock: life.clock,
  })
  let found: unknown[] | undefined
  const sending = publishAll(broker.publish, batches).then(async (outcomes) => {
    await projections.caughtUp()
    outcomes.push(...(await publishAll(broker.publish, late)))
    await projections.caughtUp()
    found = [...(await readAll(reader)), ...(await readRowsOf(pool))]
    return outcomes
  })
  expect(await time.run(() => found !== undefined, time.now() + 1e6)).toBe(true)
  expect(await sending).toEqual(dueOutcomes)
  expect(found).toEqual(due)
  undo()
  const { rows } = await real.store.pool.query<{ id: string; code: string }>('select id, code from quarantine')
  expect(sorted([...database.tables.quarantine.values()].map(({ id, code }) => ({ id, code })))).toEqual(sorted(rows))
  life.kill()
})

test('locks come in the order asked, and who would wait for itself is told', async () => {
  const locks = createLocks()
  const [one, two] = [{}, {}]
  const order: string[] = []
  await locks.take(one, 'a')
  await locks.take(two, 'b')
  const waiting = locks.take(two, 'a').then(() => order.push('two'))
  await expect(locks.take(one, 'b')).rejects.toMatchObject({ code: '40P01' })
  expect(order).toEqual([])
  locks.release(one)
  await waiting
  locks.release(two)
  expect(locks.size()).toBe(0)
})

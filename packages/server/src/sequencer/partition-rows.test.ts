/** What only timing shows: rows that leave memory while a batch is being folded. And that a fold has the rows it asks for, with few questions to the store. */
import type { AgentRow, CallRow, RunRow } from '@signalbox/model/rows.ts'
import type { Client } from 'pg'
import { expect, test } from 'vitest'
import { createFakeClock } from '../clock.fake.ts'
import { hashOfKey } from '../store/call-chunk.ts'
import { createPartitionRows, type PartitionRows } from './partition-rows.ts'

const tenant = 'default'
const call = (id: string) => ({ id, kind: 'tool', name: 't', outcome: 'finished', usage: {} }) as unknown as CallRow
const agent = (events: number) => ({ id: 'w1', events, inFlight: [] }) as unknown as AgentRow

function setUp() {
  /** What was asked and is not answered. */
  const reads: ((rows: readonly unknown[]) => void)[] = []
  const writes: (() => void)[] = []
  /** What was asked of the keys that are stored, or of their hashes. */
  const learns: ((keys: readonly string[]) => void)[] = []
  const clock = createFakeClock(0)
  const reader = {
    query: (asked: string | object) =>
      typeof asked === 'string'
        ? Promise.resolve({ rows: asked.includes('::int as count') || asked.includes('count(*)') ? [{ count: 12_501 }] : [] })
        : new Promise((resolve) => reads.push((rows) => resolve({ rows }))),
  }
  const writer = {
    query: (bulk: string | { handleReadyForQuery(): void }) =>
      typeof bulk === 'string'
        ? new Promise((resolve) =>
            learns.push((keys) =>
              resolve({
                rows: keys.map((key, i) => ({
                  table: key.startsWith('run ') ? 'runs' : 'agents',
                  key,
                  last: i,
                  hashes: String(hashOfKey(key)),
                })),
              }),
            ),
          )
        : writes.push(() => bulk.handleReadyForQuery()),
  }
  const rows = createPartitionRows({
    partition: 0,
    fence: 1,
    folded: 0,
    reads: reader as unknown as Client,
    writes: writer as unknown as Client,
    clock,
    onWritten: () => {},
    onFailure: (error) => {
      throw error
    },
    onRefused: (_row, cause) => {
      throw cause
    },
    onTooLarge: () => {},
  })
  return { rows, reads, writes, learns, clock }
}

/** A fold that needs these agents. */
const foldOf = (rows: PartitionRows, ...agents: readonly string[]) =>
  rows.folded(() => agents.map((key) => rows.of(tenant).get('agents', key)))

const turn = () => new Promise((resume) => setImmediate(resume))
/** Of a tenant with more rows than are loaded: a miss does not mean that there is none. */
async function opened() {
  const made = setUp()
  const opening = foldOf(made.rows, 'w1')
  await turn()
  expect(made.reads).toHaveLength(1)
  made.reads.shift()?.([])
  expect(await opening).toEqual([undefined])
  return made
}
/** Its text is made over some turns. */
async function untilWritten(writes: readonly unknown[]): Promise<void> {
  while (writes.length === 0) await turn()
}

test('a row that is written while what else a batch needs is fetched is there when the batch is folded', async () => {
  const { rows, reads, writes } = await opened()
  let position = 1
  rows.keep([{ tenant, table: 'agents', key: 'w1', row: agent(5), position, was: undefined }], position, [])
  // So many others that the cache forgets it, twice over.
  for (let round = 0; round < 2; round += 1) {
    const others = Array.from({ length: 12_501 }, (_, i) => {
      position += 1
      const key = `${round} ${i}`
      return { tenant, table: 'calls' as const, key, row: call(key), position, was: undefined }
    })
    rows.keep(others, position, [])
  }
  const writing = rows.write()
  await untilWritten(writes)
  const folding = foldOf(rows, 'w1', 'w2')
  await turn()
  writes.shift()?.()
  await writing
  reads.shift()?.([])
  expect(await folding).toEqual([agent(5), undefined])
})

test('of many rows nothing is read at first but what is needed; their keys are learned a page at a time, with pauses', async () => {
  const { rows, reads, learns, clock } = await opened()
  expect(learns).toHaveLength(1)
  learns.shift()?.(Array.from({ length: 2_000 }, (_, i) => `stored ${i}`))
  await turn()
  expect(learns).toHaveLength(0)
  clock.advance(60_000)
  await turn()
  expect(learns).toHaveLength(1)
  learns.shift()?.(['stored last'])
  await turn()
  expect(learns).toHaveLength(0)
  // All are known now: one that is not among them is not looked up, one that is is.
  await foldOf(rows, 'w2')
  expect(reads).toHaveLength(0)
  const known = foldOf(rows, 'stored last')
  await turn()
  expect(reads).toHaveLength(1)
  reads.shift()?.([{ tbl: 'agents', key: 'stored last', body: agent(3) }])
  expect(await known).toEqual([agent(3)])
})

const keyOfCall = (run: string, id: string) => `${run}\u001ftool\u001f${id}`
const foldOfCalls = (rows: PartitionRows, ...keys: readonly string[]) =>
  rows.folded(() => keys.map((key) => rows.of(tenant).get('calls', key)))
/** Also all keys of rows are known: these runs. */
async function openedWith(...runs: readonly string[]) {
  const made = await opened()
  made.learns.shift()?.(runs)
  await turn()
  return made
}
const keysOfPage = (run: string) => Array.from({ length: 200 }, (_, i) => keyOfCall(run, `closed ${i}`))

test('of a run that is used again the hashes of its calls are learned first, so that only those that closed are looked up', async () => {
  const { rows, reads, learns } = await opened()
  const [closed, another] = [keyOfCall('run again', 'closed 7'), keyOfCall('run again', 'of another page')]
  const folding = foldOfCalls(rows, keyOfCall('run again', 'new'), closed, another)
  learns.shift()?.(['run again'])
  await turn()
  for (const keys of [keysOfPage('run again'), [another]]) {
    expect([learns.length, reads.length]).toEqual([1, 0])
    learns.shift()?.(keys)
    await turn()
  }
  expect([learns.length, reads.length]).toEqual([0, 1])
  reads.shift()?.([closed, another].map((key) => ({ tbl: 'calls', key, body: call(key) })))
  expect(await folding).toEqual([undefined, call(closed), call(another)])
  // From now on nothing is asked for a new one.
  expect(await foldOfCalls(rows, keyOfCall('run again', 'newer'))).toEqual([undefined])
})

test('a call that closed and is not written is known of a run that is learned meanwhile', async () => {
  const { rows, reads, learns } = await openedWith()
  const key = keyOfCall('run again', 'closed')
  rows.keep([{ tenant, table: 'calls', key, row: call(key), position: 1, was: undefined }], 1, [])
  // So many others that the cache forgets it.
  for (let round = 0; round < 2; round += 1) {
    const others = Array.from({ length: 4_000 }, (_, i) => {
      const other = keyOfCall('others', `${round} ${i}`)
      return { tenant, table: 'calls' as const, key: other, row: call(other), position: 2, was: undefined }
    })
    rows.keep(others, 2, [])
  }
  rows.keep([{ tenant, table: 'runs', key: 'run again', row: {} as RunRow, position: 3, was: {} as RunRow }], 3, [])
  const folding = foldOfCalls(rows, keyOfCall('run again', 'new'))
  await turn()
  expect(learns).toHaveLength(1)
  learns.shift()?.([])
  expect(await folding).toEqual([undefined])
  expect(await foldOfCalls(rows, key)).toEqual([call(key)])
  expect(reads).toHaveLength(0)
})

test('where a run has too many calls to wait for, new ones are looked up until it is learned', async () => {
  const { rows, reads, learns, clock } = await opened()
  const folding = foldOfCalls(rows, keyOfCall('run large', 'new'))
  learns.shift()?.(['run large'])
  await turn()
  learns.shift()?.(keysOfPage('run large'))
  await turn()
  clock.advance(1_000)
  await turn()
  expect([learns.length, reads.length]).toEqual([1, 1])
  reads.shift()?.([])
  expect(await folding).toEqual([undefined])
  learns.shift()?.([])
  await turn()
  expect(await foldOfCalls(rows, keyOfCall('run large', 'newer'))).toEqual([undefined])
  expect([learns.length, reads.length]).toEqual([0, 0])
})

test('calls of a run that began here, or that there is not, are never looked up', async () => {
  const { rows, reads, learns } = await openedWith('run stored')
  rows.keep([{ tenant, table: 'runs', key: 'run begun', row: {} as RunRow, position: 1, was: undefined }], 1, [])
  expect(await foldOfCalls(rows, keyOfCall('run begun', 'new'), keyOfCall('run of nobody', 'new'))).toEqual([undefined, undefined])
  expect([learns.length, reads.length]).toEqual([0, 0])
  void foldOfCalls(rows, keyOfCall('run stored', 'new'))
  await turn()
  expect([learns.length, reads.length]).toEqual([1, 0])
})

test('a row that only another row names is fetched after it, and none is asked for twice', async () => {
  const { rows, reads } = setUp()
  const folding = rows.folded(() => {
    const { get } = rows.of(tenant)
    const workers = get('tasks', 'r1\u001ft1')?.workers ?? []
    return [get('runs', 'r1'), ...workers.map((key) => get('agents', key))]
  })
  await turn()
  reads.shift()?.([{ tbl: 'tasks', key: 'r1\u001ft1', body: { id: 't1', workers: ['w1'] } }])
  await turn()
  reads.shift()?.([{ tbl: 'agents', key: 'w1', body: agent(7) }])
  expect(await folding).toEqual([undefined, agent(7)])
  expect(reads).toHaveLength(0)
})

test('with too many rows due a batch waits for a write', async () => {
  const { rows, writes } = await opened()
  await rows.room()
  const many = Array.from({ length: 20_000 }, (_, i) => ({
    tenant,
    table: 'calls' as const,
    key: `${i}`,
    row: call(`${i}`),
    position: i + 1,
    was: undefined,
  }))
  rows.keep(many, many.length, [])
  let hasRoom = false
  const waiting = rows.room().then(() => {
    hasRoom = true
  })
  await untilWritten(writes)
  expect([hasRoom, writes.length]).toEqual([false, 1])
  writes.shift()?.()
  await waiting
})

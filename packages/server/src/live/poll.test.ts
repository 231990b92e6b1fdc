import type { ServerFrame } from '@signalbox/model/live.ts'
import { createLiveState } from '@signalbox/model/live-state.ts'
import { expect, test } from 'vitest'
import { encodeCursor } from './cursor.ts'
import { createTestLog, type TestLog } from './log.fake.ts'
import { type LiveServer, serve } from './testing.ts'

interface Answer {
  readonly frames: readonly ServerFrame[]
  readonly cursor: string
}
const ask = async (server: LiveServer, query: Record<string, string | number>): Promise<Answer> => {
  const text = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]))
  const response = await fetch(`${server.url}/v1/poll?${text}`)
  expect(response.status).toBe(200)
  return (await response.json()) as Answer
}
const positionsOf = ({ frames }: Answer) =>
  frames.flatMap((frame) => (frame.kind === 'events' ? frame.items.map(({ position }) => position) : []))
const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, i) => first + i)
const at = (log: TestLog, position: number) => encodeCursor({ epoch: log.epoch, positions: [position] })
const logs = (count: number, text = '') => Array.from({ length: count }, () => ({ type: 'log', data: { text } }))

test.each([
  { name: 'from memory', ringBytes: 1 << 26 },
  { name: 'from the store', ringBytes: 1 },
])('the range of a gap is fetched $name, whole and no further', async ({ ringBytes }) => {
  const log = createTestLog({ partitions: 1 })
  const server = await serve(log, { config: { ringBytes } })
  for (let i = 0; i < 20; i += 1) log.commit(0, logs(100))
  const got: number[] = []
  let cursor = at(log, 300)
  const until = at(log, 1_750)
  for (let answers = 0; cursor !== until; answers += 1) {
    const answer = await ask(server, { feed: 'events', cursor, until, limit: 400 })
    got.push(...positionsOf(answer))
    cursor = answer.cursor
    expect(answers).toBeLessThan(5)
  }
  expect(got).toEqual(upTo(1_750, 301))
  expect(await ask(server, { feed: 'events', cursor, until })).toEqual({ frames: [], cursor: until })
})

test.each([
  { name: 'from memory', ringBytes: 1 << 26 },
  { name: 'from the store', ringBytes: 1 },
])('an answer is bounded in events and bytes, and the next goes on after it, $name', async ({ ringBytes }) => {
  const log = createTestLog({ partitions: 1 })
  const server = await serve(log, { config: { ringBytes } })
  log.commit(0, logs(300, 'x'.repeat(10_000)))
  log.commit(0, logs(1))
  const few = await ask(server, { feed: 'events', cursor: at(log, 0), limit: 7 })
  expect(positionsOf(few)).toEqual(upTo(7))
  const many = await ask(server, { feed: 'events', cursor: few.cursor })
  expect(JSON.stringify(many).length).toBeLessThan(1.1 * 1024 * 1024)
  const got = positionsOf(many)
  for (let { cursor } = many; got.length < 294; ) {
    const more = await ask(server, { feed: 'events', cursor })
    got.push(...positionsOf(more))
    cursor = more.cursor
  }
  expect(got).toEqual(upTo(301, 8))
})

test('without a wait it answers at once with what there is', async () => {
  const log = createTestLog({ partitions: 1 })
  const server = await serve(log, { config: { ringBytes: 1 } })
  for (let i = 0; i < 5; i += 1) log.commit(0, logs(1))
  expect(positionsOf(await ask(server, { feed: 'events', from: 'start', wait: 0 }))).toEqual(upTo(5))
  expect(await ask(server, { feed: 'events', wait: 0 })).toEqual({ frames: [], cursor: at(log, 5) })
  expect(await ask(server, { feed: 'events', cursor: at(log, 5), wait: 0 })).toEqual({ frames: [], cursor: at(log, 5) })
})

test('it waits for the first that matches, and passes what does not', async () => {
  const log = createTestLog({ partitions: 1 })
  const server = await serve(log)
  let answered = false
  const answer = ask(server, { feed: 'events', cursor: at(log, 0), type: 'tool.*', wait: 30 }).then((got) => {
    answered = true
    return got
  })
  while ((await server.metrics.liveClients.get()).values.every(({ value }) => value === 0))
    await new Promise((resolve) => setImmediate(resolve))
  log.commit(0, logs(3))
  await ask(server, { feed: 'events', cursor: at(log, 0) })
  expect(answered).toBe(false)
  log.commit(0, [{ type: 'tool.started' }])
  const got = await answer
  expect(positionsOf(got)).toEqual([4])
  expect(got.frames).toMatchObject([{ kind: 'events', from: at(log, 0), cursor: at(log, 4) }])
})

test('a reader of the state of an empty log is told so once, and then waits for its first event', async () => {
  const log = createTestLog({ partitions: 1 })
  const server = await serve(log)
  const { frames, cursor } = await ask(server, { feed: 'state' })
  expect(frames).toMatchObject([{ kind: 'snapshot', rows: [], last: true }])
  expect(await ask(server, { feed: 'state', cursor, wait: 0 })).toEqual({ frames: [], cursor })
  const answer = ask(server, { feed: 'state', cursor, wait: 30 })
  while ((await server.metrics.liveClients.get()).values.every(({ value }) => value === 0))
    await new Promise((resolve) => setImmediate(resolve))
  log.commit(0, [{ type: 'agent.started', agent: 'a' }])
  const rows = (await answer).frames.flatMap((frame) => ('rows' in frame ? frame.rows : []))
  expect(rows).toMatchObject([{ table: 'agents', key: 'a' }])
})

test('a task that ended while its reader was away leaves it, also when more is said of it later', async () => {
  const log = createTestLog({ partitions: 1 })
  const server = await serve(log, { config: { ringBytes: 1 } })
  const of = { run: 'r', task: 't' }
  log.commit(0, [{ type: 'task.started', ...of }])
  const state = createLiveState()
  const first = await ask(server, { feed: 'state', wait: 0 })
  log.commit(0, [{ type: 'task.completed', ...of }])
  // By now the store has the row of this one, and memory nothing else.
  log.commit(0, [{ type: 'task.progress', ...of }])
  const second = await ask(server, { feed: 'state', cursor: first.cursor, until: at(log, 2), wait: 0 })
  const third = await ask(server, { feed: 'state', cursor: second.cursor, wait: 0 })
  for (const frame of first.frames) state.apply(frame)
  expect(state.size('tasks')).toBe(1)
  for (const frame of [...second.frames, ...third.frames]) state.apply(frame)
  expect(third.cursor).toBe(at(log, 3))
  expect(state.size('tasks')).toBe(0)
})

test('those who wait together are told by one page', async () => {
  const log = createTestLog({ partitions: 1 })
  const server = await serve(log, { config: { ringBytes: 1 } })
  const cursor = at(log, 0)
  const answers = Array.from({ length: 50 }, () => ask(server, { feed: 'events', cursor, wait: 30 }))
  while ((await server.metrics.liveClients.get()).values.every(({ value }) => value < 50))
    await new Promise((resolve) => setImmediate(resolve))
  // Two commits at once: the first of them is no longer in memory when the readers wake.
  log.commit(0, logs(1))
  log.commit(0, logs(1))
  for (const answer of await Promise.all(answers)) expect(positionsOf(answer)).toEqual([1, 2])
  expect(log.reads.readPartition).toBe(1)
})

test('a snapshot comes whole, however large', async () => {
  const log = createTestLog({ partitions: 1 })
  const server = await serve(log)
  log.commit(
    0,
    upTo(4_000).map((n) => ({ type: 'agent.started', agent: `agent-${n}` })),
  )
  const { frames, cursor } = await ask(server, { feed: 'state' })
  expect(frames.map((frame) => frame.kind === 'snapshot' && [frame.rows.length, frame.last, frame.cursor])).toEqual(
    upTo(4).map((n) => [1_000, n === 4, cursor]),
  )
})

test.each([
  { cursor: 'x' },
  { cursor: 'AAAAAAAAAAAA' },
  { until: 'none of yours' },
  { wait: 61 },
  { wait: -1 },
  { limit: 0 },
  { feed: 'news' },
  { from: 'middle' },
])('%j is refused', async (query: Record<string, string | number>) => {
  const server = await serve(createTestLog())
  const text = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]))
  const response = await fetch(`${server.url}/v1/poll?${text}`)
  expect(response.status).toBe(400)
  expect(response.headers.get('content-type')).toContain('application/problem+json')
})

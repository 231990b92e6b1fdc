/** What an agent does by the clock, with time that stands still between the steps of a test. */
import { afterEach, expect, test } from 'vitest'
import { createFakeClock } from '../../server/src/clock.fake.ts'
import { type AgentOptions, createAgent } from './agent.ts'
import { backoffMs, type Clock } from './clock.ts'
import { type IngestDoor, openIngestDoor } from './ingest-door.testing.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const frozen = (random = 0.5) => ({ ...createFakeClock(1_000_000), random: () => random })
async function webSocketDoor(): Promise<IngestDoor> {
  const door = await openIngestDoor()
  ends.push(() => door[Symbol.asyncDispose]())
  return door
}
function agentOf(options: Partial<AgentOptions> & Pick<AgentOptions, 'url' | 'clock'>) {
  const agent = createAgent({ agent: 'worker-7', heartbeatMs: 0, flushMs: 10, ...options })
  ends.push(() => agent.stop(0))
  return agent
}
/** Everything that needs no time and no server has happened. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

test('an agent beats at its pace until it stops, and says how far apart', async () => {
  const clock = frozen()
  const door = await webSocketDoor()
  const agent = agentOf({ url: door.url, clock, heartbeatMs: 10_000 })
  clock.advance(9_999)
  expect(agent.stats().queued).toBe(1)
  clock.advance(1)
  expect(agent.stats().queued).toBe(2)
  clock.advance(20_000)
  expect(agent.stats().queued).toBe(4)
  const ended = agent.stop(0)
  clock.advance(1)
  await ended
  clock.advance(60_000)
  expect(agent.stats().queued).toBe(5)
})

test.each([
  [2_500.4, 2_501],
  [0.2, 1],
  [Number.POSITIVE_INFINITY, 2_147_483_647],
  [-1, undefined],
  [Number.NaN, undefined],
])('a pace of %d ms is told as %s: servers take whole ones, and timers no longer ones', async (heartbeatMs, intervalMs) => {
  const clock = frozen()
  const door = await webSocketDoor()
  const agent = agentOf({ url: door.url, clock, heartbeatMs })
  clock.advance(10)
  const peer = await door.peer()
  peer.welcome()
  const { events } = await peer.batch()
  expect(events[0]?.data).toEqual(intervalMs === undefined ? {} : { intervalMs })
  const beats = () => agent.stats().queued
  const before = beats()
  clock.advance(intervalMs === undefined || intervalMs > 10_000 ? 10_000 : intervalMs)
  expect(beats() - before).toBe(intervalMs === undefined || intervalMs > 10_000 ? 0 : 1)
})

test('events wait flushMs for others, and go in one batch', async () => {
  const clock = frozen()
  const door = await webSocketDoor()
  const agent = agentOf({ url: door.url, clock, flushMs: 50 })
  agent.emit('log', { n: 1 })
  clock.advance(49)
  agent.emit('log', { n: 2 })
  clock.advance(1)
  const peer = await door.peer()
  peer.welcome()
  const { events } = await peer.batch()
  expect(events.map(({ seq }) => seq)).toEqual([0, 1, 2])
  const flushed = agent.flush()
  peer.ack(1, { accepted: 3 })
  await flushed
  expect(agent.stats()).toMatchObject({ queued: 0, sent: 3 })
})

test.each([
  [0, 2_000],
  [0.5, 2_200],
])('with the dice at %d a server that asks for two seconds is asked again after %i ms', async (random, afterMs) => {
  const clock = frozen(random)
  const waits: number[] = []
  const after: Clock['after'] = (ms, run) => {
    waits.push(ms)
    return clock.after(ms, run)
  }
  const door = await openIngestDoor((response) => void response.writeHead(503, { 'retry-after': '2' }).end('{}'))
  ends.push(() => door[Symbol.asyncDispose]())
  const told = Promise.withResolvers<void>()
  agentOf({ url: door.url, clock: { ...clock, after }, transport: 'rest', onProblem: () => told.resolve() })
  clock.advance(10)
  await told.promise
  await settled()
  expect(waits.at(-1)).toBe(afterMs)
  await door.post()
  clock.advance(afterMs)
  expect(await door.post()).toEqual(door.posted[0])
})

test('retries spread over a doubling time that has an end', () => {
  const bounds = (failures: number) => [0, 0.999_999].map((random) => Math.round(backoffMs(frozen(random), failures, 400, 15_000)))
  expect(bounds(1)).toEqual([0, 400])
  expect(bounds(2)).toEqual([0, 800])
  expect(bounds(5)).toEqual([0, 6_400])
  expect(bounds(6)).toEqual([0, 12_800])
  expect(bounds(7)).toEqual([0, 15_000])
  expect(bounds(10_000)).toEqual([0, 15_000])
})

test('two agents of a process share a WebSocket; each keeps its own numbers, and the last to stop closes it', async () => {
  const clock = frozen()
  const door = await webSocketDoor()
  const [a, b] = ['a', 'b'].map((agent) => agentOf({ url: `${door.url}/`, clock, agent }))
  clock.advance(10)
  const peer = await door.peer()
  peer.welcome()
  const batches = [await peer.batch(), await peer.batch()]
  expect(batches.map(({ events }) => [events[0]?.source, events[0]?.seq])).toEqual([
    ['a', 0],
    ['b', 0],
  ])
  const flushed = Promise.all([a?.flush(), b?.flush()])
  peer.ack(2, { accepted: 2 })
  await flushed
  const end = async (agent: typeof a, n: number) => {
    const stopped = agent?.stop()
    await peer.batch()
    peer.ack(n, { accepted: 1 })
    await stopped
  }
  await end(a, 3)
  await end(b, 4)
  expect(await peer.closed).toBe(1000)
})

test.each([
  ['back', -3_600_000],
  ['forward', 3_600_000],
])('a wall clock that is set %s by an hour changes nothing of how long a flush waits', async (_way, byMs) => {
  const clock = frozen()
  const door = await webSocketDoor()
  const agent = agentOf({ url: door.url, clock })
  let isDone = false
  const flushed = agent.flush(3_000).then(() => {
    isDone = true
  })
  await settled()
  clock.set(byMs)
  clock.advance(2_999)
  await settled()
  expect(isDone).toBe(false)
  clock.advance(1)
  await flushed
})

test('what is on its way when the queue is full is not counted as dropped: each event is sent or dropped', async () => {
  const clock = frozen()
  const door = await webSocketDoor()
  const agent = agentOf({ url: door.url, clock, queueEvents: 10 })
  for (let n = 1; n <= 5; n += 1) agent.emit('log', { n })
  clock.advance(10)
  const peer = await door.peer()
  peer.welcome()
  expect((await peer.batch()).events).toHaveLength(6)
  for (let n = 6; n <= 15; n += 1) agent.emit('log', { n })
  const flushed = agent.flush()
  peer.ack(1, { accepted: 6 })
  const { events } = await peer.batch()
  peer.ack(2, { accepted: events.length })
  await flushed
  expect(events.map(({ data }) => data?.n ?? data?.dropped)).toEqual([12, 13, 14, 15, 6])
  expect(agent.stats()).toMatchObject({ queued: 0, sent: 11, dropped: 6 })
})

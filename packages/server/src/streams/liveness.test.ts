import type { Event } from '@signalbox/model/event.ts'
import { joinAgents } from '@signalbox/model/fold/agent.ts'
import { partitionOf } from '@signalbox/model/ids.ts'
import type { AgentRow } from '@signalbox/model/rows.ts'
import { expect, test } from 'vitest'
import { Unavailable } from '../broker/broker.ts'
import { createFakeClock } from '../clock.fake.ts'
import type { CommitBus } from '../sequencer/commit.ts'
import { after, event, type Line, line, log } from '../sequencer/testing.ts'
import { type Liveness, startLiveness } from './liveness.ts'

const intervalMs = 5_000

async function watched() {
  const clock = createFakeClock(Date.now())
  const it = await line({ clock })
  const said = (type: string, more: Partial<Event> = {}) => event({ type, time: clock.now(), data: {}, ...more })
  const heartbeat = (more: Partial<Event> = {}) => said('agent.heartbeat', { run: undefined, data: { intervalMs }, ...more })
  /** Time passes as the monitor sees it: with a look now and then. */
  const pass = async (ms: number, by: Liveness) => {
    for (let left = ms; left > 0; left -= intervalMs) {
      clock.advance(Math.min(left, intervalMs))
      await by.check()
    }
  }
  return { it, clock, said, heartbeat, pass, liveness: monitor(it, clock) }
}

function monitor(
  it: Line,
  clock: ReturnType<typeof createFakeClock>,
  more: {
    bus?: CommitBus
    publish?: Line['broker']['publish']
    caughtUp?: Line['store']['projections']['caughtUp']
    mostAgents?: number
  } = {},
): Liveness {
  const liveness = startLiveness({
    pool: it.store.pool,
    projections: { caughtUp: more.caughtUp ?? it.store.projections.caughtUp },
    bus: more.bus ?? it.bus,
    broker: { publish: more.publish ?? it.broker.publish },
    partitions: it.store.meta.partitions,
    config: { agentLostAfter: 3 },
    metrics: it.metrics,
    ...(more.mostAgents === undefined ? {} : { mostAgents: more.mostAgents }),
    clock,
    log,
  })
  after(() => liveness.stop())
  return liveness
}

async function statusOf(it: Line, agent = 'w1') {
  await it.store.projections.caughtUp()
  const { rows } = await it.store.pool.query<{ body: AgentRow }>("select body from projections where tbl = 'agents' and key = $1", [agent])
  return joinAgents(rows.map(({ body }) => body))?.status?.value
}

const marks = async ({ store }: Line) =>
  Number((await store.pool.query<{ count: string }>("select count(*) from log where source = 'signalbox'")).rows[0]?.count)

test('who announced heartbeats and fell silent is lost after three intervals, once, and found again with its next event', async () => {
  const { it, clock, said, pass, liveness } = await watched()
  // Its clock is wrong by half an hour; only when its events come in counts.
  await it.send([said('agent.started', { time: clock.now() - 1_800_000, data: { intervalMs } })])
  await pass(3 * intervalMs - 1, liveness)
  expect(await statusOf(it)).toBe('idle')
  await pass(1, liveness)
  await liveness.check()
  expect(await statusOf(it)).toBe('lost')
  expect(await marks(it)).toBe(1)
  await it.send([said('task.started', { task: 't1' })])
  expect(await statusOf(it)).toBe('busy')
  await pass(3 * intervalMs, liveness)
  expect(await statusOf(it)).toBe('lost')
  expect(await marks(it)).toBe(2)
})

test('nobody is lost who goes on sending, who never announced an interval, who stopped, or whose history was brought in', async () => {
  const { it, clock, said, heartbeat, liveness } = await watched()
  await it.send([
    heartbeat({ agent: 'lively' }),
    said('agent.started', { agent: 'quiet' }),
    heartbeat({ agent: 'gone' }),
    said('agent.stopped', { agent: 'gone' }),
    heartbeat({ agent: 'of last year', time: clock.now() - 86_400_000 }),
  ])
  for (let i = 0; i < 10; i += 1) {
    clock.advance(intervalMs)
    await it.send([said('log', { agent: 'lively', run: `r${i}` })])
    await liveness.check()
  }
  expect(await marks(it)).toBe(0)
})

test('life heard in another partition than the one that knows of the loss ends it too', async () => {
  const { it, clock, said, heartbeat, pass, liveness } = await watched()
  const partition = partitionOf('default', '', 2)
  const run = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].find((name) => partitionOf('default', name, 2) !== partition) ?? ''
  await it.send([said('tool.started', { run, data: { call: 'c1', name: 'build' } }), heartbeat()])
  await pass(3 * intervalMs, liveness)
  expect(await statusOf(it)).toBe('lost')
  clock.advance(1_000)
  await it.send([heartbeat()])
  await liveness.check()
  expect(await statusOf(it)).toBe('busy')
  await pass(3 * intervalMs, liveness)
  expect(await statusOf(it)).toBe('lost')
})

test('life heard just before the wall clock was set back ends a loss too', async () => {
  const { it, clock, said, heartbeat, pass, liveness } = await watched()
  const partition = partitionOf('default', '', 2)
  const run = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].find((name) => partitionOf('default', name, 2) !== partition) ?? ''
  await it.send([said('tool.started', { run, data: { call: 'c1', name: 'build' } }), heartbeat()])
  await pass(3 * intervalMs, liveness)
  clock.advance(1_000)
  await it.send([heartbeat()])
  clock.set(-3_600_000)
  await liveness.check()
  expect(await statusOf(it)).toBe('busy')
})

test('a server that was away gives everyone their time again, and marks what it finds in the store', async () => {
  const { it, clock, heartbeat, pass, liveness } = await watched()
  await it.send([heartbeat(), heartbeat({ agent: 'w2', tenant: 'another' })])
  await liveness.stop()
  clock.advance(60_000)
  const next = monitor(it, clock)
  await next.check()
  expect(await statusOf(it)).toBeUndefined()
  await it.send([heartbeat({ agent: 'w2', tenant: 'another' })])
  await pass(3 * intervalMs - 1, next)
  expect(await statusOf(it)).toBeUndefined()
  await pass(1, next)
  expect([await statusOf(it), await statusOf(it, 'w2')]).toEqual(['lost', 'lost'])
  expect(await marks(it)).toBe(2)
})

test('while the store is away nobody is blamed for silence', async () => {
  const { it, clock, heartbeat, pass, liveness } = await watched()
  await liveness.stop()
  let isAway = true
  let tries = 0
  const next = monitor(it, clock, {
    publish: async (submission) => {
      tries += 1
      if (isAway) throw new Unavailable('STORE_UNAVAILABLE', 1_000, true)
      return it.broker.publish(submission)
    },
  })
  await it.send([heartbeat()])
  await pass(3 * intervalMs, next).catch(() => undefined)
  expect(tries).toBe(1)
  isAway = false
  await pass(intervalMs, next)
  expect(await marks(it)).toBe(0)
  await it.send([heartbeat()])
  await pass(2 * intervalMs, next)
  expect(await marks(it)).toBe(0)
})

test('while the store is away nobody is blamed for silence, also when it cannot be asked of who came in', async () => {
  const { it, clock, heartbeat, pass, liveness } = await watched()
  await liveness.stop()
  let isAway = false
  const next = monitor(it, clock, {
    caughtUp: () => (isAway ? Promise.reject(new Unavailable('STORE_UNAVAILABLE', 1_000, true)) : it.store.projections.caughtUp()),
  })
  await next.check()
  await it.send([heartbeat()])
  isAway = true
  for (let i = 0; i < 4; i += 1) await expect(pass(intervalMs, next)).rejects.toThrow(Unavailable)
  isAway = false
  await pass(2 * intervalMs, next)
  expect(await marks(it)).toBe(0)
  await pass(intervalMs, next)
  expect(await marks(it)).toBe(1)
})

test('a thousand that fall silent together are marked together', async () => {
  const { it, heartbeat, pass, liveness } = await watched()
  await it.send(Array.from({ length: 1_200 }, (_, i) => heartbeat({ agent: `w${i}` })))
  const commits = it.commits.length
  await pass(3 * intervalMs, liveness)
  expect(await marks(it)).toBe(1_200)
  expect(it.commits.length - commits).toBeLessThan(10)
  expect(await liveness.check()).toBe(0)
})

test('agents of a commit that the bus did not tell of are read from the store', async () => {
  const { it, clock, heartbeat, pass, liveness } = await watched()
  await liveness.stop()
  let isDeaf = false
  const bus: CommitBus = { ...it.bus, subscribe: (listener) => it.bus.subscribe((commit) => isDeaf || listener(commit)) }
  const next = monitor(it, clock, { bus })
  await it.send([heartbeat({ run: 'same' })])
  await next.check()
  isDeaf = true
  await it.send([heartbeat({ run: 'same', agent: 'unheard' })])
  isDeaf = false
  await pass(2 * intervalMs, next)
  await it.send([heartbeat({ run: 'same' })])
  await pass(intervalMs, next)
  expect([await statusOf(it), await statusOf(it, 'unheard')]).toEqual([undefined, 'lost'])
})

test('past the bound agents are not watched, which is counted; who comes again when there is room is', async () => {
  const clock = createFakeClock(Date.now())
  const it = await line({ clock })
  const liveness = monitor(it, clock, { mostAgents: 2 })
  const beat = (agent: string) => event({ type: 'agent.heartbeat', agent, run: undefined, time: clock.now(), data: { intervalMs } })
  await it.send(['a', 'b', 'c'].map(beat))
  await liveness.check()
  const [counted] = (await it.metrics.unwatched.get()).values
  expect(counted).toMatchObject({ labels: { what: 'agents' } })
  expect(counted?.value).toBeGreaterThan(0)
  const silence = async () => {
    for (let i = 0; i < 3; i += 1) {
      clock.advance(intervalMs)
      await liveness.check()
    }
    await liveness.check()
    return Promise.all(['a', 'b', 'c'].map((agent) => statusOf(it, agent)))
  }
  expect((await silence()).filter((status) => status === 'lost')).toHaveLength(2)
  await it.send([beat('c')])
  expect(await silence()).toEqual(['lost', 'lost', 'lost'])
})

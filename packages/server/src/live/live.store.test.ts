/** The live stage over the real sequencer and PostgreSQL: what memory says and what the store says is one thing. */
import { isDeepStrictEqual } from 'node:util'
import type { Event } from '@signalbox/model/event.ts'
import { uuidv7 } from '@signalbox/model/ids.ts'
import type { Filter } from '@signalbox/model/live.ts'
import type { TaskRow } from '@signalbox/model/rows.ts'
import { pino } from 'pino'
import { afterAll, afterEach, expect, test } from 'vitest'
import { createDirectBroker } from '../broker/direct.ts'
import { systemClock } from '../clock.ts'
import { createMetrics } from '../ops/metrics.ts'
import { createMemoryBus } from '../sequencer/bus.ts'
import { startSequencers } from '../sequencer/sequencer.ts'
import { openStore } from '../store/open.ts'
import { stopDatabases, withDatabase } from '../store/testing.ts'
import { nextTurn } from '../turns.ts'
import { createHub } from './hub.ts'
import { discontinuities, dueState, shown } from './taker.testing.ts'
import { type Attached, attach, hubConfig } from './testing.ts'

const log = pino({ level: 'silent' })
const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  expect(discontinuities.splice(0)).toEqual([])
  for (const clean of cleanups.splice(0).reverse()) await clean()
})
afterAll(stopDatabases)

async function line() {
  const store = await openStore({ url: await withDatabase(), config: { partitions: 2, retentionDays: 30, quarantineItems: 1_000 }, log })
  const broker = createDirectBroker({ queueEvents: 10_000, queueBytes: 1 << 26, batchEvents: 50 })
  const bus = createMemoryBus(log)
  const metrics = createMetrics()
  const sequencers = startSequencers({ store, broker, bus, config: { commitTimeoutMs: 10_000 }, metrics, log, clock: systemClock })
  const hubOf = async (ringBytes: number) => {
    const hub = createHub({ store, bus, config: { ...hubConfig, ringBytes }, metrics, log, clock: systemClock })
    await hub.start()
    cleanups.push(async () => hub.stop())
    return hub
  }
  cleanups.push(() => sequencers.stop().then(() => store.stop()))
  const send = (partition: number, events: readonly Partial<Event>[]) =>
    broker.publish({
      partition,
      backfill: false,
      receivedAt: Date.now(),
      events: events.map((event): Event => {
        const data = event.data ?? {}
        const time = Date.now()
        return { id: uuidv7(time), tenant: 'default', source: 'test', type: 'log', time, ...event, data, dataJson: JSON.stringify(data) }
      }),
    })
  return { store, send, hubOf }
}

const working = async (is: () => boolean) => {
  while (!is()) await nextTurn()
}
const some = (i: number): Partial<Event>[] => [
  { type: 'agent.started', agent: `agent-${i % 4}`, data: { role: 'worker', name: 'Zoë 🚦 \u0000' } },
  { type: 'task.assigned', agent: 'boss', run: `run-${i % 3}`, task: `task-${i % 5}`, data: { to: `agent-${i % 7}` } },
  { type: 'task.started', agent: `agent-${i % 7}`, run: `run-${i % 3}`, task: `task-${i % 5}` },
  { type: 'tool.started', agent: `agent-${i % 4}`, run: `run-${i % 3}`, data: { call: `call-${i}`, name: 'grep' } },
  { type: 'tool.finished', agent: `agent-${i % 7}`, run: `run-${i % 3}`, data: { call: `call-${i - 3 * (i % 4)}` } },
]
const someThatEnd = (i: number): Partial<Event>[] => [
  ...some(i),
  ...(i % 4 === 3 ? [{ type: 'task.completed', agent: `agent-${i % 7}`, run: `run-${i % 3}`, task: `task-${i % 5}` }] : []),
]

test.each<[string, Filter]>([
  ['everything', {}],
  ['a run', { run: ['run-1'] }],
  ['an agent', { agent: ['agent-1', 'agent-5'] }],
  ['a task', { task: ['task-3'] }],
  ['agents of a run', { run: ['run-1'], agent: ['agent-0', 'agent-2', 'agent-3', 'agent-5', 'agent-6'] }],
  ['a task of a run', { task: ['task-2'], run: ['run-0', 'run-2'] }],
])('state of %s: pushed from memory, read from the store, and a new snapshot agree', async (_name, filter) => {
  const { store, send, hubOf } = await line()
  for (let i = 0; i < 10; i += 1) await send((i % 3) % 2, someThatEnd(i))
  const [large, small] = [await hubOf(1 << 26), await hubOf(1)]
  const pushed = attach(large, { feed: 'state', filter })
  const before = attach(small, { feed: 'state', filter })
  const isWhole = ({ frames }: Attached) => frames.some((frame) => frame.kind === 'snapshot' && frame.last)
  await working(() => isWhole(pushed) && isWhole(before))
  before.close()
  for (let i = 10; i < 40; i += 1) await send((i % 3) % 2, someThatEnd(i))
  const read = attach(small, { feed: 'state', filter, cursor: before.cursor() }, before)
  const fresh = attach(small, { feed: 'state', filter })
  await working(() => isWhole(fresh))
  const due = await dueState(store, filter)
  const states = Object.values(due.tasks ?? {}).map((row) => (row as TaskRow).state)
  expect(states).toContain('working')
  expect(states.includes('completed')).toBe(filter.run !== undefined || filter.task !== undefined)
  for (const reader of [pushed, read, fresh]) {
    await working(() => isDeepStrictEqual(shown(reader.state), due))
    // Nothing comes after that would change it.
    for (let turn = 0; turn < 50; turn += 1) await nextTurn()
    expect(shown(reader.state)).toEqual(due)
  }
})

test('events come from the store as they came from memory, byte for byte', async () => {
  const { send, hubOf } = await line()
  const hub = await hubOf(1 << 26)
  const pushed = attach(hub, { filter: { type: ['task.*', 'tool.started'] } })
  await working(() => pushed.frames.length > 0)
  for (let i = 0; i < 30; i += 1) await send((i % 3) % 2, some(i))
  await working(() => pushed.received.length === 90)
  const read = attach(await hubOf(1), { filter: { type: ['task.*', 'tool.started'] }, fromStart: true })
  await working(() => read.received.length === 90)
  const items = (reader: Attached) =>
    reader.frames
      .flatMap((frame) => (frame.kind === 'events' ? frame.items : []))
      .sort((a, b) => a.partition - b.partition || a.position - b.position)
  expect(items(read)).toEqual(items(pushed))
})

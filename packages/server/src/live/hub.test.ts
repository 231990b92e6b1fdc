import type { Event } from '@signalbox/model/event.ts'
import { closeCodes, type Filter, type ServerFrame } from '@signalbox/model/live.ts'
import { afterEach, expect, test } from 'vitest'
import { createFakeClock } from '../clock.fake.ts'
import { nextTurn } from '../turns.ts'
import { encodeCursor } from './cursor.ts'
import type { Encoded } from './frames.ts'
import type { HubConfig } from './live.ts'
import { createTestLog, type TestLog } from './log.fake.ts'
import { openSession, sessionStates, sessionSteps, step, transitions } from './session.ts'
import { discontinuities, shown } from './taker.testing.ts'
import { type Attached, attach, startHub, work } from './testing.ts'

const stops: (() => void)[] = []
afterEach(() => {
  expect(discontinuities.splice(0)).toEqual([])
  for (const stop of stops.splice(0)) stop()
})

async function stage(options: { log?: TestLog; config?: Partial<HubConfig> } = {}) {
  const log = options.log ?? createTestLog({ partitions: 1 })
  const clock = createFakeClock(1_700_000_000_000)
  const { hub, metrics } = await startHub(log, { clock, ...(options.config === undefined ? {} : { config: options.config }) })
  stops.push(() => hub.stop())
  return { log, clock, hub, metrics }
}

const logs = (count: number, data: Event['data'] = {}): Partial<Event>[] => Array.from({ length: count }, () => ({ type: 'log', data }))
const positionsOf = (reader: Attached) => reader.received.map(([, position]) => position)
const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, i) => first + i)
const kinds = (reader: Attached) => reader.frames.map(({ kind }) => kind)
const isWhole = ({ frames }: Attached) => frames.some((frame) => frame.kind === 'snapshot' && frame.last)
const isOpen = (reader: Attached) => reader.frames.length > 0
const value = async (metric: { get(): Promise<{ values: { value: number }[] }> }) => (await metric.get()).values[0]?.value ?? 0

test('every step of a session from every state is one of the table, or a bug that is named', () => {
  for (const state of sessionStates) {
    for (const by of sessionSteps) {
      const session = openSession({ opened() {}, write() {}, pending: () => 0, close() {} }, [0])
      session.state = state
      const next = transitions[state][by]
      if (next === undefined) expect(() => step(session, by)).toThrow(`"${by}" in the state "${state}"`)
      else {
        step(session, by)
        expect(session.state).toBe(next)
      }
    }
  }
})

test('who joins a run is read from the store, and only who looks at that run waits for it', async () => {
  const log = createTestLog({ partitions: 1 })
  let answer = () => {}
  const { agents } = log.reader
  const slow: TestLog = {
    ...log,
    reader: {
      ...log.reader,
      agents: async (q) => {
        await new Promise<void>((resume) => {
          answer = resume
        })
        return agents(q)
      },
    },
  }
  const { clock, hub } = await stage({ log: slow })
  const ofRun = attach(hub, { feed: 'state', filter: { run: ['r1'] } })
  const ofAll = attach(hub, {})
  await work(clock, () => isWhole(ofRun) && isOpen(ofAll))
  log.commit(0, [{ type: 'agent.started', run: 'r1', agent: 'w1' }])
  log.commit(0, logs(2))
  await work(clock, () => positionsOf(ofAll).length === 3)
  expect(ofRun.state.size('agents')).toBe(0)
  answer()
  await work(clock, () => ofRun.state.size('agents') === 1)
})

test('a clock set back holds up neither events nor heartbeats', async () => {
  const { log, clock, hub } = await stage({ config: { flushMs: 20, heartbeatMs: 2_000 } })
  const reader = attach(hub, {})
  await work(clock, () => isOpen(reader))
  log.commit(0, logs(1))
  await work(clock, () => positionsOf(reader).length === 1)
  clock.set(-3_600_000)
  log.commit(0, logs(1))
  for (let turns = 0; turns < 20; turns += 1) {
    clock.advance(20)
    await nextTurn()
  }
  expect(positionsOf(reader)).toEqual(upTo(2))
  const before = kinds(reader).filter((kind) => kind === 'heartbeat').length
  for (let turns = 0; turns < 50; turns += 1) {
    clock.advance(100)
    await nextTurn()
  }
  expect(kinds(reader).filter((kind) => kind === 'heartbeat').length).toBeGreaterThan(before)
})

test('a slow reader gets an announced gap that can be fetched, and the quick one gets everything', async () => {
  const { log, clock, hub, metrics } = await stage({ config: { maxLagEvents: 500, socketBytes: 10_000 } })
  const quick = attach(hub, {})
  const slow = attach(hub, {})
  await work(clock, () => isOpen(quick) && isOpen(slow))
  slow.stall()
  for (let i = 0; i < 100; i += 1) {
    log.commit(0, logs(20, { text: 'x'.repeat(200) }))
    await work(clock, () => positionsOf(quick).length === 20 * (i + 1))
  }
  expect(positionsOf(quick)).toEqual(upTo(2_000))
  slow.read()
  await work(clock, () => slow.cursor() === quick.cursor())
  const gaps = slow.frames.filter((frame) => frame.kind === 'gap')
  expect(gaps).toHaveLength(1)
  const [gap] = gaps
  if (gap?.kind !== 'gap') throw new Error('no gap')
  expect(gap.reason).toBe('slow')
  expect(new URL(gap.fetch, 'http://localhost').searchParams.get('cursor')).toBe(gap.from)
  expect(new URL(gap.fetch, 'http://localhost').searchParams.get('until')).toBe(gap.cursor)
  const got = positionsOf(slow)
  expect(got).toEqual(upTo(got.length))
  expect(await value(metrics.gaps)).toBe(1)
  expect(await value(metrics.dropped)).toBe(2_000 - got.length)
  log.commit(0, logs(1))
  await work(clock, () => positionsOf(slow).at(-1) === 2_001)
})

test('who comes from far behind is given everything, however slowly it reads', async () => {
  const { log, clock, hub } = await stage({ config: { maxLagEvents: 500, socketBytes: 10_000, ringBytes: 100_000 } })
  for (let i = 0; i < 30; i += 1) log.commit(0, logs(100, { text: 'x'.repeat(500) }))
  const reader = attach(hub, { fromStart: true })
  await work(clock, () => isOpen(reader))
  while (positionsOf(reader).length < 3_000) {
    reader.stall()
    for (let i = 0; i < 10; i += 1) await nextTurn()
    expect(reader.waitingBytes()).toBeLessThan(10_000 + 300 * 1024)
    reader.read()
    await nextTurn()
  }
  expect(positionsOf(reader)).toEqual(upTo(3_000))
  expect(kinds(reader)).not.toContain('gap')
})

test('a reader that never reads holds a bounded number of bytes, then is closed by name', async () => {
  const { log, clock, hub, metrics } = await stage({ config: { slowCloseMs: 30_000 } })
  const stuck = attach(hub, {})
  const quick = attach(hub, {})
  const state = attach(hub, { feed: 'state' })
  await work(clock, () => isOpen(stuck) && isOpen(quick) && isWhole(state))
  stuck.stall()
  state.stall()
  for (let i = 0; i < 80; i += 1) {
    log.commit(
      0,
      upTo(50).map((n) => ({ type: 'agent.heartbeat', agent: `agent-${n}`, data: { text: 'x'.repeat(1_000) } })),
    )
    await work(clock, () => positionsOf(quick).length === 50 * (i + 1))
    expect(stuck.waitingBytes()).toBeLessThan(64 * 1024 + 1.1 * 1024 * 1024)
    expect(state.waitingBytes()).toBeLessThan(64 * 1024 + 1.1 * 1024 * 1024)
  }
  expect(stuck.closedWith()).toBeUndefined()
  clock.advance(32_000)
  expect(stuck.closedWith()).toBe(closeCodes.slowConsumer)
  expect(state.closedWith()).toBe(closeCodes.slowConsumer)
  expect(await value(metrics.slowCloses)).toBe(2)
  expect(quick.closedWith()).toBeUndefined()
})

test('a large snapshot is given page by page to a reader that reads slowly, and holds no other up', async () => {
  const { log, clock, hub } = await stage({ config: { socketBytes: 1_000 } })
  log.commit(
    0,
    upTo(3_500).map((n) => ({ type: 'agent.started', agent: `agent-${n}` })),
  )
  const slow = attach(hub, { feed: 'state' })
  slow.stall()
  await work(clock, () => slow.waitingBytes() > 0)
  for (let i = 0; i < 5; i += 1) await nextTurn()
  const onePage = slow.waitingBytes()
  const quick = attach(hub, { feed: 'state' })
  await work(clock, () => quick.state.size('agents') === 3_500)
  expect(slow.waitingBytes()).toBe(onePage)
  while (!isWhole(slow)) {
    slow.read()
    slow.stall()
    for (let i = 0; i < 5; i += 1) await nextTurn()
  }
  expect(slow.state.size('agents')).toBe(3_500)
})

test('a row that leaves the filter is told as removed, once; what never passed it is not told', async () => {
  const { log, clock, hub } = await stage()
  const reader = attach(hub, { feed: 'state', filter: { agent: ['a'] } })
  await work(clock, () => isWhole(reader))
  const said = () =>
    reader.frames.flatMap((frame) =>
      frame.kind === 'delta' ? [...frame.rows.map(({ key }) => `+${key}`), ...(frame.removed ?? []).map(({ key }) => `-${key}`)] : [],
    )
  const beats = async () => {
    log.commit(0, [{ type: 'agent.heartbeat', agent: 'a' }])
    await work(clock, () => reader.cursor() === hub.cursor())
  }
  const assign = async (task: string, to: string) => {
    log.commit(0, [{ type: 'task.assigned', agent: 'm', run: 'r', task, data: { to } }])
    await beats()
  }
  await beats()
  for (const [task, to] of [
    ['mine', 'a'],
    ['other', 'b'],
    ['mine', 'b'],
    ['mine', 'c'],
  ] as const)
    await assign(task, to)
  log.commit(0, [{ type: 'tool.started', agent: 'a', run: 'r', data: { call: 'c' } }])
  await beats()
  expect(reader.state.size('calls')).toBe(1)
  log.commit(0, [{ type: 'tool.finished', agent: 'a', run: 'r', data: { call: 'c' } }])
  await beats()
  const call = 'r\u001ftool\u001fc'
  expect(said().filter((key) => !key.endsWith('a'))).toEqual(['+r\u001fmine', '-r\u001fmine', `+${call}`, `-${call}`])
  expect([reader.state.size('tasks'), reader.state.size('calls')]).toEqual([0, 0])
})

test('a dashboard is told that an agent is free when another ends its task', async () => {
  const { log, clock, hub } = await stage()
  const reader = attach(hub, { feed: 'state' })
  await work(clock, () => isWhole(reader))
  log.commit(0, [{ type: 'task.started', agent: 'w', run: 'r', task: 't' }])
  await work(clock, () => reader.cursor() === hub.cursor())
  expect(reader.state.get('agents', 'w')).toMatchObject({ status: { value: 'busy' }, task: { value: 't' } })
  log.commit(0, [{ type: 'task.canceled', agent: 'm', run: 'r', task: 't' }])
  await work(clock, () => reader.cursor() === hub.cursor())
  expect(reader.state.get('agents', 'w')).toMatchObject({ status: { value: 'idle' }, task: { value: '' } })
  expect(reader.frames.filter(({ kind }) => kind === 'delta')).toHaveLength(2)
})

test.each<[Filter, string[]]>([
  [{}, []],
  [{ agent: ['a'] }, []],
  [{ run: ['r'] }, ['completed']],
  [{ task: ['t'] }, ['completed']],
])('a task that ended leaves a feed that names neither its run nor it: filter %j', async (filter, left) => {
  const { log, clock, hub } = await stage()
  const reader = attach(hub, { feed: 'state', filter })
  const states = () => [...reader.state.all('tasks')].map(([, { state }]) => state)
  await work(clock, () => isWhole(reader))
  log.commit(0, [{ type: 'task.started', agent: 'a', run: 'r', task: 't' }])
  await work(clock, () => states().includes('working'))
  log.commit(0, [{ type: 'task.completed', agent: 'a', run: 'r', task: 't' }])
  await work(clock, () => !states().includes('working'))
  expect(states()).toEqual(left)
  const later = attach(hub, { feed: 'state', filter })
  await work(clock, () => isWhole(later) && later.cursor() === reader.cursor())
  expect([...later.state.all('tasks')].map(([, { state }]) => state)).toEqual(left)
})

test('with a run asked for, its calls stay when they close', async () => {
  const { log, clock, hub } = await stage()
  const reader = attach(hub, { feed: 'state', filter: { run: ['r'] } })
  await work(clock, () => isWhole(reader))
  log.commit(0, [{ type: 'tool.started', agent: 'a', run: 'r', data: { call: 'c' } }])
  log.commit(0, [{ type: 'tool.finished', agent: 'a', run: 'r', data: { call: 'c' } }])
  await work(clock, () => [...reader.state.all('calls')].some(([, { outcome }]) => outcome === 'finished'))
})

test.each([
  ['memory', 1 << 26],
  ['the store', 1],
])('a feed of a run brings who takes part in it, with all that is known of them, and nobody else: from %s', async (_from, ringBytes) => {
  const { log, clock, hub } = await stage({ log: createTestLog({ partitions: 2 }), config: { ringBytes } })
  log.commit(1, [
    { type: 'agent.started', agent: 'a', data: { name: 'Ada' } },
    { type: 'agent.started', agent: 'told', data: { name: 'Tom' } },
    { type: 'agent.started', agent: 'stranger', run: 'other' },
  ])
  const filter = { run: ['r'] }
  const reader = attach(hub, { feed: 'state', filter })
  await work(clock, () => isWhole(reader))
  const agents = () => [...reader.state.all('agents')].map(([, { id, name, status }]) => [id, name?.value, status?.value]).sort()
  let time = 1_700_000_010_000
  const then = async (partition: number, event: Partial<Event>, due: readonly unknown[]) => {
    // Some more, so that what reads the store has to.
    time += 1_000
    log.commit(partition, [
      { time, ...event },
      { type: 'agent.heartbeat', agent: 'stranger', run: 'other' },
    ])
    log.commit(partition, [{ type: 'agent.heartbeat', agent: 'stranger' }])
    await work(clock, () => JSON.stringify(agents()) === JSON.stringify(due))
    const later = attach(hub, { feed: 'state', filter })
    await work(clock, () => isWhole(later) && later.cursor() === reader.cursor())
    expect(shown(later.state)).toEqual(shown(reader.state))
    later.close()
  }
  expect(agents()).toEqual([])
  await then(0, { type: 'tool.started', agent: 'a', run: 'r', data: { call: 'c' } }, [['a', 'Ada', 'busy']])
  await then(0, { type: 'message.sent', agent: 'a', run: 'r', data: { to: 'told' } }, [
    ['a', 'Ada', 'busy'],
    ['told', 'Tom', 'idle'],
  ])
  // The server marks an agent as lost where it was heard last.
  await then(1, { type: 'agent.status', agent: 'a', source: 'signalbox', data: { status: 'lost' } }, [
    ['a', 'Ada', 'lost'],
    ['told', 'Tom', 'idle'],
  ])
  await then(0, { type: 'task.assigned', run: 'r', task: 't', data: { to: 'queued' } }, [
    ['a', 'Ada', 'lost'],
    ['queued', undefined, undefined],
    ['told', 'Tom', 'idle'],
  ])
  await then(0, { type: 'task.assigned', run: 'other', task: 't', data: { to: 'queued' } }, [
    ['a', 'Ada', 'lost'],
    ['told', 'Tom', 'idle'],
  ])
  expect(JSON.stringify(reader.frames)).not.toContain('"id":"stranger"')
})

test('a slow state reader gets the newest row of each key, once', async () => {
  const { log, clock, hub } = await stage({ config: { socketBytes: 100 } })
  const reader = attach(hub, { feed: 'state' })
  await work(clock, () => isWhole(reader))
  reader.stall()
  for (let i = 0; i < 50; i += 1) {
    log.commit(0, [{ type: 'agent.heartbeat', agent: 'a' }])
    for (let turn = 0; turn < 3; turn += 1) await nextTurn()
    clock.advance(5)
  }
  reader.read()
  await work(clock, () => reader.state.get('agents', 'a')?.events === 50)
  expect(reader.frames.filter(({ kind }) => kind === 'delta').length).toBeLessThan(5)
})

test('rows that are replaced before a frame tells of them are counted', async () => {
  const { log, clock, hub, metrics } = await stage()
  const reader = attach(hub, { feed: 'state' })
  await work(clock, () => isWhole(reader))
  for (let i = 0; i < 5; i += 1) log.commit(0, [{ type: 'agent.heartbeat', agent: 'a' }])
  await work(clock, () => reader.state.get('agents', 'a')?.events === 5)
  expect(await value(metrics.conflated)).toBe(4)
})

test('an agent that is never still takes no memory from others: who was long away is brought up from it', async () => {
  const { log, clock, hub } = await stage({ config: { ringBytes: 800_000 } })
  log.commit(0, [{ type: 'agent.heartbeat', agent: 'a' }])
  const reader = attach(hub, { feed: 'state' })
  await work(clock, () => isWhole(reader))
  const cursor = reader.cursor()
  reader.close()
  log.commit(0, [{ type: 'agent.heartbeat', agent: 'still' }])
  for (let i = 0; i < 300; i += 1) log.commit(0, [{ type: 'agent.heartbeat', agent: 'a' }])
  const back = attach(hub, { feed: 'state', cursor })
  await work(clock, () => back.state.get('agents', 'a')?.events === 301 && back.state.get('agents', 'still') !== undefined)
  expect(kinds(back)).toEqual(['subscribed', 'delta'])
  expect(log.reads.rowsChanged).toBe(0)
})

test('a commit whose announcement was lost arrives from the store, whether another follows or not', async () => {
  const { log, clock, hub } = await stage()
  const reader = attach(hub, {})
  await work(clock, () => isOpen(reader))
  log.commit(0, logs(3), { lost: true })
  log.commit(0, logs(2))
  await work(clock, () => positionsOf(reader).length === 5)
  log.commit(0, logs(4), { lost: true })
  await work(clock, () => positionsOf(reader).length === 9)
  expect(positionsOf(reader)).toEqual(upTo(9))
})

test('a filtered reader gets only what matches, and its cursor moves with the log all the same', async () => {
  const { log, clock, hub } = await stage({ config: { heartbeatMs: 5_000 } })
  const reader = attach(hub, { filter: { type: ['tool.*'], agent: ['a', 'b'] } })
  await work(clock, () => isOpen(reader))
  log.commit(0, [
    { type: 'tool.started', agent: 'a' },
    { type: 'tool.started', agent: 'c' },
    { type: 'toolbox', agent: 'a' },
    { type: 'tool.failed', agent: 'b' },
    { type: 'tool.failed' },
  ])
  await work(clock, () => positionsOf(reader).length === 2)
  expect(positionsOf(reader)).toEqual([1, 4])
  log.commit(0, logs(500))
  const before = reader.cursor()
  clock.advance(5_000)
  await work(clock, () => reader.cursor() !== before)
  expect(reader.frames.at(-1)).toMatchObject({ kind: 'heartbeat', from: before, cursor: hub.cursor() })
})

test('a reader whose cursor is past the last match in one partition gets at once what it lacks in the other', async () => {
  const { log, clock, hub } = await stage({ log: createTestLog({ partitions: 2 }), config: { heartbeatMs: 1e9 } })
  const filter = { type: ['tool.*'] }
  const first = attach(hub, { filter })
  await work(clock, () => isOpen(first))
  log.commit(1, [{ type: 'tool.started' }, { type: 'tool.finished' }])
  await work(clock, () => first.received.length === 2)
  log.commit(0, logs(50))
  await work(clock, () => log.events[0]?.length === 50)
  for (let i = 0; i < 20; i += 1) {
    await nextTurn()
    clock.advance(1)
  }
  const second = attach(hub, { filter, cursor: encodeCursor({ epoch: log.epoch, positions: [30, 1] }) })
  await work(clock, () => second.received.length === 1)
  expect(second.received).toEqual([[1, 2]])
})

test('who closes twice does not take the feed from who came between', async () => {
  const { log, clock, hub } = await stage()
  const gone = attach(hub, {})
  gone.close()
  const here = attach(hub, {})
  gone.close()
  await work(clock, () => isOpen(here))
  log.commit(0, logs(1))
  await work(clock, () => positionsOf(here).length === 1)
})

test('a snapshot that broke off is not gone on from: its reader gets a whole one', async () => {
  const { log, clock, hub } = await stage()
  log.commit(0, [{ type: 'agent.started', agent: 'a' }])
  const again = attach(hub, { feed: 'state', cursor: encodeCursor({ epoch: log.epoch, positions: [0] }) })
  await work(clock, () => again.frames.length > 1)
  expect(kinds(again)).toEqual(['subscribed', 'snapshot'])
})

test('readers who come back together cost one snapshot and one page', async () => {
  const { log, clock, hub } = await stage({ config: { ringBytes: 1_000 } })
  for (let i = 0; i < 5; i += 1) log.commit(0, [{ type: 'agent.heartbeat', agent: 'a' }])
  const readers = upTo(500).flatMap(() => [attach(hub, { feed: 'state' }), attach(hub, { fromStart: true })])
  await work(clock, () => readers.every((reader) => reader.state.size('agents') === 1 || positionsOf(reader).length === 5))
  expect(log.reads.snapshot).toBe(1)
  expect(log.reads.readPartition).toBeLessThan(5)
})

test('readers who come back together hold one snapshot between them', async () => {
  const { log, clock, hub } = await stage()
  log.commit(
    0,
    upTo(2_500).map((n) => ({ type: 'agent.started', agent: `agent-${n}` })),
  )
  const given = upTo(100).map(() => {
    const frames: Encoded[] = []
    hub.subscribe(
      { tenant: 'default', feed: 'state', filter: {}, framing: 'sse' },
      { opened() {}, write: (frame) => void frames.push(frame), pending: () => 0, close() {} },
    )
    return frames
  })
  await work(clock, () => given.every((frames) => frames.length === 3))
  expect(new Set(given.flat()).size).toBe(3)
})

test('a state reader from far behind gets a snapshot, which is shorter than all that changed since', async () => {
  const { log, clock, hub } = await stage({ config: { maxLagEvents: 100 } })
  const at = (position: number) => encodeCursor({ epoch: log.epoch, positions: [position] })
  for (let i = 0; i < 20; i += 1) log.commit(0, [...logs(9), { type: 'agent.heartbeat', agent: 'a' }])
  const [far, near] = [attach(hub, { feed: 'state', cursor: at(50) }), attach(hub, { feed: 'state', cursor: at(150) })]
  await work(clock, () => [far, near].every(({ state }) => state.get('agents', 'a')?.events === 20))
  expect(kinds(far)).toEqual(['subscribed', 'snapshot'])
  expect(kinds(near)).toEqual(['subscribed', 'delta'])
})

test('rows count towards the memory of recent commits, long ones for what they are', async () => {
  const { log, clock, hub } = await stage({ config: { ringBytes: 4_000_000 } })
  for (let run = 0; run < 30; run += 1)
    log.commit(
      0,
      upTo(400).map((i) => ({ type: 'log', agent: `agent-${i}`, run: `r${run}` })),
    )
  const reader = attach(hub, { fromStart: true })
  await work(clock, () => positionsOf(reader).length === 12_000)
  // Each run's row lists 400 agents: 30 such rows are not kept for the price of 30 small ones.
  expect(log.reads.readPartition).toBeGreaterThan(0)
})

test('a broadcast lets others run, and one who joins in its midst misses nothing and gets nothing twice', async () => {
  const { log, clock, hub } = await stage()
  const readers = upTo(1_000).map(() => attach(hub, {}))
  await work(clock, () => readers.every(isOpen))
  log.commit(0, logs(2))
  await work(clock, () => readers.some(({ received }) => received.length > 0))
  expect(readers.some(({ received }) => received.length === 0)).toBe(true)
  const late = attach(hub, { fromStart: true })
  log.commit(0, logs(2))
  await work(clock, () => [...readers, late].every(({ received }) => received.length === 4))
  for (const reader of [...readers, late]) expect(positionsOf(reader)).toEqual([1, 2, 3, 4])
})

test('a store that fails costs its readers their connection, to come back, and nobody else anything', async () => {
  const log = createTestLog({ partitions: 1 })
  const { clock, hub } = await stage({ log, config: { ringBytes: 1_000 } })
  for (let i = 0; i < 5; i += 1) log.commit(0, logs(1))
  const quick = attach(hub, {})
  await work(clock, () => isOpen(quick))
  log.reader.readPartition = async () => {
    throw new Error('the database is away')
  }
  const behind = attach(hub, { fromStart: true })
  await work(clock, () => behind.closedWith() === closeCodes.tryLater)
  log.commit(0, logs(1))
  await work(clock, () => positionsOf(quick).length === 1)
})

test('a drain tells everyone when to come back, spread by how many they are', async () => {
  const { hub } = await stage({ config: { maxConnections: 20_000 } })
  const heard: ServerFrame[] = []
  for (let i = 0; i < 20_000; i += 1) hub.enter('sse', (goaway) => heard.push(goaway))
  expect(hub.enter('sse', () => {})).toBeUndefined()
  hub.drain()
  expect(heard).toHaveLength(20_000)
  expect(heard[0]).toEqual({ kind: 'goaway', reason: 'drain', reconnectInMs: [500, 20_500] })
})

test('what is written to readers is counted, with the time it took', async () => {
  const { log, clock, hub, metrics } = await stage()
  const readers = [attach(hub, {}), attach(hub, {})]
  await work(clock, () => readers.every(isOpen))
  log.commit(0, logs(3))
  await work(clock, () => readers.every(({ received }) => received.length === 3))
  expect(await value(metrics.liveDeliveries)).toBe(6)
  const seconds = await metrics.liveSeconds.get()
  expect(seconds.values.find(({ metricName }) => metricName?.endsWith('_count'))?.value).toBe(1)
})

test('readers go on, and who takes nothing is closed in time, where the wall clock is set back by an hour', async () => {
  const { log, clock, hub } = await stage({ config: { socketBytes: 1_000, slowCloseMs: 30_000 } })
  const quick = attach(hub, {})
  const slow = attach(hub, {})
  await work(clock, () => isOpen(quick) && isOpen(slow))
  slow.stall()
  log.commit(0, logs(20, { text: 'x'.repeat(200) }))
  await work(clock, () => positionsOf(quick).length === 20)
  clock.set(-3_600_000)
  log.commit(0, logs(1))
  await work(clock, () => positionsOf(quick).length === 21)
  for (let second = 0; second < 32; second += 1) {
    clock.advance(1_000)
    await nextTurn()
  }
  expect(slow.closedWith()).toBe(closeCodes.slowConsumer)
})

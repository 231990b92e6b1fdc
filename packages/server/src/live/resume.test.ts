import { afterEach, describe, expect, test } from 'vitest'
import { after } from '../sequencer/testing.ts'
import { type Connected, connect, type TransportName } from './connect.testing.ts'
import { decodeCursor } from './cursor.ts'
import { createTestLog, type TestLog } from './log.fake.ts'
import { discontinuities, dueState, shown } from './taker.testing.ts'
import { type LiveServer, serve } from './testing.ts'

afterEach(() => expect(discontinuities.splice(0)).toEqual([]))

const open = async (...args: Parameters<typeof connect>): Promise<Connected> => {
  const connected = await connect(...args)
  after(() => connected.close())
  return connected
}

let work = 0
/** Some agents' work, in both partitions. */
function workOn(log: TestLog, count: number) {
  for (let i = 0; i < count; i += 1) {
    work += 1
    const run = `run-${work % 2}`
    log.commit(work % 2, [
      { type: 'task.created', run, agent: `agent-${work % 5}`, task: `task-${work % 7}`, data: { title: 'Überlauf 🚦 prüfen' } },
      { type: 'agent.heartbeat', run, agent: `agent-${work % 5}` },
    ])
  }
}

const isUpTo = (log: TestLog) => {
  const heads = log.events.map((list) => list.length)
  return ({ received }: { received: readonly (readonly [number, number])[] }) =>
    heads.every((head, partition) => head === 0 || received.some(([p, position]) => p === partition && position === head))
}

interface Case {
  readonly name: string
  readonly ring?: number
  /** What happens while the reader is away; answers the server it comes back to. */
  readonly between: (log: TestLog, server: LiveServer) => Promise<{ log: TestLog; server: LiveServer }>
  readonly resync?: { readonly events?: 'epoch' | 'expired' | 'future'; readonly state?: 'epoch' | 'expired' | 'future' }
  readonly on?: (transport: TransportName) => TransportName
}

const cases: readonly Case[] = [
  {
    name: 'clean reconnect',
    async between(log, server) {
      workOn(log, 10)
      return { log, server }
    },
  },
  {
    name: 'other transport',
    async between(log, server) {
      workOn(log, 10)
      return { log, server }
    },
    on: (transport) => ({ ws: 'sse', sse: 'poll', poll: 'ws' })[transport] as TransportName,
  },
  {
    name: 'quiet for long, beyond what memory holds',
    ring: 4_000,
    async between(log, server) {
      workOn(log, 1_500)
      return { log, server }
    },
  },
  {
    name: 'expired history',
    ring: 4_000,
    async between(log, server) {
      workOn(log, 100)
      log.expire(0, 60)
      log.expire(1, 60)
      return { log, server }
    },
    resync: { events: 'expired' },
  },
  {
    name: 'restarted server',
    async between(log, server) {
      workOn(log, 10)
      await server.stop()
      return { log, server: await serve(log) }
    },
  },
  {
    name: 'a server whose fold is another',
    async between(log, server) {
      workOn(log, 10)
      await server.stop()
      const next = { ...log, epoch: 'f01df01d', formerEpochs: [log.epoch] }
      return { log: next, server: await serve(next) }
    },
    resync: { state: 'epoch' },
  },
  {
    name: 'changed epoch',
    async between(_log, server) {
      await server.stop()
      const log = createTestLog()
      workOn(log, 5)
      return { log, server: await serve(log) }
    },
    resync: { events: 'epoch', state: 'epoch' },
  },
  {
    name: 'a log that lost its end',
    async between(old, server) {
      await server.stop()
      const log = createTestLog({ epoch: old.epoch })
      workOn(log, 2)
      return { log, server: await serve(log) }
    },
    resync: { events: 'future', state: 'future' },
  },
]

describe.each(['ws', 'sse', 'poll'] as const)('resume on %s', (transport) => {
  test.each(cases)('events: $name', async ({ ring, between, resync, on }) => {
    const before = createTestLog()
    const first = await serve(before, { config: ring === undefined ? {} : { ringBytes: ring } })
    workOn(before, 10)
    const one = await open(transport, first.url, { feed: 'events', fromStart: true })
    await one.until(isUpTo(before))
    const seen = [...one.received]
    await one.close()

    const { log, server } = await between(before, first)
    const two = await open(on?.(transport) ?? transport, server.url, { feed: 'events', cursor: one.cursor() })
    if (resync?.events !== undefined) await two.until(({ frames }) => frames.some(({ kind }) => kind === 'resync'))
    workOn(log, 3)
    await two.until(isUpTo(log))

    const resyncs = two.frames.filter(({ kind }) => kind === 'resync')
    expect(resyncs).toMatchObject(resync?.events === undefined ? [] : [{ reason: resync.events }])
    if (resync === undefined) {
      const all = [...seen, ...two.received]
      for (const [partition, list] of log.events.entries())
        expect(all.filter(([p]) => p === partition).map(([, position]) => position)).toEqual(list.map(({ position }) => position))
    } else if (resync.events === 'expired') {
      for (const [partition, list] of log.events.entries())
        expect(two.received.filter(([p]) => p === partition).map(([, position]) => position)).toEqual(
          list.map(({ position }) => position).filter((position) => position >= 60),
        )
    }
  })

  test.each(cases)('state: $name', async ({ ring, between, resync, on }) => {
    const before = createTestLog()
    const first = await serve(before, { config: ring === undefined ? {} : { ringBytes: ring } })
    workOn(before, 10)
    const one = await open(transport, first.url, { feed: 'state' })
    await one.until(({ frames }) => frames.some((frame) => frame.kind === 'snapshot' && frame.last))
    const then = await dueState(before)
    expect(shown(one.state)).toEqual(then)
    await one.close()

    const { log, server } = await between(before, first)
    const two = await open(on?.(transport) ?? transport, server.url, { feed: 'state', cursor: one.cursor(), state: one.state })
    workOn(log, 3)
    const now = await dueState(log)
    await two.until(({ state }) => JSON.stringify(shown(state)) === JSON.stringify(now))
    expect(two.frames.filter(({ kind }) => kind === 'resync')).toMatchObject(resync?.state === undefined ? [] : [{ reason: resync.state }])
    expect(two.frames.some(({ kind }) => kind === 'snapshot')).toBe(resync?.state !== undefined)
  })

  test.each([1 << 26, 1])('edges that a reader of a fleet holds of before stay as they are: ring of %i bytes', async (ringBytes) => {
    const log = createTestLog()
    const server = await serve(log, { config: { ringBytes } })
    const handoff = { type: 'handoff', run: 'run-0', agent: 'agent-0', data: { to: 'agent-1' } }
    log.commit(0, [handoff])
    const one = await open(transport, server.url, { feed: 'state', filter: { run: ['run-0'] } })
    await one.until(({ state }) => state.size('edges') === 1)
    await one.close()
    const [held] = one.state.all('edges')

    log.commit(0, [handoff, { type: 'agent.heartbeat', agent: 'agent-2' }])
    const two = await open(transport, server.url, { feed: 'state', cursor: one.cursor(), state: one.state })
    await two.until(({ state }) => state.get('agents', 'agent-2') !== undefined)
    expect([...two.state.all('edges')]).toEqual([held])
    expect(two.frames.filter(({ kind }) => kind === 'resync' || kind === 'snapshot')).toEqual([])
    const told = two.frames.flatMap((frame) => (frame.kind === 'delta' ? [...frame.rows, ...(frame.removed ?? [])] : []))
    expect(told.filter(({ table }) => table === 'edges')).toEqual([])
  })

  test('events: a day that left from the middle of the log is an announced gap of just its positions', async () => {
    const log = createTestLog({ partitions: 1 })
    for (let i = 0; i < 10; i += 1)
      log.commit(
        0,
        Array.from({ length: 5 }, (_, n) => ({ type: n % 2 === 0 ? 'log' : 'metric' })),
      )
    log.dropDay(0, 12, 20)
    log.dropDay(0, 31, 32)
    const server = await serve(log)
    for (const filter of [{}, { type: ['log'] }]) {
      const reader = await open(transport, server.url, { feed: 'events', fromStart: true, filter })
      await reader.until(({ cursor }) => decodeCursor(cursor() ?? '')?.positions[0] === 50)
      const due = (log.events[0] ?? []).filter(({ type }) => filter.type === undefined || filter.type.includes(type))
      const isKept = (position: number) => position <= 12 || (position > 20 && position !== 32)
      expect(reader.received.map(([, position]) => position)).toEqual(due.map(({ position }) => position).filter(isKept))
      const gaps = reader.frames.filter((frame) => frame.kind === 'gap')
      expect(gaps.map(({ reason }) => reason)).toEqual(['expired', 'expired'])
      expect(gaps.map(({ from, cursor }) => [from, cursor].map((text) => decodeCursor(text)?.positions[0]))).toEqual([
        [12, 20],
        [31, 32],
      ])
    }
  })

  if (transport !== 'ws')
    test('a cursor that is none of ours is refused', async () => {
      const server = await serve(createTestLog())
      await expect(connect(transport, server.url, { feed: 'events', cursor: 'nonsense!' })).rejects.toThrow('BAD_CURSOR')
    })

  test('readers see their own tenant only', async () => {
    const log = createTestLog()
    const server = await serve(log)
    const other = await open(transport, server.url, { feed: 'events', fromStart: true, tenant: 'other' })
    const own = await open(transport, server.url, { feed: 'events', fromStart: true })
    log.commit(0, [{ type: 'log' }, { type: 'log', tenant: 'other' }, { type: 'log' }])
    await own.until(({ received }) => received.length === 2)
    await other.until(({ received }) => received.length === 1)
    expect(own.received).toEqual([
      [0, 1],
      [0, 3],
    ])
    expect(other.received).toEqual([[0, 2]])
  })
})

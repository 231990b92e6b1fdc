/**
 * The laws of a live feed, for any order of commits, stalls, losses and reconnects:
 * a state reader ends with the state of the log; an event reader gets a subsequence of the log, in order, without doubles,
 * and all it does not get lies within announced gaps.
 */
import { applyEvent, createRows } from '@signalbox/model/fold/fold.ts'
import type { Filter } from '@signalbox/model/live.ts'
import { createLiveState } from '@signalbox/model/live-state.ts'
import type { EdgeRow } from '@signalbox/model/rows.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFakeClock } from '../clock.fake.ts'
import { nextTurn } from '../turns.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import { createTestLog, type TestLog } from './log.fake.ts'
import { createTaker, discontinuities, dueState, shown, type Taker } from './taker.testing.ts'
import { type Attached, attach, startHub, work } from './testing.ts'

type Act =
  | {
      readonly kind: 'commit'
      readonly partition: number
      readonly types: readonly number[]
      readonly lost: boolean
      readonly reread: boolean
    }
  | { readonly kind: 'stall' | 'read' | 'reconnect' | 'restart' }
  | { readonly kind: 'turns'; readonly count: number }

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      partition: fc.nat(1),
      types: fc.array(fc.nat(11), { minLength: 1, maxLength: 12 }),
      lost: fc.boolean(),
      reread: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('turns' as const), count: fc.integer({ min: 1, max: 6 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('stall' as const, 'read' as const, 'read' as const, 'reconnect' as const, 'restart' as const),
    }),
  },
)

const made = [
  { type: 'agent.heartbeat', agent: 'a', run: 'r' },
  { type: 'agent.started', agent: 'b', data: { role: 'worker' } },
  { type: 'task.created', agent: 'a', run: 'r', task: 't' },
  { type: 'task.completed', agent: 'b', run: 'r', task: 't' },
  { type: 'llm.started', agent: 'b', run: 'r', data: { call: 'c' } },
  { type: 'task.assigned', agent: 'm', run: 'r', task: 't', data: { to: 'a' } },
  { type: 'task.assigned', agent: 'm', run: 'r', task: 't', data: { to: 'b' } },
  { type: 'task.started', agent: 'a', run: 'r', task: 'u' },
  { type: 'llm.started', agent: 'a', run: 'r', task: 't', data: { call: 'c' } },
  { type: 'llm.finished', agent: 'c', run: 'r', data: { call: 'c' } },
  { type: 'task.completed', agent: 'a', run: 'r', task: 'u' },
  { type: 'log', agent: 'c', data: { text: 'x'.repeat(300) } },
]

/** Runs the acts, then lets everything settle. `keep` makes the next connection's reader out of the last one's. */
async function play(
  acts: readonly Act[],
  feed: 'events' | 'state',
  maxLagEvents: number,
  filter: Filter = {},
): Promise<{ log: TestLog; takers: Taker[] }> {
  const log = createTestLog()
  const clock = createFakeClock(1_700_000_000_000)
  const options = { clock, config: { ringBytes: 20_000, socketBytes: 1_000, maxLagEvents, slowCloseMs: 1e9, heartbeatMs: 50 } }
  let { hub } = await startHub(log, options)
  const state = createLiveState()
  const takers: Taker[] = []
  const open = (cursor?: string): Attached => {
    const taker = createTaker(cursor, state)
    takers.push(taker)
    return attach(hub, { feed, filter, cursor, fromStart: true }, taker)
  }
  let reader = open()
  const turns = async (count: number) => {
    for (let i = 0; i < count; i += 1) {
      await nextTurn()
      clock.advance(7)
    }
  }
  for (const step of acts) {
    if (step.kind === 'commit')
      log.commit(
        step.partition,
        // A run is of one partition; agents are of all.
        step.types.map((i) => ({ ...made[i], ...(made[i]?.run === undefined ? {} : { run: `r${step.partition}` }) })),
        { lost: step.lost, reread: step.reread },
      )
    else if (step.kind === 'turns') await turns(step.count)
    else if (step.kind === 'stall') reader.stall()
    else if (step.kind === 'read') reader.read()
    else {
      // What it was sent and had not read is lost with the connection.
      reader.close()
      if (step.kind === 'restart') {
        hub.stop()
        hub = (await startHub(log, options)).hub
      }
      reader = open(reader.cursor())
    }
  }
  reader.read()
  const end = encodeCursor(await log.reader.heads())
  await work(clock, () => reader.cursor() === end)
  hub.stop()
  expect(discontinuities.splice(0)).toEqual([])
  return { log, takers }
}

/** Of the runs that the filter names: all of them in the log, of its agents and task. Without a run there are none. */
function edgesOf(log: TestLog, { run = [], agent = [], task = [] }: Filter) {
  const rows = log.events.map((events) => {
    const folded = createRows()
    for (const event of events) applyEvent(folded, event)
    return [...folded.entries()]
  })
  const isWanted = (row: EdgeRow) =>
    run.includes(row.run ?? '') && (agent.length === 0 || agent.includes(row.from)) && (task.length === 0 || task.includes(row.task ?? ''))
  return Object.fromEntries(
    rows.flatMap((entries, partition) =>
      entries.flatMap(([table, key, row]) =>
        table === 'edges' && isWanted(row as EdgeRow) ? [[`${key}\u001e${partition}`, row] as const] : [],
      ),
    ),
  )
}

/** Who works for the task in another run joins the filter's run by an event that only the store has. */
const joinedUnseen: Act[] = [
  { kind: 'turns', count: 1 },
  { kind: 'commit', partition: 0, types: [0], lost: true, reread: false },
  { kind: 'commit', partition: 1, types: [5, 0], lost: false, reread: false },
]

test.each<Filter>([
  {},
  { agent: ['a'] },
  { agent: ['b'], run: ['r0'] },
  { run: ['r1'] },
  { run: ['r0'], task: ['t'] },
  { task: ['t'] },
  { task: ['u'], agent: ['a'] },
])('snapshot and deltas, split anyhow, end in the state of a snapshot: filter %j', async (filter) => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 40 }), async (acts) => {
      const { log, takers } = await play(acts, 'state', 1e9, filter)
      const held = shown(takers.at(-1)?.state ?? createLiveState())
      expect(held).toEqual(await dueState(log, filter))
      expect(held.edges).toEqual(edgesOf(log, filter))
      expect(takers.flatMap(({ frames }) => frames).filter(({ kind }) => kind === 'resync' || kind === 'gap')).toEqual([])
    }),
    { numRuns: 60, examples: [[joinedUnseen]] },
  )
})

test.each([
  { name: 'with nothing left out', maxLagEvents: 1e9 },
  { name: 'with every omission announced', maxLagEvents: 15 },
])('events arrive in order, without doubles, $name', async ({ maxLagEvents }) => {
  let gapsSeen = 0
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 60 }), async (acts) => {
      const { log, takers } = await play(acts, 'events', maxLagEvents)
      const gaps = takers
        .flatMap(({ frames }) => frames)
        .flatMap((frame) => (frame.kind === 'gap' ? [{ from: decodeCursor(frame.from), to: decodeCursor(frame.cursor) }] : []))
      gapsSeen += gaps.length
      if (maxLagEvents > 1e6) expect(gaps).toEqual([])
      for (let partition = 0; partition < log.partitions; partition += 1) {
        const got = takers.flatMap(({ received }) => received.filter(([p]) => p === partition).map(([, position]) => position))
        const announced = (position: number) =>
          gaps.some(({ from, to }) => position > (from?.positions[partition] ?? 0) && position <= (to?.positions[partition] ?? 0))
        const due = (log.events[partition] ?? []).map(({ position }) => position).filter((position) => !announced(position))
        expect(got).toEqual(due)
      }
    }),
    { numRuns: 100 },
  )
  expect(gapsSeen > 0).toBe(maxLagEvents < 1e6)
})

test('a cursor comes back from its text as it was', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.array(fc.maxSafeNat(), { minLength: 1, maxLength: 64 }),
      (epoch, positions) => {
        const heads = { epoch: Buffer.from(epoch).toString('hex'), positions }
        expect(decodeCursor(encodeCursor(heads))).toEqual(heads)
      },
    ),
  )
  fc.assert(fc.property(fc.string(), (text) => void decodeCursor(text)))
})

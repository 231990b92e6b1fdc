/** Over every transport, whatever is committed and however often its reader comes back, a filtered state is what a snapshot would hold. */
import { isDeepStrictEqual } from 'node:util'
import type { Event } from '@signalbox/model/event.ts'
import type { Filter } from '@signalbox/model/live.ts'
import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { type Connected, connect, type TransportName } from './connect.testing.ts'
import { createTestLog } from './log.fake.ts'
import { discontinuities, dueState, shown } from './taker.testing.ts'
import { startLiveServer } from './testing.ts'

afterEach(() => expect(discontinuities.splice(0)).toEqual([]))

/** Rows that come into the filter, change in it and leave it. */
const kinds: readonly Partial<Event>[] = [
  { type: 'task.assigned', agent: 'm', task: 't', data: { to: 'a' } },
  { type: 'task.assigned', agent: 'm', task: 't', data: { to: 'b' } },
  { type: 'task.started', agent: 'a', task: 't' },
  { type: 'task.started', agent: 'a', task: 'u' },
  { type: 'task.completed', agent: 'a', task: 'u' },
  { type: 'tool.started', agent: 'a', task: 't', data: { call: 'c' } },
  { type: 'tool.finished', agent: 'b', data: { call: 'c' } },
  { type: 'handoff', agent: 'a', task: 't', data: { to: 'b' } },
  { type: 'handoff', agent: 'a', task: 'u', data: { to: 'b' } },
  // Who takes part in a run elsewhere, is told something, is given something by nobody, or has nothing to do with it.
  { type: 'agent.heartbeat', agent: 'b', run: undefined },
  { type: 'agent.heartbeat', agent: 'z', run: undefined },
  { type: 'message.sent', agent: 'a', data: { to: 'z' } },
  { type: 'task.assigned', task: 'v', data: { to: 'y' } },
  { type: 'agent.heartbeat', agent: 'y', run: 'other' },
]
/** Changes what each of the filters passes, so that a reader that has seen it has seen all before it. */
const last: Partial<Event> = { type: 'task.started', agent: 'a', task: 't' }
const filters: readonly Filter[] = [{ agent: ['a'] }, { task: ['t'] }, { run: ['r1'] }, { agent: ['a'], task: ['t'] }, {}]

const acts = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ partition: fc.nat(1), picks: fc.array(fc.nat(kinds.length - 1), { minLength: 1, maxLength: 5 }) }),
    },
    { weight: 1, arbitrary: fc.constantFrom<TransportName>('ws', 'sse', 'poll') },
  ),
  { minLength: 1, maxLength: 12 },
)

test.each(filters)('filter %j', async (filter) => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom<TransportName>('ws', 'sse', 'poll'),
      fc.constantFrom(1 << 26, 1),
      acts,
      async (first, ringBytes, steps) => {
        const log = createTestLog()
        const server = await startLiveServer(log, { config: { ringBytes } })
        let reader: Connected | undefined
        try {
          reader = await connect(first, server.url, { feed: 'state', filter })
          for (const step of steps) {
            if (typeof step !== 'string')
              log.commit(
                step.partition,
                step.picks.map((i) => ({ run: `r${step.partition}`, ...kinds[i] })),
              )
            else {
              await reader.close()
              // Before its snapshot was whole it has nothing to go on from.
              reader = await connect(step, server.url, { feed: 'state', filter, cursor: reader.cursor(), state: reader.state })
            }
          }
          for (const partition of [0, 1]) log.commit(partition, [{ run: `r${partition}`, ...last }])
          const due = await dueState(log, filter)
          await reader.until(({ state }) => isDeepStrictEqual(shown(state), due))
          if (filter.run === undefined) expect(due.edges).toEqual({})
        } finally {
          await reader?.close()
          await server.stop()
        }
      },
    ),
    { numRuns: 15 },
  )
})

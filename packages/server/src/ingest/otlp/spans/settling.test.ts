import type { MadeEvent } from '@signalbox/model/foreign.ts'
import { expect, test } from 'vitest'
import { Unavailable } from '../../../broker/broker.ts'
import { createFakeClock } from '../../../clock.fake.ts'
import type { DoorDeps } from '../../door.ts'
import { createInFlight } from '../../in-flight.ts'
import type { Receive } from '../../receive.ts'
import { createSpanMapping, quietMs } from './mapping.ts'
import { startSettling } from './settling.ts'
import { at, decoded, span } from './testing.ts'

function settling(receive: Receive) {
  const clock = createFakeClock(at)
  const deps: DoorDeps = {
    receive,
    inFlight: createInFlight(1_000, () => {}),
    config: { maxBodyBytes: 1_000, maxBatchEvents: 100 },
    clock,
    onRefused: () => {},
    onFault: (error) => {
      throw error
    },
  }
  const mapping = createSpanMapping({ now: clock.monotonic })
  const running = startSettling(mapping, deps)
  /** Until all that is due has run. */
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 60_000) {
      clock.advance(60_000)
      await new Promise<void>((resume) => setImmediate(resume))
    }
  }
  return { clock, mapping, running, pass }
}

const taken =
  (into: MadeEvent[]): Receive =>
  async (items) => {
    into.push(...items.map(({ event }) => event as MadeEvent))
    return { received: items.length, accepted: items.length, duplicates: 0, refused: [], made: [], durability: 'durable', cursor: '' }
  }

const orphan = decoded([span({ id: 2, parent: 1, name: 'chat', attributes: { 'gen_ai.operation.name': 'chat' } })])

test('a trace that is silent for a quarter of an hour is over, once; a wall clock that is set makes none silent', async () => {
  const events: MadeEvent[] = []
  const { clock, mapping, running, pass } = settling(taken(events))
  mapping.map(orphan, 't')
  clock.set(24 * 3_600_000)
  await pass(quietMs - 60_000)
  expect(events).toEqual([])
  await pass(120_000)
  expect(events.map(({ type }) => type)).toEqual(['agent.started', 'llm.attributed', 'run.started', 'run.finished'])
  await pass(quietMs * 2)
  expect(events).toHaveLength(4)
  await running.stop()
})

test('what the store cannot take now it gets when it is back', async () => {
  const events: MadeEvent[] = []
  let isAway = true
  const { mapping, running, pass } = settling(async (...sent) => {
    if (isAway) throw new Unavailable('STORE_UNAVAILABLE', 1_000, false)
    return taken(events)(...sent)
  })
  mapping.map(orphan, 't')
  await pass(quietMs + 300_000)
  expect(events).toEqual([])
  isAway = false
  await pass(60_000)
  expect(events).toHaveLength(4)
  await running.stop()
})

test('after it was stopped it tells nothing more', async () => {
  const events: MadeEvent[] = []
  const { mapping, running, pass } = settling(taken(events))
  mapping.map(orphan, 't')
  await running.stop()
  await pass(quietMs * 2)
  expect(events).toEqual([])
})

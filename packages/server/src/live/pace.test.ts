/** When frames are written, and how long the next ones wait for it. */
import { afterEach, expect, test } from 'vitest'
import { createFakeClock } from '../clock.fake.ts'
import { nextTurn } from '../turns.ts'
import { createTestLog } from './log.fake.ts'
import { createPace } from './pace.ts'
import { attach, startHub, work } from './testing.ts'

const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

async function paced() {
  const log = createTestLog({ partitions: 1 })
  const clock = createFakeClock(1_700_000_000_000)
  const { hub } = await startHub(log, { clock, config: { flushMs: 20 } })
  stops.push(hub.stop)
  return { log, clock, hub }
}

/** Enough for whatever is due now. */
const turns = async () => {
  for (let turn = 0; turn < 5; turn += 1) await nextTurn()
}

test('a flush costs what it took, without the turns of others and without what does not count', async () => {
  const clock = createFakeClock(0)
  const pace = createPace(clock)
  clock.advance(3)
  expect(pace.uncounted(() => clock.advance(5))).toBeUndefined()
  expect(pace.costMs()).toBe(3)
  const pauses = Array.from({ length: 200 }, () => pace.wrote()).filter((pause) => pause !== undefined)
  expect(pauses).toHaveLength(1)
  clock.advance(7)
  await pauses[0]
  expect(pace.costMs()).toBe(3)
  clock.advance(2)
  expect(pace.costMs()).toBe(5)
})

test('an idle feed is flushed at once, and once more for the other partition; a busy one in windows', async () => {
  const { log, clock, hub } = await paced()
  const reader = attach(hub, {})
  await work(clock, () => reader.frames.length > 0)
  const positions = () => reader.received.map(([, position]) => position)
  const commit = async (times: number) => {
    for (let i = 0; i < times; i += 1) {
      log.commit(0, [{ type: 'log' }])
      await turns()
    }
  }
  clock.advance(100)
  await commit(1)
  expect(positions()).toEqual([1])
  await commit(1)
  expect(positions()).toEqual([1, 2])
  await commit(10)
  expect(positions()).toEqual([1, 2])
  clock.advance(20)
  await turns()
  expect(positions()).toEqual(Array.from({ length: 12 }, (_, i) => i + 1))
  expect(reader.frames.filter(({ kind }) => kind === 'events')).toHaveLength(3)
})

test('a flush that was held up once holds up none after it; where each is dear the next waits twice as long', async () => {
  const { log, clock, hub } = await paced()
  const writeMs = 15
  let frames = 0
  let isPlaced = false
  const write = () => {
    frames += 1
    clock.advance(writeMs)
  }
  const opened = () => {
    isPlaced = true
  }
  hub.subscribe(
    { tenant: 'default', framing: 'ws.json', feed: 'events', filter: {}, cursor: undefined, fromStart: true },
    { opened, write, pending: () => 0, close() {} },
  )
  await work(clock, () => isPlaced)
  await turns()
  clock.advance(100)
  for (const written of [1, 2, 2]) {
    log.commit(0, [{ type: 'log' }])
    await turns()
    expect(frames).toBe(written)
  }
  clock.advance(2 * writeMs - 1)
  await turns()
  expect(frames).toBe(2)
  clock.advance(1)
  await turns()
  expect(frames).toBe(3)
})

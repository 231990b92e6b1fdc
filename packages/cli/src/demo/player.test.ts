import { expect, test } from 'vitest'
import { createFakeClock } from '../../../server/src/clock.fake.ts'
import { type PlayOptions, play } from './player.ts'
import type { Step } from './stage.ts'
import type { Troupe } from './troupe.ts'

const log = (atMs: number, n: number): Step => ({ atMs, agent: 'a', kind: 'tell', type: 'log', data: { n } })
const join: Step = { atMs: 0, agent: 'a', kind: 'join', part: { id: 'a', name: 'A', role: 'worker', model: 'm' } }
const steps = [join, log(1_000, 1), log(2_000, 2), log(3_000, 3)]

function playing(more: Partial<PlayOptions> = {}) {
  const clock = { ...createFakeClock(1_000_000), random: () => 0 }
  const seen: [atMs: number, what: unknown][] = []
  const troupe: Troupe = {
    perform: (step) => void seen.push([clock.now() - 1_000_000, step.kind === 'tell' ? step.data.n : step.kind]),
    figures: () => ({ sent: seen.length, refused: 0, pending: 0 }),
    settled: async () => {},
  }
  const stop = new AbortController()
  const done = play(steps, troupe, { clock, speed: 1, forMs: Number.POSITIVE_INFINITY, signal: stop.signal, ...more })
  const pass = async (ms: number) => {
    clock.advance(ms)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { seen, stop, done, pass }
}

test('each step is performed when it is due, twice as soon at twice the speed; who is there leaves at the end', async () => {
  const { seen, done, pass } = playing({ speed: 2 })
  await pass(499)
  expect(seen).toEqual([[0, 'join']])
  await pass(1)
  await pass(500)
  await pass(500)
  expect(await done).toEqual({ sent: 5, refused: 0, pending: 0 })
  expect(seen).toEqual([
    [0, 'join'],
    [500, 1],
    [1_000, 2],
    [1_500, 3],
    [1_500, 'leave'],
  ])
})

test('it ends when its time is over, between two steps', async () => {
  const { seen, done, pass } = playing({ forMs: 1_500 })
  await pass(1_000)
  await pass(500)
  await done
  expect(seen.slice(1)).toEqual([
    [1_000, 1],
    [1_500, 'leave'],
  ])
})

test('it ends at once when it is stopped', async () => {
  const { seen, stop, done, pass } = playing()
  await pass(1_200)
  stop.abort()
  await done
  expect(seen.at(-1)).toEqual([1_200, 'leave'])
})

test('a machine that slept for an hour goes on where it was', async () => {
  const { seen, done, pass } = playing()
  await pass(1_000)
  await pass(3_600_000)
  expect(seen.at(-1)).toEqual([3_601_000, 2])
  await pass(999)
  expect(seen.at(-1)).toEqual([3_601_000, 2])
  await pass(1)
  await done
})

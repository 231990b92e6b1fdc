import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createLayouter, type LayoutWorker, type StartWorker } from './layouter.ts'
import type { Places, Shape } from './places.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

const shape = (...nodes: string[]): Shape => ({ nodes, edges: [] })
const places: Places = new Map([['a', { x: 1, y: 2 }]])

/** Workers that answer when they are told to. */
function workers() {
  const started: { readonly told: Parameters<StartWorker>[0]; readonly asked: Shape[]; ended: boolean }[] = []
  const start: StartWorker = (told): LayoutWorker => {
    const one = { told, asked: [] as Shape[], ended: false }
    started.push(one)
    return {
      layOut: (asked) => one.asked.push(asked),
      end: () => {
        one.ended = true
      },
    }
  }
  return { started, start }
}

test('a worker that is in time is kept for the next layout', () => {
  const { started, start } = workers()
  const layouter = createLayouter(start, 1_000)
  const answer = vi.fn()
  layouter.ask(shape('a'), answer)
  started[0]?.told(places)
  expect(answer).toHaveBeenCalledExactlyOnceWith(places)
  vi.advanceTimersByTime(2_000)
  layouter.ask(shape('b'), answer)
  expect(started.length).toBe(1)
  expect(started[0]?.asked).toEqual([shape('a'), shape('b')])
})

test('a worker that takes too long is ended, and the layout is said to be late', () => {
  const { started, start } = workers()
  const layouter = createLayouter(start, 1_000)
  const answer = vi.fn()
  layouter.ask(shape('a'), answer)
  vi.advanceTimersByTime(999)
  expect(answer).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(answer).toHaveBeenCalledExactlyOnceWith(undefined)
  expect(started[0]?.ended).toBe(true)
  layouter.ask(shape('a'), answer)
  expect(started.length).toBe(2)
})

test('a newer question ends the older one, which is never answered', () => {
  const { started, start } = workers()
  const layouter = createLayouter(start, 1_000)
  const [older, newer] = [vi.fn(), vi.fn()]
  layouter.ask(shape('a'), older)
  layouter.ask(shape('b'), newer)
  expect(started.map(({ ended }) => ended)).toEqual([true, false])
  started[1]?.told(places)
  vi.advanceTimersByTime(5_000)
  expect(older).not.toHaveBeenCalled()
  expect(newer).toHaveBeenCalledExactlyOnceWith(places)
})

test('a worker that fails is late at once; a page that leaves ends its worker', () => {
  const { started, start } = workers()
  const layouter = createLayouter(start, 1_000)
  const answer = vi.fn()
  layouter.ask(shape('a'), answer)
  started[0]?.told(undefined)
  expect(answer).toHaveBeenCalledExactlyOnceWith(undefined)
  layouter.ask(shape('a'), answer)
  layouter.stop()
  expect(started.map(({ ended }) => ended)).toEqual([true, true])
  vi.advanceTimersByTime(5_000)
  expect(answer).toHaveBeenCalledTimes(1)
})

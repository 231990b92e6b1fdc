import { expect, test } from 'vitest'
import { goOn, sliced } from './slices.ts'

/** Work of so many pieces, each of which takes 2 ms of a clock of its own. */
function work(pieces: number) {
  let now = 0
  let made = 0
  function* pieceByPiece() {
    for (let i = 0; i < pieces; i += 1) {
      made += 1
      now += 2
      yield
    }
    return { pieces }
  }
  return { work: sliced(pieceByPiece(), () => now), made: () => made }
}

test('little is whole at once, and is made once', () => {
  const { work: little, made } = work(2)
  expect(little.value()).toBeUndefined()
  expect(little.step()).toBe(true)
  expect(little.step()).toBe(true)
  expect(little.value()).toEqual({ pieces: 2 })
  expect(made()).toBe(2)
})

test('much takes a slice after the other, and says when it is whole', () => {
  const { work: much, made } = work(10)
  const tasks: (() => void)[] = []
  let whole = 0
  expect(much.step()).toBe(false)
  expect(made()).toBe(3)
  goOn(
    much,
    (run) => tasks.push(run),
    () => (whole += 1),
  )
  const perTask: number[] = []
  for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
    const before = made()
    task()
    perTask.push(made() - before)
  }
  expect(perTask).toEqual([3, 3, 1])
  expect(whole).toBe(1)
  expect(much.value()).toEqual({ pieces: 10 })
})

test('what is no longer wanted goes no further', () => {
  const { work: much, made } = work(10)
  const tasks: (() => void)[] = []
  const stop = goOn(
    much,
    (run) => tasks.push(run),
    () => expect.unreachable(),
  )
  tasks.shift()?.()
  stop()
  tasks.shift()?.()
  expect(made()).toBe(3)
  expect(tasks).toEqual([])
})

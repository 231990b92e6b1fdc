import { expect, test } from 'vitest'
import { createSlices, inSlices } from './turns.ts'

const spinMs = 0.5
function spin(): void {
  for (const until = performance.now() + spinMs; performance.now() < until; );
}

test('others have their turns while text of many things is made', async () => {
  let turns = 0
  const count = () => {
    turns += 1
    next = setImmediate(count)
  }
  let next = setImmediate(count)
  const text = await inSlices(
    [1, 2, 3, 4, 5, 6, 7, 8],
    (n) => {
      spin()
      return `${n},`
    },
    createSlices(),
  )
  clearImmediate(next)
  expect(text).toBe('1,2,3,4,5,6,7,8,')
  // Eight pieces of half a slice, or of more on a busy machine.
  expect(turns).toBeGreaterThanOrEqual(3)
})

test('what takes less than a slice is made at once', async () => {
  let isTurn = false
  const next = setImmediate(() => {
    isTurn = true
  })
  const slices = { ...createSlices(), isOver: () => false }
  expect(await inSlices(['a', 'b'], (text) => text, slices)).toBe('ab')
  expect(isTurn).toBe(false)
  clearImmediate(next)
})

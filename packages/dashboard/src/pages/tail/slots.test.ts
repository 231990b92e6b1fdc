import { expect, test } from 'vitest'
import { slotsOf } from './slots.ts'

test('a line keeps its place while it is in sight, what left makes room, and no more places than lines are ever used', () => {
  const first = slotsOf(new Map(), [1, 2, 3])
  const second = slotsOf(first, [2, 3, 9, 11])
  expect([second.get(2), second.get(3)]).toEqual([first.get(2), first.get(3)])
  expect(new Set(second.values())).toEqual(new Set([0, 1, 2, 3]))
  const third = slotsOf(second, [20, 21, 22, 23])
  expect(new Set(third.values())).toEqual(new Set([0, 1, 2, 3]))
})

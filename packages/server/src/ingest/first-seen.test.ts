import { expect, test } from 'vitest'
import { createFirstSeen } from './first-seen.ts'

test('the first time stays, until its key is the oldest of too many', () => {
  const firstSeen = createFirstSeen(2)
  expect([firstSeen('a', 1), firstSeen('b', 2), firstSeen('a', 3), firstSeen('b', 4)]).toEqual([1, 2, 1, 2])
  expect([firstSeen('c', 5), firstSeen('b', 6), firstSeen('a', 7)]).toEqual([5, 2, 7])
})

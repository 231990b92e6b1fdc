import { expect, test } from 'vitest'
import { createCredit } from './credit.ts'

const bound = 64 * 1024

test.each([0, -5, Number.NaN])('without a window (%s) what the socket holds counts', (window) => {
  const credit = createCredit(window, bound)
  credit.wrote(1e9)
  expect([credit.pending(0), credit.pending(bound + 1)]).toEqual([0, bound + 1])
})

test('within its window a reader is not slow, whatever the socket holds; beyond it is, until it acknowledges', () => {
  const credit = createCredit(1_000_000, bound)
  credit.wrote(900_000)
  expect(credit.pending(900_000)).toBe(0)
  credit.wrote(100_000)
  expect(credit.pending(0)).toBeGreaterThan(bound)
  credit.acknowledged(1)
  expect(credit.pending(900_000)).toBe(0)
  credit.acknowledged(5_000_000)
  credit.wrote(999_999)
  expect(credit.pending(0)).toBe(0)
})

test('the progress of a reader beyond its window is seen', () => {
  const credit = createCredit(1_000, bound)
  credit.wrote(5_000)
  const before = credit.pending(0)
  credit.acknowledged(1_000)
  expect(credit.pending(0)).toBeLessThan(before)
  expect(credit.pending(0)).toBeGreaterThan(bound)
})

test('no window makes the buffer boundless', () => {
  const credit = createCredit(Number.MAX_SAFE_INTEGER, bound)
  credit.wrote(20_000_000)
  expect(credit.pending(20_000_000)).toBeGreaterThan(bound)
})

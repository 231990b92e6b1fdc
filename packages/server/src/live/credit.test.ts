import { expect, test } from 'vitest'
import { createCredits } from './credit.ts'

const bound = 64 * 1024

test.each([0, -5, Number.NaN])('without a window (%s) what the socket holds counts', (window) => {
  const credit = createCredits(bound)(window)
  credit.wrote(1e9)
  expect([credit.pending(0), credit.pending(bound + 1)]).toEqual([0, bound + 1])
})

test('within its window a reader is not slow, whatever the socket holds; beyond it is, until it acknowledges', () => {
  const credit = createCredits(bound)(1_000_000)
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
  const credit = createCredits(bound)(1_000)
  credit.wrote(5_000)
  const before = credit.pending(0)
  credit.acknowledged(1_000)
  expect(credit.pending(0)).toBeLessThan(before)
  expect(credit.pending(0)).toBeGreaterThan(bound)
})

test('no window makes the buffer boundless', () => {
  const credit = createCredits(bound)(Number.MAX_SAFE_INTEGER)
  credit.wrote(20_000_000)
  expect(credit.pending(20_000_000)).toBeGreaterThan(bound)
})

test('many readers are trusted with no more memory than few, and with more again when others have left', () => {
  const open = createCredits(bound)
  const readers = Array.from({ length: 1_000 }, () => open(4_194_304))
  const [first, ...rest] = readers
  expect(first?.pending(1_000_000)).toBeGreaterThan(bound)
  expect(first?.pending(30_000)).toBe(0)
  for (const reader of rest) reader.end()
  expect(first?.pending(1_000_000)).toBe(0)
})

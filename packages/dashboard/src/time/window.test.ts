import { expect, test } from 'vitest'
import { ticksOf, windowFor } from './window.ts'

const now = Date.UTC(2026, 4, 20, 14)
const minute = 60_000

test('live, and of what was just now, the newest stretch is shown', () => {
  expect(windowFor('15m', undefined, { now })).toEqual({ since: now - 15 * minute, until: now })
  expect(windowFor('15m', now - 15 * minute, { now })).toEqual({ since: now - 15 * minute, until: now })
})

test('of what was long ago a stretch around it is shown, and stays while the moment is in it', () => {
  const held = windowFor('15m', now - 60 * minute, { now })
  expect(held.since).toBeLessThan(now - 60 * minute)
  expect(held.until).toBeGreaterThan(now - 60 * minute)
  expect(windowFor('15m', held.since, { now: now + minute, held })).toEqual(held)
  expect(windowFor('15m', held.since - 1, { now, held })).not.toEqual(held)
  expect(windowFor('1h', now - 90 * minute, { now, held }).until - windowFor('1h', now - 90 * minute, { now, held }).since).toBe(
    60 * minute,
  )
})

test('all is what is kept', () => {
  expect(windowFor('all', now - 5, { now, oldest: now - 40 * minute })).toEqual({ since: now - 40 * minute, until: now })
  expect(windowFor('all', undefined, { now, oldest: now }).since).toBeLessThan(now)
})

test.each([
  ['15m', 15 * minute, 5 * minute],
  ['1m', minute, 10_000],
  ['24h', 1_440 * minute, 240 * minute],
] as const)('the axis of %s has even times', (_, length, step) => {
  const ticks = ticksOf({ since: now - length + 1, until: now }, 7, 0)
  expect(ticks.length).toBeLessThanOrEqual(8)
  expect(ticks.every((tick) => tick % step === 0)).toBe(true)
  expect(ticks.at(-1)).toBeLessThanOrEqual(now)
})

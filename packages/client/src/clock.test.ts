import { afterEach, expect, test, vi } from 'vitest'
import { systemClock } from './clock.ts'

afterEach(() => void vi.useRealTimers())

test.each([1e12, Number.POSITIVE_INFINITY])('who is told to come back in %d ms does not come back at once', (ms) => {
  vi.useFakeTimers()
  const come = vi.fn()
  systemClock.after(ms, come)
  vi.advanceTimersByTime(86_400_000)
  expect(come).not.toHaveBeenCalled()
})

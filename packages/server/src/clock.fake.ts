import type { EpochMs } from '@signalbox/model/event.ts'
import type { Clock } from './clock.ts'

/** A clock that stands still until a test moves it. */
export function createFakeClock(start: EpochMs): Clock & { advance(ms: number): void; set(byMs: number): void } {
  let now = start
  /** How far the wall clock was set. */
  let setMs = 0
  const timers = new Set<{ at: EpochMs; run: () => void }>()
  return {
    now: () => now + setMs,
    monotonic: () => now,
    after(ms, run) {
      const timer = { at: now + ms, run }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    advance(ms) {
      const until = now + ms
      for (;;) {
        const due = [...timers].filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)[0]
        if (due === undefined) break
        timers.delete(due)
        now = due.at
        due.run()
      }
      now = until
    },
    /** The wall clock alone, back or forward: time and timers run on. */
    set(byMs) {
      setMs += byMs
    },
  }
}

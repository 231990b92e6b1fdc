/** Time and chance as a port, so that tests move them by hand. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number
  /** Milliseconds since any moment, for durations: runs on where the wall clock is set. */
  monotonic(): number
  /** Calls `run` once after `ms`; the returned function cancels. A background timer does not keep a Node process alive. */
  after(ms: number, run: () => void, background?: boolean): () => void
  /** In [0, 1). */
  random(): number
}

/** The longest that a timer waits; past it timers do not wait at all. */
export const longestTimerMs = 2 ** 31 - 1

export const systemClock: Clock = {
  now: Date.now,
  monotonic: () => performance.now(),
  after(ms, run, background = false) {
    // Servers and proxies may say to come back at any time.
    const timer = setTimeout(run, Math.min(ms, longestTimerMs))
    // Browsers answer a number here.
    if (background && typeof timer === 'object' && 'unref' in timer) timer.unref()
    return () => clearTimeout(timer)
  },
  random: Math.random,
}

/** Full jitter over a doubling bound, so that a herd of clients does not come back as one. `failures` counts from 1. */
export const backoffMs = (clock: Clock, failures: number, firstMs: number, longestMs: number): number =>
  clock.random() * Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 10))

export const withinMs = (clock: Clock, [low, high]: readonly [number, number]): number => low + clock.random() * (high - low)

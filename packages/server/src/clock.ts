import type { EpochMs } from '@signalbox/model/event.ts'

/** Time as a port, so that tests move it by hand. */
export interface Clock {
  now(): EpochMs
  /** Milliseconds since any moment, for durations: runs on where the wall clock is set, and tells nothing after a restart. */
  monotonic(): number
  /** Calls `run` once after `ms`; the returned function cancels. Does not keep the process alive. */
  after(ms: number, run: () => void): () => void
}

export const systemClock: Clock = {
  now: Date.now,
  monotonic: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, Math.max(0, ms))
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/** Calls `look`, and again so long after each call, until one resolves to 'done'. `look` does not reject. `stop` waits for the call under way. */
export function repeat(clock: Pick<Clock, 'after'>, everyMs: number, look: () => Promise<'done' | 'again'>): { stop(): Promise<void> } {
  let isStopped = false
  let looking = Promise.resolve()
  async function once() {
    if ((await look()) === 'again' && !isStopped) cancel = clock.after(everyMs, begin)
  }
  const begin = () => {
    looking = once()
  }
  let cancel = clock.after(everyMs, begin)
  return {
    async stop() {
      isStopped = true
      cancel()
      await looking
    },
  }
}

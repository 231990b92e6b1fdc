/** Keeps the longer sums of figures up, in the background: what came to lie behind the newest minutes, and what changed since it was summed. */
import { minuteMs } from '@signalbox/model/rollup.ts'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import { floorTo } from './rollups-levels.ts'
import { changedHours, raiseSummed, sumHour } from './rollups-long.ts'

export interface LongSums {
  /** Resolves when all that is due at the call is summed. */
  settled(): Promise<void>
  /** Ends with the hour that is being summed. */
  stop(): Promise<void>
}

/** Spans and transcripts come some seconds after what they tell of: what is written later costs one sum more. */
const graceMs = 30_000
const lookMs = 1_000
const retryMs = 30_000
/** Summed without a pause, and the share of the time that summing may last at most; till then figures are read by the minute. */
const sliceMs = 200
const mostShare = 0.25
const hoursAtOnce = 100
/** More are of what was there before, and take long: it is told how far they are. */
const manyHours = 24
const saidEveryMs = 10_000

export function startLongSums({ pool, clock, log }: { readonly pool: Pool; readonly clock: Clock; readonly log: Logger }): LongSums {
  let isStopped = false
  let last: Promise<boolean> = Promise.resolve(true)
  let cancel = () => {}
  let summed = 0
  let saidAt = clock.monotonic()

  function tell(isDone: boolean, hour: number) {
    summed += 1
    if (clock.monotonic() - saidAt < saidEveryMs && !isDone) return
    saidAt = clock.monotonic()
    if (summed > manyHours)
      log.info(
        { hours: summed, at: new Date(hour).toISOString() },
        isDone ? 'former figures are summed' : 'summing former figures, the newest first',
      )
    if (isDone) summed = 0
  }

  /** True when nothing is left. */
  async function slice(): Promise<boolean> {
    const startedAt = clock.monotonic()
    await raiseSummed(pool, floorTo(Math.max(0, clock.now() - graceMs), minuteMs))
    const hours = await changedHours(pool, hoursAtOnce)
    for (const [i, changed] of hours.entries()) {
      if (isStopped || clock.monotonic() - startedAt > sliceMs) return false
      await sumHour(pool, changed)
      tell(i + 1 === hours.length && hours.length < hoursAtOnce, changed.hour)
    }
    return hours.length < hoursAtOnce
  }

  /** One after the other. */
  function next(): Promise<boolean> {
    last = last.then(slice, slice)
    return last
  }

  const tick = () => {
    const startedAt = clock.monotonic()
    next()
      .then(() => Math.max(lookMs, (clock.monotonic() - startedAt) * (1 / mostShare - 1)))
      .catch((error: unknown) => {
        if (!isStopped) log.warn({ err: error }, 'longer sums of figures could not be made; trying again')
        return retryMs
      })
      .then((ms) => {
        if (!isStopped) cancel = clock.after(ms, tick)
      })
  }
  cancel = clock.after(lookMs, tick)

  return {
    async settled() {
      while (!(await next()));
    },
    async stop() {
      isStopped = true
      cancel()
      await last.catch(() => undefined)
    },
  }
}

/**
 * The time that the retention goes by. A wall clock that is wrongly ahead, at the start or by a jump, would have the whole log dropped:
 * this time follows it at most four times as fast as time passes, never passes it, and is kept in the database over restarts. So a jump of
 * three days takes a day to be believed, and a server that was off for a month drops what is due within ten days.
 */
import type { EpochMs } from '@signalbox/model/event.ts'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'

export interface RetentionTime {
  /** The wall clock's time until the first commit: there is no event to lose. */
  now(): EpochMs
  /** Learns how far it had come, stores how far it is, and says once when the wall clock is more than a day away. */
  remember(): Promise<void>
}

export interface RetentionTimeOptions {
  readonly pool: Pick<Pool, 'query'>
  readonly clock: Pick<Clock, 'now' | 'monotonic'>
  readonly log: Pick<Logger, 'warn'>
}

const dayMs = 86_400_000
/** Of time that passes: a machine that is on for a working day keeps up. */
const fastest = 4

/** Where it begins, the first commit is at most an hour old. Commits made since may have the time of a clock that jumped. */
const remembered = `update meta set retention_at = greatest($1, coalesce(retention_at, (select min(at) from commits)))
  returning retention_at`

export function createRetentionTime({ pool, clock, log }: RetentionTimeOptions): RetentionTime {
  /** Never goes back: a clock that was behind for a moment must not make it wait for years. */
  let reached: EpochMs | undefined
  let lookedAt = 0
  let told = false

  /** Moves it on. */
  function come(from: EpochMs): EpochMs {
    const passedMs = clock.monotonic() - lookedAt
    lookedAt += passedMs
    reached = Math.max(from, Math.min(clock.now(), from + fastest * passedMs))
    return reached
  }

  function tellOfJump(wall: EpochMs, here: EpochMs) {
    const isApart = Math.abs(wall - here) > dayMs
    if (isApart && !told) {
      const [clockSays, retentionAt] = [new Date(wall).toISOString(), new Date(here).toISOString()]
      log.warn(
        { clock: clockSays, retention: retentionAt },
        `the wall clock says ${clockSays}, the retention is at ${retentionAt}: if the clock is wrong, set it; if it is right, nothing is to be done: events are kept longer until the two meet (docs/decisions/0010-the-retention-has-its-own-time.md)`,
      )
    }
    told = isApart
  }

  return {
    now: () => (reached === undefined ? clock.now() : Math.trunc(Math.min(clock.now(), come(reached)))),
    async remember() {
      const { rows } = await pool.query<{ retention_at: string | null }>(remembered, [
        reached === undefined ? null : Math.trunc(come(reached)),
      ])
      const stored = rows[0]?.retention_at ?? null
      if (stored === null) return
      if (reached === undefined) lookedAt = clock.monotonic()
      reached = Math.max(reached ?? 0, Number(stored))
      tellOfJump(clock.now(), reached)
    },
  }
}

/** The figures of a minute leave with the events they were counted from. */
import type { EpochMs } from '@signalbox/model/event.ts'
import type { Pool } from 'pg'
import { dayMs, floorTo } from './rollups-levels.ts'

const mostAtOnce = 20_000

/**
 * Of days before `limit` that no table of the log covers any more: a table is of whole days, as is the longest sum.
 * Index: rollups_minute, rollups_long_begins. A step at a time, so that no writer waits long; longer sums first, so that none outlives its minutes.
 */
export async function dropRollups(pool: Pick<Pool, 'query'>, limit: EpochMs): Promise<number> {
  const day = floorTo(limit, dayMs)
  return (await dropFrom(pool, 'rollups_long', 'begins', day)) + (await dropFrom(pool, 'rollups', 'minute', day))
}

async function dropFrom(pool: Pick<Pool, 'query'>, table: string, time: string, limit: EpochMs): Promise<number> {
  for (let dropped = 0; ; ) {
    const { rowCount } = await pool.query(
      `delete from ${table} where ctid = any (array(
         select ctid from ${table} r where ${time} < $1 and not exists
           (select from log_partitions where from_ms <= r.${time} and r.${time} < to_ms) limit ${mostAtOnce}))`,
      [limit],
    )
    dropped += rowCount ?? 0
    if ((rowCount ?? 0) < mostAtOnce) return dropped
  }
}

/** The figures of a minute leave with the events they were counted from. */
import type { EpochMs } from '@signalbox/model/event.ts'
import type { Pool } from 'pg'

const mostAtOnce = 20_000

/** Of minutes before `limit` that no table of the log covers any more. Index: rollups_minute. A step at a time, so that no writer waits long. */
export async function dropRollups(pool: Pick<Pool, 'query'>, limit: EpochMs): Promise<number> {
  for (let dropped = 0; ; ) {
    const { rowCount } = await pool.query(
      `delete from rollups where ctid = any (array(
         select ctid from rollups r where minute < $1 and not exists
           (select from log_partitions where from_ms <= r.minute and r.minute < to_ms) limit ${mostAtOnce}))`,
      [limit],
    )
    dropped += rowCount ?? 0
    if ((rowCount ?? 0) < mostAtOnce) return dropped
  }
}

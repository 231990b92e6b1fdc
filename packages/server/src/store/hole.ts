/** Positions of the log that left with their day: days are of the ids' time, so one that is dropped may lie between others. */
import type { Partition } from '@signalbox/model/event.ts'
import type { Pool } from 'pg'

/** Positions after `after` up to and including `upTo` that are gone. */
export interface Hole {
  readonly after: number
  readonly upTo: number
}

/**
 * The first hole in (after, upTo], whoever's events it held. Positions are dense, so what is not there was dropped.
 * Index only: log_position of each day. `upTo` must be committed.
 */
export async function firstHole(
  pool: Pool,
  { partition, after, upTo }: { partition: Partition; after: number; upTo: number },
): Promise<Hole | undefined> {
  const { rows } = await pool.query<{ after: string; up_to: string }>(
    `select position as after, next - 1 as up_to from
       (select position, lead(position, 1, $3::bigint + 1) over (order by position) as next from
         (select $2::bigint as position union all select position from log where partition = $1 and position > $2 and position <= $3) held) pairs
     where next > position + 1 order by position limit 1`,
    [partition, after, upTo],
  )
  return rows[0] === undefined ? undefined : { after: Number(rows[0].after), upTo: Number(rows[0].up_to) }
}

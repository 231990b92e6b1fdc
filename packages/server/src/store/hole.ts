/** Positions of the log that left with their day: days are of the ids' time, so one that is dropped may lie between others. */
import type { Partition } from '@signalbox/model/event.ts'
import type { Pool } from 'pg'
import { mostChunkEvents } from './chunk.ts'

/** Positions after `after` up to and including `upTo` that are gone. */
export interface Hole {
  readonly after: number
  readonly upTo: number
}

/**
 * The first hole in (after, upTo], whoever's events it held. Positions are dense, so what is not there was dropped.
 * Indexes only: log_position of each day, primary key of log_chunks. `upTo` must be committed.
 */
export async function firstHole(
  pool: Pool,
  { partition, after, upTo }: { partition: Partition; after: number; upTo: number },
): Promise<Hole | undefined> {
  const { rows } = await pool.query<{ after: string; up_to: string }>(
    `select held_to as after, next - 1 as up_to from
       (select held_to, lead(held_from, 1, $3::bigint + 1) over (order by held_from) as next from
         (select $2::bigint as held_from, $2::bigint as held_to
          union all select position, position from log where partition = $1 and position > $2 and position <= $3
          union all select greatest(first, $2::bigint + 1), least(last, $3) from log_chunks
            where partition = $1 and last > $2 and first <= $3 and last < $3::bigint + ${mostChunkEvents}) held) pairs
     where next > held_to + 1 order by held_to limit 1`,
    [partition, after, upTo],
  )
  return rows[0] === undefined ? undefined : { after: Number(rows[0].after), upTo: Number(rows[0].up_to) }
}

/** The log's children, one a UTC day of the ids' time: made ahead, made on demand for backfills, dropped by the retention. */
import type { EpochMs } from '@signalbox/model/event.ts'
import { firstIdOf } from '@signalbox/model/ids.ts'
import type { Pool } from 'pg'

const dayMs = 86_400_000
/** Days kept ready before today's end, so that no commit at midnight waits for DDL. */
const daysAhead = 7

export interface LogDays {
  /** Makes the days of these times. Cheap when they are known. `backfill` makes their retention count from now. */
  ensure(times: Iterable<EpochMs>, backfill: boolean): Promise<void>
  /** Makes the days ahead. */
  makeAhead(): Promise<void>
  /** Drops expired days; returns their names. */
  dropExpired(): Promise<readonly string[]>
  /** Ids older than this are refused unless backfilled. */
  retainedFrom(): EpochMs
}

const lockTimeoutMs = 2_000
const lockNotAvailable = '55P03'

/** A position is gone once nothing at or below it is left: readers are told through "oldest". Index: log_position of each day. */
const forget = 'update heads h set oldest = coalesce((select min(l.position) from log l where l.partition = h.partition), h.position + 1)'
/** Commits wholly before the oldest kept position lead nowhere; the last of them stays, so that a moment before the log is known as gone. */
const forgetCommits = 'delete from commits c using heads h where h.partition = c.partition and c.last < h.oldest - 1'

const nameOf = (day: EpochMs) => `log_${new Date(day).toISOString().slice(0, 10).replaceAll('-', '')}`

export function createLogDays(pool: Pool, config: { readonly retentionDays: number }, now: () => EpochMs): LogDays {
  /** Day start -> day of its last recorded backfill (0: none). */
  const known = new Map<EpochMs, EpochMs>()
  const retentionMs = config.retentionDays * dayMs

  async function make(day: EpochMs, backfilledAt: EpochMs | null) {
    const name = nameOf(day)
    const client = await pool.connect()
    try {
      await client.query('begin')
      // Two makers of one day: the second waits here and then finds it made.
      await client.query('select pg_advisory_xact_lock(hashtext($1))', [name])
      await client.query(
        `create table if not exists ${name} partition of log for values from ('${firstIdOf(day)}') to ('${firstIdOf(day + dayMs)}')`,
      )
      await client.query(
        `insert into log_partitions (name, from_ms, to_ms, backfilled_at) values ($1, $2, $3, $4)
         on conflict (name) do update set backfilled_at = greatest(log_partitions.backfilled_at, excluded.backfilled_at)`,
        [name, day, day + dayMs, backfilledAt],
      )
      await client.query('commit')
      known.set(day, backfilledAt ?? known.get(day) ?? 0)
    } catch (error) {
      await client.query('rollback').catch(() => undefined)
      throw error
    } finally {
      client.release()
    }
  }

  const days: LogDays = {
    async ensure(times, backfill) {
      const wanted = new Set<EpochMs>()
      for (const time of times) wanted.add(time - (time % dayMs))
      const stamp = now()
      for (const day of wanted) {
        const held = known.get(day)
        const expired = day + dayMs < stamp - retentionMs
        // Only a day past the retention needs its backfill stamped, once a day.
        if (held === undefined || (backfill && expired && held < stamp - dayMs)) await make(day, backfill && expired ? stamp : null)
      }
    },
    async makeAhead() {
      const today = now()
      await days.ensure(
        Array.from({ length: daysAhead + 2 }, (_, i) => today + (i - 1) * dayMs),
        false,
      )
    },
    async dropExpired() {
      const limit = days.retainedFrom()
      const { rows } = await pool.query<{ name: string; from_ms: string }>(
        'select name, from_ms from log_partitions where to_ms < $1 and coalesce(backfilled_at, 0) < $1 order by from_ms',
        [limit],
      )
      const dropped: string[] = []
      for (const { name, from_ms } of rows) {
        const client = await pool.connect()
        try {
          await client.query('begin')
          // Dropping waits for every reader and writer of the log, and they would queue behind it: give up soon, an hour later is as good.
          await client.query(`set local lock_timeout = '${lockTimeoutMs}ms'`)
          await client.query(`drop table if exists ${name}`)
          await client.query('delete from log_partitions where name = $1', [name])
          await client.query(forget)
          await client.query(forgetCommits)
          await client.query('commit')
          known.delete(Number(from_ms))
          dropped.push(name)
        } catch (error) {
          await client.query('rollback').catch(() => undefined)
          if ((error as { code?: string }).code !== lockNotAvailable) throw error
        } finally {
          client.release()
        }
      }
      return dropped
    },
    retainedFrom: () => now() - retentionMs,
  }
  return days
}

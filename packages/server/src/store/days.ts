/**
 * The log's tables: one a UTC day of the ids' time, made ahead; what is older enters tables of a month or a year, made on demand.
 * Made for any ids from 1970 on they are some dozens, since PostgreSQL locks and plans each of them. The retention drops them.
 */
import type { EpochMs } from '@signalbox/model/event.ts'
import { firstIdOf } from '@signalbox/model/ids.ts'
import type { Pool, PoolClient } from 'pg'
import { lockSealed } from './sealed.ts'
import { isLocked } from './sqlstate.ts'
import { transaction } from './transaction.ts'

const dayMs = 86_400_000
/** Days kept ready before today's end, so that no commit at midnight waits for DDL. */
const daysAhead = 7
/** A table of its own has a day that is at most so far back, and within the retention. */
const dailyMs = 31 * dayMs
/** And a month. */
const monthlyMs = 400 * dayMs
/** Most tables made in one transaction: each holds some locks until it ends. */
const mostMadeAtOnce = 64

export interface LogDays {
  /** Makes the tables of these times. Cheap when they are known. `backfill`: times before the retention are kept for as long again, from now. */
  ensure(times: Iterable<EpochMs>, backfill: boolean): Promise<void>
  /** Makes the days ahead of `today`, by default of now. */
  makeAhead(today?: EpochMs): Promise<void>
  /** Drops expired tables; returns their names. One with events that no row stands for yet stays until it is asked again. */
  dropExpired(): Promise<readonly string[]>
  /** Forgets which tables there are, to read them again: another server may have dropped one. */
  forget(): void
  /** Ids older than this are refused unless backfilled. */
  retainedFrom(): EpochMs
}

/** A child of the log, of ids of [from, to). */
interface Table {
  readonly name: string
  readonly from: EpochMs
  readonly to: EpochMs
  /** Its last backfill that was recorded, to a day; 0: none. */
  readonly backfilledAt: EpochMs
}

const lockTimeoutMs = 2_000
/** One maker or dropper at a time: what a table may cover depends on all others. */
const lockTables = "select pg_advisory_xact_lock(hashtext('signalbox log tables'))"

/** A commit locks its head before the log; so does who drops, or each would wait for the other. */
const lockHeads = 'select 1 from heads order by partition for update'
/** Rows are written behind the log, and only from it. Index: log_position of the one table that has these ids. */
const hasUnfolded = `select exists (select from heads h where h.folded <
  (select max(l.position) from log l where l.partition = h.partition and l.id >= $1 and l.id < $2)) as found`
/** A position is gone once nothing at or below it is left: readers are told through "oldest". Indexes: log_position of each table, primary key of log_chunks. */
const forgetPositions = `update heads h set oldest = coalesce(least(
    (select min(l.position) from log l where l.partition = h.partition),
    (select first from log_chunks c where c.partition = h.partition order by last limit 1)), h.position + 1)`
/** Commits wholly before the oldest kept position lead nowhere; the last of them stays, so that a moment before the log is known as gone. */
const forgetCommits = 'delete from commits c using heads h where h.partition = c.partition and c.last < h.oldest - 1'
/** For the audit chain: which positions left, of which times. Index: log_position of the one table that has these ids. */
const rememberDrop = `insert into log_dropped (partition, first, last, from_ms, to_ms)
  select h.partition, e.first, e.last, $3, $4 from heads h, lateral
    (select min(l.position) as first, max(l.position) as last from log l where l.partition = h.partition and l.id >= $1 and l.id < $2) e
  where e.first is not null`
/** The same of its chunks, which it deletes. Index: log_chunks_min_id. */
const dropChunks = `with gone as (delete from log_chunks where min_id >= $1 and min_id < $2 returning partition, first, last)
  insert into log_dropped (partition, first, last, from_ms, to_ms) select partition, min(first), max(last), $3, $4 from gone group by partition`
/** No commit is left that could ask. Index: primary key of commits. */
const forgetDrops =
  'delete from log_dropped d where d.last < (select first from commits c where c.partition = d.partition order by last limit 1)'

const dayOf = (time: EpochMs) => time - (time % dayMs)
const dateOf = (day: EpochMs) => new Date(day).toISOString().slice(0, 10).replaceAll('-', '')
const nameOf = (from: EpochMs, to: EpochMs) => (to - from === dayMs ? `log_${dateOf(from)}` : `log_${dateOf(from)}_${dateOf(to)}`)
const tableOf = (tables: readonly Table[], time: EpochMs) => tables.find(({ from, to }) => from <= time && time < to)

/** `now`: the time that the retention goes by (retention-time.ts). */
export function createLogDays(pool: Pool, config: { readonly retentionDays: number }, now: () => EpochMs): LogDays {
  const retentionMs = config.retentionDays * dayMs
  let known: readonly Table[] = []

  /** What one table may cover at most: a day; of what is further back its month, then its year. None is half within the retention. */
  function spanOf(time: EpochMs, at: EpochMs): readonly [EpochMs, EpochMs] {
    const kept = dayOf(at - retentionMs)
    const daily = Math.max(kept, dayOf(at - dailyMs))
    const monthly = Math.max(kept, dayOf(at - monthlyMs))
    const day = dayOf(time)
    if (day >= daily) return [day, day + dayMs]
    const [year, month] = [new Date(day).getUTCFullYear(), new Date(day).getUTCMonth()]
    if (day >= monthly) return [Math.max(monthly, Date.UTC(year, month)), Math.min(daily, Date.UTC(year, month + 1))]
    const [first, end] = day >= kept ? [kept, monthly] : [0, kept]
    return [Math.max(first, Date.UTC(year, 0)), Math.min(end, Date.UTC(year + 1, 0))]
  }

  /** As much of the span as no table has. All tables begin and end with a UTC day. */
  function newTable(tables: readonly Table[], time: EpochMs, at: EpochMs): Table {
    let [from, to] = spanOf(time, at)
    for (const table of tables) {
      if (table.to <= time) from = Math.max(from, table.to)
      else to = Math.min(to, table.from)
    }
    return { name: nameOf(from, to), from, to, backfilledAt: 0 }
  }

  /** Makes what these times lack; those before the retention are stamped as backfilled. */
  async function make(times: readonly EpochMs[], at: EpochMs, backfill: boolean) {
    known = await transaction(pool, async (client) => {
      await client.query(lockTables)
      const tables = new Map((await readTables(client)).map((table) => [table.name, table]))
      const stamped = new Set<string>()
      for (const time of times) {
        const all = [...tables.values()]
        let table = tableOf(all, time)
        if (table === undefined) {
          table = newTable(all, time, at)
          await createTable(client, table)
          tables.set(table.name, table)
        }
        if (backfill && time < at - retentionMs && table.backfilledAt < at) {
          tables.set(table.name, { ...table, backfilledAt: at })
          stamped.add(table.name)
        }
      }
      if (stamped.size > 0) await client.query('update log_partitions set backfilled_at = $2 where name = any($1)', [[...stamped], at])
      return [...tables.values()]
    })
  }

  const days: LogDays = {
    async ensure(times, backfill) {
      const at = now()
      /** The oldest time of each day: whether a day needs its stamp is decided by it. */
      const oldest = new Map<EpochMs, EpochMs>()
      for (const time of times) {
        const day = dayOf(time)
        oldest.set(day, Math.min(time, oldest.get(day) ?? time))
      }
      const isMissing = (time: EpochMs) => {
        const table = tableOf(known, time)
        return table === undefined || (backfill && time < at - retentionMs && table.backfilledAt < at - dayMs)
      }
      for (let wanted = [...oldest.values()].filter(isMissing); wanted.length > 0; wanted = wanted.slice(mostMadeAtOnce).filter(isMissing))
        await make(wanted.slice(0, mostMadeAtOnce), at, backfill)
    },
    async makeAhead(today = now()) {
      await days.ensure(
        Array.from({ length: daysAhead + 2 }, (_, i) => today + (i - 1) * dayMs),
        false,
      )
    },
    async dropExpired() {
      const limit = days.retainedFrom()
      const { rows } = await pool.query<TableRow>(
        'select name, from_ms, to_ms, backfilled_at from log_partitions where to_ms < $1 and coalesce(backfilled_at, 0) < $1 order by from_ms',
        [limit],
      )
      const dropped: string[] = []
      for (const table of rows.map(toTable)) {
        const { name } = table
        try {
          if (await transaction(pool, (client) => dropTable(client, table, limit))) dropped.push(name)
        } catch (error) {
          if (!isLocked(error) && !(error instanceof NotNow)) throw error
        } finally {
          known = known.filter((other) => other.name !== name)
        }
      }
      return dropped
    },
    forget() {
      known = []
    },
    retainedFrom: () => now() - retentionMs,
  }
  return days
}

interface TableRow {
  readonly name: string
  readonly from_ms: string
  readonly to_ms: string
  readonly backfilled_at: string | null
}

const toTable = (row: TableRow): Table => ({
  name: row.name,
  from: Number(row.from_ms),
  to: Number(row.to_ms),
  backfilledAt: Number(row.backfilled_at ?? 0),
})

async function readTables(client: PoolClient): Promise<Table[]> {
  const { rows } = await client.query<TableRow>('select name, from_ms, to_ms, backfilled_at from log_partitions')
  return rows.map(toTable)
}

/** Lock: `attach` lets others read and write the log meanwhile, which `create … partition of` does not. */
async function createTable(client: PoolClient, { name, from, to }: Table): Promise<void> {
  await client.query(`create table ${name} (like log)`)
  await client.query(`alter table log attach partition ${name} for values from ('${firstIdOf(from)}') to ('${firstIdOf(to)}')`)
  await client.query('insert into log_partitions (name, from_ms, to_ms) values ($1, $2, $3)', [name, from, to])
}

/** Events came that no row stands for yet, after it was looked. */
class NotNow extends Error {}

/** False when it was backfilled or dropped since it was found expired, or has events that were not folded. */
async function dropTable(client: PoolClient, { name, from, to }: Table, limit: EpochMs): Promise<boolean> {
  // Dropping waits for every reader and writer of the log, and they would queue behind it: give up soon, an hour later is as good.
  await client.query(`set local lock_timeout = '${lockTimeoutMs}ms'`)
  await client.query(lockTables)
  await client.query(lockSealed)
  const ids = [firstIdOf(from), firstIdOf(to)]
  const isFolded = async () => (await client.query<{ found: boolean }>(hasUnfolded, ids)).rows[0]?.found !== true
  if (!(await isFolded())) return false
  const { rowCount } = await client.query('delete from log_partitions where name = $1 and coalesce(backfilled_at, 0) < $2', [name, limit])
  if (rowCount === 0) return false
  // Before the heads: of a large day it takes a second, and who commits to a day with chunks waits for the lock above.
  await client.query(dropChunks, [...ids, from, to])
  await client.query(lockHeads)
  if (!(await isFolded())) throw new NotNow(`Events entered ${name} while it was to be dropped.`)
  await client.query(rememberDrop, [...ids, from, to])
  await client.query(`drop table if exists ${name}`)
  await client.query(forgetPositions)
  await client.query(forgetCommits)
  await client.query(forgetDrops)
  return true
}

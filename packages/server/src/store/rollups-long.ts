/**
 * Longer sums of the figures of minutes: made again from the minutes that changed, in the transaction that takes the note of them away.
 *
 * Whoever reads in one snapshot finds that a sum whose minutes are before `until`, and of which none is noted, is the sum of those minutes.
 */
import type { EpochMs, TenantId } from '@signalbox/model/event.ts'
import { minuteMs } from '@signalbox/model/rollup.ts'
import type { Pool, PoolClient } from 'pg'
import { type Cut, dayMs, floorTo, hourMs, levels, rangesOf, type Summed } from './rollups-levels.ts'
import { durationColumns, rollupSums } from './rollups-write.ts'
import { transaction } from './transaction.ts'

const columns = [...rollupSums, ...durationColumns]
const summing = columns.map((column) => `sum(${column})`).join()
const longColumns = `tenant, begins, span_ms, cut, kind, agent, name, ${columns.join()}`
const toldApart = { agent: "agent, ''", name: "'', name", both: 'agent, name' } satisfies Record<Cut, string>

/** What is lost in a crash is made again; what is kept is kept in this order. */
const begin = 'begin; set local synchronous_commit = off'

/** Lock: the one row, until the transaction ends. One at a time sums, also of several servers. */
async function lockUntil(client: PoolClient): Promise<EpochMs> {
  const { rows } = await client.query<{ until: string }>('select until from rollups_until for update')
  return Number(rows[0]?.until ?? 0)
}

/** Every minute in [$1, $2) that has figures, and of each tenant. Index: primary key of rollups, a look-up a minute and a tenant. */
const minutesThere = `with recursive tenants as (
    select min(tenant) as tenant from rollups
    union all select (select min(r.tenant) from rollups r where r.tenant > t.tenant) from tenants t where t.tenant is not null
  ) select t.tenant, there.minute from tenants t, lateral (
    with recursive there as (
      select min(minute) as minute from rollups where tenant = t.tenant and minute >= $1 and minute < $2
      union all
      select (select min(r.minute) from rollups r where r.tenant = t.tenant and r.minute > f.minute and r.minute < $2)
        from there f where f.minute is not null
    ) select minute from there where minute is not null) there
  where t.tenant is not null`

/**
 * Notes what came to lie before `until`, a whole minute. Heads first: what is written to those minutes from then on is noted by its writer.
 * Lock: a head at a time, for no longer than it takes; no commit waits for a disk.
 */
export async function raiseSummed(pool: Pick<Pool, 'connect' | 'query'>, until: EpochMs): Promise<void> {
  const { rows } = await pool.query<{ until: string }>('select until from rollups_until')
  if (until <= Number(rows[0]?.until ?? 0)) return
  const heads = await pool.query<{ partition: number }>('select partition from heads order by partition')
  for (const { partition } of heads.rows)
    await transaction(
      pool,
      (client) => client.query('update heads set summed = $2 where partition = $1 and summed < $2', [partition, until]),
      begin,
    )
  await transaction(
    pool,
    async (client) => {
      const from = await lockUntil(client)
      if (until <= from) return
      await client.query(`insert into rollups_changed (tenant, minute) ${minutesThere}`, [from, until])
      const last = from - minuteMs
      // Sums that end only now may have had their last figures before.
      const endsNow = levels.some(({ spanMs }) => spanMs > minuteMs && floorTo(until, spanMs) > floorTo(last, spanMs))
      if (from > 0 && endsNow)
        await client.query(
          `insert into rollups_changed (tenant, minute) select tenant, max(minute) from (${minutesThere}) as t group by tenant`,
          [floorTo(last, dayMs), from],
        )
      await client.query('update rollups_until set until = $1', [until])
    },
    begin,
  )
}

export interface ChangedHour {
  readonly tenant: TenantId
  readonly hour: EpochMs
}

/** Hours with minutes that changed, the newest first: they are looked at the most. */
export async function changedHours(pool: Pick<Pool, 'query'>, most: number): Promise<readonly ChangedHour[]> {
  const { rows } = await pool.query<{ tenant: TenantId; hour: number }>(
    `select tenant, (minute - minute % ${hourMs})::float8 as hour from rollups_changed group by 1, 2 order by 2 desc, 1 limit ${most}`,
  )
  return rows
}

/** Makes the sums again that a minute of this hour is in, up to its day. */
export function sumHour(pool: Pick<Pool, 'connect'>, { tenant, hour }: ChangedHour): Promise<void> {
  return transaction(
    pool,
    async (client) => {
      const until = await lockUntil(client)
      // In a statement before the sums: a note that is not seen here stays, and what it is of is summed once more.
      const { rows } = await client.query<{ minute: string }>(
        'delete from rollups_changed where tenant = $1 and minute >= $2 and minute < $3 returning minute',
        [tenant, hour, hour + hourMs],
      )
      const minutes = rows.map(({ minute }) => Number(minute))
      for (const { spanMs, cuts } of levels) {
        const spans = [...new Set(minutes.map((minute) => floorTo(minute, spanMs)))].filter((begins) => begins + spanMs <= until)
        if (spans.length > 0) for (const cut of cuts) await sumSpans(client, tenant, spans, spanMs, cut)
      }
    },
    begin,
  )
}

/** From the sums of that cut that are one shorter, or else from the minutes. Index: the primary keys. */
async function sumSpans(client: PoolClient, tenant: TenantId, spans: readonly EpochMs[], spanMs: number, cut: Cut) {
  await client.query('delete from rollups_long where tenant = $1 and span_ms = $2 and cut = $3 and begins = any($4)', [
    tenant,
    spanMs,
    cut,
    spans,
  ])
  const shorter = levels.findLast((level) => level.spanMs > minuteMs && level.spanMs < spanMs && level.cuts.includes(cut))
  // With bounds of all of them it goes by the primary key. Without, by block ranges, and after an import each may have any minute: of
  // 235,000 rows a cut took 160 ms, now 2.
  const within = (time: string) => `r.${time} >= span.begins and r.${time} < span.begins + $2 and r.${time} >= $4 and r.${time} < $5`
  const from =
    shorter === undefined
      ? `rollups r on ${within('minute')}`
      : `rollups_long r on r.span_ms = ${shorter.spanMs} and r.cut = '${cut}' and ${within('begins')}`
  await client.query(
    `insert into rollups_long (${longColumns})
     select $1, span.begins, $2::int, '${cut}', kind, ${toldApart[cut]}, ${summing}
     from unnest($3::bigint[]) as span (begins) join ${from} and r.tenant = $1
     group by 2, 5, 6, 7`,
    [tenant, spanMs, spans, Math.min(...spans), Math.max(...spans) + spanMs],
  )
}

/** For who reads in one snapshot. Index: rollups_changed_minute. */
export async function readSummed(client: Pick<PoolClient, 'query'>, tenant: TenantId, from: EpochMs, to: EpochMs): Promise<Summed> {
  const within = 'from rollups_changed where tenant = $1 and minute >= $2 and minute < $3'
  const { rows } = await client.query<{ until: number; minutes: number[]; last: number | null }>(
    `select until::float8 as until, array(select distinct minute ${within} order by minute limit ${mostNotes})::float8[] as minutes,
       (select max(minute)::float8 ${within}) as last from rollups_until`,
    [tenant, from, to],
  )
  const { until = 0, minutes = [], last } = rows[0] ?? {}
  const first = minutes[0]
  const changed = minutes.length < mostNotes || first === undefined ? rangesOf(minutes) : [{ from: first, to: (last ?? first) + minuteMs }]
  return { until, changed }
}

/** Notes told apart by who reads; with more, all between them is read by the minute. */
const mostNotes = 100

/** Nothing is summed any more: figures were made anew as a whole. Lock: as who sums. */
export async function forgetSums(client: Pick<PoolClient, 'query'>): Promise<void> {
  await client.query('update rollups_until set until = 0; delete from rollups_changed; delete from rollups_long')
}

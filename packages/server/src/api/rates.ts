/**
 * `/v1/fleet/rates`: what every agent does just now, or did at a past moment. From the figures of minutes, and the newest events of the log for the sparks.
 * However many ask, a tenant's answer is made once a second.
 */
import type { EpochMs, TenantId } from '@signalbox/model/event.ts'
import { firstIdOf } from '@signalbox/model/ids.ts'
import { minuteMs, minuteOf, others } from '@signalbox/model/rollup.ts'
import type { FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import Type from 'typebox'
import { addSealed, where } from '../store/log-rows.ts'
import { timeOf } from './moment-place.ts'
import { route } from './route.ts'
import { closed } from './schemas.ts'

const sparkSeconds = 60
/** With more events in two minutes no spark is drawn: it would take longer to count than to be of use. */
const mostSparkEvents = 40_000
/** An event's id is of about its time: what is looked at of a past moment ends so much later. More than an id may be ahead of now. */
const aheadMs = 10 * minuteMs
/** An answer is as old as this at most. */
const heldMs = 1_000
const mostTenantsHeld = 1_000
const errorMinutes = 5
const costMinutes = 60

const Column = (description: string) => Type.Array(Type.Number(), { description })
const Rates = closed({
  at: Type.String({ description: 'RFC 3339, by the server’s clock.' }),
  ids: Type.Array(Type.String(), {
    description: 'Agents that ended a call or a task, or had an event, in the last hour. All columns go by it.',
  }),
  tokensLastMinute: Column('Of calls that ended: in this minute so far, and the share of the minute before that lies in the last 60 s.'),
  costMicrosLastHour: Column('Of calls that ended in this minute or the 60 before it.'),
  errorsLast5Minutes: Column('Calls and tasks that failed in this minute or the five before it.'),
  spark: Type.Union([Type.Array(Type.Array(Type.Integer())), Type.Null()], {
    description: `Events of each of the last ${sparkSeconds} seconds, oldest first, by their own time; null when there were too many to look at.`,
  }),
})

const RatesQuery = closed({
  at: Type.Optional(Type.String({ maxLength: 40, description: 'RFC 3339: a past moment; now when absent.' })),
})

interface Sums {
  tokens: number
  costMicros: number
  failed: number
}

/** Whole minutes that can hardly change any more, summed once a minute. */
interface Settled {
  readonly minute: EpochMs
  readonly costMicros: ReadonlyMap<string, number>
}

interface Held {
  readonly at: EpochMs
  readonly answer: Promise<unknown>
}

export function ratesRoute(app: FastifyInstance, pool: Pool, now: () => EpochMs): void {
  const held = new Map<TenantId, Held>()
  const settled = new Map<TenantId, Settled>()

  /** Index: primary key of rollups, one tenant's minutes. */
  async function costBefore(tenant: TenantId, minute: EpochMs, isPast: boolean): Promise<ReadonlyMap<string, number>> {
    const known = settled.get(tenant)
    if (known?.minute === minute) return known.costMicros
    const { rows } = await pool.query<{ agent: string; cost: number }>(
      `select agent, coalesce(sum(cost_micros), 0) as cost from rollups where tenant = $1 and minute >= $2 and minute < $3 and kind in ('llm', 'tool', 'event')
       group by agent`,
      [tenant, minute - (costMinutes - errorMinutes) * minuteMs, minute],
    )
    const costMicros = new Map(rows.map(({ agent, cost }) => [agent, cost]))
    if (isPast) return costMicros
    bound(settled)
    settled.set(tenant, { minute, costMicros })
    return costMicros
  }

  /** Primary key of the log, the newest ids; rollups say before how many there are. */
  async function sparksOf(tenant: TenantId, at: EpochMs): Promise<ReadonlyMap<string, readonly (readonly [number, number])[]> | undefined> {
    const { rows: counted } = await pool.query<{ events: number }>(
      "select coalesce(sum(calls), 0)::float8 as events from rollups where minute >= $1 and minute <= $2 and kind = 'type'",
      [minuteOf(at) - minuteMs, minuteOf(at)],
    )
    if ((counted[0]?.events ?? 0) > mostSparkEvents) return undefined
    const from = Math.max(0, at - sparkSeconds * 1_000)
    const { rows } = await pool.query<{ agent: string; second: number; count: number }>(
      `select agent, ((time - $3) / 1000)::int as second, count(*)::int as count from log
       where id >= $2 and id < $5 and tenant = $1 and agent is not null and time >= $3 and time < $4 group by 1, 2`,
      [tenant, firstIdOf(from), from, at, firstIdOf(at + aheadMs)],
    )
    const query = {
      where: [
        ...[where('id', '>=', firstIdOf(from)), where('id', '<', firstIdOf(at + aheadMs)), where('tenant', '=', tenant)],
        ...[where('time', '>=', from), where('time', '<', at)],
      ],
    }
    // What is being sealed just now may be counted twice: a spark of days ago, once.
    const sealed = (await addSealed(pool, query, [])).flatMap(({ agent, time }) =>
      agent === null ? [] : [{ agent, second: Math.trunc((Number(time) - from) / 1_000), count: 1 }],
    )
    const sparks = new Map<string, (readonly [number, number])[]>()
    for (const { agent, second, count } of [...rows, ...sealed]) {
      const own = sparks.get(agent)
      if (own === undefined) sparks.set(agent, [[second, count]])
      else own.push([second, count])
    }
    return sparks
  }

  async function make(tenant: TenantId, at: EpochMs, isPast: boolean) {
    const minute = minuteOf(at)
    const recent = minute - errorMinutes * minuteMs
    const share = 1 - (at - minute) / minuteMs
    // Of the minute that the moment lies in figures say what came of all of it: as if it had come evenly.
    const soFar = isPast ? 1 - share : 1
    const [before, sparks, { rows }] = await Promise.all([
      costBefore(tenant, recent, isPast),
      sparksOf(tenant, at),
      pool.query<{ agent: string; tokens: number; costMicros: number; failed: number }>(
        `select agent, coalesce(sum(failed * case when minute = $3 then $5::float8 else 1 end), 0)::float8 as failed,
           coalesce(sum(cost_micros * case when minute = $3 then $5::float8 else 1 end), 0) as "costMicros",
           sum((coalesce(input_tokens, 0) + coalesce(output_tokens, 0))
             * case minute when $3 then $5::float8 when $3 - ${minuteMs} then $4::float8 else 0 end) as tokens
         from rollups where tenant = $1 and minute >= $2 and minute <= $3 and (minute < $3 or $5::float8 > 0)
           and kind in ('llm', 'tool', 'task', 'event') group by agent`,
        [tenant, recent, minute, share, soFar],
      ),
    ])
    const sums = new Map<string, Sums>()
    for (const [agent, costMicros] of before) sums.set(agent, { tokens: 0, failed: 0, costMicros })
    for (const { agent, tokens, costMicros, failed } of rows)
      sums.set(agent, { tokens, failed, costMicros: costMicros + (before.get(agent) ?? 0) })
    for (const agent of sparks?.keys() ?? []) if (!sums.has(agent)) sums.set(agent, { tokens: 0, failed: 0, costMicros: 0 })
    sums.delete('')
    sums.delete(others)
    const entries = [...sums].sort(([a], [b]) => (a < b ? -1 : 1))
    return {
      at: new Date(at).toISOString(),
      ids: entries.map(([id]) => id),
      tokensLastMinute: entries.map(([, { tokens }]) => Math.max(0, Math.round(tokens))),
      costMicrosLastHour: entries.map(([, { costMicros }]) => Math.max(0, Math.round(costMicros))),
      errorsLast5Minutes: entries.map(([, { failed }]) => Math.max(0, Math.round(failed))),
      spark: sparks === undefined ? null : entries.map(([id]) => sparkOf(sparks.get(id))),
    }
  }

  route(
    app,
    '/v1/fleet/rates',
    {
      operationId: 'readFleetRates',
      tag: 'state',
      summary: 'Tokens, cost, errors and events of every agent just now, or at a past moment',
      description:
        'Columns by agent. An answer of now may be a second old. Of a past moment its own minute counts by the share of it that had passed.',
      query: RatesQuery,
      answer: Rates,
    },
    ({ tenant, query }) => {
      const at = now()
      const then = query.at === undefined ? at : timeOf('at', query.at)
      if (then < at) return make(tenant, Math.max(0, then), true)
      const known = held.get(tenant)
      if (known !== undefined && at >= known.at && at - known.at < heldMs) return known.answer
      const answer = make(tenant, at, false)
      bound(held)
      held.set(tenant, { at, answer })
      // What failed is asked again.
      answer.catch(() => held.delete(tenant))
      return answer
    },
  )
}

/** The oldest leaves: a Map is in order of first use. */
function bound(map: Map<TenantId, unknown>): void {
  const [oldest] = map.keys()
  if (map.size >= mostTenantsHeld && oldest !== undefined) map.delete(oldest)
}

function sparkOf(counts: readonly (readonly [number, number])[] = []): number[] {
  const spark = Array.from({ length: sparkSeconds }, () => 0)
  for (const [second, count] of counts) spark[second] = (spark[second] ?? 0) + count
  return spark
}

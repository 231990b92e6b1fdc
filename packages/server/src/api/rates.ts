/**
 * `/v1/fleet/rates`: what every agent does just now. From the figures of minutes, and the newest events of the log for the sparks.
 * However many ask, a tenant's answer is made once a second.
 */
import type { EpochMs, TenantId } from '@signalbox/model/event.ts'
import { firstIdOf } from '@signalbox/model/ids.ts'
import { minuteMs, minuteOf, others } from '@signalbox/model/rollup.ts'
import type { FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import Type from 'typebox'
import { route } from './route.ts'
import { closed } from './schemas.ts'

const sparkSeconds = 60
/** With more events in two minutes no spark is drawn: it would take longer to count than to be of use. */
const mostSparkEvents = 40_000
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
  async function costBefore(tenant: TenantId, minute: EpochMs): Promise<ReadonlyMap<string, number>> {
    const known = settled.get(tenant)
    if (known?.minute === minute) return known.costMicros
    const { rows } = await pool.query<{ agent: string; cost: number }>(
      `select agent, sum(cost_micros) as cost from rollups where tenant = $1 and minute >= $2 and minute < $3 and kind in ('llm', 'tool', 'event')
       group by agent`,
      [tenant, minute - (costMinutes - errorMinutes) * minuteMs, minute],
    )
    const costMicros = new Map(rows.map(({ agent, cost }) => [agent, cost]))
    bound(settled)
    settled.set(tenant, { minute, costMicros })
    return costMicros
  }

  /** Primary key of the log, the newest ids; rollups say before how many there are. */
  async function sparksOf(tenant: TenantId, at: EpochMs): Promise<ReadonlyMap<string, readonly (readonly [number, number])[]> | undefined> {
    const { rows: counted } = await pool.query<{ events: number }>(
      "select coalesce(sum(calls), 0)::float8 as events from rollups where minute >= $1 and kind = 'type'",
      [minuteOf(at) - minuteMs],
    )
    if ((counted[0]?.events ?? 0) > mostSparkEvents) return undefined
    const from = at - sparkSeconds * 1_000
    const { rows } = await pool.query<{ agent: string; second: number; count: number }>(
      `select agent, ((time - $3) / 1000)::int as second, count(*)::int as count from log
       where id >= $2 and tenant = $1 and agent is not null and time >= $3 and time < $4 group by 1, 2`,
      [tenant, firstIdOf(from), from, at],
    )
    const sparks = new Map<string, (readonly [number, number])[]>()
    for (const { agent, second, count } of rows) {
      const own = sparks.get(agent)
      if (own === undefined) sparks.set(agent, [[second, count]])
      else own.push([second, count])
    }
    return sparks
  }

  async function make(tenant: TenantId, at: EpochMs) {
    const minute = minuteOf(at)
    const recent = minute - errorMinutes * minuteMs
    const share = 1 - (at - minute) / minuteMs
    const [before, sparks, { rows }] = await Promise.all([
      costBefore(tenant, recent),
      sparksOf(tenant, at),
      pool.query<{ agent: string; tokens: number; costMicros: number; failed: number }>(
        `select agent, sum(failed)::float8 as failed, sum(cost_micros) as "costMicros",
           sum(case when minute = $3 then input_tokens + output_tokens when minute = $3 - ${minuteMs} then (input_tokens + output_tokens) * $4::float8 else 0 end) as tokens
         from rollups where tenant = $1 and minute >= $2 and minute <= $3 and kind in ('llm', 'tool', 'task', 'event') group by agent`,
        [tenant, recent, minute, share],
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
      errorsLast5Minutes: entries.map(([, { failed }]) => Math.max(0, failed)),
      spark: sparks === undefined ? null : entries.map(([id]) => sparkOf(sparks.get(id))),
    }
  }

  route(
    app,
    '/v1/fleet/rates',
    {
      operationId: 'readFleetRates',
      tag: 'state',
      summary: 'Tokens, cost, errors and events of every agent just now',
      description: 'Columns by agent. An answer may be a second old.',
      answer: Rates,
    },
    ({ tenant }) => {
      const at = now()
      const known = held.get(tenant)
      if (known !== undefined && at >= known.at && at - known.at < heldMs) return known.answer
      const answer = make(tenant, at)
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
  for (const [second, count] of counts) spark[second] = count
  return spark
}

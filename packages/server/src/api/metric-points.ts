/** What `metric` events of the log tell: series, and their points. */
import type { EpochMs, LoggedEvent, TenantId } from '@signalbox/model/event.ts'
import { firstIdOf, idTime } from '@signalbox/model/ids.ts'
import type { SeriesPoint } from '@signalbox/model/metric-series.ts'
import { rfc3339Ms } from '@signalbox/model/rfc3339.ts'
import { isObject, type Json, stringOf } from '@signalbox/model/text.ts'
import type { Pool } from 'pg'
import { parsed, toEvent } from '../store/log-row.ts'
import { type Condition, readRows, where } from '../store/log-rows.ts'
import { listEvents } from './reads.ts'

/** A point, and what tells its series from others. */
export interface Metric {
  readonly name: string
  readonly unit: string
  readonly kind: string
  readonly attributes: Json
  /** What its values come to: a level has a last one, all else adds up. */
  readonly aggregation: 'increase' | 'last'
  /** Equal for points of one name, unit, kind and attributes. */
  readonly series: string
  /** Equal for points of a series that one sender told: the counter that they count with. */
  readonly counter: string
  readonly point: SeriesPoint
}

const finite = (value: unknown): number | undefined => {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

/** The order of keys says nothing. */
const inOrder = (attributes: Json): Json => Object.fromEntries(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
const objectOf = (value: unknown): Json => (isObject(value) ? value : {})

/** Undefined where the event has no name or no value. Anybody may send one; what it does not say of its kind is taken for a gauge's. */
export function metricOf({ data, time, source }: Pick<LoggedEvent, 'data' | 'time' | 'source'>): Metric | undefined {
  const name = stringOf(data.name)
  const value = finite(data.value) ?? finite(data.sum)
  const count = finite(data.count)
  if (name === undefined || (value === undefined && count === undefined)) return undefined
  const unit = stringOf(data.unit) ?? ''
  const kind = stringOf(data.kind) ?? 'gauge'
  const isDelta = data.temporality === 'delta'
  const isLevel = kind === 'gauge' || (kind === 'sum' && data.monotonic !== true && !isDelta)
  const attributes = inOrder(objectOf(data.attributes))
  const series = JSON.stringify([name, unit, kind, attributes])
  const start = rfc3339Ms(stringOf(data.startTime) ?? '')
  return {
    ...{ name, unit, kind, attributes, series },
    aggregation: isLevel ? 'last' : 'increase',
    counter: JSON.stringify([source, inOrder(objectOf(data.resource)), inOrder(objectOf(data.scope))]),
    point: { time, start: Number.isNaN(start) ? 0 : start, isDelta, value: value ?? 0, count },
  }
}

export interface PointsQuery {
  readonly tenant: TenantId
  readonly since: EpochMs
  readonly until: EpochMs
  readonly run?: string | undefined
  readonly agent?: string | undefined
}

const usual = { pageEvents: 2_000, mostPages: 30 }

interface Page {
  readonly rows: readonly LoggedEvent[]
  /** Where the next one begins; undefined: nowhere. */
  readonly next: string | number | undefined
}

/** As its index has it. */
const isMetric: Condition = { ...where('type', '=', 'metric'), sql: () => "type = 'metric'" }

/** Index: log_metric. An agent's are told apart here: of it alone no more would be looked at. */
async function pageByTime(pool: Pool, { tenant, agent }: PointsQuery, before: string, limit: number): Promise<Page> {
  const rows = await readRows(pool, {
    where: [where('tenant', '=', tenant), isMetric, where('id', '<', before)],
    order: ['id', 'desc'],
    limit,
  })
  const events = rows.map(toEvent)
  return {
    rows: agent === undefined ? events : events.filter((event) => event.agent === agent),
    next: rows.length === limit ? rows.at(-1)?.id : undefined,
  }
}

/** Index: log_run_block. A page looks at no more than 10,000 events of the run, of whatever type. */
async function pageOfRun(pool: Pool, { tenant, run, agent }: PointsQuery, after: number | undefined, limit: number): Promise<Page> {
  const filter = { type: ['metric'], run: run === undefined ? [] : [run], ...(agent === undefined ? {} : { agent: [agent] }) }
  const { rows, edge } = await listEvents(pool, { tenant, filter, order: 'desc', after, limit, byPosition: true })
  return { rows: rows.map(parsed), next: rows.length === limit ? rows.at(-1)?.position : edge?.[0] }
}

/**
 * Hands on what was told from `since` on and before `until`, the newest first, of all or of a run. Answers from when on it is all of it:
 * later than `since` where there was too much to look at.
 */
export async function readMetrics(
  pool: Pool,
  q: PointsQuery,
  take: (metric: Metric) => void,
  { pageEvents, mostPages } = usual,
): Promise<EpochMs> {
  const { since, until, run } = q
  let next: string | number | undefined = run === undefined ? firstIdOf(until) : undefined
  let oldest = until
  for (let page = 0; page < mostPages; page += 1) {
    const found: Page = typeof next === 'string' ? await pageByTime(pool, q, next, pageEvents) : await pageOfRun(pool, q, next, pageEvents)
    for (const event of found.rows) {
      oldest = Math.min(oldest, event.time)
      const metric = event.time >= since && event.time < until ? metricOf(event) : undefined
      if (metric !== undefined) take(metric)
    }
    next = found.next
    if (next === undefined || (typeof next === 'string' && idTime(next) < since)) return since
  }
  return typeof next === 'string' ? idTime(next) : oldest
}

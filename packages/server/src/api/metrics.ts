/** `/v1/metrics`: what agents measured of themselves, by series. What the server measures of itself is at `/metrics`. */
import type { EpochMs } from '@signalbox/model/event.ts'
import { increasePerStep, increases, lastPerStep, type SeriesPoint, type Step, type Steps } from '@signalbox/model/metric-series.ts'
import type { FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import Type from 'typebox'
import { Refused } from '../http/problem.ts'
import { type Metric, readMetrics } from './metric-points.ts'
import { route } from './route.ts'
import { closed, Name } from './schemas.ts'
import { type Window, windowOf } from './time.ts'

const hourMs = 3_600_000
/** Most series of one answer. */
const mostSeries = 1_000
const mostSteps = 1_000
/** How far before the window points are looked for that its first ones go on from: exporters tell once a minute. */
const beforeMs = 600_000

const Time = (description: string) => Type.Optional(Type.String({ maxLength: 40, description }))
const Attributes = Type.Record(Type.String(), Type.Unknown())
const Truncated = Type.Boolean({
  description: `True when there was too much to look at: older points than those, or more than ${mostSeries} series, are left out.`,
})
const about = { unit: Type.String(), kind: Type.String(), attributes: Attributes }

const ListQuery = closed({
  since: Time('RFC 3339; a day ago when absent.'),
  until: Time('RFC 3339; now when absent.'),
  run: Type.Optional(Name),
  agent: Type.Optional(Name),
})
const SeriesQuery = closed({
  name: Type.String({ minLength: 1, maxLength: 2_000 }),
  ...ListQuery.properties,
  since: Time('RFC 3339; an hour before `until` when absent.'),
  step: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 366 * 86_400, description: 'Seconds; a sixtieth of the time asked for when absent.' }),
  ),
})
const List = closed({
  items: Type.Array(closed({ name: Type.String(), ...about, lastTime: Type.String() })),
  truncated: Truncated,
})
const Point = closed({
  time: Type.String({ description: 'When the step begins.' }),
  value: Type.Number({ description: 'Of histograms and summaries the sum of their values.' }),
  count: Type.Optional(Type.Number({ description: 'Of histograms and summaries how many values.' })),
})
const Series = closed({
  name: Type.String(),
  since: Type.String(),
  until: Type.String(),
  step: Type.Integer({ description: 'Seconds.' }),
  series: Type.Array(
    closed({
      ...about,
      aggregation: Type.Enum(['increase', 'last'], {
        description: 'Whether values are what was added in the step, or the newest of it (gauges, and sums that may fall).',
      }),
      points: Type.Array(Point, { description: 'Steps in which something was told.' }),
    }),
  ),
  truncated: Truncated,
})

function stepsOf(window: Window, seconds: number | undefined): Steps {
  const lengthMs = window.until - window.since
  const stepMs = (seconds ?? Math.ceil(lengthMs / 60_000)) * 1_000
  if (lengthMs / stepMs > mostSteps)
    throw new Refused({ code: 'BAD_REQUEST', detail: `The parameter "step" makes more than ${mostSteps} steps of the time asked for.` })
  return { ...window, stepMs }
}

const rfc3339 = (time: EpochMs) => new Date(time).toISOString()
const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) => (a < b ? -1 : a > b ? 1 : 0)
const aboutOf = ({ unit, kind, attributes }: Metric) => ({ unit, kind, attributes })

const pointOf = ({ time, value, count }: Step) => ({ time: rfc3339(time), value, ...(count > 0 ? { count } : {}) })

/** A series with the points of each of its counters. */
interface Gathered {
  readonly of: Metric
  readonly counters: Map<string, SeriesPoint[]>
}

function valuesOf({ of, counters }: Gathered, steps: Steps, from: EpochMs): Step[] {
  const own = [...counters.values()]
  return of.aggregation === 'last'
    ? lastPerStep(own.flat(), steps)
    : increasePerStep(
        own.flatMap((points) => increases(points, from)),
        steps,
      )
}

export function metricRoutes(app: FastifyInstance, pool: Pool, now: () => EpochMs): void {
  route(
    app,
    '/v1/metrics',
    {
      operationId: 'listMetrics',
      tag: 'state',
      summary: 'Series of metrics that agents told',
      description: 'From `metric` events of the log, the newest first looked at; a bounded number of them (docs/doors/metrics.md).',
      query: ListQuery,
      answer: List,
    },
    async ({ tenant, query }) => {
      const window = windowOf(query, now(), 24 * hourMs)
      const newest = new Map<string, Metric>()
      let isFull = false
      const from = await readMetrics(pool, { tenant, ...query, ...window }, (metric) => {
        const held = newest.get(metric.series)
        if (held === undefined && newest.size === mostSeries) isFull = true
        else if (held === undefined || metric.point.time > held.point.time) newest.set(metric.series, metric)
      })
      const items = [...newest].sort(byKey).map(([, of]) => ({ name: of.name, ...aboutOf(of), lastTime: rfc3339(of.point.time) }))
      return { items, truncated: isFull || from > window.since }
    },
  )
  route(
    app,
    '/v1/metrics/series',
    {
      operationId: 'readMetric',
      tag: 'state',
      summary: 'What a metric came to, step by step',
      description:
        'Increases of counters and histograms, whichever temporality they were told in, over restarts; the last value of gauges. An increase belongs to the step in which it was told.',
      query: SeriesQuery,
      answer: Series,
    },
    async ({ tenant, query: { name, step, ...query } }) => {
      const window = windowOf(query, now(), hourMs)
      const steps = stepsOf(window, step)
      const found = new Map<string, Gathered>()
      let isFull = false
      const looked = { tenant, ...query, since: Math.max(0, window.since - beforeMs), until: window.until }
      const from = await readMetrics(pool, looked, (metric) => {
        if (metric.name !== name) return
        const held = found.get(metric.series) ?? { of: metric, counters: new Map<string, SeriesPoint[]>() }
        if (held.of === metric && found.size === mostSeries) {
          isFull = true
          return
        }
        found.set(metric.series, held)
        const points = held.counters.get(metric.counter)
        if (points === undefined) held.counters.set(metric.counter, [metric.point])
        else points.push(metric.point)
      })
      const series = [...found].sort(byKey).flatMap(([, gathered]) => {
        const points = valuesOf(gathered, steps, from)
        return points.length === 0 ? [] : [{ ...aboutOf(gathered.of), aggregation: gathered.of.aggregation, points: points.map(pointOf) }]
      })
      return {
        ...{ name, since: rfc3339(window.since), until: rfc3339(window.until), step: steps.stepMs / 1_000 },
        ...{ series, truncated: isFull || from > window.since },
      }
    },
  )
}

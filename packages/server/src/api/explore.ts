/** `/v1/explore`: rates, errors, durations, tokens and cost over time, from the figures of minutes. */
import type { EpochMs } from '@signalbox/model/event.ts'
import { durationBoundsMs, minuteMs } from '@signalbox/model/rollup.ts'
import type { FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import Type, { type Static } from 'typebox'
import { Refused } from '../http/problem.ts'
import type { Projections } from '../store/projections.ts'
import { behindOf, pointOf, readFigures, summaryOf } from './figures.ts'
import { route } from './route.ts'
import { closed, Values } from './schemas.ts'
import { windowOf } from './time.ts'

const hourMs = 3_600_000
const splits = ['agent', 'model', 'tool', 'team', 'type', 'none'] as const
/** Groups with points of their own; the rest are one. */
const mostGroups = 50
const mostSteps = 1_000
const usualSteps = 120
/** Seconds. */
const niceSteps = [60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400] as const

const Time = (description: string) => Type.Optional(Type.String({ maxLength: 40, description }))
const Query = closed({
  since: Time('RFC 3339; an hour before `until` when absent.'),
  until: Time('RFC 3339; now when absent.'),
  step: Type.Optional(
    Type.Integer({
      minimum: 60,
      maximum: 366 * 86_400,
      description: 'Seconds, whole minutes; when absent, so that there are about a hundred.',
    }),
  ),
  by: Type.Optional(Type.Enum([...splits], { description: 'What the groups are; `type` counts events by their type, all else calls.' })),
  kind: Type.Optional(
    Type.Enum(['llm', 'tool', 'task'], { description: 'Only model calls, tool calls, or tasks. Model and tool calls when absent.' }),
  ),
  agent: Values,
  team: Values,
  model: Values,
  tool: Values,
})

/** Not a union: its parts would be tried for each of thousands of numbers. */
const Maybe = Type.Unsafe<number | null>({ type: ['number', 'null'] })
const Point = Type.Array(Maybe, {
  description: 'When the step begins (epoch ms), calls, errors, tokens (input and output), cost in micros, p50, p95, p99 in ms, events.',
})
const sums = {
  calls: Type.Integer({ description: 'Calls (or tasks) that ended; by type: events.' }),
  errors: Type.Integer(),
  inputTokens: Type.Number(),
  outputTokens: Type.Number(),
  cachedTokens: Type.Number({ description: 'Part of the input.' }),
  costMicros: Type.Number(),
  events: Type.Integer({
    description: 'Events of the agents asked for, whatever else is. 0 where events are not told apart: by model or tool.',
  }),
  durationMs: closed({ p50: Maybe, p95: Maybe, p99: Maybe }),
}
const Answer = closed({
  since: Type.String({ description: 'Of what was counted: from the beginning of a step to the end of a minute.' }),
  until: Type.String(),
  step: Type.Integer({ description: 'Seconds.' }),
  complete: Type.Boolean({ description: 'False while events that were stored before the question are not counted yet.' }),
  behindEvents: Type.Integer({ description: 'How many.' }),
  total: closed({ ...sums, points: Type.Array(Point, { description: 'Steps in which something ended or happened.' }) }),
  groups: Type.Array(closed({ key: Type.String({ description: 'Empty: of none.' }), ...sums, points: Type.Array(Point) })),
  other: Type.Optional(closed({ groups: Type.Integer({ description: 'How many they are.' }), ...sums })),
  latency: closed({
    boundsMs: Type.Array(Type.Integer(), { description: 'Upper bounds; one more bucket holds what took longer.' }),
    cells: Type.Array(Type.Array(Type.Integer()), { description: 'When the step begins, then how many took so long, bucket by bucket.' }),
  }),
})

/** Steps around what was asked; the last one ends with the minute that was asked for, so that nothing after it is told. */
function stepsOf(since: EpochMs, until: EpochMs, seconds: number | undefined) {
  const step =
    seconds ??
    niceSteps.find((nice) => (until - since) / (nice * 1_000) <= usualSteps) ??
    Math.ceil((until - since) / usualSteps / 86_400_000) * 86_400
  const stepMs = step * 1_000
  if (stepMs % minuteMs !== 0)
    throw new Refused({ code: 'BAD_REQUEST', detail: 'The parameter "step" must be whole minutes: a multiple of 60.' })
  const from = since - (since % stepMs)
  const to = Math.ceil(until / minuteMs) * minuteMs
  if ((to - from) / stepMs > mostSteps)
    throw new Refused({ code: 'BAD_REQUEST', detail: `The parameter "step" makes more than ${mostSteps} steps of the time asked for.` })
  return { from, to, stepMs }
}

function checkTypes({ by, ...query }: Static<typeof Query>): void {
  const given = (['kind', 'agent', 'team', 'model', 'tool'] as const).filter((name) => query[name] !== undefined)
  if (by === 'type' && given.length > 0)
    throw new Refused({
      code: 'BAD_REQUEST',
      detail: `Events by type are counted of the whole fleet: leave out "${given.join('" and "')}".`,
    })
}

export function exploreRoute(app: FastifyInstance, pool: Pool, projections: Pick<Projections, 'caughtUp'>, now: () => EpochMs): void {
  route(
    app,
    '/v1/explore',
    {
      operationId: 'explore',
      tag: 'state',
      summary: 'Rates, errors, durations, tokens and cost over time',
      description:
        'Each call and each task counts once, in the minute in which it ended, by its own time; each event in the minute of its time. Quantiles are of buckets: right to within one of them.',
      query: Query,
      answer: Answer,
    },
    async ({ tenant, query }) => {
      checkTypes(query)
      const window = windowOf(query, now(), hourMs)
      const { from, to, stepMs } = stepsOf(window.since, window.until, query.step)
      const behindEvents = await behindOf(pool, projections)
      const { by = 'none', ...filters } = query
      const { steps, shown, rest } = await readFigures(pool, { tenant, ...filters, by, since: from, until: to, stepMs }, mostGroups)
      return {
        since: new Date(from).toISOString(),
        until: new Date(to).toISOString(),
        step: stepMs / 1_000,
        complete: behindEvents === 0,
        behindEvents,
        total: { ...summaryOf(steps), points: steps.map(pointOf) },
        groups: shown.map(({ group, points }) => ({ key: group.key ?? '', ...summaryOf([group]), points: points.map(pointOf) })),
        ...(rest.length === 0 ? {} : { other: { groups: rest.length, ...summaryOf(rest) } }),
        latency: {
          boundsMs: [...durationBoundsMs],
          cells: steps.filter(({ durations }) => durations.some((count) => count > 0)).map(({ step, durations }) => [step, ...durations]),
        },
      }
    },
  )
}

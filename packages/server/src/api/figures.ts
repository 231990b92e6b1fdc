/** What `/v1/explore` reads of `rollups`. All of it is a range of the primary key: one tenant's minutes. */
import type { EpochMs, TenantId } from '@signalbox/model/event.ts'
import { durationBuckets, quantileMs } from '@signalbox/model/rollup.ts'
import type { Pool } from 'pg'
import type { Projections } from '../store/projections.ts'
import { durationColumns } from '../store/rollups-write.ts'

export interface FiguresQuery {
  readonly tenant: TenantId
  readonly by: 'agent' | 'model' | 'tool' | 'team' | 'type' | 'none'
  readonly kind?: 'llm' | 'tool' | 'task' | undefined
  readonly agent?: readonly string[] | undefined
  readonly team?: readonly string[] | undefined
  readonly model?: readonly string[] | undefined
  readonly tool?: readonly string[] | undefined
  readonly since: EpochMs
  readonly until: EpochMs
  readonly stepMs: number
}

export interface Figures {
  /** Null: of no group. */
  readonly key: string | null
  readonly step: EpochMs
  readonly calls: number
  readonly errors: number
  readonly events: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cachedTokens: number
  readonly costMicros: number
  readonly durations: readonly number[]
}

const none = { calls: 0, errors: 0, events: 0, inputTokens: 0, outputTokens: 0, cachedTokens: 0, costMicros: 0 }

/** Rows looked at for one answer; of a fleet that made more, the oldest are left out. */
const mostRows = 1_000_000
/** So long has fewer for sure, of any fleet that this server can take. */
const shortMs = 6 * 3_600_000

/** Undefined: all of it is looked at. */
export async function oldestLookedAt(pool: Pool, tenant: TenantId, since: EpochMs, until: EpochMs): Promise<EpochMs | undefined> {
  if (until - since <= shortMs) return undefined
  const { rows } = await pool.query<{ minute: string }>(
    `select minute from rollups where tenant = $1 and minute >= $2 and minute < $3 order by minute desc offset ${mostRows - 1} limit 1`,
    [tenant, since, until],
  )
  return rows[0] === undefined ? undefined : Number(rows[0].minute)
}

/** Events that were stored before the call and are not counted after it: none, but where rows cannot be written. */
export async function behindOf(pool: Pool, projections: Pick<Projections, 'caughtUp'>): Promise<number> {
  const read = async (column: 'position' | 'folded') => {
    const { rows } = await pool.query<{ at: string }>(`select ${column} as at from heads order by partition`)
    return rows.map(({ at }) => Number(at))
  }
  const stored = await read('position')
  await projections.caughtUp()
  const counted = await read('folded')
  return stored.reduce((sum, position, partition) => sum + Math.max(0, position - (counted[partition] ?? 0)), 0)
}

const sums = `coalesce(sum(calls) filter (where not of_events), 0)::float8 as calls, sum(failed)::float8 as errors,
  coalesce(sum(calls) filter (where of_events), 0)::float8 as events, sum(input_tokens) as "inputTokens",
  sum(output_tokens) as "outputTokens", sum(cached_tokens) as "cachedTokens", sum(cost_micros) as "costMicros",
  concat_ws(',', ${durationColumns.map((column) => `sum(${column})`).join()}) as durations`

/** An agent's team is what it said last, in whichever partition. Primary key of projections. */
const teams = `teams as materialized (
  select distinct on (key) key as agent, body #>> '{team,value}' as team from projections
  where tenant = $1 and tbl = 'agents' and body -> 'team' is not null order by key, (body #>> '{team,at}')::float8 desc)`

/** The rows asked for, each with the step and the group it is of. */
function selected(q: FiguresQuery, values: unknown[]): string {
  const bind = (value: unknown) => `$${values.push(value)}`
  const tenant = bind(q.tenant)
  const keys = {
    agent: 'agent',
    team: "coalesce(team, '')",
    model: "case kind when 'llm' then name end",
    tool: "case kind when 'tool' then name end",
    type: 'name',
    none: 'null',
  }
  const isOfType = q.by === 'type'
  const kinds = isOfType
    ? ['type']
    : q.kind !== undefined
      ? [q.kind]
      : q.by === 'model'
        ? ['llm']
        : q.by === 'tool'
          ? ['tool']
          : ['llm', 'tool']
  const named = [
    ...(q.model === undefined ? [] : [`kind = 'llm' and name = any(${bind(q.model)})`]),
    ...(q.tool === undefined ? [] : [`kind = 'tool' and name = any(${bind(q.tool)})`]),
  ]
  const ofCalls = `kind = any(${bind(kinds)})${named.length === 0 ? '' : ` and (${named.join(' or ')})`}`
  const needsTeam = q.by === 'team' || q.team !== undefined
  return `with ${needsTeam ? `${teams}, ` : ''}chosen as (
    select minute - minute % ${bind(q.stepMs)}::bigint as step, ${keys[q.by]}::text as key, kind = 'event' as of_events,
      calls, failed, input_tokens, output_tokens, cached_tokens, cost_micros, ${durationColumns.join()}
    from rollups ${needsTeam ? 'left join teams using (agent)' : ''}
    where tenant = ${tenant} and minute >= ${bind(q.since)} and minute < ${bind(q.until)}
      and (${isOfType ? '' : "kind = 'event' or "}${ofCalls})
      ${q.agent === undefined ? '' : `and agent = any(${bind(q.agent)})`} ${q.team === undefined ? '' : `and team = any(${bind(q.team)})`})`
}

interface Found extends Omit<Figures, 'step' | 'durations'> {
  readonly step: string | null
  readonly level: number
  /** By comma: an array is parsed a letter at a time. Empty: of nothing. */
  readonly durations: string
}

const figuresOf = ({ level, step, durations, ...sums }: Found): Figures => ({
  ...sums,
  step: Number(step ?? 0),
  durations: durations === '' ? [] : durations.split(',').map(Number),
})

/** One pass: the sum of all, of each step, and of each group. */
export async function readFigures(pool: Pool, q: FiguresQuery) {
  const values: unknown[] = []
  const { rows } = await pool.query<Found>(
    `${selected(q, values)} select grouping(key, step) as level, key, step, ${sums} from chosen group by grouping sets ((), (step), (key)) order by step`,
    values,
  )
  const of = (level: number) => rows.filter((row) => row.level === level).map(figuresOf)
  const [total] = of(3)
  return {
    total: total ?? { ...none, key: null, step: 0, durations: [] },
    steps: of(2),
    groups: q.by === 'none' ? [] : of(1).filter(({ key, calls, events }) => key !== null && calls + events > 0),
  }
}

/** Of these groups, step by step. */
export async function readPoints(pool: Pool, q: FiguresQuery, keys: readonly string[]): Promise<ReadonlyMap<string, readonly Figures[]>> {
  const points = new Map<string, Figures[]>()
  if (keys.length === 0) return points
  const values: unknown[] = []
  const text = selected(q, values)
  const { rows } = await pool.query<Found>(
    `${text} select 0 as level, key, step, ${sums} from chosen where key = any($${values.push(keys)}) group by key, step order by step`,
    values,
  )
  for (const row of rows) {
    const own = points.get(row.key ?? '')
    if (own === undefined) points.set(row.key ?? '', [figuresOf(row)])
    else own.push(figuresOf(row))
  }
  return points
}

const rounded = (ms: number | undefined) => (ms === undefined ? null : Math.round(ms * 10) / 10)
const quantiles = (durations: readonly number[]) => [0.5, 0.95, 0.99].map((q) => rounded(quantileMs(durations, q)))
/** A correction may come after the figure it corrects left with the retention. */
const whole = (value: number) => Math.max(0, Math.round(value))

export const pointOf = (of: Figures): (number | null)[] => [
  of.step,
  ...[of.calls, of.errors, of.inputTokens + of.outputTokens, of.costMicros].map(whole),
  ...quantiles(of.durations),
  whole(of.events),
]

export function summaryOf(all: readonly Figures[]) {
  const sum = (value: (of: Figures) => number) => whole(all.reduce((held, of) => held + value(of), 0))
  const durations = Array.from({ length: durationBuckets }, (_, i) => all.reduce((held, of) => held + (of.durations[i] ?? 0), 0))
  const [p50, p95, p99] = quantiles(durations)
  return {
    calls: sum(({ calls }) => calls),
    errors: sum(({ errors }) => errors),
    inputTokens: sum(({ inputTokens }) => inputTokens),
    outputTokens: sum(({ outputTokens }) => outputTokens),
    cachedTokens: sum(({ cachedTokens }) => cachedTokens),
    costMicros: sum(({ costMicros }) => costMicros),
    events: sum(({ events }) => events),
    durationMs: { p50, p95, p99 },
  }
}

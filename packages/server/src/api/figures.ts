/** What `/v1/explore` reads of `rollups` and of the longer sums of them. All of it is ranges of their primary keys: one tenant's times. */
import type { EpochMs, TenantId } from '@signalbox/model/event.ts'
import { durationBuckets, others, quantileMs } from '@signalbox/model/rollup.ts'
import type { Pool } from 'pg'
import type { Projections } from '../store/projections.ts'
import { type Cut, type Piece, piecesOf, type Summed } from '../store/rollups-levels.ts'
import { readSummed } from '../store/rollups-long.ts'
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

/** Figures that are nothing are null. */
const sumOf = (column: string, which = '') => `coalesce(sum(${column})${which}, 0)::float8`
const sums = `${sumOf('calls', ' filter (where not of_events)')} as calls, ${sumOf('failed')} as errors,
  ${sumOf('calls', ' filter (where of_events)')} as events, ${sumOf('input_tokens')} as "inputTokens",
  ${sumOf('output_tokens')} as "outputTokens", ${sumOf('cached_tokens')} as "cachedTokens", ${sumOf('cost_micros')} as "costMicros",
  concat_ws(',', ${durationColumns.map((column) => `coalesce(sum(${column}), 0)`).join()}) as durations`

/** An agent's team is what it said last, in whichever partition. Primary key of projections. */
const teams = `teams as materialized (
  select distinct on (key) key as agent, body #>> '{team,value}' as team from projections
  where tenant = $1 and tbl = 'agents' and body -> 'team' is not null order by key, (body #>> '{team,at}')::float8 desc)`

const keys = {
  agent: 'agent',
  team: "coalesce(team, '')",
  model: "case kind when 'llm' then name end",
  tool: "case kind when 'tool' then name end",
  type: 'name',
  none: 'null',
}

const kindsOf = ({ by, kind }: FiguresQuery) =>
  by === 'type' ? ['type'] : kind !== undefined ? [kind] : by === 'model' ? ['llm'] : by === 'tool' ? ['tool'] : ['llm', 'tool']

/** What an answer must tell apart, by its groups and by what it is narrowed to. */
function cutsOf({ by, agent, team, model, tool }: FiguresQuery): { readonly calls: Cut; readonly events: Cut } {
  const ofAgents = by === 'agent' || by === 'team' || agent !== undefined || team !== undefined
  const ofNames = by === 'model' || by === 'tool' || by === 'type' || model !== undefined || tool !== undefined
  return { calls: !ofAgents ? 'name' : ofNames ? 'both' : 'agent', events: ofAgents ? 'agent' : 'name' }
}

/** The rows asked for, each with the step and the group it is of. `stepMs`: Infinity where steps are not told apart. */
function selected(q: FiguresQuery, summed: Summed, stepMs: number, values: unknown[]): string {
  const bind = (value: unknown) => `$${values.push(value)}`
  const tenant = bind(q.tenant)
  const named = [
    ...(q.model === undefined ? [] : [`kind = 'llm' and name = any(${bind(q.model)})`]),
    ...(q.tool === undefined ? [] : [`kind = 'tool' and name = any(${bind(q.tool)})`]),
  ]
  const ofCalls = `kind = any(${bind(kindsOf(q))})${named.length === 0 ? '' : ` and (${named.join(' or ')})`}`
  const needsTeam = q.by === 'team' || q.team !== undefined
  const ofAgents = `${q.agent === undefined ? '' : `and agent = any(${bind(q.agent)})`} ${q.team === undefined ? '' : `and team = any(${bind(q.team)})`}`
  const step = stepMs === Number.POSITIVE_INFINITY ? () => 'null::bigint' : (time: string) => `${time} - ${time} % ${stepMs}::bigint`
  const rows = (from: string, time: string, piece: Piece, what: string) =>
    `select ${step(time)} as step, ${keys[q.by]}::text as key, kind = 'event' as of_events,
      calls, failed, input_tokens, output_tokens, cached_tokens, cost_micros, ${durationColumns.join()}
     from ${from} ${needsTeam ? 'left join teams using (agent)' : ''}
     where tenant = ${tenant} and ${time} >= ${bind(piece.from)} and ${time} < ${bind(piece.to)} and ${what} ${ofAgents}`
  const cuts = cutsOf(q)
  const isOfType = q.by === 'type'
  const ofAll = isOfType ? ofCalls : `(kind = 'event' or ${ofCalls})`
  const parts = piecesOf({ from: q.since, to: q.until }, cuts.calls, stepMs, summed).flatMap((piece) => {
    if (piece.spanMs === 0) return [rows('rollups', 'minute', piece, ofAll)]
    const long = (cut: Cut, what: string) =>
      rows('rollups_long', 'begins', piece, `span_ms = ${piece.spanMs} and cut = '${cut}' and ${what}`)
    return cuts.calls === cuts.events || isOfType
      ? [long(cuts.calls, ofAll)]
      : [long(cuts.calls, ofCalls), long(cuts.events, "kind = 'event'")]
  })
  return `with ${needsTeam ? `${teams}, ` : ''}chosen as (${parts.join(' union all ')})`
}

interface Found extends Omit<Figures, 'step' | 'durations'> {
  readonly step: string | null
  /** By comma: an array is parsed a letter at a time. */
  readonly durations: string
}

const figuresOf = ({ step, durations, ...sums }: Found): Figures => ({
  ...sums,
  step: Number(step ?? 0),
  durations: durations.split(',').map(Number),
})

type Read = <T extends object>(text: string, values: readonly unknown[]) => Promise<readonly T[]>

/** Of all groups, step by step. Those whose names only tell groups apart need not be. */
async function readSteps(read: Read, q: FiguresQuery, summed: Summed): Promise<readonly Figures[]> {
  const values: unknown[] = []
  const kind = q.by === 'model' ? 'llm' : q.by === 'tool' ? 'tool' : undefined
  const all: FiguresQuery = q.by === 'type' ? q : { ...q, by: 'none', kind: q.kind ?? kind }
  const text = `${selected(all, summed, q.stepMs, values)} select null as key, step, ${sums} from chosen group by step order by step`
  return (await read<Found>(text, values)).map(figuresOf)
}

async function readGroups(read: Read, q: FiguresQuery, summed: Summed): Promise<readonly Figures[]> {
  if (q.by === 'none') return []
  const values: unknown[] = []
  const text = `${selected(q, summed, Number.POSITIVE_INFINITY, values)} select key, null as step, ${sums} from chosen where key is not null group by key`
  return (await read<Found>(text, values)).map(figuresOf).filter(({ calls, events }) => calls + events > 0)
}

/** Of these groups, step by step. */
async function readPoints(read: Read, q: FiguresQuery, summed: Summed, groups: readonly Figures[]): Promise<Figures[]> {
  if (groups.length === 0) return []
  const values: unknown[] = []
  const text = `${selected(q, summed, q.stepMs, values)} select key, step, ${sums} from chosen where key = any($${values.push(groups.map(({ key }) => key))}) group by key, step order by step`
  return (await read<Found>(text, values)).map(figuresOf)
}

const byCalls = (a: Figures, b: Figures) => b.calls + b.events - (a.calls + a.events) || ((a.key ?? '') < (b.key ?? '') ? -1 : 1)

export interface FiguresFound {
  readonly steps: readonly Figures[]
  /** The greatest, with points of their own. */
  readonly shown: readonly { readonly group: Figures; readonly points: readonly Figures[] }[]
  readonly rest: readonly Figures[]
}

/** All of one moment: longer sums stand for their minutes, and groups come to what steps do. */
export async function readFigures(pool: Pick<Pool, 'connect'>, q: FiguresQuery, mostGroups: number): Promise<FiguresFound> {
  const client = await pool.connect()
  try {
    // A few of many rows, next to each other. Costed as pages of a slow disk, the points of a week were read by a scan of the whole table: 420 ms.
    // Page by page: the 12,600 rows of an hour's points lie in 900 pages. Row by row pages were looked at 11,000 times: a seventh longer, from a
    // disk a quarter.
    // A parallel plan starts two processes for 5,000 rows: 6 ms without them, 14 with them, 55 where cores are busy.
    await client.query(`begin isolation level repeatable read read only; set local enable_seqscan = off; set local enable_indexscan = off;
      set local random_page_cost = 1.1; set local max_parallel_workers_per_gather = 0`)
    const read: Read = async <T extends object>(text: string, values: readonly unknown[]) => (await client.query<T>(text, [...values])).rows
    const summed = await readSummed(client, q.tenant, q.since, q.until)
    const steps = await readSteps(read, q, summed)
    const groups = [...(await readGroups(read, q, summed))].sort(byCalls)
    const greatest = groups.filter(({ key }) => key !== others).slice(0, mostGroups)
    const points = Map.groupBy(await readPoints(read, q, summed, greatest), ({ key }) => key)
    return {
      steps,
      shown: greatest.map((group) => ({ group, points: points.get(group.key) ?? [] })),
      rest: groups.filter((group) => !greatest.includes(group)),
    }
  } finally {
    // Nothing was written: there is nothing to lose.
    await client.query('rollback').catch(() => undefined)
    client.release()
  }
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

/**
 * `/v1/timeline`: how much was committed when, and what of it stands out. The axis is commit time, because a moment means what was committed
 * by then. How many is told by the positions at the edges of the buckets; what stands out by reading the log, and where it is too much, evenly
 * spread parts of it and its newest end.
 */
import type { LoggedEvent, TenantId } from '@signalbox/model/event.ts'
import { partitionOf } from '@signalbox/model/ids.ts'
import type { FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import Type from 'typebox'
import { Refused } from '../http/problem.ts'
import { type LogRow, toEvent } from '../store/log-row.ts'
import { ofRunAt, placeOf, readRows, readStretches, where } from '../store/log-rows.ts'
import { timeOf } from './moment-place.ts'
import { route } from './route.ts'
import type { ApiOptions } from './routes.ts'
import { closed, Name } from './schemas.ts'
import { delegationTypes, errorTypes, isDelegation, isError, type MarkKind, markKinds, markOf } from './timeline-marks.ts'

const Time = Type.String({ description: 'RFC 3339.' })
const Timeline = Type.Object(
  {
    since: Time,
    until: Time,
    oldest: Type.Union([Time, Type.Null()], { description: 'When the oldest commit that is kept was made; null: nothing is.' }),
    step: Type.Number({ description: 'Length of a bucket, ms.' }),
    buckets: Type.Array(
      Type.Object(
        { time: Time, events: Type.Integer(), errors: Type.Integer(), delegations: Type.Integer() },
        { additionalProperties: false },
      ),
    ),
    marks: Type.Array(
      Type.Object(
        {
          time: Type.String({ description: 'When it was committed, RFC 3339: the first moment whose state has it.' }),
          kind: Type.Enum([...markKinds]),
          agent: Type.Optional(Type.String()),
          task: Type.Optional(Type.String()),
          run: Type.Optional(Type.String()),
          event: Type.String({ description: 'Id of the event.' }),
        },
        { additionalProperties: false },
      ),
    ),
    truncated: Type.Boolean({
      description: 'Not every event was looked at: errors and delegations are estimates, and marks are missing.',
    }),
    looked: Type.Number({ description: 'Share of the events that was looked at, 0 to 1.' }),
  },
  { additionalProperties: false },
)

const mostBuckets = 1_000
const TimelineQuery = closed({
  since: Type.Optional(Type.String({ maxLength: 40, description: 'RFC 3339; the oldest kept when absent.' })),
  until: Type.Optional(Type.String({ maxLength: 40, description: 'RFC 3339; now when absent.' })),
  buckets: Type.Integer({ minimum: 1, maximum: mostBuckets, default: 200 }),
  run: Type.Optional(Name),
})

/** Events looked at for one answer. */
const mostLooked = 20_000
const sliceEvents = 100
/** Of what is looked at, the share at the newest end, all of it. */
const newestShare = 0.3
const mostMarks = 500

/** Positions committed by each time. Index: commits_at, once for each time. */
async function positionsAtAll(pool: Pool, partition: number, times: readonly number[]): Promise<number[]> {
  const { rows } = await pool.query<{ last: string | null }>(
    `select c.last from unnest($2::bigint[]) with ordinality as t (at, n)
       left join lateral (select last from commits where partition = $1 and at <= t.at order by at desc, last desc limit 1) c on true order by n`,
    [partition, times],
  )
  let most = 0
  return rows.map(({ last }) => {
    most = Math.max(most, Number(last ?? 0))
    return most
  })
}

interface Slice {
  readonly partition: number
  /** Events of (after, upTo] are looked at. */
  readonly after: number
  readonly upTo: number
  /** How many events stand for one of them. */
  readonly weight: number
}

/** All of the range, or its newest end and evenly spread parts of the rest. */
function slicesOf(partition: number, after: number, upTo: number, most: number): Slice[] {
  if (upTo - after <= most) return upTo > after ? [{ partition, after, upTo, weight: 1 }] : []
  const newest = Math.floor(most * newestShare)
  const end = upTo - newest
  const count = Math.max(1, Math.floor((most - newest) / sliceEvents))
  const span = (end - after) / count
  const parts = Array.from({ length: count }, (_, i): Slice => {
    const from = after + Math.floor(i * span)
    return { partition, after: from, upTo: Math.min(end, from + sliceEvents), weight: Math.max(1, span / sliceEvents) }
  })
  return [...parts, { partition, after: end, upTo, weight: 1 }]
}

interface Seen {
  readonly receivedAt: number
  readonly weight: number
  /** Of types that may stand out. */
  readonly odd: LoggedEvent | undefined
}

const oddTypes = new Set<string>([...errorTypes, ...delegationTypes])
type SeenRow = [at: string, weight: number, partition: number, position: string, type: string, ...rest: (string | null)[]]

function toSeen([at, weight, partition, position, type, id, source, agent, task, run, data]: SeenRow, tenant: TenantId): Seen {
  const receivedAt = Number(at)
  if (data == null) return { receivedAt, weight, odd: undefined }
  const parsed = JSON.parse(data) as Record<string, unknown>
  const named = { agent: agent ?? undefined, task: task ?? undefined, run: run ?? undefined }
  const placed = { tenant, partition, position: Number(position), time: receivedAt, receivedAt, dataJson: data, data: parsed }
  return { receivedAt, weight, odd: { ...placed, ...named, id: id ?? '', source: source ?? '', type } }
}

const seenOf = (row: LogRow, weight: number): Seen => ({
  receivedAt: Number(row.received_at),
  weight,
  odd: oddTypes.has(row.type) ? toEvent({ ...row, time: row.received_at }) : undefined,
})

const columns = (weight: string, types: string) =>
  `l.received_at, ${weight}, l.partition, l.position, l.type, l.id, l.source, l.agent, l.task, l.run, case when l.type = any(${types}) then l.data end`

/** The tenant’s events of the slices. Index: log_position, once for each: `offset 0` keeps the planner from reading the log through. */
async function lookAt(pool: Pool, tenant: TenantId, slices: readonly Slice[]): Promise<Seen[]> {
  const { rows } = await pool.query<SeenRow>({
    text: `select ${columns('s.weight', '$6')}
      from unnest($1::int[], $2::bigint[], $3::bigint[], $4::float8[]) as s (partition, after, up_to, weight)
      join lateral (select * from log where log.partition = s.partition and position > s.after and position <= s.up_to and tenant = $5 offset 0) l on true`,
    values: [
      slices.map(({ partition }) => partition),
      slices.map(({ after }) => after),
      slices.map(({ upTo }) => upTo),
      slices.map(({ weight }) => weight),
      tenant,
      [...oddTypes],
    ],
    rowMode: 'array',
  })
  const places = new Set(rows.map(([, , partition, position]) => placeOf({ partition, position })))
  const sealed = (await readStretches(pool, slices)).filter(({ row }) => row.tenant === tenant && !places.has(placeOf(row)))
  return [...rows.map((row) => toSeen(row, tenant)), ...sealed.map(({ row, of }) => seenOf(row, of.weight))]
}

/** The newest events of a run. Index: log_run_block. */
async function lookAtRun(pool: Pool, tenant: TenantId, run: string, after: number, upTo: number): Promise<Seen[]> {
  const odd = [...oddTypes].map((type) => `'${type}'`).join()
  const rows = await readRows(pool, {
    columns: `received_at, partition, position, type, id, source, agent, task, run, case when type in (${odd}) then data end as data`,
    where: [where('tenant', '=', tenant), where('run', '=', run), ofRunAt('>', after), ofRunAt('<=', upTo)],
    order: ['ofRun', 'desc'],
    limit: mostLooked,
  })
  return rows.map((row) => seenOf({ ...row, tenant }, 1))
}

/** Whether nobody else sends here: then the positions tell how much this tenant sent. A walk over the tenants alone. Index: primary key. */
async function isAlone(pool: Pool, tenant: TenantId): Promise<boolean> {
  const { rows } = await pool.query(
    `select 1 where exists (select from projections where tenant < $1) or exists (select from projections where tenant > $1)
       or exists (select from keys where tenant <> $1)`,
    [tenant],
  )
  return rows.length === 0
}

export function timelineRoute(app: FastifyInstance, { store, now }: ApiOptions): void {
  const { pool, reader, meta } = store

  /** Index: primary key of commits. */
  async function oldestAt(oldest: readonly number[]): Promise<number | undefined> {
    const { rows } = await pool.query<{ at: string | null }>(
      `select min(c.at) as at from unnest($1::bigint[]) with ordinality as o (oldest, n),
         lateral (select at from commits where partition = o.n - 1 and last >= o.oldest order by last limit 1) c`,
      [oldest],
    )
    return rows[0]?.at == null ? undefined : Number(rows[0].at)
  }

  route(
    app,
    '/v1/timeline',
    {
      operationId: 'getTimeline',
      tag: 'state',
      summary: 'How much happened when',
      description:
        'By commit time, as moments are. Of a long or busy time errors, delegations and marks are looked for in its newest part and in evenly spread samples: `truncated` and `looked` say so.',
      query: TimelineQuery,
      answer: Timeline,
    },
    async ({ tenant, query }) => {
      const kept = await oldestAt(await reader.oldest())
      const until = query.until === undefined ? now() : timeOf('until', query.until)
      const since = query.since === undefined ? Math.min(kept ?? until - 1, until - 1) : timeOf('since', query.since)
      if (since >= until) throw new Refused({ code: 'BAD_REQUEST', detail: 'The parameter "since" is not before "until".' })
      const count = query.buckets
      const step = (until - since) / count
      const edges = Array.from({ length: count + 1 }, (_, i) => Math.floor(since + i * step))
      const all = Array.from({ length: meta.partitions }, (_, partition) => partition)
      const partitions = query.run === undefined ? all : [partitionOf(tenant, query.run, meta.partitions)]
      const positions = await Promise.all(partitions.map((partition) => positionsAtAll(pool, partition, edges)))
      const total = positions.reduce((sum, of) => sum + (of[count] ?? 0) - (of[0] ?? 0), 0)

      let seen: Seen[]
      let looked = 1
      let isCounted = false
      if (query.run === undefined) {
        const slices = partitions.flatMap((partition, i) => {
          const [after, upTo] = [positions[i]?.[0] ?? 0, positions[i]?.[count] ?? 0]
          const most = total <= mostLooked ? upTo - after : Math.ceil((mostLooked * (upTo - after)) / total)
          return slicesOf(partition, after, upTo, most)
        })
        seen = await lookAt(pool, tenant, slices)
        if (total > mostLooked) looked = slices.reduce((sum, { after, upTo }) => sum + upTo - after, 0) / total
        isCounted = looked < 1 && (await isAlone(pool, tenant))
      } else {
        seen = await lookAtRun(pool, tenant, query.run, positions[0]?.[0] ?? 0, positions[0]?.[count] ?? 0)
        // How many more there are is not known without reading them; the share is of the time's events.
        if (seen.length === mostLooked) looked = Math.min(0.999, mostLooked / total)
      }

      const events = new Float64Array(count)
      const errors = new Float64Array(count)
      const delegations = new Float64Array(count)
      const marks: Mark[] = []
      for (const { receivedAt, weight, odd } of seen) {
        const bucket = Math.min(count - 1, Math.max(0, Math.ceil((receivedAt - since) / step) - 1))
        events[bucket] = (events[bucket] ?? 0) + weight
        if (odd === undefined) continue
        if (isError(odd)) errors[bucket] = (errors[bucket] ?? 0) + weight
        if (isDelegation(odd)) delegations[bucket] = (delegations[bucket] ?? 0) + weight
        const kind = markOf(odd)
        if (kind !== undefined) marks.push({ at: receivedAt, kind, event: odd })
      }
      const counted = (i: number) => positions.reduce((sum, of) => sum + (of[i + 1] ?? 0) - (of[i] ?? 0), 0)
      marks.sort((a, b) => a.at - b.at || a.event.partition - b.event.partition || a.event.position - b.event.position)
      const shown = marks.slice(-mostMarks)
      const committed = await committedAt(pool, shown)
      return {
        since: rfc(since),
        until: rfc(until),
        oldest: kept === undefined ? null : rfc(kept),
        step,
        buckets: Array.from({ length: count }, (_, i) => ({
          time: rfc(edges[i] ?? since),
          events: isCounted ? counted(i) : Math.round(events[i] ?? 0),
          errors: Math.round(errors[i] ?? 0),
          delegations: Math.round(delegations[i] ?? 0),
        })),
        marks: shown.map(({ at, kind, event: { id, agent, task, run } }, i) => ({
          time: rfc(committed[i] ?? at),
          kind,
          ...(agent === undefined ? {} : { agent }),
          ...(task === undefined ? {} : { task }),
          ...(run === undefined ? {} : { run }),
          event: id,
        })),
        truncated: looked < 1 || marks.length > mostMarks,
        looked,
      }
    },
  )
}

interface Mark {
  readonly at: number
  readonly kind: MarkKind
  readonly event: LoggedEvent
}

/** A little after it came in: the first moment whose state has it. Index: primary key of commits. */
async function committedAt(pool: Pool, marks: readonly Mark[]): Promise<number[]> {
  const { rows } = await pool.query<{ at: string }>(
    `select c.at from unnest($1::int[], $2::bigint[]) with ordinality as m (partition, position, n),
       lateral (select at from commits where partition = m.partition and last >= m.position order by last limit 1) c order by n`,
    [marks.map(({ event }) => event.partition), marks.map(({ event }) => event.position)],
  )
  return rows.map(({ at }) => Number(at))
}

const rfc = (ms: number) => new Date(ms).toISOString()

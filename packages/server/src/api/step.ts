/** `/v1/events/step`: the next or previous event of a kind, seen from a moment. */
import { type LoggedEvent, StoredEvent, type TenantId } from '@signalbox/model/event.ts'
import { partitionOf } from '@signalbox/model/ids.ts'
import { toWire } from '@signalbox/model/wire.ts'
import type { FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import Type from 'typebox'
import { toEvent } from '../store/log-row.ts'
import { matching, readRows, where } from '../store/log-rows.ts'
import { timeOf } from './moment-place.ts'
import { route } from './route.ts'
import type { ApiOptions } from './routes.ts'
import { closed, Name } from './schemas.ts'
import { positionsAt } from './state.ts'
import { delegationTypes, errorTypes, isDelegation, isError } from './timeline-marks.ts'

const Step = Type.Object(
  {
    event: Type.Optional(StoredEvent),
    committedAt: Type.Optional(
      Type.String({ description: 'When the event was committed, RFC 3339, with it: the first moment whose state has it.' }),
    ),
    truncated: Type.Boolean({ description: 'The search ended before the log did; ask again from `reached`.' }),
    reached: Type.Optional(Type.String({ description: 'How far it looked, RFC 3339, when `truncated`.' })),
  },
  { additionalProperties: false },
)

const StepQuery = closed({
  at: Type.String({ maxLength: 40, description: 'RFC 3339: the moment to step from.' }),
  direction: Type.Optional(Type.Union([Type.Literal('next'), Type.Literal('previous')])),
  kind: Type.Optional(Type.Union([Type.Literal('error'), Type.Literal('delegation'), Type.Literal('any')])),
  run: Type.Optional(Name),
})

const kinds: Readonly<Record<'error' | 'delegation' | 'any', { types?: readonly string[]; is: (event: LoggedEvent) => boolean }>> = {
  error: { types: errorTypes, is: isError },
  delegation: { types: delegationTypes, is: isDelegation },
  any: { is: () => true },
}
/** Positions of one look, and looks of one answer: some 100 ms where nothing matches. */
const windowPositions = 10_000
const mostWindows = 10
const candidates = 100

interface Search {
  readonly tenant: TenantId
  readonly partition: number
  readonly forward: boolean
  readonly types: readonly string[] | undefined
  readonly run: string | undefined
  readonly is: (event: LoggedEvent) => boolean
}

/** Events of (low, high] that may match, from the near end. Index: log_position of the days that the commits' ids bound. */
async function look(pool: Pool, { tenant, partition, forward, types, run }: Search, low: number, high: number): Promise<LoggedEvent[]> {
  const { rows: bounds } = await pool.query<{ low: string | null; high: string | null }>(
    'select min(min_id::text) as low, max(max_id::text) as high from commits where partition = $1 and last > $2 and first <= $3',
    [partition, low, high],
  )
  if (bounds[0]?.low == null) return []
  const rows = await readRows(pool, {
    where: [
      ...[where('partition', '=', partition), where('position', '>', low), where('position', '<=', high)],
      ...[where('id', '>=', bounds[0].low), where('id', '<=', bounds[0].high ?? bounds[0].low), where('tenant', '=', tenant)],
      ...matching({ ...(run === undefined ? {} : { run: [run] }), ...(types === undefined ? {} : { type: types }) }),
    ],
    order: ['position', forward ? 'asc' : 'desc'],
    limit: candidates,
  })
  return rows.map(toEvent)
}

interface Found {
  readonly event?: LoggedEvent | undefined
  /** How far was looked. */
  readonly reached: number
  readonly isEnd: boolean
}

async function search(pool: Pool, wanted: Search, from: number, end: number): Promise<Found> {
  let at = from
  for (let windows = 0; windows < mostWindows && at !== end; windows += 1) {
    const to = wanted.forward ? Math.min(end, at + windowPositions) : Math.max(end, at - windowPositions)
    const events = await look(pool, wanted, Math.min(at, to), Math.max(at, to))
    const event = events.find(wanted.is)
    if (event !== undefined) return { event, reached: event.position, isEnd: false }
    const last = events.at(-1)?.position
    // A full look may have cut off what is further in the window.
    at = events.length < candidates || last === undefined ? to : wanted.forward ? last : last - 1
  }
  return { reached: at, isEnd: at === end }
}

export function stepRoute(app: FastifyInstance, { store }: ApiOptions): void {
  const { pool, reader, meta } = store

  /** When a position was committed. Index: primary key of commits. */
  async function timeAt(partition: number, position: number): Promise<number | undefined> {
    const { rows } = await pool.query<{ at: string }>('select at from commits where partition = $1 and last >= $2 order by last limit 1', [
      partition,
      position,
    ])
    return rows[0] === undefined ? undefined : Number(rows[0].at)
  }

  route(
    app,
    '/v1/events/step',
    {
      operationId: 'stepEvent',
      tag: 'events',
      summary: 'The next or previous event of a kind',
      description:
        'By commit time, strictly after or before `at`. Errors are failed tasks, runs and calls, alerts, and agents lost or stuck; delegations are tasks given to another agent, and handoffs. Looks at 100,000 positions of each partition at most.',
      query: StepQuery,
      answer: Step,
    },
    async ({ tenant, query, reply }) => {
      const { run, kind = 'any', direction = 'next' } = query
      const forward = direction === 'next'
      const time = timeOf('at', query.at)
      const [heads, oldest] = await Promise.all([reader.heads(), reader.oldest()])
      const from = await positionsAt(pool, meta.partitions, forward ? time : time - 1)
      const partitions = run === undefined ? heads.positions.map((_, i) => i) : [partitionOf(tenant, run, meta.partitions)]
      const { types, is } = kinds[kind]
      const found = await Promise.all(
        partitions.map(async (partition) => {
          const begin = Math.min(from[partition] ?? 0, heads.positions[partition] ?? 0)
          const end = forward ? (heads.positions[partition] ?? 0) : Math.min(begin, (oldest[partition] ?? 1) - 1)
          return { partition, ...(await search(pool, { tenant, partition, forward, types, run, is }, begin, end)) }
        }),
      )
      const nearer = (a: number, b: number) => (forward ? a - b : b - a)
      const events = await Promise.all(
        found.flatMap(({ partition, event }) =>
          event === undefined ? [] : [timeAt(partition, event.position).then((at) => ({ event, at: at ?? event.receivedAt }))],
        ),
      )
      events.sort((a, b) => nearer(a.at, b.at))
      // Where a partition was not looked through, what it has may be nearer than what another one has.
      const unfinished = await Promise.all(
        found.filter(({ event, isEnd }) => event === undefined && !isEnd).map(({ partition, reached }) => timeAt(partition, reached)),
      )
      const reached = unfinished.flatMap((at) => at ?? []).sort(nearer)[0]
      const nearest = events[0]
      const isSure = nearest !== undefined && (reached === undefined || nearer(nearest.at, reached) <= 0)
      const end = reached === undefined ? '' : `,"reached":"${new Date(reached).toISOString()}"`
      reply.type('application/json')
      if (isSure)
        return reply.send(`{"event":${toWire(nearest.event)},"committedAt":"${new Date(nearest.at).toISOString()}","truncated":false}`)
      return reply.send(`{"truncated":${reached !== undefined}${end}}`)
    },
  )
}

/** `/v1/state/rows`: what the first frame of a state feed would have been at a past moment. */
import type { TenantId } from '@signalbox/model/event.ts'
import { takesPart } from '@signalbox/model/fold/run.ts'
import { isTerminal } from '@signalbox/model/fold/task.ts'
import { type CallRow, type RowOf, type Table, tables } from '@signalbox/model/rows.ts'
import type { FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import Type from 'typebox'
import { encodeCursor } from '../live/cursor.ts'
import { runConditions } from '../store/reader.ts'
import { placeOf } from './moment-place.ts'
import { route } from './route.ts'
import type { ApiOptions } from './routes.ts'
import { closed, Name } from './schemas.ts'
import { isOpen, type Layer, rowAt, rowsOf } from './state-layers.ts'
import { createPastStates } from './state-past.ts'

const Rows = Type.Object(
  {
    cursor: Type.String(),
    at: Type.String({ description: 'RFC 3339 time asked for; with a cursor, of now.' }),
    rows: Type.Array(
      Type.Object(
        {
          table: Type.Enum([...tables]),
          key: Type.String(),
          position: Type.Integer({ description: 'Of the moment in its partition: the row has not changed later.' }),
          row: Type.Object({}, { additionalProperties: true }),
          partition: Type.Integer(),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
)

const RowsQuery = closed({
  at: Type.String({ maxLength: 1_400, description: 'A live cursor, or an RFC 3339 time.' }),
  run: Type.Optional(Name),
})

/** As of a state feed of the run. */
const mostClosedCalls = 2_000
/** Calls of the run that changed since, looked at for what they were at the base. */
const mostChangedCalls = 20_000
const rowsPerTurn = 2_000

/** Rows of a layer never change: each is made text once. */
const texts = new WeakMap<object, string>()
function textOf(row: object): string {
  const text = texts.get(row) ?? JSON.stringify(row)
  texts.set(row, text)
  return text
}

interface ClosedCall {
  readonly key: string
  readonly sort: number
  readonly json: string
}
type Wire = readonly [table: Table, key: string, json: string]

const ofTable = <T extends Table>(layer: Layer, table: T, wanted: (row: RowOf[T], key: string) => boolean): Wire[] =>
  Array.from(rowsOf(layer, table), ([key, row]): Wire | undefined => (wanted(row, key) ? [table, key, textOf(row)] : undefined)).filter(
    (wire) => wire !== undefined,
  )

function fleetRows(layer: Layer): Wire[] {
  return [
    ...ofTable(layer, 'agents', () => true),
    ...ofTable(layer, 'runs', () => true),
    ...ofTable(layer, 'edges', () => true),
    ...ofTable(layer, 'tasks', ({ state }) => !isTerminal(state)),
    ...ofTable(layer, 'calls', isOpen),
  ]
}

export function momentRowsRoute(app: FastifyInstance, { store, now, log }: ApiOptions): void {
  const { pool, reader, meta } = store
  const past = createPastStates({ pool, reader, log })

  /** Calls of the run that were closed at the moment: what closed after the base, what rests since before it, and what was another then. */
  async function closedCalls(tenant: TenantId, run: string, layer: Layer, partition: number): Promise<Wire[]> {
    const found = new Map<string, ClosedCall>()
    const add = (key: string, call: CallRow) => found.set(key, { key, sort: call.startedAt ?? call.endedAt ?? 0, json: textOf(call) })
    const { base } = layer
    if (base.position > 0) {
      for (const call of await restedCalls(pool, tenant, run, partition, base.position)) found.set(call.key, call)
      const changed = await changedCalls(pool, tenant, run, partition, base.position)
      const unknown = changed.filter((key) => rowAt(layer, 'calls', key) === undefined)
      for (const [key, call] of await past.closed(tenant, partition, base, unknown)) add(key, call)
    }
    for (const [key, call] of rowsOf(layer, 'calls')) if (call.run === run && !isOpen(call)) add(key, call)
    const newest = [...found.values()].sort((a, b) => b.sort - a.sort).slice(0, mostClosedCalls)
    return newest.map(({ key, json }): Wire => ['calls', key, json])
  }

  async function runRows(tenant: TenantId, run: string, layers: readonly Layer[]): Promise<Wire[][]> {
    const members = new Set<string>()
    const wires = layers.map((layer): Wire[] => {
      const row = rowAt(layer, 'runs', run)
      for (const id of row === undefined ? [] : takesPart(row)) members.add(id)
      const edges = ofTable(layer, 'edges', (edge) => edge.run === run)
      for (const [, edge] of rowsOf(layer, 'edges')) if (edge.run === run) for (const id of takesPart(edge)) members.add(id)
      return [
        ...(row === undefined ? [] : [['runs', run, textOf(row)] as const]),
        ...edges,
        ...ofTable(layer, 'tasks', (task) => task.run === run),
        ...ofTable(layer, 'calls', (call) => call.run === run && isOpen(call)),
      ]
    })
    return Promise.all(
      layers.map(async (layer, partition) => [
        ...ofTable(layer, 'agents', (agent) => members.has(agent.id) || agent.run?.value === run),
        ...(wires[partition] ?? []),
        ...(await closedCalls(tenant, run, layer, partition)),
      ]),
    )
  }

  route(
    app,
    '/v1/state/rows',
    {
      operationId: 'getStateRows',
      tag: 'state',
      summary: 'The rows of a past moment',
      description:
        'What the first snapshot of a state feed would have been: agents of each partition, runs, edges, open tasks and calls; with `run` what is of it, with all tasks and the newest 2,000 closed calls. A time means what was committed by then. Nothing is executed.',
      query: RowsQuery,
      answer: Rows,
    },
    async ({ tenant, query: { at, run }, reply }) => {
      const { instant, positions } = await placeOf({ store, now }, await reader.heads(), at)
      const layers = await past.at(tenant, positions, () => reply.raw.destroyed)
      const wires = run === undefined ? layers.map(fleetRows) : await runRows(tenant, run, layers)
      const parts: string[] = []
      for (const [partition, rows] of wires.entries()) {
        for (const [table, key, json] of rows) {
          parts.push(
            `{"table":"${table}","key":${JSON.stringify(key)},"position":${positions[partition]},"row":${json},"partition":${partition}}`,
          )
          if (parts.length % rowsPerTurn === 0) await new Promise((resume) => setImmediate(resume))
        }
      }
      const cursor = encodeCursor({ epoch: meta.epoch, positions })
      return reply
        .type('application/json')
        .send(`{"cursor":"${cursor}","at":"${new Date(instant).toISOString()}","rows":[${parts.join(',')}]}`)
    },
  )
}

/** Closed calls that have not changed since the base. Primary key: what is of the run begins with it. */
async function restedCalls(pool: Pool, tenant: TenantId, run: string, partition: number, upTo: number): Promise<ClosedCall[]> {
  const values: unknown[] = [tenant, partition, upTo, mostClosedCalls]
  const { rows } = await pool.query<{ key: string; sort: string; json: string }>(
    `select key, sort, body::text as json from projections where tenant = $1 and tbl = 'calls' and not open and partition = $2 and position <= $3
     ${runConditions([run], values)} order by sort desc limit $4`,
    values,
  )
  return rows.map(({ key, sort, json }) => ({ key, sort: Number(sort), json }))
}

/** Calls that changed after the base. Primary key, as above. */
async function changedCalls(pool: Pool, tenant: TenantId, run: string, partition: number, after: number): Promise<string[]> {
  const values: unknown[] = [tenant, partition, after, mostChangedCalls]
  const { rows } = await pool.query<{ key: string }>(
    `select key from projections where tenant = $1 and tbl = 'calls' and partition = $2 and position > $3
     ${runConditions([run], values)} order by sort limit $4`,
    values,
  )
  return rows.map(({ key }) => key)
}

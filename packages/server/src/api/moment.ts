/** `/v1/state`: everything as it was at a moment. */
import { joinAgents } from '@signalbox/model/fold/agent.ts'
import type { RefusalCode } from '@signalbox/model/refusals.ts'
import type { AgentRow, CallRow, EdgeRow, RowOf, RunRow, Table, TaskRow } from '@signalbox/model/rows.ts'
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { Refused } from '../http/problem.ts'
import { encodeCursor } from '../live/cursor.ts'
import { mostRowsOf } from '../store/reader.ts'
import { placeOf } from './moment-place.ts'
import { cutTo, ofFleet, ofTable, type Wire } from './moment-wire.ts'
import { route } from './route.ts'
import type { ApiOptions } from './routes.ts'
import { createRunMoments } from './run-moment.ts'
import { closed, Name, Truncated } from './schemas.ts'
import { stateNow } from './state.ts'
import { isOpen, type Layer, rowAt, textOf } from './state-layers.ts'
import type { PastStates } from './state-past.ts'
import { AgentView, agentView, CallView, callView, EdgeView, edgeView, RunView, runView, TaskView, taskView } from './views.ts'

const State = Type.Object(
  {
    cursor: Type.String(),
    at: Type.String({ description: 'RFC 3339 time asked for, or of now.' }),
    agents: Type.Array(AgentView),
    runs: Type.Array(RunView),
    tasks: Type.Array(TaskView),
    calls: Type.Array(CallView),
    edges: Type.Array(EdgeView),
    truncated: Truncated,
  },
  { additionalProperties: false },
)

interface Moment {
  readonly instant: number
  readonly positions: readonly number[]
  readonly rows: Iterable<readonly [Table, string, RowOf[Table]]>
  readonly truncated: readonly Table[]
}

/** Its members, it, its tasks and its open calls. */
function rowsOfRun(layers: readonly Layer[], run: string): Wire[][] {
  const members = new Set(layers.flatMap((layer) => rowAt(layer, 'runs', run)?.agents ?? []))
  const named = (layer: Layer, table: 'agents' | 'runs', key: string): Wire[] => {
    const row = rowAt(layer, table, key)
    return row === undefined ? [] : [[table, key, textOf(row)]]
  }
  return layers.map((layer) => [
    ...[...members].flatMap((id) => named(layer, 'agents', id)),
    ...named(layer, 'runs', run),
    ...ofTable(layer, 'tasks', (task) => task.run === run),
    ...ofTable(layer, 'calls', (call) => call.run === run && isOpen(call)),
  ])
}

const ofThePast: ReadonlySet<string> = new Set<RefusalCode>(['HISTORY_GONE', 'STATE_TOO_LARGE'])

const StateQuery = closed({
  at: Type.Optional(Type.String({ maxLength: 1_400, description: 'A live cursor, or an RFC 3339 time; now when absent.' })),
  run: Type.Optional(Name),
})

export function momentRoute(app: FastifyInstance, { store, record, now, config: { stateRows } }: ApiOptions, past: PastStates): void {
  const { pool, projections, reader, meta } = store
  const runMoments = createRunMoments({ pool, projections, record, past, mostRows: mostRowsOf(stateRows, true) })
  /** One at a time: each is a whole state in memory. */
  let turn: Promise<unknown> = Promise.resolve()
  function inTurn<T>(task: () => Promise<T>): Promise<T> {
    const mine = turn.then(task)
    turn = mine.catch(() => undefined)
    return mine
  }

  async function moment(tenant: string, at: string | undefined, run: string | undefined): Promise<Moment> {
    const heads = await reader.heads()
    const { instant, positions } = await placeOf({ store, now }, heads, at)
    try {
      const layers = await past.folded(tenant, positions)
      const wires = run === undefined ? layers.map((layer) => ofFleet(layer, stateRows)) : rowsOfRun(layers, run)
      for (const [partition, layer] of layers.entries()) {
        const own = wires[partition] ?? []
        own.push(...(await runMoments.endedTasks(tenant, run, layer, partition)))
        if (run !== undefined)
          for (const more of [runMoments.closedCalls, runMoments.edges]) own.push(...(await more(tenant, run, layer, partition)))
      }
      const cut = cutTo(mostRowsOf(stateRows, run !== undefined), wires)
      const rows = cut.wires.flatMap((own) => own.map(([table, key, json]) => [table, key, JSON.parse(json) as RowOf[Table]] as const))
      return { instant, positions, rows, truncated: cut.truncated }
    } catch (error) {
      // Now is known without its past: the projections are it.
      const isNow = positions.every((position, partition) => position === heads.positions[partition])
      if (!isNow || !(error instanceof Refused) || !ofThePast.has(error.init.code)) throw error
      const current = await stateNow(reader, tenant, run)
      return {
        instant,
        positions: current.heads.positions,
        rows: current.rows.flatMap((rows) => [...rows.entries()]),
        truncated: current.truncated,
      }
    }
  }

  route(
    app,
    '/v1/state',
    {
      operationId: 'getState',
      tag: 'state',
      summary: 'The state at a moment',
      description:
        'Rebuilt by the fold from the nearest snapshot. A time means what was committed by then. Calls are the open ones; with `run` also its newest 2,000 closed ones. Edges are told with `run` alone.',
      query: StateQuery,
      answer: State,
    },
    async ({ tenant, query: { at, run } }) => {
      const { instant, positions, rows, truncated } = await inTurn(() => moment(tenant, at, run))
      const parts = new Map<string, AgentRow[]>()
      const runs: RunRow[] = []
      const tasks: TaskRow[] = []
      const calls: CallRow[] = []
      const edges: EdgeRow[] = []
      for (const [table, key, row] of rows) {
        if (table === 'agents') parts.set(key, [...(parts.get(key) ?? []), row as AgentRow])
        else if (table === 'runs') runs.push(row as RunRow)
        else if (table === 'tasks') tasks.push(row as TaskRow)
        else if (table === 'calls') calls.push(row as CallRow)
        else edges.push(row as EdgeRow)
      }
      const of = (row: { readonly run?: string | undefined }) => run === undefined || row.run === run
      const shown = runs.filter(({ id }) => run === undefined || id === run)
      const members = run === undefined ? undefined : new Set(shown.flatMap(({ agents }) => agents))
      const agents = [...parts.values()].flatMap((rows) => joinAgents(rows) ?? []).filter(({ id }) => members?.has(id) ?? true)
      const byId = new Map(agents.map((agent) => [agent.id, agent]))
      const runById = new Map(shown.map((one) => [one.id, one]))
      return {
        cursor: encodeCursor({ epoch: meta.epoch, positions }),
        at: new Date(instant).toISOString(),
        agents: agents.map(agentView),
        runs: shown.map(runView),
        tasks: tasks.filter(of).map((task) => taskView(task, byId.get(task.assignee?.value ?? ''), runById.get(task.run ?? ''))),
        calls: calls.filter(of).map((call) => callView(call, byId.get(call.agent ?? ''), runById.get(call.run ?? ''))),
        edges: edges.filter(of).map(edgeView),
        ...(truncated.length > 0 ? { truncated } : {}),
      }
    },
  )
}

/** `/v1/state`: everything as it was at a moment. */
import { joinAgents } from '@signalbox/model/fold/agent.ts'
import {
  type AgentRow,
  type CallRow,
  type EdgeRow,
  type RowOf,
  type RunRow,
  type Table,
  type TaskRow,
  tables,
} from '@signalbox/model/rows.ts'
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { Refused } from '../http/problem.ts'
import { encodeCursor } from '../live/cursor.ts'
import { placeOf } from './moment-place.ts'
import { route } from './route.ts'
import type { ApiOptions } from './routes.ts'
import { createRunMoments } from './run-moment.ts'
import { closed, Name } from './schemas.ts'
import { stateNow } from './state.ts'
import { isOpen, type Layer, rowsOf } from './state-layers.ts'
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
  },
  { additionalProperties: false },
)

interface Moment {
  readonly instant: number
  readonly positions: readonly number[]
  readonly rows: Iterable<readonly [Table, string, RowOf[Table]]>
}

function* rowsOfLayers(layers: readonly Layer[]): Generator<readonly [Table, string, RowOf[Table]]> {
  for (const layer of layers) for (const table of tables) for (const [key, row] of rowsOf(layer, table)) yield [table, key, row]
}

const StateQuery = closed({
  at: Type.Optional(Type.String({ maxLength: 1_400, description: 'A live cursor, or an RFC 3339 time; now when absent.' })),
  run: Type.Optional(Name),
})

export function momentRoute(app: FastifyInstance, { store, record, now }: ApiOptions, past: PastStates): void {
  const { pool, projections, reader, meta } = store
  const runMoments = createRunMoments({ pool, projections, record, past })
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
      const isOfFleet = ([table, , row]: readonly [Table, string, RowOf[Table]]) =>
        table !== 'edges' && (table !== 'calls' || isOpen(row as CallRow))
      const rows = [...rowsOfLayers(layers)].filter(isOfFleet)
      for (const [partition, layer] of layers.entries()) {
        const ended = await runMoments.endedTasks(tenant, run, layer, partition)
        if (run !== undefined)
          for (const more of [runMoments.closedCalls, runMoments.edges]) ended.push(...(await more(tenant, run, layer, partition)))
        for (const [table, key, json] of ended) rows.push([table, key, JSON.parse(json) as RowOf[Table]])
      }
      return { instant, positions, rows }
    } catch (error) {
      // Now is known without its history: the projections are it.
      const isNow = positions.every((position, partition) => position === heads.positions[partition])
      if (!isNow || !(error instanceof Refused) || error.init.code !== 'HISTORY_GONE') throw error
      const current = await stateNow(reader, tenant, run)
      return { instant, positions: current.heads.positions, rows: current.rows.flatMap((rows) => [...rows.entries()]) }
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
      const { instant, positions, rows } = await inTurn(() => moment(tenant, at, run))
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
      }
    },
  )
}

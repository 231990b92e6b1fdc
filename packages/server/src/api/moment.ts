/** `/v1/state`: everything as it was at a moment. */
import { joinAgents } from '@signalbox/model/fold/agent.ts'
import type { AgentRow, CallRow, EdgeRow, RunRow, TaskRow } from '@signalbox/model/rows.ts'
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { Refused } from '../http/problem.ts'
import { encodeCursor } from '../live/cursor.ts'
import { placeOf } from './moment-place.ts'
import { route } from './route.ts'
import type { ApiOptions } from './routes.ts'
import { closed, Name } from './schemas.ts'
import { type FoldedRows, stateAt, stateNow } from './state.ts'
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
  readonly folded: readonly FoldedRows[]
}

const StateQuery = closed({
  at: Type.Optional(Type.String({ maxLength: 1_400, description: 'A live cursor, or an RFC 3339 time; now when absent.' })),
  run: Type.Optional(Name),
})

export function momentRoute(app: FastifyInstance, { store, now, log }: ApiOptions): void {
  const { reader, meta } = store
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
      return { instant, positions, folded: await stateAt(store, tenant, positions, log) }
    } catch (error) {
      // Now is known without its history: the projections are it.
      if (at !== undefined || !(error instanceof Refused) || error.init.code !== 'HISTORY_GONE') throw error
      const current = await stateNow(reader, tenant, run)
      return { instant, positions: current.heads.positions, folded: current.rows }
    }
  }

  route(
    app,
    '/v1/state',
    {
      operationId: 'getState',
      tag: 'state',
      summary: 'The state at a moment',
      description: 'Rebuilt by the fold from the nearest snapshot. A time means what was committed by then.',
      query: StateQuery,
      answer: State,
    },
    async ({ tenant, query: { at, run } }) => {
      const { instant, positions, folded } = await inTurn(() => moment(tenant, at, run))
      const parts = new Map<string, AgentRow[]>()
      const runs: RunRow[] = []
      const tasks: TaskRow[] = []
      const calls: CallRow[] = []
      const edges: EdgeRow[] = []
      for (const rows of folded) {
        for (const [table, key, row] of rows.entries()) {
          if (table === 'agents') parts.set(key, [...(parts.get(key) ?? []), row as AgentRow])
          else if (table === 'runs') runs.push(row as RunRow)
          else if (table === 'tasks') tasks.push(row as TaskRow)
          else if (table === 'calls') calls.push(row as CallRow)
          else edges.push(row as EdgeRow)
        }
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
        // All open calls; closed ones only of the run asked for, since a fleet has too many.
        calls: calls
          .filter((call) => of(call) && (run !== undefined || call.outcome === undefined))
          .map((call) => callView(call, byId.get(call.agent ?? ''), runById.get(call.run ?? ''))),
        edges: edges.filter(of).map(edgeView),
      }
    },
  )
}

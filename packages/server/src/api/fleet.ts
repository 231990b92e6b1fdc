/** Agents, runs, tasks and calls as they are now: the projections. */
import type { RunRow } from '@signalbox/model/rows.ts'
import { taskStates } from '@signalbox/model/rows.ts'
import type { FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import Type, { type Static } from 'typebox'
import { decodeKey, encodeKey, Limit, ListCursor, pageOf } from './page.ts'
import { listAgents, listRows } from './reads.ts'
import { answers, ById, closed, missing, Name, oneOf, Page, read, Values } from './schemas.ts'
import { AgentView, agentView, CallView, callView, EdgeView, edgeView, RunView, runView, TaskView, taskView } from './views.ts'

const Graph = Type.Object(
  { run: RunView, agents: Type.Array(AgentView), tasks: Type.Array(TaskView), edges: Type.Array(EdgeView) },
  { additionalProperties: false },
)
const runStates = ['running', 'finished', 'failed'] as const
/** Most rows of one run that its graph shows. */
const graphRows = 1_000

export function fleetRoutes(app: FastifyInstance, pool: Pool): void {
  /** Agents seen in any of these runs: at most 1,000 a run are remembered. */
  const membersOf = async (tenant: string, run: readonly string[]): Promise<ReadonlySet<string>> => {
    const rows = await listRows(pool, { tenant, table: 'runs', after: undefined, limit: run.length, run })
    return new Set(rows.flatMap(({ row }) => row.agents))
  }
  const AgentsQuery = closed({ run: Values, agent: Values, limit: Limit, cursor: ListCursor })
  app.get(
    '/v1/agents',
    {
      config: read,
      schema: {
        operationId: 'listAgents',
        tags: ['state'],
        summary: 'Agents, by id',
        querystring: AgentsQuery,
        response: answers(Page(AgentView)),
      },
    },
    async (request) => {
      const q = request.query as Static<typeof AgentsQuery>
      const [after] = decodeKey('agents', ['text'], q.cursor) ?? []
      const { tenant } = request.caller
      const members = q.run === undefined ? undefined : await membersOf(tenant, q.run)
      const ids = members === undefined ? q.agent : (q.agent?.filter((id) => members.has(id)) ?? [...members])
      const rows = await listAgents(pool, tenant, { after: after as string | undefined, limit: q.limit + 1, ids })
      return pageOf(rows, q.limit, agentView, ({ id }) => encodeKey('agents', [id]))
    },
  )
  app.get(
    '/v1/agents/:id',
    {
      config: read,
      schema: { operationId: 'getAgent', tags: ['state'], summary: 'One agent', params: ById, response: answers(AgentView) },
    },
    async (request) => {
      const { id } = request.params as Static<typeof ById>
      const [row] = await listAgents(pool, request.caller.tenant, { limit: 1, ids: [id] })
      if (row === undefined) throw missing('agent', id)
      return agentView(row)
    },
  )

  const RunsQuery = closed({ run: Values, state: oneOf(runStates), limit: Limit, cursor: ListCursor })
  app.get(
    '/v1/runs',
    {
      config: read,
      schema: {
        operationId: 'listRuns',
        tags: ['state'],
        summary: 'Runs, newest first',
        querystring: RunsQuery,
        response: answers(Page(RunView)),
      },
    },
    async (request) => {
      const q = request.query as Static<typeof RunsQuery>
      const rows = await listRows(pool, {
        tenant: request.caller.tenant,
        table: 'runs',
        after: decodeKey('runs', ['number', 'text'], q.cursor),
        limit: q.limit + 1,
        run: q.run,
        state: q.state,
      })
      return pageOf(
        rows,
        q.limit,
        ({ row }) => runView(row),
        ({ sort, key }) => encodeKey('runs', [sort, key]),
      )
    },
  )
  const runOf = async (tenant: string, id: string): Promise<RunRow> => {
    const [found] = await listRows(pool, { tenant, table: 'runs', after: undefined, limit: 1, run: [id] })
    if (found === undefined) throw missing('run', id)
    return found.row
  }
  app.get(
    '/v1/runs/:id',
    { config: read, schema: { operationId: 'getRun', tags: ['state'], summary: 'One run', params: ById, response: answers(RunView) } },
    async (request) => runView(await runOf(request.caller.tenant, (request.params as Static<typeof ById>).id)),
  )
  app.get(
    '/v1/runs/:id/graph',
    {
      config: read,
      schema: {
        operationId: 'getRunGraph',
        tags: ['state'],
        summary: 'Who gave what to whom in a run',
        params: ById,
        response: answers(Graph),
      },
    },
    async (request) => {
      const { id } = request.params as Static<typeof ById>
      const { tenant } = request.caller
      const run = await runOf(tenant, id)
      const edges = await listRows(pool, { tenant, table: 'edges', after: undefined, limit: graphRows, run: [id] })
      const tasks = await listRows(pool, { tenant, table: 'tasks', after: undefined, limit: graphRows, run: [id] })
      const ids = new Set([...run.agents, ...edges.flatMap(({ row }) => [row.from, row.to])])
      const agents = await listAgents(pool, tenant, { limit: graphRows, ids: [...ids] })
      return {
        run: runView(run),
        agents: agents.map(agentView),
        tasks: tasks.map(({ row }) => taskView(row)),
        edges: edges.map(({ row }) => edgeView(row)),
      }
    },
  )
  const CallsQuery = closed({ agent: Values, limit: Limit, cursor: ListCursor })
  app.get(
    '/v1/runs/:id/calls',
    {
      config: read,
      schema: {
        operationId: 'listCalls',
        tags: ['state'],
        summary: 'Model and tool calls of a run, newest first',
        params: ById,
        querystring: CallsQuery,
        response: answers(Page(CallView)),
      },
    },
    async (request) => {
      const { id } = request.params as Static<typeof ById>
      const q = request.query as Static<typeof CallsQuery>
      const { tenant } = request.caller
      const rows = await listRows(pool, {
        tenant,
        table: 'calls',
        after: decodeKey('calls', ['number', 'text'], q.cursor),
        limit: q.limit + 1,
        run: [id],
        agent: q.agent,
      })
      const open = [...new Set(rows.flatMap(({ row }) => (row.outcome === undefined && row.agent !== undefined ? [row.agent] : [])))]
      const agents = new Map(
        (open.length === 0 ? [] : await listAgents(pool, tenant, { limit: open.length, ids: open })).map((agent) => [agent.id, agent]),
      )
      return pageOf(
        rows,
        q.limit,
        ({ row }) => callView(row, agents.get(row.agent ?? '')),
        ({ sort, key }) => encodeKey('calls', [sort, key]),
      )
    },
  )

  const TasksQuery = closed({ run: Values, agent: Values, state: oneOf(taskStates), limit: Limit, cursor: ListCursor })
  app.get(
    '/v1/tasks',
    {
      config: read,
      schema: {
        operationId: 'listTasks',
        tags: ['state'],
        summary: 'Tasks, newest first',
        querystring: TasksQuery,
        response: answers(Page(TaskView)),
      },
    },
    async (request) => {
      const q = request.query as Static<typeof TasksQuery>
      const rows = await listRows(pool, {
        tenant: request.caller.tenant,
        table: 'tasks',
        after: decodeKey('tasks', ['number', 'text'], q.cursor),
        limit: q.limit + 1,
        run: q.run,
        agent: q.agent,
        state: q.state,
      })
      return pageOf(
        rows,
        q.limit,
        ({ row }) => taskView(row),
        ({ sort, key }) => encodeKey('tasks', [sort, key]),
      )
    },
  )
  const TaskQuery = closed({ run: Type.Optional({ ...Name, description: 'Two runs may use one task name.' }) })
  app.get(
    '/v1/tasks/:id',
    {
      config: read,
      schema: {
        operationId: 'getTask',
        tags: ['state'],
        summary: 'One task',
        params: ById,
        querystring: TaskQuery,
        response: answers(TaskView),
      },
    },
    async (request) => {
      const { id } = request.params as Static<typeof ById>
      const { run } = request.query as Static<typeof TaskQuery>
      const rows = await listRows(pool, {
        tenant: request.caller.tenant,
        table: 'tasks',
        after: undefined,
        limit: 1,
        task: [id],
        ...(run === undefined ? {} : { run: [run] }),
      })
      const found = rows[0]
      if (found === undefined) throw missing('task', id)
      return taskView(found.row)
    },
  )
}

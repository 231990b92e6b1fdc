/** Agents, runs, tasks and calls as they are now: the projections. */
import { isUnderWay } from '@signalbox/model/fold/task.ts'
import type { RunRow, TaskRow } from '@signalbox/model/rows.ts'
import { taskStates } from '@signalbox/model/rows.ts'
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { decodeKey, type Key, Limit, ListCursor, pageOf } from './page.ts'
import { type CallsPlace, listAgents, listCalls, listRows, type SortedRow } from './reads.ts'
import { route } from './route.ts'
import type { ApiOptions } from './routes.ts'
import { ById, closed, missing, Name, oneOf, Page, Values } from './schemas.ts'
import { AgentView, agentView, CallView, callView, EdgeView, edgeView, RunView, runView, TaskView, taskView } from './views.ts'

/** Most tasks and most edges of one run that its graph shows. */
const graphRows = 1_000
const Graph = closed({
  run: RunView,
  agents: Type.Array(AgentView),
  tasks: Type.Array(TaskView),
  edges: Type.Array(EdgeView),
  truncated: Type.Boolean({ description: `True when there are more than ${graphRows} tasks or edges: the newest are shown.` }),
})
const runStates = ['running', 'finished', 'failed'] as const
const list = { limit: Limit, cursor: ListCursor }
const AgentsQuery = closed({ run: Values, agent: Values, ...list })
const RunsQuery = closed({ run: Values, state: oneOf(runStates), ...list })
const CallsQuery = closed({ agent: Values, ...list })
const TasksQuery = closed({ run: Values, agent: Values, state: oneOf(taskStates), ...list })
const TaskQuery = closed({ run: Type.Optional({ ...Name, description: 'Two runs may use one task name.' }) })

/** Newest first: the key of a page's last row. */
const sortKey = ({ sort, key }: SortedRow<'runs' | 'tasks'>): Key => [sort, key]
const afterOf = (name: string, cursor: string | undefined) => decodeKey(name, ['number', 'text'], cursor)

export function fleetRoutes(app: FastifyInstance, store: Pick<ApiOptions['store'], 'pool' | 'meta'>): void {
  const { pool } = store
  /** Agents seen in any of these runs: at most 1,000 a run are remembered. */
  const membersOf = async (tenant: string, run: readonly string[]): Promise<ReadonlySet<string>> => {
    const { rows } = await listRows(pool, { tenant, table: 'runs', limit: run.length, run })
    return new Set(rows.flatMap(({ row }) => row.agents))
  }
  route(
    app,
    '/v1/agents',
    { operationId: 'listAgents', tag: 'state', summary: 'Agents, by id', query: AgentsQuery, answer: Page(AgentView) },
    async ({ tenant, query: { run, agent, limit, cursor } }) => {
      const [after] = decodeKey('agents', ['text'], cursor) ?? []
      const members = run === undefined ? undefined : await membersOf(tenant, run)
      const ids = members === undefined ? agent : (agent?.filter((id) => members.has(id)) ?? [...members])
      const rows = await listAgents(store, tenant, { after: after as string | undefined, limit: limit + 1, ids })
      return pageOf('agents', { rows }, limit, agentView, ({ id }) => [id])
    },
  )
  route(
    app,
    '/v1/agents/:id',
    { operationId: 'getAgent', tag: 'state', summary: 'One agent', params: ById, answer: AgentView },
    async ({ tenant, params: { id } }) => {
      const [row] = await listAgents(store, tenant, { limit: 1, ids: [id] })
      if (row === undefined) throw missing('agent', id)
      return agentView(row)
    },
  )

  route(
    app,
    '/v1/runs',
    { operationId: 'listRuns', tag: 'state', summary: 'Runs, newest first', query: RunsQuery, answer: Page(RunView) },
    async ({ tenant, query: { limit, cursor, ...wanted } }) => {
      const found = await listRows(pool, { tenant, table: 'runs', after: afterOf('runs', cursor), limit: limit + 1, ...wanted })
      return pageOf('runs', found, limit, ({ row }) => runView(row), sortKey)
    },
  )
  /** Of those under way, whether anybody is left. */
  const tasksShown = async (tenant: string, rows: readonly TaskRow[]) => {
    const open = rows.filter(isUnderWay)
    const named = (of: (row: TaskRow) => string | undefined) => [...new Set(open.flatMap((row) => of(row) ?? []))]
    const [ids, runs] = [named(({ assignee }) => assignee?.value), named(({ run }) => run)]
    const agents = ids.length === 0 ? [] : await listAgents(store, tenant, { limit: ids.length, ids })
    const found = runs.length === 0 ? [] : (await listRows(pool, { tenant, table: 'runs', limit: runs.length, run: runs })).rows
    const agentById = new Map(agents.map((agent) => [agent.id, agent]))
    const runById = new Map(found.map(({ row }) => [row.id, row]))
    return (task: TaskRow) => taskView(task, agentById.get(task.assignee?.value ?? ''), runById.get(task.run ?? ''))
  }
  const runOf = async (tenant: string, id: string): Promise<RunRow> => {
    const { rows } = await listRows(pool, { tenant, table: 'runs', limit: 1, run: [id] })
    if (rows[0] === undefined) throw missing('run', id)
    return rows[0].row
  }
  route(
    app,
    '/v1/runs/:id',
    { operationId: 'getRun', tag: 'state', summary: 'One run', params: ById, answer: RunView },
    async ({ tenant, params: { id } }) => runView(await runOf(tenant, id)),
  )
  route(
    app,
    '/v1/runs/:id/graph',
    { operationId: 'getRunGraph', tag: 'state', summary: 'Who gave what to whom in a run', params: ById, answer: Graph },
    async ({ tenant, params: { id } }) => {
      const run = await runOf(tenant, id)
      const { rows: edges } = await listRows(pool, { tenant, table: 'edges', limit: graphRows + 1, run: [id] })
      const { rows: tasks } = await listRows(pool, { tenant, table: 'tasks', limit: graphRows + 1, run: [id] })
      const ids = new Set([...run.agents, ...edges.flatMap(({ row }) => [row.from, row.to])])
      const agents = await listAgents(store, tenant, { limit: ids.size, ids: [...ids] })
      const shown = tasks.slice(0, graphRows).map(({ row }) => row)
      return {
        run: runView(run),
        agents: agents.map(agentView),
        tasks: shown.map(await tasksShown(tenant, shown)),
        edges: edges.slice(0, graphRows).map(({ row }) => edgeView(row)),
        truncated: Math.max(edges.length, tasks.length) > graphRows,
      }
    },
  )
  route(
    app,
    '/v1/runs/:id/calls',
    {
      operationId: 'listCalls',
      tag: 'state',
      summary: 'Model and tool calls of a run: closed ones as they closed, then open ones',
      params: ById,
      query: CallsQuery,
      answer: Page(CallView),
    },
    async ({ tenant, params: { id }, query: { limit, cursor, agent } }) => {
      const after = decodeKey('calls', ['number', 'text'], cursor) as CallsPlace | undefined
      const found = await listCalls(pool, { tenant, run: id, agent, after, limit: limit + 1 })
      const open = new Set(found.rows.flatMap(({ row }) => (row.outcome === undefined && row.agent !== undefined ? [row.agent] : [])))
      const [run] = (await listRows(pool, { tenant, table: 'runs', limit: 1, run: [id] })).rows
      const known = open.size === 0 ? [] : await listAgents(store, tenant, { limit: open.size, ids: [...open] })
      const agents = new Map(known.map((of) => [of.id, of]))
      return pageOf(
        'calls',
        found,
        limit,
        ({ row }) => callView(row, agents.get(row.agent ?? ''), run?.row),
        ({ place }) => place,
      )
    },
  )

  route(
    app,
    '/v1/tasks',
    { operationId: 'listTasks', tag: 'state', summary: 'Tasks, newest first', query: TasksQuery, answer: Page(TaskView) },
    async ({ tenant, query: { limit, cursor, ...wanted } }) => {
      const found = await listRows(pool, { tenant, table: 'tasks', after: afterOf('tasks', cursor), limit: limit + 1, ...wanted })
      const view = await tasksShown(
        tenant,
        found.rows.map(({ row }) => row),
      )
      return pageOf('tasks', found, limit, ({ row }) => view(row), sortKey)
    },
  )
  route(
    app,
    '/v1/tasks/:id',
    { operationId: 'getTask', tag: 'state', summary: 'One task', params: ById, query: TaskQuery, answer: TaskView },
    async ({ tenant, params: { id }, query: { run } }) => {
      const wanted = run === undefined ? {} : { run: [run] }
      const { rows } = await listRows(pool, { tenant, table: 'tasks', limit: 1, task: [id], ...wanted })
      if (rows[0] === undefined) throw missing('task', id)
      const { row } = rows[0]
      return (await tasksShown(tenant, [row]))(row)
    },
  )
}

/** Queries. Every parameter and answer has a schema; the same schemas make /openapi.json. */
import { StoredEvent } from '@signalbox/model/event.ts'
import { joinAgents } from '@signalbox/model/fold/agent.ts'
import type { AgentRow, CallRow, EdgeRow, RunRow, TaskRow } from '@signalbox/model/rows.ts'
import { toWire } from '@signalbox/model/wire.ts'
import type { FastifyPluginAsync, FastifyReply } from 'fastify'
import type { Pool } from 'pg'
import Type, { type Static, type TSchema } from 'typebox'
import { Problem, Refused } from '../http/problem.ts'
import { decodeCursor, encodeCursor } from '../live/cursor.ts'
import type { LogReader } from '../store/store.ts'
import { decodeKey, encodeKey, Limit, ListCursor, pageOf } from './page.ts'
import { eventById, listAgents, listEvents, listRows } from './reads.ts'
import { positionsAt, stateAt } from './state.ts'
import { AgentView, agentView, CallView, callView, EdgeView, edgeView, RunView, runView, TaskView, taskView } from './views.ts'

export interface ApiOptions {
  readonly store: {
    readonly pool: Pool
    readonly reader: LogReader
    readonly meta: { readonly epoch: string; readonly partitions: number }
  }
  readonly config: { readonly retentionDays: number }
  readonly version: string
  readonly now: () => number
}

const Values = Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 256 }), { maxItems: 100 }))
const ById = Type.Object({ id: Type.String({ minLength: 1, maxLength: 600 }) })
const Page = (item: TSchema) =>
  Type.Object({ items: Type.Array(item), next: Type.Union([Type.String(), Type.Null()]) }, { additionalProperties: false })
const answers = (schema: TSchema) => ({ 200: schema, '4xx': Problem, '5xx': Problem })
const read = { scope: 'read' } as const
const missing = (what: string, id: string) => new Refused({ code: 'NOT_FOUND', detail: `There is no ${what} "${id.slice(0, 200)}".` })
const json = (reply: FastifyReply, text: string) => reply.type('application/json').send(text)

const Graph = Type.Object(
  { run: RunView, agents: Type.Array(AgentView), tasks: Type.Array(TaskView), edges: Type.Array(EdgeView) },
  { additionalProperties: false },
)
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
const Quarantined = Type.Object(
  {
    id: Type.String(),
    at: Type.String(),
    door: Type.String(),
    code: Type.String(),
    message: Type.String(),
    eventId: Type.Optional(Type.String()),
    source: Type.Optional(Type.String()),
    body: Type.String(),
    otherBody: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
)
const Producer = Type.Object(
  {
    source: Type.String(),
    epoch: Type.Integer(),
    high: Type.Integer({ description: 'Highest seq seen in its newest epoch.' }),
    received: Type.Integer(),
    gaps: Type.Array(Type.Object({ epoch: Type.Integer(), from: Type.Integer(), to: Type.Integer() }, { additionalProperties: false }), {
      description: 'Sequence numbers that never came.',
    }),
    clones: Type.Integer({ description: 'Events that used a sequence number of another event: two producers with one name.' }),
    restarts: Type.Integer(),
    lastSeenAt: Type.String(),
    report: Type.String({ description: 'The same in a sentence.' }),
  },
  { additionalProperties: false },
)
/** Most rows of one run that its graph shows. */
const graphRows = 1_000

export const apiRoutes =
  ({ store, config, version, now }: ApiOptions): FastifyPluginAsync =>
  async (app) => {
    const { pool, reader, meta } = store

    const EventsQuery = Type.Object({
      run: Values,
      agent: Values,
      type: Values,
      task: Values,
      order: Type.Optional(Type.Union([Type.Literal('asc'), Type.Literal('desc')])),
      limit: Limit,
      cursor: ListCursor,
    })
    app.get(
      '/v1/events',
      {
        config: read,
        schema: {
          operationId: 'listEvents',
          tags: ['events'],
          summary: 'Events',
          description:
            'Newest first by the time in their ids; with exactly one `run`, in the order of the log. `type` takes prefixes ending in `.*`.',
          querystring: EventsQuery,
          response: answers(Page(StoredEvent)),
        },
      },
      async (request, reply) => {
        const q = request.query as Static<typeof EventsQuery>
        const byPosition = q.run?.length === 1
        const order = q.order ?? (byPosition ? 'asc' : 'desc')
        const list = `events ${byPosition ? 'position' : 'id'} ${order}`
        const [after] = decodeKey(list, [byPosition ? 'number' : 'string'], q.cursor) ?? []
        const filter = {
          ...(q.run && { run: q.run }),
          ...(q.agent && { agent: q.agent }),
          ...(q.type && { type: q.type }),
          ...(q.task && { task: q.task }),
        }
        const events = await listEvents(pool, { tenant: request.caller.tenant, filter, order, after, limit: q.limit + 1, byPosition })
        const page = pageOf(events, q.limit, toWire, (event) => encodeKey(list, [byPosition ? event.position : event.id]))
        return json(reply, `{"items":[${page.items.join(',')}],"next":${JSON.stringify(page.next)}}`)
      },
    )
    app.get(
      '/v1/events/:id',
      {
        config: read,
        schema: {
          operationId: 'getEvent',
          tags: ['events'],
          summary: 'One event',
          params: Type.Object({ id: Type.String({ pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' }) }),
          response: answers(StoredEvent),
        },
      },
      async (request, reply) => {
        const { id } = request.params as { id: string }
        const event = await eventById(pool, request.caller.tenant, id)
        if (event === undefined) throw missing('event', id)
        return json(reply, toWire(event))
      },
    )

    const AgentsQuery = Type.Object({ agent: Values, limit: Limit, cursor: ListCursor })
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
        const [after] = decodeKey('agents', ['string'], q.cursor) ?? []
        const rows = await listAgents(pool, request.caller.tenant, { after: after as string | undefined, limit: q.limit + 1, ids: q.agent })
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

    const RunsQuery = Type.Object({ run: Values, state: Values, limit: Limit, cursor: ListCursor })
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
          after: decodeKey('runs', ['number', 'string'], q.cursor),
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
    const CallsQuery = Type.Object({ agent: Values, limit: Limit, cursor: ListCursor })
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
          after: decodeKey('calls', ['number', 'string'], q.cursor),
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

    const TasksQuery = Type.Object({ run: Values, agent: Values, state: Values, limit: Limit, cursor: ListCursor })
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
          after: decodeKey('tasks', ['number', 'string'], q.cursor),
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
    const TaskQuery = Type.Object({ run: Type.Optional(Type.String({ maxLength: 256, description: 'Two runs may use one task name.' })) })
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

    const StateQuery = Type.Object({
      at: Type.Optional(Type.String({ maxLength: 1_400, description: 'A live cursor, or an RFC 3339 time; now when absent.' })),
      run: Type.Optional(Type.String({ maxLength: 256 })),
    })
    app.get(
      '/v1/state',
      {
        config: read,
        schema: {
          operationId: 'getState',
          tags: ['state'],
          summary: 'The state at a moment',
          description: 'Rebuilt by the fold from the nearest snapshot. A time means what was committed by then.',
          querystring: StateQuery,
          response: answers(State),
        },
      },
      async (request) => {
        const { at, run } = request.query as Static<typeof StateQuery>
        const heads = await reader.heads()
        const asked = at === undefined ? heads : decodeCursor(at)
        const instant = asked === undefined ? Date.parse(at ?? '') : now()
        if (Number.isNaN(instant)) throw new Refused({ code: 'BAD_REQUEST', detail: 'at is neither a live cursor nor an RFC 3339 time.' })
        if (asked !== undefined && asked.epoch !== meta.epoch)
          throw new Refused({ code: 'BAD_CURSOR', detail: 'The cursor is of a log before a restore.' })
        const wanted = asked?.positions ?? (await positionsAt(pool, meta.partitions, instant))
        const positions = heads.positions.map((head, i) => Math.min(head, wanted[i] ?? 0))
        const folded = await stateAt(pool, reader, request.caller.tenant, positions)
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
        return {
          cursor: encodeCursor({ epoch: meta.epoch, positions }),
          at: new Date(instant).toISOString(),
          agents: agents.map(agentView),
          runs: shown.map(runView),
          tasks: tasks.filter(of).map(taskView),
          // All open calls; closed ones only of the run asked for, since a fleet has too many.
          calls: calls
            .filter((call) => of(call) && (run !== undefined || call.outcome === undefined))
            .map((call) => callView(call, byId.get(call.agent ?? ''))),
          edges: edges.filter(of).map(edgeView),
        }
      },
    )

    const ListQuery = Type.Object({ limit: Limit, cursor: ListCursor })
    app.get(
      '/v1/producers',
      {
        config: read,
        schema: {
          operationId: 'listProducers',
          tags: ['ops'],
          summary: 'Producers with their gaps and clones',
          querystring: ListQuery,
          response: answers(Page(Producer)),
        },
      },
      async (request) => {
        const q = request.query as Static<typeof ListQuery>
        const [after] = decodeKey('producers', ['string'], q.cursor) ?? []
        const { rows } = await pool.query<{ source: string; body: Static<typeof Producer> }>(
          'select source, body from producers where tenant = $1 and source > $2 order by source limit $3',
          [request.caller.tenant, after ?? '', q.limit + 1],
        )
        return pageOf(
          rows,
          q.limit,
          ({ body }) => body,
          ({ source }) => encodeKey('producers', [source]),
        )
      },
    )
    app.get(
      '/v1/quarantine',
      {
        config: read,
        schema: {
          operationId: 'listQuarantine',
          tags: ['ops'],
          summary: 'Items that were not applied, newest first',
          querystring: ListQuery,
          response: answers(Page(Quarantined)),
        },
      },
      async (request) => {
        const q = request.query as Static<typeof ListQuery>
        const [after] = decodeKey('quarantine', ['string'], q.cursor) ?? []
        const { rows } = await pool.query<QuarantineRow>(
          'select * from quarantine where tenant = $1 and ($2::uuid is null or id < $2) order by id desc limit $3',
          [request.caller.tenant, after ?? null, q.limit + 1],
        )
        return pageOf(rows, q.limit, quarantineView, ({ id }) => encodeKey('quarantine', [id]))
      },
    )
    app.get(
      '/v1/info',
      {
        config: read,
        schema: {
          operationId: 'info',
          tags: ['ops'],
          summary: 'About this server',
          response: answers(
            Type.Object(
              {
                version: Type.String(),
                epoch: Type.String(),
                partitions: Type.Integer(),
                retentionDays: Type.Integer(),
                serverTime: Type.String(),
                cursor: Type.String(),
              },
              { additionalProperties: false },
            ),
          ),
        },
      },
      async () => ({
        version,
        epoch: meta.epoch,
        partitions: meta.partitions,
        retentionDays: config.retentionDays,
        serverTime: new Date(now()).toISOString(),
        cursor: encodeCursor(await reader.heads()),
      }),
    )
  }

interface QuarantineRow {
  readonly id: string
  readonly at: string
  readonly door: string
  readonly code: string
  readonly message: string
  readonly event_id: string | null
  readonly source: string | null
  readonly body: string
  readonly other_body: string | null
}

const quarantineView = (row: QuarantineRow) => ({
  id: row.id,
  at: new Date(Number(row.at)).toISOString(),
  door: row.door,
  code: row.code,
  message: row.message,
  eventId: row.event_id ?? undefined,
  source: row.source ?? undefined,
  body: row.body,
  otherBody: row.other_body ?? undefined,
})

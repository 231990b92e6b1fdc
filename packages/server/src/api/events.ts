/** `/v1/events`: the log, event by event. */
import { StoredEvent } from '@signalbox/model/event.ts'
import { callsOf } from '@signalbox/model/fold/keys.ts'
import { toWire } from '@signalbox/model/wire.ts'
import type { FastifyInstance, FastifyReply } from 'fastify'
import Type from 'typebox'
import { Refused } from '../http/problem.ts'
import { parsed } from '../store/log-row.ts'
import { timeOf } from './moment-place.ts'
import { decodeKey, Limit, ListCursor, pageOf } from './page.ts'
import { eventById, listEvents } from './reads.ts'
import { route } from './route.ts'
import type { ApiOptions } from './routes.ts'
import { closed, missing, Name, Page, Types, Uuid, Values } from './schemas.ts'
import { positionsAt } from './state.ts'

const json = (reply: FastifyReply, text: string) => reply.type('application/json').send(text)

const EventsQuery = closed({
  run: Values,
  agent: Values,
  type: Types,
  task: Values,
  call: Type.Optional({
    ...Name,
    description: 'Of one `run`: what was told of this model or tool call. Newest first unless `order` says otherwise.',
  }),
  order: Type.Optional(Type.Union([Type.Literal('asc'), Type.Literal('desc')])),
  until: Type.Optional(Type.String({ maxLength: 40, description: 'RFC 3339: only what was committed by then.' })),
  limit: Limit,
  cursor: ListCursor,
})

export function eventRoutes(
  app: FastifyInstance,
  { pool, projections, meta }: Pick<ApiOptions['store'], 'pool' | 'projections' | 'meta'>,
): void {
  route(
    app,
    '/v1/events',
    {
      operationId: 'listEvents',
      tag: 'events',
      summary: 'Events',
      description:
        'Newest first by the time in their ids; with exactly one `run`, in the order of the log. `type` takes prefixes ending in `.*`.',
      query: EventsQuery,
      answer: Page(StoredEvent),
    },
    async ({ tenant, query, reply }) => {
      const { run, agent, type, task, call, limit } = query
      const byPosition = run?.length === 1
      if (call !== undefined && !byPosition)
        throw new Refused({ code: 'BAD_REQUEST', detail: 'The parameter "call" needs exactly one "run": two runs may use one name.' })
      // Its row tells where to look.
      if (call !== undefined) await projections.caughtUp()
      const order = query.order ?? (byPosition && call === undefined ? 'asc' : 'desc')
      const list = `events ${byPosition ? 'position' : 'id'} ${order}`
      const [after] = decodeKey(list, [byPosition ? 'number' : 'id'], query.cursor) ?? []
      const filter = { ...(run && { run }), ...(agent && { agent }), ...(type && { type }), ...(task && { task }) }
      const until = query.until === undefined ? undefined : timeOf('until', query.until)
      const committed = until === undefined ? undefined : { time: until, positions: await positionsAt(pool, meta.partitions, until) }
      const found = await listEvents(pool, { tenant, filter, order, after, limit: limit + 1, byPosition, call, committed })
      const page = pageOf(
        list,
        found,
        limit,
        (event) => (call === undefined || callsOf(parsed(event)).some(({ id }) => id === call) ? [toWire(event)] : []),
        (event) => [byPosition ? event.position : event.id],
      )
      return json(reply, `{"items":[${page.items.flat().join(',')}],"next":${JSON.stringify(page.next)}}`)
    },
  )
  route(
    app,
    '/v1/events/:id',
    { operationId: 'getEvent', tag: 'events', summary: 'One event', params: Type.Object({ id: Uuid }), answer: StoredEvent },
    async ({ tenant, params: { id }, reply }) => {
      const event = await eventById(pool, tenant, id)
      if (event === undefined) throw missing('event', id)
      return json(reply, toWire(event))
    },
  )
}

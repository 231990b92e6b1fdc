/** `/v1/events`: the log, event by event. */
import { StoredEvent } from '@signalbox/model/event.ts'
import { toWire } from '@signalbox/model/wire.ts'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Pool } from 'pg'
import Type, { type Static } from 'typebox'
import { decodeKey, encodeKey, Limit, ListCursor, pageOf } from './page.ts'
import { eventById, listEvents } from './reads.ts'
import { answers, closed, missing, Page, read, Types, Uuid, Values } from './schemas.ts'

const json = (reply: FastifyReply, text: string) => reply.type('application/json').send(text)

export function eventRoutes(app: FastifyInstance, pool: Pool): void {
  const EventsQuery = closed({
    run: Values,
    agent: Values,
    type: Types,
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
      const [after] = decodeKey(list, [byPosition ? 'number' : 'id'], q.cursor) ?? []
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
        params: Type.Object({ id: Uuid }),
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
}

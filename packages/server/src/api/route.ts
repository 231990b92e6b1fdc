/** One query: its schemas, who may ask, and the handler with what it was asked. */
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Static, TObject, TSchema } from 'typebox'
import { answers } from './schemas.ts'

interface Route<P extends TObject, Q extends TObject> {
  readonly operationId: string
  readonly tag: 'events' | 'state' | 'ops'
  readonly summary: string
  readonly description?: string
  readonly params?: P
  readonly query?: Q
  readonly answer: TSchema
}

interface Asked<P extends TObject, Q extends TObject> {
  readonly tenant: string
  readonly params: Static<P>
  readonly query: Static<Q>
  readonly reply: FastifyReply
}

export function route<P extends TObject, Q extends TObject>(
  app: FastifyInstance,
  path: string,
  { operationId, tag, summary, description, params, query, answer }: Route<P, Q>,
  handle: (asked: Asked<P, Q>) => Promise<unknown>,
): void {
  const schema = {
    operationId,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(params === undefined ? {} : { params }),
    ...(query === undefined ? {} : { querystring: query }),
    response: answers(answer),
  }
  // What the schemas let through is what they say.
  app.get(path, { config: { scope: 'read' }, schema }, (request, reply) =>
    handle({ tenant: request.caller.tenant, params: request.params as Static<P>, query: request.query as Static<Q>, reply }),
  )
}

/** One query, or one change of what is kept beside the log: its schemas, who may ask, and the handler with what it was asked. */
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Static, TObject, TSchema } from 'typebox'
import { answers } from './schemas.ts'

/** More than any body of these has. */
const mostBodyBytes = 65_536

interface Route<P extends TObject, Q extends TObject, B extends TObject> {
  /** Default GET. */
  readonly method?: 'GET' | 'PUT' | 'DELETE'
  readonly operationId: string
  readonly tag: 'events' | 'state' | 'kept' | 'ops'
  readonly summary: string
  readonly description?: string
  readonly params?: P
  readonly query?: Q
  readonly body?: B
  readonly answer: TSchema
}

interface Asked<P extends TObject, Q extends TObject, B extends TObject> {
  readonly tenant: string
  readonly params: Static<P>
  readonly query: Static<Q>
  readonly body: Static<B>
  readonly reply: FastifyReply
}

export function route<P extends TObject, Q extends TObject, B extends TObject = TObject>(
  app: FastifyInstance,
  path: string,
  { method = 'GET', operationId, tag, summary, description, params, query, body, answer }: Route<P, Q, B>,
  handle: (asked: Asked<P, Q, B>) => Promise<unknown>,
): void {
  const schema = {
    operationId,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(params === undefined ? {} : { params }),
    ...(query === undefined ? {} : { querystring: query }),
    ...(body === undefined ? {} : { body }),
    response: answers(answer),
  }
  app.route({
    method,
    url: path,
    config: { scope: 'read' },
    schema,
    bodyLimit: mostBodyBytes,
    // What the schemas let through is what they say.
    handler: (request, reply) =>
      handle({
        tenant: request.caller.tenant,
        params: request.params as Static<P>,
        query: request.query as Static<Q>,
        body: request.body as Static<B>,
        reply,
      }),
  })
}

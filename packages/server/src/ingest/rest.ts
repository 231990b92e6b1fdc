/** The REST door: `POST /v1/events`. */
import { EventInput } from '@signalbox/model/event.ts'
import { type RefusalCode, refusals } from '@signalbox/model/refusals.ts'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { Unavailable } from '../broker/broker.ts'
import { ProblemAnswer, Refused } from '../http/problem.ts'
import { parseBody } from './body.ts'
import { bodyOf, type DoorDeps, holding, isBackfill, takeAnyBody } from './door.ts'
import type { Share } from './in-flight.ts'
import type { RawItem, Receive } from './receive.ts'

/** What became of a request's items; every door over HTTP that answers in JSON says it so. */
export const receiptFields = {
  accepted: Type.Integer({ description: 'Events stored by this request.' }),
  duplicates: Type.Integer({ description: 'Events that were there before with the same content.' }),
  refused: Type.Array(
    Type.Object(
      { index: Type.Integer(), id: Type.Optional(Type.String()), code: Type.String(), message: Type.String() },
      { additionalProperties: false },
    ),
    { description: 'What was not stored, by its index in the request.' },
  ),
  durability: Type.Union([Type.Literal('durable'), Type.Literal('replicated'), Type.Literal('volatile')], {
    description: 'durable: fsynced in PostgreSQL.',
  }),
  cursor: Type.String({ description: 'Live cursor at or after these events.' }),
  warnings: Type.Optional(Type.Array(Type.Object({ code: Type.String(), message: Type.String() }, { additionalProperties: false }))),
}

const ReceiptBody = Type.Object(
  {
    ...receiptFields,
    ids: Type.Optional(
      Type.Array(Type.Object({ index: Type.Integer(), id: Type.String() }, { additionalProperties: false }), {
        description: 'Ids made by the server.',
      }),
    ),
  },
  { additionalProperties: false },
)

const longestKey = 255

/** What the route's schema says of them; Fastify's own validation is off with that of the body. */
function optionsOf(request: FastifyRequest) {
  const backfill = isBackfill(request)
  const idempotencyKey = request.headers['idempotency-key']?.toString()
  // Cut or empty, the keys of two requests could be one, and the second one's events be taken for the first one's.
  if (idempotencyKey !== undefined && (idempotencyKey === '' || idempotencyKey.length > longestKey))
    throw new Refused({ code: 'BAD_REQUEST', detail: `The header Idempotency-Key must have 1 to ${longestKey} characters.` })
  return { backfill, idempotencyKey }
}

/** What the sender is told when nothing of its request, or an unknown part, was stored. */
export function refusedAs(error: unknown): unknown {
  if (!(error instanceof Unavailable)) return error
  return new Refused({ code: error.code, detail: refusals[error.code].means, retryAfterMs: error.retryAfterMs })
}

export const restDoor =
  (deps: DoorDeps): FastifyPluginAsync =>
  async (app) => {
    const { receive, config, inFlight, onRefused } = deps
    /** Apart, so that the body's bytes go when its items are there. */
    async function itemsOf(request: FastifyRequest, share: Share): Promise<readonly RawItem[]> {
      const bytes = await bodyOf(request, deps, share)
      try {
        return parseBody(bytes, request.headers['content-type'] ?? '', config.maxBatchEvents)
      } catch (error) {
        if (error instanceof Refused) onRefused(error.init.code)
        throw error
      }
    }
    async function serve(request: FastifyRequest, reply: FastifyReply, share: Share) {
      const { backfill, idempotencyKey } = optionsOf(request)
      let receipt: Awaited<ReturnType<Receive>>
      try {
        receipt = await receive(await itemsOf(request, share), {
          tenant: request.caller.tenant,
          door: 'rest',
          backfill,
          idempotencyKey,
        })
      } catch (error) {
        throw refusedAs(error)
      }
      const { received, made, ...answer } = receipt
      const only = received === 1 ? answer.refused[0] : undefined
      if (only !== undefined) throw new Refused({ code: only.code as RefusalCode, detail: only.message, more: { refused: answer.refused } })
      const mayDouble = made.length > 0 && idempotencyKey === undefined
      return reply.type('application/json').send(
        JSON.stringify({
          ...answer,
          ...(made.length > 0 ? { ids: made } : {}),
          ...(mayDouble
            ? {
                warnings: [
                  {
                    code: 'ID_MADE_BY_SERVER',
                    message:
                      'Events without an id got one here; sending this request again may double them. Send ids, or an Idempotency-Key.',
                  },
                ],
              }
            : {}),
        }),
      )
    }
    takeAnyBody(app)
    app.post(
      '/v1/events',
      {
        config: { scope: 'ingest' },
        // Bodies are streamed, decompressed and validated item by item, so that one bad item costs no other.
        validatorCompiler: () => () => true,
        schema: {
          operationId: 'sendEvents',
          tags: ['ingest'],
          summary: 'Send events',
          description:
            'One event, an array of them, or NDJSON (`application/x-ndjson`); plain, gzip or zstd. Answers 200 once the batch is committed, with what became of each event; a request of exactly one event that is refused answers that refusal. `Idempotency-Key` makes the ids of events that have none, so that a retry is a duplicate.',
          consumes: ['application/json', 'application/x-ndjson'],
          headers: Type.Object({ 'idempotency-key': Type.Optional(Type.String({ minLength: 1, maxLength: longestKey })) }),
          querystring: Type.Object(
            { backfill: Type.Optional(Type.Boolean({ description: 'Take events older than the retention, at their own times.' })) },
            { additionalProperties: false },
          ),
          body: Type.Union([EventInput, Type.Array(EventInput)]),
          response: { 200: ReceiptBody, '4xx': ProblemAnswer, '5xx': ProblemAnswer },
        },
      },
      (request, reply) => holding(inFlight, reply, (share) => serve(request, reply, share)),
    )
  }

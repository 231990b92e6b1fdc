/**
 * The door of OpenAI's Agents SDK: `POST /v1/traces/ingest`, as its own exporter asks it. That tries three times where the answer is 408,
 * 409, 429, 5xx or none, and gives the batch up after any other refusal: so what can be stored never goes with what cannot.
 */
import { isUtf8 } from 'node:buffer'
import { isObject } from '@signalbox/model/text.ts'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { wrongParameter } from '../../http/parameters.ts'
import { ProblemAnswer, Refused } from '../../http/problem.ts'
import { bodyOf, type DoorDeps, deliver, holding, takeAnyBody } from '../door.ts'
import type { Share } from '../in-flight.ts'
import { refusedAs } from '../rest.ts'
import { createMapping } from './mapping.ts'

function itemsOf(body: Buffer): readonly unknown[] {
  if (!isUtf8(body)) throw new Refused({ code: 'MALFORMED_JSON', detail: 'The body is not UTF-8.' })
  let value: unknown
  try {
    value = JSON.parse(body.toString())
  } catch (error) {
    throw new Refused({ code: 'MALFORMED_JSON', detail: `The body is not JSON: ${(error as Error).message.slice(0, 200)}.` })
  }
  if (!isObject(value) || !Array.isArray(value.data))
    throw new Refused({ code: 'BAD_REQUEST', detail: 'The body must be an object with a list "data" of traces and spans.' })
  return value.data
}

const Answer = Type.Object(
  {
    accepted: Type.Integer({ description: 'Events stored by this request; an item makes several.' }),
    duplicates: Type.Integer({ description: 'Events that were there before with the same content.' }),
    refused: Type.Array(
      Type.Object({ index: Type.Integer(), code: Type.String(), message: Type.String() }, { additionalProperties: false }),
      {
        description: 'Items of which something could not be stored, by their index in `data`.',
      },
    ),
  },
  { additionalProperties: false },
)

export const openAiAgentsDoor =
  (deps: DoorDeps): FastifyPluginAsync =>
  async (app) => {
    const map = createMapping()

    /** Apart, so that the body's bytes go when its items are there. */
    async function items(request: FastifyRequest, share: Share): Promise<readonly unknown[]> {
      const body = await bodyOf(request, deps, share)
      try {
        return itemsOf(body)
      } catch (error) {
        if (error instanceof Refused) deps.onRefused(error.init.code)
        throw error
      }
    }

    async function serve(request: FastifyRequest<{ Querystring: { backfill?: boolean } }>, reply: FastifyReply, share: Share) {
      const { tenant } = request.caller
      try {
        const mapped = map(await items(request, share), tenant, deps.clock.now())
        const { accepted, duplicates, refused } = await deliver(mapped, deps, {
          tenant,
          door: 'openai-agents',
          backfill: request.query.backfill === true,
        })
        return reply.send({
          accepted,
          duplicates,
          refused: [...refused].map(([index, { code, message }]) => ({ index, code, message })),
        })
      } catch (error) {
        throw refusedAs(error)
      }
    }

    takeAnyBody(app)
    app.setSchemaErrorFormatter(wrongParameter)
    app.post<{ Querystring: { backfill?: boolean } }>(
      '/v1/traces/ingest',
      {
        config: { scope: 'ingest' },
        schema: {
          operationId: 'sendOpenAiAgentsTraces',
          tags: ['ingest'],
          summary: "Send traces of OpenAI's Agents SDK",
          description:
            "What the SDK's own exporter sends: `{ data: [trace or span, …] }`. Answers 200 once all of it is committed; an item that can be no event costs no other.",
          consumes: ['application/json'],
          querystring: Type.Object(
            { backfill: Type.Optional(Type.Boolean({ description: 'Take events older than the retention, at their own times.' })) },
            { additionalProperties: false },
          ),
          response: { 200: Answer, '4xx': ProblemAnswer, '5xx': ProblemAnswer },
        },
      },
      (request, reply) => holding(deps.inFlight, reply, (share) => serve(request, reply, share)),
    )
  }

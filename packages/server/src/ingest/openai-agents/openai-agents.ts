/**
 * The door of OpenAI's Agents SDK: `POST /v1/traces/ingest`, as its own exporter asks it. That tries three times where the answer is 408,
 * 409, 429, 5xx or none, and gives the batch up after any other refusal: so what can be stored never goes with what cannot.
 */
import { isObject } from '@signalbox/model/text.ts'
import type { FastifyPluginAsync } from 'fastify'
import Type from 'typebox'
import { Refused } from '../../http/problem.ts'
import { parseBody } from '../body.ts'
import { type DoorDeps, takeAnyBody } from '../door.ts'
import { doorRoute } from '../door-route.ts'
import { createMapping } from './mapping.ts'

function itemsOf(body: Buffer): readonly unknown[] {
  const [{ value } = {}] = parseBody(body, 'application/json', 1)
  if (!isObject(value) || !Array.isArray(value.data))
    throw new Refused({ code: 'BAD_REQUEST', detail: 'The body must be an object with a list "data" of traces and spans.' })
  return value.data
}

export const openAiAgentsDoor =
  (deps: DoorDeps & { readonly onForgotten: (waiting: number) => void }): FastifyPluginAsync =>
  async (app) => {
    const map = createMapping(undefined, deps.onForgotten)
    takeAnyBody(app)
    doorRoute(app, deps, {
      path: '/v1/traces/ingest',
      door: 'openai-agents',
      schema: {
        operationId: 'sendOpenAiAgentsTraces',
        summary: "Send traces of OpenAI's Agents SDK",
        description:
          "What the SDK's own exporter sends. Answers 200 once all of it is committed; `accepted` counts events, of which an item makes several.",
        consumes: ['application/json'],
        body: Type.Object({ data: Type.Array(Type.Unknown(), { description: 'Traces and spans.' }) }),
      },
      read(body, { caller }) {
        const items = itemsOf(body)
        return { mapped: map(items, caller.tenant, deps.clock.now()), items: items.length }
      },
    })
  }

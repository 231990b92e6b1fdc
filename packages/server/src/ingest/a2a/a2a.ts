/**
 * The door for A2A, 1.0 and 0.3: `POST /v1/a2a`. It is a webhook for push notifications, and takes what else of the protocol somebody
 * passes on: responses, requests, transcripts of streams.
 *
 * Promises: A2A's task states one to one; a notification that comes again changes nothing.
 */

import type { MadeEvent } from '@signalbox/model/foreign.ts'
import { identifier, isObject } from '@signalbox/model/text.ts'
import type { FastifyPluginAsync } from 'fastify'
import Type from 'typebox'
import { type DoorDeps, type Mapped, takeAnyBody } from '../door.ts'
import { doorRoute, type Query, type Read, withinBatch } from '../door-route.ts'
import { createFirstSeen } from '../first-seen.ts'
import { isDeeper } from '../receive.ts'
import { decodeA2a } from './decode.ts'
import { type A2aOptions, mapA2a } from './mapping.ts'

/** Deeper than any event may be, and less than what recursion takes. */
const mostLevels = 1_000

export interface A2aReadOptions extends A2aOptions {
  readonly mostItems: number
  /** Whether the derived event of this id was told a moment ago. */
  readonly isTold?: (id: string) => boolean
}

/** Throws `Refused` when nothing of the body can be read. */
export function readA2a(body: Buffer, contentType: string, { mostItems, isTold = () => false, ...options }: A2aReadOptions): Read {
  const items = decodeA2a(body, contentType)
  withinBatch(items.length, mostItems)
  const told = new Set<string>()
  /** Of a stream of hundreds of updates each tells whose the task is. */
  const isRepeated = ({ data, id }: MadeEvent) => {
    if (data.derived !== true) return false
    const isKnown = told.has(id) || isTold(id)
    told.add(id)
    return isKnown
  }
  const mapped = items.flatMap(({ value, malformed }, item): readonly Mapped[] => {
    const refuse = (code: 'MALFORMED_JSON' | 'INVALID_EVENT' | 'TOO_DEEP', message: string): Mapped[] => [
      { item, refused: { code, message }, value: malformed ?? value },
    ]
    if (malformed !== undefined) return refuse('MALFORMED_JSON', `Item ${item} is not JSON.`)
    if (!isObject(value)) return refuse('INVALID_EVENT', `Item ${item} is no object.`)
    if (isDeeper(value, mostLevels)) return refuse('TOO_DEEP', `Item ${item} is nested deeper than ${mostLevels} levels.`)
    return mapA2a(value, options).flatMap((event) => (isRepeated(event) ? [] : [{ item, event }]))
  })
  return { mapped, items: items.length }
}

/** Who is who: the query, then a header, so that it can be told where only one of them can be set. */
const nameOf = (query: Query, headers: Readonly<Record<string, unknown>>, name: 'agent' | 'client') =>
  identifier(query[name]) ?? identifier(headers[`x-a2a-${name}`])

/** Derived events that were told lately. */
const mostTold = 20_000

export const a2aDoor =
  (deps: DoorDeps): FastifyPluginAsync =>
  async (app) => {
    const firstSeen = createFirstSeen()
    const told = new Set<string>()
    takeAnyBody(app)
    doorRoute(app, deps, {
      path: '/v1/a2a',
      door: 'a2a',
      schema: {
        operationId: 'sendA2a',
        summary: 'Send A2A notifications',
        description:
          'The webhook for push notifications of A2A 1.0 and 0.3 agents (`StreamResponse`, `Task`, status and artifact updates, `Message`), and for what else of the protocol is passed on: JSON-RPC requests and responses, arrays of them, one a line (`application/x-ndjson`), or the transcript of a stream (`text/event-stream`). Task states are ours one to one, the context is the run.',
        consumes: ['application/a2a+json', 'application/json', 'application/x-ndjson', 'text/event-stream'],
        querystring: {
          agent: Type.String({
            maxLength: 256,
            description: 'Name of the agent that serves A2A. Also the header X-A2A-Agent; default: `metadata.agent`, or "a2a".',
          }),
          client: Type.String({ maxLength: 256, description: 'Name of the agent that asked it. Also the header X-A2A-Client.' }),
        },
        body: Type.Union([Type.Object({}, { additionalProperties: true }), Type.Array(Type.Object({}, { additionalProperties: true }))]),
      },
      read(body, { headers, caller }, query) {
        return readA2a(body, headers['content-type'] ?? '', {
          agent: nameOf(query, headers, 'agent'),
          client: nameOf(query, headers, 'client'),
          now: deps.clock.now(),
          seen: (key, time) => firstSeen(`${caller.tenant}\n${key}`, time),
          mostItems: deps.config.maxBatchEvents,
          isTold: (id) => told.has(`${caller.tenant}\n${id}`),
        })
      },
      onDelivered({ mapped }, { caller }) {
        if (told.size > mostTold) told.clear()
        for (const one of mapped) if ('event' in one && one.event.data?.derived === true) told.add(`${caller.tenant}\n${one.event.id}`)
      },
    })
  }

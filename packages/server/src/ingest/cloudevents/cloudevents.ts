/**
 * The door for CloudEvents 1.0 over HTTP: `POST /v1/cloudevents`, structured, binary and batched.
 *
 * In: what any CloudEvents SDK sends. Out: one event each. Promises: the same CloudEvent is the same event for ever; of one without a
 * time for as long as its arrival is remembered.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { isObject } from '@signalbox/model/text.ts'
import type { FastifyPluginAsync } from 'fastify'
import Type from 'typebox'
import { ProblemAnswer, Refused } from '../../http/problem.ts'
import { parseJson } from '../body.ts'
import { type DoorDeps, takeAnyBody } from '../door.ts'
import { doorRoute, type Read, timeOfArrival, withinBatch } from '../door-route.ts'
import { createFirstSeen, type FirstSeen } from '../first-seen.ts'
import { attributesOf } from './headers.ts'
import { mapCloudEvent } from './mapping.ts'
import { type Payload, payloadIn, payloadOf } from './payload.ts'

const path = '/v1/cloudevents'
const structured = 'application/cloudevents+json'
const batched = 'application/cloudevents-batch+json'

interface Decoded {
  readonly attributes: unknown
  readonly payload: Payload | undefined
}

const inJson = (event: unknown): Decoded => ({ attributes: event, payload: isObject(event) ? payloadIn(event) : { json: undefined } })

/** Which of the three modes it is, the content type says. */
function decode(body: Buffer, headers: IncomingHttpHeaders): readonly Decoded[] {
  const contentType = (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  if (contentType === structured) return [inJson(parseJson(body))]
  if (contentType === batched) {
    const events = parseJson(body)
    if (!Array.isArray(events)) throw new Refused({ code: 'MALFORMED_JSON', detail: 'A batch of CloudEvents must be an array.' })
    return events.map(inJson)
  }
  if (contentType.startsWith('application/cloudevents') || headers['ce-specversion'] === undefined) {
    throw new Refused({
      code: 'UNSUPPORTED_ENCODING',
      detail: `This is no CloudEvent that can be read here: the Content-Type is neither ${structured} nor ${batched}, and there is no header ce-specversion.`,
    })
  }
  return [
    { attributes: attributesOf(headers), payload: body.length === 0 ? { json: undefined } : payloadOf(body, headers['content-type']) },
  ]
}

export interface CloudEventsOptions {
  readonly tenant: string
  readonly now: number
  readonly firstSeen: FirstSeen
  readonly mostItems: number
}

/** The request's CloudEvents as events. Throws `Refused` when it holds none that can be read. */
export function readCloudEvents(
  body: Buffer,
  headers: IncomingHttpHeaders,
  { tenant, now, firstSeen, mostItems }: CloudEventsOptions,
): Read {
  const events = decode(body, headers)
  withinBatch(events.length, mostItems)
  let untimed = 0
  const arrivedAt = (key: string) => {
    untimed += 1
    return firstSeen(`${tenant}\n${key}`, now)
  }
  const mapped = events.map(({ attributes, payload }, item) => mapCloudEvent(attributes, payload, { item, arrivedAt }))
  return { mapped, items: events.length, warnings: untimed > 0 ? [timeOfArrival] : [] }
}

const Attribute = Type.Object(
  {
    specversion: Type.Literal('1.0'),
    id: Type.String({ minLength: 1 }),
    source: Type.String({ minLength: 1 }),
    type: Type.String({ minLength: 1 }),
    time: Type.Optional(Type.String({ format: 'date-time' })),
    data: Type.Optional(Type.Unknown()),
  },
  { additionalProperties: true, description: 'A CloudEvent 1.0 in its JSON format' },
)

/** A name of hosts, as the handshake has it. */
const dnsName = /^[A-Za-z0-9*](?:[A-Za-z0-9.*-]{0,252})$/

export const cloudEventsDoor =
  (deps: DoorDeps): FastifyPluginAsync =>
  async (app) => {
    const firstSeen = createFirstSeen()
    takeAnyBody(app)
    doorRoute(app, deps, {
      path,
      door: 'cloudevents',
      mayBeEmpty: true,
      schema: {
        operationId: 'sendCloudEvents',
        summary: 'Send CloudEvents',
        description:
          'CloudEvents 1.0 over HTTP: structured (`application/cloudevents+json`), batched (`application/cloudevents-batch+json`) or binary (attributes in headers `ce-*`, the body of any content type). `id` and `source` make the id of the event, so that one which comes again is a duplicate. The extension attributes `run`, `agent`, `task`, `cause`, `seq`, `epoch` and `traceparent` are fields of the event.',
        consumes: [structured, batched],
        headers: Type.Object({
          'ce-specversion': Type.Optional(Type.String({ description: 'Binary mode: 1.0, beside the other ce-* headers.' })),
        }),
        body: Type.Union([Attribute, Type.Array(Attribute)]),
      },
      read: (body, { headers, caller }) =>
        readCloudEvents(body, headers, { tenant: caller.tenant, now: deps.clock.now(), firstSeen, mostItems: deps.config.maxBatchEvents }),
    })
    app.options(
      path,
      {
        config: { scope: 'ingest' },
        schema: {
          operationId: 'allowCloudEvents',
          tags: ['ingest'],
          summary: 'Allow a sender of CloudEvents',
          description:
            'The handshake of the HTTP webhook specification: a sender that may deliver here, and names itself in `WebHook-Request-Origin`, is allowed to, at any rate.',
          response: {
            200: Type.Object({ allowed: Type.Boolean({ description: 'Whether the sender named itself, and may send.' }) }),
            '4xx': ProblemAnswer,
            '5xx': ProblemAnswer,
          },
        },
      },
      async (request, reply) => {
        const origin = request.headers['webhook-request-origin']?.toString() ?? ''
        reply.header('allow', 'POST, OPTIONS')
        const allowed = dnsName.test(origin)
        if (allowed) reply.header('webhook-allowed-origin', origin).header('webhook-allowed-rate', '*')
        return { allowed }
      },
    )
  }

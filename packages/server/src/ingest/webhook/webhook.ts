/**
 * Doors for webhooks of any JSON: `POST /v1/webhooks/<name>`, each with a mapping from the configuration.
 *
 * A signed webhook needs no key: who cannot set headers, as GitHub, proves itself by its signature.
 */
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { Refused } from '../../http/problem.ts'
import { parseJson } from '../body.ts'
import { type DoorDeps, takeAnyBody } from '../door.ts'
import { type DoorRoute, doorRoute, type Read, shown, timeOfArrival, withinBatch } from '../door-route.ts'
import { createFirstSeen, type FirstSeen } from '../first-seen.ts'
import type { CompiledWebhook, Webhooks } from './config.ts'
import { itemsOf, mapWebhook } from './mapping.ts'
import { isSigned, signatureIn } from './signature.ts'

export interface ReadOptions {
  readonly tenant: string
  readonly now: number
  readonly firstSeen: FirstSeen
  readonly mostItems: number
}

/** Throws `Refused` when nothing of the body can be read. */
export function readWebhook(
  webhook: CompiledWebhook,
  body: Buffer,
  headers: Readonly<Record<string, unknown>>,
  { tenant, now, firstSeen, mostItems }: ReadOptions,
): Read {
  const value = parseJson(body)
  const items = itemsOf(webhook, value)
  withinBatch(items.length, mostItems)
  const { isUntimed, ...read } = mapWebhook(webhook, value, items, { headers, seen: (key) => firstSeen(`${tenant}\n${key}`, now) })
  return { ...read, items: items.length, warnings: isUntimed ? [timeOfArrival] : [] }
}

export const webhookDoor =
  ({ webhooks, ...deps }: DoorDeps & { readonly webhooks: Webhooks }): FastifyPluginAsync =>
  async (app) => {
    const firstSeen = createFirstSeen()
    takeAnyBody(app)
    const read = (webhook: CompiledWebhook, body: Buffer, { headers, caller }: FastifyRequest) =>
      readWebhook(webhook, body, headers, {
        tenant: caller.tenant,
        now: deps.clock.now(),
        firstSeen,
        mostItems: deps.config.maxBatchEvents,
      })
    const named = ({ params }: FastifyRequest): CompiledWebhook => {
      const { name } = params as { readonly name: string }
      const webhook = webhooks.get(name)
      if (webhook === undefined)
        throw new Refused({ code: 'NOT_FOUND', detail: `There is no webhook "${shown(name)}"; SIGNALBOX_WEBHOOKS names them.` })
      return webhook
    }
    doorRoute(app, deps, {
      path: '/v1/webhooks/:name',
      door: 'webhook',
      schema: {
        operationId: 'sendWebhook',
        summary: 'Send to a webhook',
        description:
          'JSON of any form; what events it becomes, the mapping of that name in the file of `SIGNALBOX_WEBHOOKS` says. A webhook with a signature needs it instead of a key.',
        consumes: ['application/json'],
        params: Type.Object({ name: Type.String({ maxLength: 64 }) }),
        body: Type.Unknown(),
      },
      admit: (request) => void named(request),
      read: (body, request) => read(named(request), body, request),
    })
    for (const webhook of webhooks.values()) if (webhook.signature !== undefined) signedRoute(app, deps, webhook, read)
  }

function signedRoute(
  app: FastifyInstance,
  deps: DoorDeps,
  webhook: CompiledWebhook,
  read: (webhook: CompiledWebhook, body: Buffer, request: FastifyRequest) => Read,
): void {
  const { name, signature } = webhook
  if (signature === undefined) return
  const refused = (detail: string) => new Refused({ code: 'UNAUTHENTICATED', detail })
  const route: DoorRoute = {
    path: `/v1/webhooks/${name}`,
    door: 'webhook',
    provesCallers: true,
    schema: { hide: true, consumes: ['application/json'], body: Type.Unknown() },
    admit({ headers }) {
      if (signatureIn(headers, signature) === undefined)
        throw refused(`The header ${signature.header} has no signature as "${name}" asks for.`)
    },
    read(body, request) {
      if (!isSigned(body, request.headers, signature)) throw refused(`The signature in ${signature.header} is not of this body.`)
      return read(webhook, body, request)
    },
  }
  doorRoute(app, deps, route)
}

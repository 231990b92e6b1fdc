/** A door's route, where it takes JSON of any kind and answers what became of it: the body under limits, its events on the way in, the answer. */
import type { RefusalCode } from '@signalbox/model/refusals.ts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import Type, { type TSchema } from 'typebox'
import { ProblemAnswer, Refused } from '../http/problem.ts'
import { bodyOf, type DoorDeps, deliver, holding, type Mapped } from './door.ts'
import type { Share } from './in-flight.ts'
import { receiptFields, refusedAs } from './rest.ts'

export interface Warning {
  readonly code: string
  readonly message: string
}

/** What a body came to. */
export interface Read {
  readonly mapped: readonly Mapped[]
  /** Of the request's own items. */
  readonly items: number
  /** Items that no event was made of, as the door was told to. */
  readonly skipped?: number
  readonly warnings?: readonly Warning[]
}

export type Query = Readonly<Record<string, string | undefined>>

export interface DoorRoute {
  readonly path: string
  /** As metrics and the quarantine name it. */
  readonly door: string
  /** The route itself finds out who calls; else a key with the scope "ingest" decides. */
  readonly provesCallers?: boolean
  readonly schema: {
    readonly hide?: boolean
    readonly operationId?: string
    readonly summary?: string
    readonly description?: string
    readonly consumes: readonly string[]
    readonly headers?: TSchema
    readonly params?: TSchema
    /** Parameters beside `backfill`, all of them text. */
    readonly querystring?: Readonly<Record<string, TSchema>>
    readonly body: TSchema
  }
  /** Whether a request without a body is one. */
  readonly mayBeEmpty?: boolean
  /** Refuses a request before its body is read, by throwing `Refused`. */
  readonly admit?: (request: FastifyRequest) => void
  /** Throws `Refused` when nothing of the body can be read. */
  readonly read: (body: Buffer, request: FastifyRequest, query: Query) => Read
  /** Told when all of it is settled. */
  readonly onDelivered?: (read: Read, request: FastifyRequest) => void
}

const DoorReceipt = Type.Object(
  {
    ...receiptFields,
    skipped: Type.Optional(Type.Integer({ description: 'Items that no event was made of, as the mapping says.' })),
  },
  { additionalProperties: false },
)

/** Of a value of any length. */
export const shown = (text: string): string => (text.length <= 100 ? text : `${text.slice(0, 100)}…`)

/** What the route's schema says of them; Fastify's own validation is off with that of the body. */
function queryOf(request: FastifyRequest, names: readonly string[]): Query {
  const query = request.query as Readonly<Record<string, unknown>>
  for (const [name, value] of Object.entries(query)) {
    if (name !== 'backfill' && !names.includes(name))
      throw new Refused({ code: 'BAD_REQUEST', detail: `There is no parameter "${shown(name)}" here.` })
    if (typeof value !== 'string') throw new Refused({ code: 'BAD_REQUEST', detail: `The parameter "${name}" is there more than once.` })
  }
  if (!['true', 'false', undefined].includes(query.backfill as string | undefined))
    throw new Refused({ code: 'BAD_REQUEST', detail: 'The parameter "backfill" must be true or false.' })
  return query as Query
}

/** Adds the route. The routes of `app` have to get bodies as they come (`takeAnyBody`). */
export function doorRoute(app: FastifyInstance, deps: DoorDeps, route: DoorRoute): void {
  const { schema } = route
  /** Apart, so that the body's bytes go when its events are there. */
  async function readFrom(request: FastifyRequest, share: Share, query: Query): Promise<Read> {
    const isEmpty = route.mayBeEmpty === true && request.body === undefined
    const bytes = isEmpty ? Buffer.alloc(0) : await bodyOf(request, deps, share)
    try {
      return route.read(bytes, request, query)
    } catch (error) {
      if (error instanceof Refused) deps.onRefused(error.init.code)
      throw error
    }
  }
  async function serve(request: FastifyRequest, reply: FastifyReply, share: Share) {
    const query = queryOf(request, Object.keys(schema.querystring ?? {}))
    route.admit?.(request)
    const read = await readFrom(request, share, query)
    const { refused, ...answer } = await deliver(read.mapped, deps, {
      tenant: request.caller.tenant,
      door: route.door,
      backfill: query.backfill === 'true',
    }).catch((error: unknown) => {
      throw refusedAs(error)
    })
    route.onDelivered?.(read, request)
    const list = [...refused].map(([index, refusal]) => ({ ...refusal, index }))
    const only = read.items === 1 && answer.accepted + answer.duplicates === 0 ? list[0] : undefined
    if (only !== undefined) throw new Refused({ code: only.code as RefusalCode, detail: only.message, more: { refused: list } })
    const { skipped, warnings = [] } = read
    return reply.type('application/json').send(
      JSON.stringify({
        ...answer,
        refused: list,
        ...(skipped === undefined ? {} : { skipped }),
        ...(warnings.length === 0 ? {} : { warnings }),
      }),
    )
  }
  app.post(
    route.path,
    {
      config: route.provesCallers === true ? {} : { scope: 'ingest' },
      // Bodies are streamed and read item by item, so that one bad item costs no other.
      validatorCompiler: () => () => true,
      schema: {
        tags: ['ingest'],
        ...schema,
        consumes: [...schema.consumes],
        querystring: Type.Object(
          {
            ...Object.fromEntries(Object.entries(schema.querystring ?? {}).map(([name, one]) => [name, Type.Optional(one)])),
            backfill: Type.Optional(Type.Boolean({ description: 'Take events older than the retention, at their own times.' })),
          },
          { additionalProperties: false },
        ),
        response: { 200: DoorReceipt, '4xx': ProblemAnswer, '5xx': ProblemAnswer },
      },
    },
    (request, reply) => holding(deps.inFlight, reply, (share) => serve(request, reply, share)),
  )
}

/** Throws when a request has more items than one may have. */
export function withinBatch(items: number, most: number): void {
  if (items > most) throw new Refused({ code: 'BATCH_TOO_LARGE', detail: `The batch has more than ${most} items.` })
}

export const timeOfArrival: Warning = {
  code: 'TIME_OF_ARRIVAL',
  message:
    'Some items tell no time and got that of their arrival. It is remembered for a while; sending them again after a restart may double them.',
}

/** OTLP over HTTP: `POST /v1/traces`, `/v1/logs` and `/v1/metrics`, as opentelemetry-proto's docs/specification.md has it. */
import type { FastifyError, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { Refused } from '../../http/problem.ts'
import { bodyOf, type DoorDeps, holding, isBackfill, takeAnyBody } from '../door.ts'
import type { Share } from '../in-flight.ts'
import { encodeStatus, encodeTaken, statusOf } from './answer.ts'
import type { Encoding } from './decode.ts'
import { type Signal, signals } from './signals.ts'
import type { Take } from './take.ts'

const mediaTypes: Readonly<Record<string, Encoding>> = { 'application/x-protobuf': 'protobuf', 'application/json': 'json' }

/** The paths of each signal; the last one is where Langfuse's clients send. */
const paths: readonly (readonly [path: string, signal: Signal, name: string])[] = [
  ['/v1/traces', 'traces', 'exportTraces'],
  ['/v1/logs', 'logs', 'exportLogs'],
  ['/v1/metrics', 'metrics', 'exportMetrics'],
  ['/api/public/otel/v1/traces', 'traces', 'exportTracesAsLangfuse'],
]

/** An answer is of the type of its request; of one whose type is not understood, JSON. */
function typeOf({ headers }: FastifyRequest): { readonly type: string; readonly encoding: Encoding } | undefined {
  const type = (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  const encoding = Object.hasOwn(mediaTypes, type) ? mediaTypes[type] : undefined
  return encoding === undefined ? undefined : { type, encoding }
}

const Partial = (name: string) =>
  Type.Object(
    {
      partialSuccess: Type.Optional(
        Type.Object(
          {
            [name]: Type.String({ description: 'How many cannot be taken, for ever.' }),
            errorMessage: Type.String({ description: 'Why; the first of them by name.' }),
          },
          { additionalProperties: false },
        ),
      ),
    },
    { additionalProperties: false },
  )
const Status = Type.Object(
  { code: Type.Integer({ description: 'google.rpc.Code' }), message: Type.String(), details: Type.Array(Type.Unknown()) },
  { additionalProperties: false },
)
const Binary = Type.Unsafe<unknown>({ type: 'string', format: 'binary' })
const either = (description: string, json: object) => ({
  description,
  content: { 'application/json': { schema: json }, 'application/x-protobuf': { schema: Binary } },
})

/** Of the time that a body may take. */
const answeredBefore = 0.9

export interface OtlpDeps extends DoorDeps {
  readonly config: DoorDeps['config'] & { readonly bodyTimeoutMs: number }
  readonly take: Take
}

export const otlpDoor =
  ({ take, ...deps }: OtlpDeps): FastifyPluginAsync =>
  async (app) => {
    async function serve(signal: Signal, request: FastifyRequest, reply: FastifyReply, share: Share) {
      const backfill = isBackfill(request)
      const known = typeOf(request)
      if (known === undefined)
        throw new Refused({ code: 'UNSUPPORTED_ENCODING', detail: `The content type must be ${Object.keys(mediaTypes).join(' or ')}.` })
      const { type, encoding } = known
      const { tenant } = request.caller
      // Not a variable of its own: the body would be held until its events are committed.
      const taken = await bytesOf(request, reply, share).then((body) => take(body, { signal, encoding, tenant, backfill }))
      return reply.type(type).send(encodeTaken(taken, signal, encoding))
    }
    /** Before the front cuts the connection of a body that comes too slowly: an exporter repeats nothing that it was not told to. */
    async function bytesOf(request: FastifyRequest, reply: FastifyReply, share: Share): Promise<Buffer> {
      // An empty Protobuf message has no bytes.
      if (request.body === undefined) return Buffer.alloc(0)
      let cancel = () => {}
      const late = new Promise<never>((_resolve, reject) => {
        cancel = deps.clock.after(deps.config.bodyTimeoutMs * answeredBefore, () => {
          reply.header('connection', 'close')
          reject(new Refused({ code: 'BODY_TIMEOUT', detail: 'The body did not arrive in time.' }))
        })
      })
      return Promise.race([bodyOf(request, deps, share), late]).finally(() => cancel())
    }

    function refuse(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
      const { type, encoding } = typeOf(request) ?? { type: 'application/json', encoding: 'json' }
      const status = statusOf(error)
      if (status.code === 'INTERNAL' && !(error instanceof Refused)) deps.onFault(error)
      if (status.retryAfterMs !== undefined) reply.header('retry-after', String(Math.ceil(status.retryAfterMs / 1_000)))
      if (status.http === 401) reply.header('www-authenticate', 'Bearer')
      return reply.code(status.http).type(type).send(encodeStatus(status, encoding))
    }

    takeAnyBody(app)
    app.setErrorHandler(refuse)
    for (const [path, signal, operationId] of paths) {
      const { request: name, rejectedName } = signals[signal]
      app.post(
        path,
        {
          config: { scope: 'ingest', otlp: true },
          validatorCompiler: () => () => true,
          schema: {
            operationId,
            tags: ['ingest'],
            summary: `Send ${signal} of OpenTelemetry`,
            description: `An ${name} of OTLP, as Protobuf or JSON; plain, gzip, zstd or deflate. Answers 200 once all of it is committed, with what cannot be taken for ever; what can be sent again is answered 503 with Retry-After. See docs/doors/otlp.md.`,
            consumes: Object.keys(mediaTypes),
            querystring: Type.Object(
              { backfill: Type.Optional(Type.Boolean({ description: 'Take events older than the retention, at their own times.' })) },
              { additionalProperties: false },
            ),
            body: Type.Object({ [signals[signal].json.resources]: Type.Optional(Type.Array(Type.Unknown())) }),
            response: {
              200: either('Taken', Partial(rejectedName)),
              '4xx': either('Refused for good (google.rpc.Status)', Status),
              '5xx': either('To be sent again (google.rpc.Status)', Status),
            },
          },
        },
        (request, reply) => holding(deps.inFlight, reply, (share) => serve(signal, request, reply, share)),
      )
    }
  }

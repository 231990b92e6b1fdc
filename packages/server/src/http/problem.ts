/** Problems (RFC 9457): the one form of every refused request. */
import { randomUUID } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { type RefusalCode, refusals } from '@signalbox/model/refusals.ts'
import Type, { type Static } from 'typebox'

export const Problem = Type.Object(
  {
    type: Type.String({ description: 'Where the code is explained.' }),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ description: 'Stable; one of docs/errors.md.' }),
    detail: Type.String(),
    hint: Type.String(),
    retryable: Type.Boolean({ description: 'Whether sending the same again later can succeed.' }),
    instance: Type.String({ description: 'Id of the request, as in the log.' }),
  },
  { additionalProperties: true, description: 'RFC 9457 problem' },
)
export type Problem = Static<typeof Problem>
/** A route's answer of that form, with its own media type. */
export const ProblemAnswer = { description: 'A problem (RFC 9457)', content: { 'application/problem+json': { schema: Problem } } }

export interface RefusedInit {
  readonly code: RefusalCode
  readonly detail: string
  readonly retryAfterMs?: number
  /** The methods that the path takes. */
  readonly allow?: readonly string[]
  /** Further members of the problem. */
  readonly more?: Readonly<Record<string, unknown>>
}

/** A refusal of the whole request, on its way to the one place that answers it. */
export class Refused extends Error {
  readonly init: RefusedInit
  constructor(init: RefusedInit) {
    super(init.detail)
    this.init = init
  }
}

/** Fastify's own refusals, by its codes. */
const fastifyCodes: Readonly<Record<string, RefusalCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'UNSUPPORTED_ENCODING',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'BAD_REQUEST',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'MALFORMED_JSON',
  FST_ERR_VALIDATION: 'BAD_REQUEST',
  FST_ERR_BAD_URL: 'BAD_REQUEST',
}

/** Sockets and names; then SQLSTATE: the connection (08), no room (53), the server ends or begins (57P), the statement took too long (57014), it only reads (25006). */
const awayCodes = /^(E(CONN|PIPE|HOST|NET|TIMEDOUT|NOTFOUND|AI_)[A-Z_]*|08\w{3}|53\w{3}|57P\w{2}|57014|25006)$/
/** What `pg` and its pool say without a code. */
const awayMessages =
  /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|Cannot use a pool)/

/** Whether it says that the database is away or too busy, and nothing is wrong with what was asked. */
export const isStoreAway = ({ code, message }: { readonly code?: string; readonly message: string }): boolean =>
  awayCodes.test(code ?? '') || awayMessages.test(message)

/** The refusal that an error comes to, and so what is told of it. */
function asRefused(error: Error & { code?: string; statusCode?: number }): RefusedInit {
  if (error instanceof Refused) return error.init
  const code = fastifyCodes[error.code ?? '']
  if (code !== undefined) return { code, detail: error.message }
  if (error.statusCode === 403 || error.statusCode === 404) return { code: 'NOT_FOUND', detail: 'There is no such file.' }
  if ((error.statusCode ?? 500) < 500) return { code: 'BAD_REQUEST', detail: error.message }
  if (isStoreAway(error)) return { code: 'STORE_UNAVAILABLE', detail: 'The database is away or too busy to answer.', retryAfterMs: 1_000 }
  return { code: 'INTERNAL', detail: 'Something failed in Signalbox.' }
}

export function problemOf(error: Error & { code?: string; statusCode?: number }, instance: string) {
  const { code, detail, more, retryAfterMs, allow } = asRefused(error)
  const { status, means, hint, retryable } = refusals[code]
  const problem: Problem = { type: `/docs/errors#${code}`, title: means, status, code, detail, hint, retryable, instance, ...more }
  const headers: Record<string, string> = {
    ...(retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1_000)) }),
    ...(allow === undefined ? {} : { allow: allow.join(', ') }),
    ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    ...(status === 426 ? { upgrade: 'websocket', connection: 'upgrade' } : {}),
  }
  return { problem, headers }
}

/** Answers where there is no response to answer with, and hangs up. */
export function refuseRaw(socket: Duplex, refused: RefusedInit, reqId: string = randomUUID()): void {
  const { problem, headers } = problemOf(new Refused(refused), reqId)
  const body = JSON.stringify(problem)
  const more = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(
    `HTTP/1.1 ${problem.status} ${problem.code}\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${more.join('')}connection: close\r\n\r\n${body}`,
    // Its own end may never come.
    () => socket.destroy(),
  )
}

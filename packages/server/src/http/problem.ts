/** Problems (RFC 9457): the one form of every refused request. */
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

export function problemOf(error: Error & { code?: string; statusCode?: number }, instance: string): Problem {
  const code: RefusalCode =
    error instanceof Refused
      ? error.init.code
      : (fastifyCodes[error.code ?? ''] ?? ((error.statusCode ?? 500) < 500 ? 'BAD_REQUEST' : 'INTERNAL'))
  const { status, means, hint, retryable } = refusals[code]
  const detail = code === 'INTERNAL' ? 'Something failed in Signalbox.' : error.message
  return {
    type: `/docs/errors#${code}`,
    title: means,
    status,
    code,
    detail,
    hint,
    retryable,
    instance,
    ...(error instanceof Refused ? error.init.more : {}),
  }
}

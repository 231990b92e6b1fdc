/** What an exporter is told, in either encoding: the responses of OTLP's three services, and google.rpc.Status for everything refused. */

import { type RefusalCode, refusals } from '@signalbox/model/refusals.ts'
import protobuf from 'protobufjs/minimal.js'
import { problemOf } from '../../http/problem.ts'
import { refusedAs } from '../rest.ts'
import type { Encoding } from './decode.ts'
import { type Signal, signals } from './signals.ts'

/** google.rpc.Code, those that are told. */
export const rpcCodes = {
  ok: 0,
  invalidArgument: 3,
  permissionDenied: 7,
  unimplemented: 12,
  unavailable: 14,
  unauthenticated: 16,
} as const

const rpcCodeOf: Partial<Record<RefusalCode, number>> = {
  UNAUTHENTICATED: rpcCodes.unauthenticated,
  FORBIDDEN: rpcCodes.permissionDenied,
  ORIGIN_REFUSED: rpcCodes.permissionDenied,
  NOT_FOUND: rpcCodes.unimplemented,
  UNSUPPORTED_ENCODING: rpcCodes.unimplemented,
}

/** What may succeed later without being changed says when to try again, and of such statuses an exporter repeats these alone. */
const unavailable = 503
const retryAfterMs = 1_000

export interface Status {
  readonly code: RefusalCode
  readonly http: number
  readonly rpc: number
  readonly message: string
  /** Absent when the same will never be taken. */
  readonly retryAfterMs?: number
}

/** Of anything thrown on the way. What cannot be told from a passing fault is one: an exporter drops what it is not told to repeat. */
export function statusOf(thrown: unknown): Status {
  const error = refusedAs(thrown)
  const { problem, headers } = problemOf(error instanceof Error ? error : new Error(String(error)), '')
  const code = problem.code as RefusalCode
  if (!refusals[code].retryable)
    return { code, http: problem.status, rpc: rpcCodeOf[code] ?? rpcCodes.invalidArgument, message: problem.detail }
  const told = headers['retry-after']
  return {
    code,
    http: unavailable,
    rpc: rpcCodes.unavailable,
    message: problem.detail,
    retryAfterMs: told === undefined ? retryAfterMs : Number(told) * 1_000,
  }
}

const typeOfRetryInfo = 'type.googleapis.com/google.rpc.RetryInfo'

export function encodeStatus({ rpc, message, retryAfterMs: after }: Status, encoding: Encoding): Buffer {
  if (encoding === 'json') {
    const details = after === undefined ? [] : [{ '@type': typeOfRetryInfo, retryDelay: `${after / 1_000}s` }]
    return Buffer.from(JSON.stringify({ code: rpc, message, details }))
  }
  const writer = protobuf.Writer.create()
  writer.uint32(0x08).int32(rpc).uint32(0x12).string(message) // code, message
  if (after !== undefined) {
    writer.uint32(0x1a).fork() // details: an Any
    writer.uint32(0x0a).string(typeOfRetryInfo)
    writer.uint32(0x12).fork().uint32(0x0a).fork() // RetryInfo.retry_delay: a Duration
    writer
      .uint32(0x08)
      .int32(Math.trunc(after / 1_000))
      .uint32(0x10)
      .int32((after % 1_000) * 1_000_000)
    writer.ldelim().ldelim().ldelim()
  }
  return Buffer.from(writer.finish())
}

/** What became of an export request that was taken. */
export interface Taken {
  /** Items that cannot be stored, for ever. */
  readonly rejected: number
  /** For people; '' for nothing to say. */
  readonly message: string
}

/** An export response. That all is well is said by an empty one: `partial_success` is for what is not. */
export function encodeTaken({ rejected, message }: Taken, signal: Signal, encoding: Encoding): Buffer {
  const isFull = rejected === 0 && message === ''
  if (encoding === 'json') {
    const { rejectedName } = signals[signal]
    return Buffer.from(JSON.stringify(isFull ? {} : { partialSuccess: { [rejectedName]: String(rejected), errorMessage: message } }))
  }
  if (isFull) return Buffer.alloc(0)
  const writer = protobuf.Writer.create()
  writer.uint32(0x0a).fork().uint32(0x08).int64(rejected).uint32(0x12).string(message).ldelim()
  return Buffer.from(writer.finish())
}

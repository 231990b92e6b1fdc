/** Export requests on the wire, made by OpenTelemetry's own code. */

import root from '@opentelemetry/otlp-transformer/build/src/generated/root.js'
import { type Signal, signals } from './signals.ts'

/** A message type of what is generated from OpenTelemetry's .proto files, which is not typed. */
interface MessageType {
  fromObject(json: unknown): unknown
  toObject(message: unknown, options: { readonly longs: unknown }): unknown
  encode(message: unknown): { finish(): Uint8Array }
  decode(bytes: Uint8Array): unknown
}
type Service = { readonly v1: Readonly<Record<string, MessageType>> }
type Generated = {
  readonly opentelemetry: { readonly proto: { readonly collector: Readonly<Record<'trace' | 'logs' | 'metrics', Service>> } }
}
const { collector } = (root as unknown as Generated).opentelemetry.proto

function typeOf(signal: Signal, kind: 'Request' | 'Response'): MessageType {
  const service = signal === 'traces' ? 'trace' : signal
  const type = collector[service].v1[signals[signal].request.replace('Request', kind)]
  if (type === undefined) throw new Error(`OpenTelemetry has no ${kind} of ${signal}.`)
  return type
}

type Json = Record<string, unknown>

/** Ids are hexadecimal in OTLP's JSON, which Protobuf's own JSON does not know. */
function withBytes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withBytes)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      /^(trace|span|parentSpan)Id$/.test(key) ? Buffer.from(String(inner), 'hex') : withBytes(inner),
    ]),
  )
}

/** The request's Protobuf, by OpenTelemetry's encoder. */
export function protobufOf(signal: Signal, json: unknown): Buffer {
  const type = typeOf(signal, 'Request')
  return Buffer.from(type.encode(type.fromObject(withBytes(json))).finish())
}

/** A response as an object, by OpenTelemetry's decoder. */
export function responseOf(signal: Signal, bytes: Uint8Array): unknown {
  const type = typeOf(signal, 'Response')
  return type.toObject(type.decode(bytes), { longs: Number })
}

const kv = (attributes: Readonly<Record<string, unknown>>) =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: { stringValue: String(value) } }))

/** Some items of one service. */
export const requestOf = (signal: Signal, items: readonly unknown[], service = 'tests'): Json => {
  const { resources, scopes, items: name } = signals[signal].json
  return {
    [resources]: [{ resource: { attributes: kv({ 'service.name': service }) }, [scopes]: [{ scope: { name: 'sdk' }, [name]: items }] }],
  }
}

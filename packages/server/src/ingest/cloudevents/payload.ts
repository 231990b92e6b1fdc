/** What a CloudEvent carries, by its content type: JSON parsed, text kept, other bytes as base64. */
import { isUtf8 } from 'node:buffer'
import { isObject, type Json } from '@signalbox/model/text.ts'

/** `undefined` in `json` is no payload at all. */
export type Payload = { readonly json: unknown } | { readonly text: string } | { readonly base64: string }

const jsonType = /^[^/;]+\/(?:[^;]+\+)?json\s*(?:;|$)/i
const textType = /^(?:text\/|[^/;]+\/(?:[^;]+\+)?(?:xml|yaml|x-yaml|toml|javascript|graphql|x-www-form-urlencoded)\s*(?:;|$))/i

export const isJsonType = (contentType: string): boolean => jsonType.test(contentType)

/** Undefined when the bytes are not what their content type says. Where it says nothing the bytes decide. */
export function payloadOf(bytes: Buffer, contentType: string | undefined): Payload | undefined {
  const isSaid = contentType !== undefined && contentType !== ''
  const text = isUtf8(bytes) ? bytes.toString() : undefined
  if (!isSaid || isJsonType(contentType)) {
    try {
      if (text !== undefined) return { json: JSON.parse(text) as unknown }
    } catch {
      // Not JSON.
    }
    if (isSaid) return undefined
  }
  if (text !== undefined && (!isSaid || textType.test(contentType))) return { text }
  return { base64: bytes.toString('base64') }
}

/** Of an event in JSON, whose `data` is the value itself and whose `data_base64` is bytes of its content type. */
export function payloadIn(event: Json): Payload | undefined {
  const contentType = typeof event.datacontenttype === 'string' ? event.datacontenttype : undefined
  const { data_base64: base64, data } = event
  if (typeof base64 === 'string') return payloadOf(Buffer.from(base64, 'base64'), contentType ?? 'application/octet-stream')
  return typeof data === 'string' && contentType !== undefined && !isJsonType(contentType) ? { text: data } : { json: data }
}

/** As an event's `data`: an object is it, anything else stands in it as `value`, bytes as `base64`. */
export function dataOf(payload: Payload): Json {
  if ('text' in payload) return { value: payload.text }
  if ('base64' in payload) return payload
  const { json } = payload
  return isObject(json) ? json : json === undefined ? {} : { value: json }
}

/**
 * Reads Protobuf's wire format, by protobufjs's reader (docs/decisions/0011): messages within their length, and what OTLP has of scalars.
 * A `tag` is `number << 3 | type`: fields are told apart by number and wire type together, and one of another type is an unknown one.
 */

import type { EpochMs } from '@signalbox/model/event.ts'
import protobuf from 'protobufjs/minimal.js'
import type { Bounds } from './decode-bounds.ts'

export interface Reader extends protobuf.Reader {
  readonly bounds: Bounds
  /** See `knownText`. */
  readonly texts: (string | undefined)[]
  /** See `hexOf`. */
  readonly ids: { readonly texts: (string | undefined)[]; readonly starts: Int32Array }
}

export function readerOf(body: Uint8Array, bounds: Bounds): Reader {
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const ids = { texts: new Array<string | undefined>(knownIds), starts: new Int32Array(knownIds) }
  return Object.assign(protobuf.Reader.create(buffer), { bounds, ids, texts: new Array<string | undefined>(knownTexts) })
}

/** Reads fields to the end of what is read; one that `take` does not know (false) is skipped. */
export function fields(reader: Reader, take: (tag: number) => boolean): void {
  const end = reader.len
  while (reader.pos < end) {
    const tag = reader.tag()
    if (!take(tag)) skip(reader, tag)
  }
}

export const skip = (reader: Reader, tag: number) => reader.skipType(tag & 7, 0, tag >>> 3)

/** Enters the message that lies here, behind its length: what is read ends with it. Answers the end of the one around, to be set again. */
export function enter(reader: Reader): number {
  const bytes = reader.size()
  const around = reader.len
  const end = reader.pos + bytes
  if (end > around) throw new RangeError(`a message of ${bytes} bytes ends beyond the one that it is in`)
  reader.len = end
  return around
}

/** Reads the fields of a message that lies here. */
export function message(reader: Reader, take: (tag: number) => boolean): void {
  const around = enter(reader)
  fields(reader, take)
  reader.len = around
}

/** Reads a packed list. */
export function packed(reader: Reader, one: () => void): void {
  const around = enter(reader)
  while (reader.pos < reader.len) one()
  reader.len = around
}

const mostKnownBytes = 48
const knownTexts = 512

/**
 * A text that may have come before in this request, as names of attributes and many values do: it is made once, which takes most of the
 * time of all decoding, and held once. One of other text at the same place of the table takes its place.
 */
export function knownText(reader: Reader): string {
  const start = reader.pos
  const length = reader.size()
  const from = reader.pos
  if (length === 0 || length > mostKnownBytes || from + length > reader.len) {
    reader.pos = start
    return reader.string()
  }
  const { buf, texts } = reader
  const last = from + length - 1
  const place = (length * 37 + (buf[last] ?? 0) * 7 + (buf[from + (length >> 1)] ?? 0) * 3 + (buf[from] ?? 0)) % knownTexts
  const known = texts[place]
  if (known !== undefined && isText(known, buf, from, length)) {
    reader.pos = from + length
    return known
  }
  reader.pos = start
  const text = reader.string()
  texts[place] = text
  return text
}

/** Only of ASCII alone: another text is as long as its bytes only by chance, and unlike them then. */
function isText(text: string, buf: Uint8Array, from: number, length: number): boolean {
  if (text.length !== length) return false
  for (let i = 0; i < length; i += 1) {
    const byte = buf[from + i] ?? 0
    if (byte > 0x7f || text.charCodeAt(i) !== byte) return false
  }
  return true
}

const knownIds = 256

/** An id. A trace's comes with each of its spans and a span's with each below it: it is made once, and held once for as long as they are. */
export function hexOf(reader: Reader): string {
  const bytes = reader.size()
  const start = reader.pos
  reader.skip(bytes)
  const { buf, ids } = reader
  const place = ((buf[start + bytes - 1] ?? 0) * 7 + (buf[start + (bytes >> 1)] ?? 0) + bytes) % knownIds
  const known = ids.texts[place]
  if (known?.length === bytes * 2 && areSame(buf, ids.starts[place] ?? 0, start, bytes)) return known
  const text = (buf as Buffer).toString('hex', start, start + bytes)
  ids.texts[place] = text
  ids.starts[place] = start
  return text
}

function areSame(buf: Uint8Array, one: number, other: number, bytes: number): boolean {
  for (let i = 0; i < bytes; i += 1) if (buf[one + i] !== buf[other + i]) return false
  return true
}

export const twoTo32 = 0x1_0000_0000
/** A `fixed64`; beyond 2^53 rounded. */
export function fixed64(reader: Reader): number {
  const low = reader.fixed32()
  return reader.fixed32() * twoTo32 + low
}
/** A `sfixed64`; beyond 2^53 rounded. */
export function sfixed64(reader: Reader): number {
  const low = reader.fixed32()
  return reader.sfixed32() * twoTo32 + low
}
/** Of nanoseconds since 1970. */
export const msOf = (reader: Reader): EpochMs => fixed64(reader) / 1e6

/** From a request's bytes to items: decompression and parsing under limits. */

import { isUtf8 } from 'node:buffer'
import type { Readable } from 'node:stream'
import { constants, createGunzip, createInflate, createZstdDecompress } from 'node:zlib'
import { Refused } from '../http/problem.ts'
import type { InFlight, Share } from './in-flight.ts'
import type { RawItem } from './receive.ts'

/** The window that RFC 8878 asks every decoder to have, 8 MiB: a frame of a few bytes could ask for 128. */
export const zstdWindowLog = 23
const decoders = {
  gzip: (chunkSize: number) => createGunzip({ chunkSize }),
  deflate: (chunkSize: number) => createInflate({ chunkSize }),
  zstd: (chunkSize: number) => createZstdDecompress({ chunkSize, params: { [constants.ZSTD_d_windowLogMax]: zstdWindowLog } }),
} as const
type Compressed = keyof typeof decoders

export interface BodyOptions {
  readonly encoding: string | undefined
  /** Content-Length, when told. */
  readonly length: number | undefined
  /** Of the body as it was sent, and after decompression. */
  readonly maxBytes: number
  readonly inFlight: Pick<InFlight, 'decoding'>
  /** Holds what is read until the caller gives it back. */
  readonly share: Pick<Share, 'hold'>
}

/**
 * The body, decompressed. Refused unread when it says that it is too large or when there is no room for it; else when it passes
 * either bound: a bomb is cut when it passes the limit, not when it has unfolded.
 */
export async function readBody(
  stream: Readable | undefined,
  { encoding, length = 0, maxBytes, inFlight, share }: BodyOptions,
): Promise<Buffer> {
  if (stream === undefined) throw new Refused({ code: 'MALFORMED_JSON', detail: 'The request has no body.' })
  const name = compressionOf(encoding)
  const within = (bytes: number, held: number) => {
    if (bytes > maxBytes) throw tooLarge(maxBytes)
    share.hold(held)
  }
  within(length, length)
  try {
    // Left open when it is refused: a destroyed request takes its answer along.
    const sent = await collect(stream.iterator({ destroyOnReturn: false }), length, (bytes) => within(bytes, Math.max(bytes, length)))
    return name === undefined ? sent : await decompress(sent, name, { maxBytes, inFlight, share })
  } catch (error) {
    // What still comes is dropped as it comes.
    stream.resume()
    throw unreadable(error)
  }
}

const tooLarge = (maxBytes: number) =>
  new Refused({ code: 'BODY_TOO_LARGE', detail: `The body has more than ${maxBytes} bytes after decompression.` })

/** What the bytes of a body failed with, as it is told. */
export const unreadable = (error: unknown): Refused =>
  error instanceof Refused
    ? error
    : new Refused({ code: 'BAD_REQUEST', detail: `The body could not be read: ${(error as Error).message}.` })

/** Undefined for none. Throws `Refused` for one that is not understood. */
export function compressionOf(encoding: string | undefined): Compressed | undefined {
  const name = encoding?.trim().toLowerCase() || 'identity'
  if (name === 'identity') return undefined
  if (Object.hasOwn(decoders, name)) return name as Compressed
  throw new Refused({ code: 'UNSUPPORTED_ENCODING', detail: `The compression "${name.slice(0, 40)}" is not understood.` })
}

/** Only once all of it is there: a slow sender must not hold a decoder's window. Throws what the decoder does, or `Refused`. */
export const decompress = (
  sent: Buffer,
  name: Compressed,
  { maxBytes, inFlight, share }: Pick<BodyOptions, 'maxBytes' | 'inFlight' | 'share'>,
): Promise<Buffer> =>
  inFlight.decoding(async () => {
    // Every piece is a way to another thread and back.
    const piece = Math.min(Math.max(sent.length * usualRatio, firstBytes), mostPieceBytes)
    const decoder = decoders[name](piece)
    decoder.end(sent)
    const body = await collect(decoder, 0, (bytes) => {
      if (bytes > maxBytes) throw tooLarge(maxBytes)
      share.hold(sent.length + bytes)
    })
    // The decoder of zstd ends where its frame ends: a second frame that is broken from its first byte would be dropped without a word.
    if (decoder.bytesWritten < sent.length)
      throw new Error(`there are ${sent.length - decoder.bytesWritten} bytes behind the end of its ${name}`)
    share.hold(body.length)
    return body
  })

const firstBytes = 16_384
/** Of a body of JSON or Protobuf, to what it is compressed to. */
const usualRatio = 8
const mostPieceBytes = 1 << 18

/** One buffer that grows: a chunk of a byte is a Buffer of two hundred. `within` is told of every size before it is held. */
export async function collect(source: AsyncIterable<Buffer>, expected: number, within: (bytes: number) => void): Promise<Buffer> {
  let held = Buffer.allocUnsafe(expected === 0 ? firstBytes : expected)
  let bytes = 0
  for await (const chunk of source) {
    within(bytes + chunk.length)
    if (bytes + chunk.length > held.length) {
      const larger = Buffer.allocUnsafe(Math.max(held.length * 2, bytes + chunk.length))
      held.copy(larger, 0, 0, bytes)
      held = larger
    }
    chunk.copy(held, bytes)
    bytes += chunk.length
  }
  return held.subarray(0, bytes)
}

const isNdjson = (contentType: string) => /ndjson|jsonl|json-lines/.test(contentType)

const newline = 0x0a
const [carriageReturn, space, tab] = [0x0d, 0x20, 0x09]
/** Past what is blank. */
function skipBlank(body: Buffer, from: number): number {
  let at = from
  for (; at < body.length; at += 1) {
    const byte = body[at]
    if (byte !== newline && byte !== carriageReturn && byte !== space && byte !== tab) break
  }
  return at
}

/** Lines that hold something; the blank between them makes none: a small bomb of newlines would be millions. */
function* linesOf(body: Buffer): Generator<Buffer> {
  for (let from = skipBlank(body, 0); from < body.length; from = skipBlank(body, from)) {
    const end = body.indexOf(newline, from)
    const to = end === -1 ? body.length : end
    yield body.subarray(from, to)
    from = to
  }
}

function itemOf(bytes: Buffer, isText: boolean): RawItem {
  const text = bytes.toString()
  if (!isText) return { malformed: text }
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return { malformed: text }
  }
}

/** Of a body that is one value. Throws `Refused` when it is none. */
export function parseJson(body: Buffer): unknown {
  if (!isUtf8(body)) throw new Refused({ code: 'MALFORMED_JSON', detail: 'The body is not UTF-8.' })
  try {
    return JSON.parse(body.toString())
  } catch (error) {
    throw new Refused({ code: 'MALFORMED_JSON', detail: `The body is not JSON: ${(error as Error).message.slice(0, 200)}.` })
  }
}

export function parseBody(body: Buffer, contentType: string, maxEvents: number): readonly RawItem[] {
  const tooMany = () => new Refused({ code: 'BATCH_TOO_LARGE', detail: `The batch has more than ${maxEvents} events.` })
  if (isNdjson(contentType)) {
    const isWhole = isUtf8(body)
    const lines: Buffer[] = []
    for (const line of linesOf(body)) {
      if (lines.length === maxEvents) throw tooMany()
      lines.push(line)
    }
    return lines.map((line) => itemOf(line, isWhole || isUtf8(line)))
  }
  const value = parseJson(body)
  if (!Array.isArray(value)) return [{ value }]
  if (value.length > maxEvents) throw tooMany()
  return value.map((item: unknown) => ({ value: item }))
}

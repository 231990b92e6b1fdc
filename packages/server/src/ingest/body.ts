/** From a request's bytes to items: decompression and parsing under limits. */

import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream'
import { constants, createGunzip, createZstdDecompress } from 'node:zlib'
import { Refused } from '../http/problem.ts'
import type { RawItem } from './receive.ts'

/** The window that RFC 8878 asks every decoder to have, 8 MiB: a frame of a few bytes could ask for 128. */
const zstdWindowLog = 23
const decoders = {
  gzip: createGunzip,
  zstd: () => createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: zstdWindowLog } }),
} as const

/** The body as text, at most `maxBytes` of it after decompression: a bomb is cut when it passes the limit, not when it has unfolded. */
export async function readBody(stream: Readable, encoding: string | undefined, maxBytes: number): Promise<string> {
  const name = encoding?.trim().toLowerCase() ?? 'identity'
  if (name !== 'identity' && name !== '' && !Object.hasOwn(decoders, name)) {
    throw new Refused({ code: 'UNSUPPORTED_ENCODING', detail: `Content-Encoding "${name.slice(0, 40)}" is not understood.` })
  }
  const source = name === 'identity' || name === '' ? stream : pipeline(stream, decoders[name as keyof typeof decoders](), () => undefined)
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > maxBytes)
        throw new Refused({ code: 'BODY_TOO_LARGE', detail: `The body has more than ${maxBytes} bytes after decompression.` })
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof Refused) throw error
    throw new Refused({ code: 'BAD_REQUEST', detail: `The body could not be read: ${(error as Error).message}.` })
  }
  return Buffer.concat(chunks).toString('utf8')
}

const isNdjson = (contentType: string) => /ndjson|jsonl|json-lines/.test(contentType)

export function parseBody(text: string, contentType: string, maxEvents: number): readonly RawItem[] {
  const tooMany = (count: number) =>
    new Refused({ code: 'BATCH_TOO_LARGE', detail: `The batch has ${count} events; the limit is ${maxEvents}.` })
  if (isNdjson(contentType)) {
    const lines = text.split('\n').filter((line) => line.trim() !== '')
    if (lines.length > maxEvents) throw tooMany(lines.length)
    return lines.map((line) => {
      try {
        return { value: JSON.parse(line) as unknown }
      } catch {
        return { malformed: line }
      }
    })
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Refused({ code: 'MALFORMED_JSON', detail: `The body is not JSON: ${(error as Error).message.slice(0, 200)}.` })
  }
  if (!Array.isArray(value)) return [{ value }]
  if (value.length > maxEvents) throw tooMany(value.length)
  return value.map((item: unknown) => ({ value: item }))
}

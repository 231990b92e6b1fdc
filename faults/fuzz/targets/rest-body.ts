/** A request's body, from its bytes to its items. The first byte picks encoding, content type and what Content-Length says. */
import { isUtf8 } from 'node:buffer'
import { Readable } from 'node:stream'
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { Refused } from '@signalbox/server/http/problem.ts'
import { parseBody, readBody } from '@signalbox/server/ingest/body.ts'
import { createInFlight } from '@signalbox/server/ingest/in-flight.ts'
import type { RawItem } from '@signalbox/server/ingest/receive.ts'
import { fleetOf } from '../events.ts'
import { must, type Target } from '../fuzz.ts'

const maxBytes = 256 * 1024
const maxEvents = 100
const encodings = [undefined, 'gzip', 'zstd', ' GZIP ', 'identity', 'br', '__proto__'] as const
const contentTypes = ['application/json', 'application/x-ndjson', 'text/plain', ''] as const
const allowed: ReadonlySet<string> = new Set(['MALFORMED_JSON', 'UNSUPPORTED_ENCODING', 'BODY_TOO_LARGE', 'BATCH_TOO_LARGE', 'BAD_REQUEST'])

let held = 0
const inFlight = createInFlight(1 << 24, (bytes) => {
  held = bytes
})

interface Asked {
  readonly encoding: (typeof encodings)[number]
  readonly contentType: (typeof contentTypes)[number]
  readonly told: boolean
}
const asked = (pick: number): Asked => ({
  encoding: encodings[pick % 7],
  contentType: contentTypes[Math.trunc(pick / 7) % 4] ?? '',
  told: pick >= 28 && pick < 56,
})
const pickOf = (encoding: number, contentType: number, told: boolean) => encoding + 7 * contentType + (told ? 28 : 0)

export const restBody: Target = {
  name: 'rest-body',
  expects: ['items', 'items, some malformed', ...allowed],
  seeds(dice) {
    const [events = []] = fleetOf(dice, { producers: 1, runs: 3, events: 30, from: Date.UTC(2026, 1, 28, 10), name: 'seed' })
    const array = Buffer.from(JSON.stringify(events.slice(0, 5)))
    const lines = Buffer.from(events.map((event) => JSON.stringify(event)).join('\n'))
    const one = Buffer.from(JSON.stringify(events[0]))
    const bomb = Buffer.alloc(4 << 20, ' ')
    const many = Buffer.from('1\n'.repeat(maxEvents + 1))
    const as = (encoding: number, contentType: number, body: Uint8Array) =>
      Buffer.concat([Buffer.from([pickOf(encoding, contentType, dice.chance(0.5))]), body])
    return [
      ...[array, one].map((body) => as(0, 0, body)),
      ...[lines, many].map((body) => as(0, 1, body)),
      ...[array, bomb].map((body) => as(1, 0, gzipSync(body))),
      ...[array, bomb].map((body) => as(2, 0, zstdCompressSync(body))),
      as(1, 1, Buffer.concat([gzipSync(lines), gzipSync(lines)])),
      as(2, 1, Buffer.concat([zstdCompressSync(lines), zstdCompressSync(lines)])),
      as(5, 0, one),
      as(6, 0, one),
    ]
  },
  async check(input) {
    const { encoding, contentType, told } = asked(input[0] ?? 0)
    const body = Buffer.from(input.subarray(1))
    const share = inFlight.open()
    try {
      const half = body.length >> 1
      const read = await readBody(Readable.from([body.subarray(0, half), body.subarray(half)]), {
        encoding,
        length: told ? body.length : undefined,
        maxBytes,
        inFlight,
        share,
      })
      must(read.length <= maxBytes, 'no body is larger than the bound')
      must(read.equals(reference(encoding?.trim().toLowerCase(), body)), 'it is all of the body')
      const items = parseBody(read, contentType, maxEvents)
      must(items.length <= maxEvents, 'no batch is larger than the bound')
      must(JSON.stringify(items) === JSON.stringify(itemsOf(read, contentType.includes('ndjson'))), 'its items are what it says')
      return items.some(({ malformed }) => malformed !== undefined) ? 'items, some malformed' : 'items'
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      must(allowed.has(error.init.code), `${error.init.code} is a refusal of bodies`)
      return error.init.code
    } finally {
      share.close()
      must(held === 0, 'what was held is given back')
    }
  },
}

/** Throws on what is not wholly of the encoding: what comes behind its end would be dropped without a word. */
function reference(encoding: string | undefined, body: Buffer): Buffer {
  if (encoding === 'gzip') return gunzipSync(body)
  if (encoding !== 'zstd') return body
  const { buffer, engine } = zstdDecompressSync(body, { info: true }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } }
  must(engine.bytesWritten === body.length, 'nothing of a body is left out')
  return buffer
}

/** The plainest way. */
function itemsOf(body: Buffer, isNdjson: boolean): RawItem[] {
  const text = body.toString()
  if (!isNdjson) {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value.map((item: unknown) => ({ value: item })) : [{ value }]
  }
  return linesOf(body).map((line) => {
    try {
      if (isUtf8(line)) return { value: JSON.parse(line.toString()) as unknown }
    } catch {
      // Falls through.
    }
    return { malformed: line.toString() }
  })
}

function linesOf(body: Buffer): Buffer[] {
  return body
    .toString('latin1')
    .split('\n')
    .map((line) => Buffer.from(line.replace(/^[\r\t ]+/, ''), 'latin1'))
    .filter((line) => line.length > 0)
}

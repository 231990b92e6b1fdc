/**
 * Ids that carry their time in the first 48 bits: UUIDv7 for events of our own making, UUIDv8 for foreign ids (RFC 9562).
 * The log is range-partitioned by id, so the id alone decides where an event lives and when it leaves.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import type { EpochMs, EventId, Partition, TenantId } from './event.ts'

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const largestTime = 2 ** 48 - 1
const outOfRange = (timeMs: EpochMs) => `An id cannot carry the time ${timeMs}: it must be 0 to ${largestTime} ms.`

/** The first 48 bits of an id. */
function timeDigits(timeMs: EpochMs): string {
  // By bytes: a number of more than 31 bits takes ten times as long to print.
  const whole = Math.trunc(timeMs)
  const high = Math.floor(whole / 0x1_0000)
  return `${hex[high >>> 24]}${hex[(high >>> 16) & 0xff]}${hex[(high >>> 8) & 0xff]}${hex[high & 0xff]}-${hex[(whole >>> 8) & 0xff]}${hex[whole & 0xff]}`
}

function format(bytes: Uint8Array): EventId {
  let text = ''
  for (let i = 0; i < 16; i += 1) text += `${i === 4 || i === 6 || i === 8 || i === 10 ? '-' : ''}${hex[bytes[i] ?? 0]}`
  return text
}

function withTime(bytes: Uint8Array, timeMs: EpochMs): EventId {
  if (!(timeMs >= 0 && timeMs <= largestTime)) throw new RangeError(outOfRange(timeMs))
  const whole = Math.trunc(timeMs)
  const high = Math.floor(whole / 0x1_0000)
  bytes[0] = high >>> 24
  bytes[1] = high >>> 16
  bytes[2] = high >>> 8
  bytes[3] = high
  bytes[4] = whole >>> 8
  bytes[5] = whole
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return format(bytes)
}

/** A UUIDv7 of `timeMs`. `random` (16 bytes) is for tests; the default is the platform's generator. */
export function uuidv7(timeMs: EpochMs, random: Uint8Array = crypto.getRandomValues(new Uint8Array(16))): EventId {
  return withTime(Uint8Array.from(random), timeMs)
}

/** A clock further back than this was put right; ids that stayed ahead of it would be refused as from the future. */
const largestStepBackMs = 60_000

/** UUIDv7s that strictly increase, also within a millisecond and when the clock steps back by up to a minute (RFC 9562, method 1: a counter in rand_a). */
export function createIdSource(now: () => EpochMs): () => EventId {
  const pool = new Uint8Array(16 * 256)
  let used = pool.length
  let last = -1
  let counter = 0
  return () => {
    const time = Math.trunc(now())
    if (time > last || last - time > largestStepBackMs) {
      last = time
      counter = 0
    } else if (++counter > 0xfff) {
      last += 1
      counter = 0
    }
    if (used === pool.length) {
      crypto.getRandomValues(pool)
      used = 0
    }
    const bytes = pool.slice(used, used + 16)
    used += 16
    bytes[6] = counter >>> 8
    bytes[7] = counter
    return withTime(bytes, last)
  }
}

/** SHA-256 of a text's UTF-8, as hexadecimal. */
export type Sha256 = (text: string) => string
const portable: Sha256 = (text) => bytesToHex(sha256(utf8ToBytes(text)))

/**
 * The same input gives the same id for ever. `timeMs` is the event's own time; `kind` tells apart several events made from one foreign
 * record. `digest` is for who has a faster one.
 */
export function foreignId(source: string, foreign: string, kind: string, timeMs: EpochMs, digest: Sha256 = portable): EventId {
  if (!(timeMs >= 0 && timeMs <= largestTime)) throw new RangeError(outOfRange(timeMs))
  const hash = digest(`${source.length}:${source}${foreign.length}:${foreign}${kind}`)
  const variant = hex[(Number.parseInt(hash.slice(16, 18), 16) & 0x3f) | 0x80]
  return `${timeDigits(timeMs)}-8${hash.slice(13, 16)}-${variant}${hash.slice(18, 20)}-${hash.slice(20, 32)}`
}

export function idTime(id: EventId): EpochMs {
  return Number.parseInt(id.slice(0, 8), 16) * 0x1_0000 + Number.parseInt(id.slice(9, 13), 16)
}

/** Smallest id of a time: the bound of a log day. */
export function firstIdOf(timeMs: EpochMs): EventId {
  return `${timeDigits(timeMs)}-0000-0000-000000000000`
}

/**
 * What decides an event's partition: its run, so that a run is ordered and each of its rows has one writer. Events without a run share a
 * partition: two agents may work on one task, and rows of two partitions would each know half of it.
 */
export const partitionKey = ({ run = '' }: { readonly run?: string | undefined }): string => run

/** FNV-1a over UTF-16 units, tenant first. Never change it: events of one run would change partition. */
export function partitionOf(tenant: TenantId, key: string, count: number): Partition {
  if (count === 1) return 0
  let hash = 0x811c9dc5
  for (let i = 0; i < tenant.length; i += 1) hash = Math.imul(hash ^ tenant.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash, 0x01000193)
  for (let i = 0; i < key.length; i += 1) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  // FNV's low bits are weak for short keys; fold the high ones in before the remainder.
  hash ^= hash >>> 15
  return (hash >>> 0) % count
}

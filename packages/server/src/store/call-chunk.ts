/** Calls of one run that closed between two writes of rows, as one value (docs/decisions/0024). */
import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { TenantId } from '@signalbox/model/event.ts'
import { rowKey } from '@signalbox/model/fold/keys.ts'
import type { CallRow } from '@signalbox/model/rows.ts'
import { createSlices, type Slices } from '../turns.ts'
import { escaped } from './copy-text.ts'
import { isClosedCall, type RowWrite } from './row-columns.ts'

/** Positions from the first to the last of what is written at once: readers look no further, so never make it more. */
export const mostSpan = 4_096
/** Who wants one of them opens all. */
export const mostCalls = 500
const mostChars = 256 * 1024
/** Characters; of less, a compressor's start (10 µs) takes longer than what it saves is worth. */
const leastCompressed = 2_048
/** Characters; of less, zstd's start (35 µs) is most of its work, and gzip's with as little memory is a third of it. */
const leastZstd = 16 * 1024
/** Both with a checksum: what a disk spoiled is no other call. */
const zstd = { params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 } }
const gzip = { level: 1, windowBits: 13, memLevel: 6, chunkSize: 4_096 }
/** First bytes of their magic numbers; of what is not compressed it is a digit. */
const zstdStart = 0x28
const gzipStart = 0x1f

export const copyCallChunks = 'copy call_chunks (partition, first, last, count, again, tenant, run, hashes, calls) from stdin'

/** 32 bits (FNV-1a): a wrong guess opens a chunk for nothing. Stored: never change it. */
export function hashOfKey(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i += 1) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return hash | 0
}

/** A call's key begins with its run; '' where it has none. */
export const runOfKey = (key: string): string => key.slice(0, key.indexOf('\u001f'))
export const keyOfCall = ({ run, kind, id }: CallRow): string => rowKey.call(run, kind, id)
const runOf = (call: RowWrite): string => (call.row as CallRow).run ?? ''
/** It closed before, and was written then. */
const isAgain = ({ table, stored }: RowWrite): boolean => stored !== undefined && isClosedCall(table, stored)

/** COPY lines of closed calls, in any order. Made in slices: thousands of calls take some ms. */
export async function chunkLines(partition: number, calls: readonly RowWrite[], slices = createSlices()): Promise<Buffer> {
  let lines = ''
  for (const ofOneKind of Map.groupBy(calls, isAgain).values())
    for (const ofTenant of Map.groupBy(ofOneKind, ({ tenant }) => tenant).values())
      for (const ofRun of Map.groupBy(ofTenant, runOf).values()) lines += await linesOfRun(partition, ofRun, slices)
  return Buffer.from(lines)
}

async function linesOfRun(partition: number, calls: RowWrite[], slices: Slices): Promise<string> {
  calls.sort((a, b) => a.position - b.position)
  let lines = ''
  let held: RowWrite[] = []
  let text = ''
  for (const call of calls) {
    if (slices.isOver()) await slices.next()
    const line = `${call.position} ${JSON.stringify(call.row)}\n`
    const first = held[0]?.position ?? call.position
    if (held.length === mostCalls || call.position - first >= mostSpan || text.length + line.length > mostChars) {
      lines += lineOf(partition, held, text)
      held = []
      text = ''
    }
    held.push(call)
    text += line
  }
  return lines + lineOf(partition, held, text)
}

function lineOf(partition: number, calls: readonly RowWrite[], text: string): string {
  const [first, last] = [calls[0], calls.at(-1)]
  if (first === undefined || last === undefined) return ''
  return chunkLine({
    ...{ partition, first: first.position, last: last.position, again: isAgain(first), tenant: first.tenant, run: runOf(first), text },
    hashes: calls.map(({ key }) => hashOfKey(key)),
  })
}

interface Chunk {
  readonly partition: number
  readonly first: number
  readonly last: number
  readonly again: boolean
  readonly tenant: TenantId
  readonly run: string
  readonly hashes: readonly number[]
  /** A line each, in the order of positions. */
  readonly text: string
}

function chunkLine({ partition, first, last, again, tenant, run, hashes, text }: Chunk): string {
  return `${partition}\t${first}\t${last}\t${hashes.length}\t${again}\t${escaped(tenant)}\t${escaped(run)}\t{${hashes.join()}}\t\\\\x${packed(text).toString('hex')}\n`
}

function packed(text: string): Buffer {
  if (text.length < leastCompressed) return Buffer.from(text)
  return text.length < leastZstd ? gzipSync(text, gzip) : zstdCompressSync(text, zstd)
}

function textOf(calls: Buffer): string {
  const unpacked = calls[0] === zstdStart ? zstdDecompressSync(calls) : calls[0] === gzipStart ? gunzipSync(calls) : calls
  return unpacked.toString()
}

/** What a chunk that is merged with others is known by; `bytes`: of its calls, as they are stored. */
export interface ChunkSize {
  readonly partition: number
  readonly tenant: TenantId
  readonly run: string
  readonly again: boolean
  readonly first: number
  readonly last: number
  readonly count: number
  readonly bytes: number
}

/** Chunks in the order of the primary key, those together that may be one. */
export function neighbours(chunks: readonly ChunkSize[]): ChunkSize[][] {
  const groups: ChunkSize[][] = []
  let [count, bytes] = [0, 0]
  for (const chunk of chunks) {
    const group = groups.at(-1)
    const first = group?.[0]
    count += chunk.count
    bytes += chunk.bytes
    const isOfThem =
      first?.tenant === chunk.tenant && first.run === chunk.run && first.partition === chunk.partition && first.again === chunk.again
    if (isOfThem && count <= mostCalls && bytes <= mostChars) group?.push(chunk)
    else {
      groups.push([chunk])
      count = chunk.count
      bytes = chunk.bytes
    }
  }
  return groups
}

export interface WholeChunk extends ChunkSize {
  readonly hashes: readonly number[]
  readonly calls: Buffer
}

/** A COPY line of what was several, in the order of positions. */
export function mergedLine(chunks: readonly WholeChunk[]): string {
  const [first, last] = [chunks[0], chunks.at(-1)]
  if (first === undefined || last === undefined) return ''
  return chunkLine({
    ...first,
    last: last.last,
    hashes: chunks.flatMap(({ hashes }) => hashes),
    text: chunks.map(({ calls }) => textOf(calls)).join(''),
  })
}

/** A call as it was from `position` on. */
export interface CallVersion {
  readonly position: number
  readonly key: string
  readonly row: CallRow
  readonly json: string
}

/** A disk, or a hand, spoiled a chunk. */
export class UnreadableCalls extends Error {
  constructor(cause: unknown) {
    super('Closed calls cannot be read. Run "signalbox doctor --refold", then restart the server: it makes them again from the log.', {
      cause,
    })
  }
}

/** `isWanted`: which of them, by their place in the chunk. In the order of positions. */
export function openCalls(calls: Buffer, isWanted: (index: number) => boolean = () => true): CallVersion[] {
  try {
    return callsIn(textOf(calls), isWanted)
  } catch (error) {
    throw new UnreadableCalls(error)
  }
}

function callsIn(text: string, isWanted: (index: number) => boolean): CallVersion[] {
  const found: CallVersion[] = []
  let index = 0
  for (let from = 0; from < text.length; index += 1) {
    const end = text.indexOf('\n', from)
    if (end < 0) throw new Error('The last line has no end.')
    if (isWanted(index)) {
      const space = text.indexOf(' ', from)
      const json = text.slice(space + 1, end)
      const row = JSON.parse(json) as CallRow
      found.push({ position: Number(text.slice(from, space)), key: keyOfCall(row), row, json })
    }
    from = end + 1
  }
  return found
}

/** Calls of one run that closed between two writes of rows, as one value (docs/decisions/0024). */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { rowKey } from '@signalbox/model/fold/keys.ts'
import type { CallRow } from '@signalbox/model/rows.ts'
import { escaped } from './copy-text.ts'
import { isClosedCall, type RowWrite } from './row-columns.ts'

/** Positions from the first of a chunk to its last: readers look no further, so never make it more. */
export const mostSpan = 4_096
/** Who wants one of them opens all. */
export const mostCalls = 500
const mostChars = 256 * 1024
/** Of less, a compressor's start takes longer than what it saves is worth. */
const leastCompressed = 1_024
/** With a checksum: what a disk spoiled is no other call. */
const level = { params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 } }
/** First byte of zstd's magic number; of what is not compressed it is a digit. */
const zstdStart = 0x28

export const copyCallChunks = 'copy call_chunks (partition, first, last, count, again, tenant, run, hashes, calls) from stdin'

/** 32 bits (FNV-1a): a wrong guess opens a chunk for nothing. Stored: never change it. */
export function hashOfKey(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i += 1) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return hash | 0
}

/** What a chunk says of whose calls it has; a call's key begins with it. */
export const runOfKey = (key: string): string => key.slice(0, key.indexOf('\u001f'))
export const keyOfCall = ({ run, kind, id }: CallRow): string => rowKey.call(run, kind, id)

/** It closed before, and was written then. */
const isAgain = ({ table, stored }: RowWrite): boolean => stored !== undefined && isClosedCall(table, stored)

/** COPY lines of closed calls, in any order. */
export function chunkLines(partition: number, calls: readonly RowWrite[]): Buffer {
  const groups = new Map<string, RowWrite[]>()
  for (const call of calls) {
    const name = `${isAgain(call)}\u0000${call.tenant}\u0000${runOfKey(call.key)}`
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [call])
    else group.push(call)
  }
  let lines = ''
  for (const group of groups.values()) {
    group.sort((a, b) => a.position - b.position)
    let held: RowWrite[] = []
    let text = ''
    for (const call of group) {
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
    lines += lineOf(partition, held, text)
  }
  return Buffer.from(lines)
}

function lineOf(partition: number, calls: readonly RowWrite[], text: string): string {
  const [first, last] = [calls[0], calls.at(-1)]
  if (first === undefined || last === undefined) return ''
  const value = text.length < leastCompressed ? Buffer.from(text) : zstdCompressSync(text, level)
  const hashes = calls.map(({ key }) => hashOfKey(key)).join()
  return `${partition}\t${first.position}\t${last.position}\t${calls.length}\t${isAgain(first)}\t${escaped(first.tenant)}\t${escaped(runOfKey(first.key))}\t{${hashes}}\t\\\\x${value.toString('hex')}\n`
}

/** A call as it was from `position` on. */
export interface CallVersion {
  readonly position: number
  readonly key: string
  readonly row: CallRow
  readonly json: string
}

/** `isWanted`: which of them, by their place in the chunk. In the order of positions. */
export function openCalls(calls: Buffer, isWanted: (index: number) => boolean = () => true): CallVersion[] {
  const text = (calls[0] === zstdStart ? zstdDecompressSync(calls) : calls).toString()
  const found: CallVersion[] = []
  let index = 0
  for (let from = 0; from < text.length; index += 1) {
    const end = text.indexOf('\n', from)
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

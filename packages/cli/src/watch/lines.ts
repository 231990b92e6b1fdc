/** Whole lines of a file that grows. */
import type { FileHandle } from 'node:fs/promises'
import { parseObject } from '@signalbox/model/text.ts'

const chunkBytes = 1 << 20
/** No record is longer; what is, is passed over. */
const longestLine = 64 << 20
const newline = 0x0a

export interface Line {
  readonly text: string
  /** Where it begins, and where the next one does. */
  readonly from: number
  readonly to: number
}

/**
 * Lines from the byte `from` on, which begins one, to the end as it is now. A last line without its newline counts when it is a whole
 * object: half of one never is.
 */
export async function* linesOf(file: FileHandle, from: number): AsyncGenerator<Line> {
  let held = Buffer.alloc(0)
  let start = from
  let isSkipping = false
  for (let at = from; ; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, at)
    if (bytesRead === 0) break
    at += bytesRead
    held = held.length === 0 ? buffer.subarray(0, bytesRead) : Buffer.concat([held, buffer.subarray(0, bytesRead)])
    let used = 0
    for (let end = held.indexOf(newline); end !== -1; end = held.indexOf(newline, used)) {
      const to = start + end + 1 - used
      if (!isSkipping) yield { text: held.toString('utf8', used, end), from: start, to }
      isSkipping = false
      start = to
      used = end + 1
    }
    held = held.subarray(used)
    if (held.length > longestLine) {
      isSkipping = true
      start += held.length
      held = Buffer.alloc(0)
    }
  }
  const text = held.toString('utf8')
  if (!isSkipping && parseObject(text) !== undefined) yield { text, from: start, to: start + held.length }
}

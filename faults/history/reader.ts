/** Reads a history as it was written, one entry at a time: of a file larger than memory only one line is held. */
import { closeSync, openSync, readSync } from 'node:fs'
import type { HistoryEntry } from './history.ts'

const chunkBytes = 1024 * 1024
const newline = 10

/** Entries in the order of lines; the first is line 1. Throws at a line that is not JSON, and at a file that ends within a line. */
export function* readHistory(path: string): Generator<HistoryEntry> {
  let line = 0
  for (const bytes of lines(path)) {
    line += 1
    try {
      yield JSON.parse(bytes.toString()) as HistoryEntry
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw cause
      throw new Error(`Line ${line} of the history ${path} is not JSON.`, { cause })
    }
  }
}

function* lines(path: string): Generator<Buffer> {
  const file = openSync(path, 'r')
  try {
    let parts: Buffer[] = []
    for (;;) {
      const chunk = Buffer.allocUnsafe(chunkBytes)
      const read = readSync(file, chunk)
      if (read === 0) break
      const bytes = chunk.subarray(0, read)
      let from = 0
      for (let end = bytes.indexOf(newline); end !== -1; end = bytes.indexOf(newline, from)) {
        parts.push(bytes.subarray(from, end))
        yield Buffer.concat(parts)
        parts = []
        from = end + 1
      }
      if (from < read) parts.push(bytes.subarray(from))
    }
    if (parts.length > 0) throw new Error(`The history ${path} ends within a line: whoever wrote it was stopped before it closed.`)
  } finally {
    closeSync(file)
  }
}

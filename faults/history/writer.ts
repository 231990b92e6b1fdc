/** Writes a history: one clock for all who tell, and the order in which they told. */
import { closeSync, openSync, writeSync } from 'node:fs'
import type { Instant, Told } from './history.ts'

export interface HistoryWriter {
  readonly path: string
  /** Of the history's clock. */
  now(): Instant
  /** Stamped now. Tell an `invoke` before its bytes leave and an end after it is known: checks take the order of lines for what was before what. */
  tell(process: string, entry: Told): void
  /** Everything told is in the file then, for who reads along. */
  flush(): void
  /** What is told after it is not written: who was abandoned may go on talking for a while. */
  close(): void
  [Symbol.dispose](): void
}

const bufferChars = 256 * 1024

/** Begins a new file at `path`; one that is there is emptied. */
export function createHistory(path: string): HistoryWriter {
  const file = openSync(path, 'w')
  const began = performance.now()
  let waiting: string[] = []
  let chars = 0
  let open = true

  const now = () => Math.round((performance.now() - began) * 1_000) / 1_000
  function flush() {
    const bytes = Buffer.from(waiting.join(''))
    waiting = []
    chars = 0
    // Written at once, not behind: nothing grows when the disk is slower than the run.
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
  }
  function close() {
    if (!open) return
    flush()
    open = false
    closeSync(file)
  }

  return {
    path,
    now,
    tell(process, entry) {
      if (!open) return
      const line = `${JSON.stringify({ t: now(), process, ...entry })}\n`
      waiting.push(line)
      chars += line.length
      if (chars >= bufferChars) flush()
    },
    flush,
    close,
    [Symbol.dispose]: close,
  }
}

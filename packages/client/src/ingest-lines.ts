/** The lines of a process: one to each server and key, held as long as an agent uses it. */
import type { Clock } from './clock.ts'
import { isWorthIt } from './compress.ts'
import { createIngestLine } from './ingest-line.ts'

type Line = ReturnType<typeof createIngestLine>
interface Held {
  readonly line: Line
  users: number
}

/** By clock, so that a test's time moves only its own lines. */
const pools = new WeakMap<Clock, Map<string, Held>>()

/** Like a line of its own; the last one to close it closes the shared one. */
export function shareIngestLine(url: string, key: string | undefined, clock: Clock, compressed = isWorthIt(url)): Line {
  const pool = pools.get(clock) ?? new Map<string, Held>()
  pools.set(clock, pool)
  const name = `${url} ${compressed} ${key ?? ''}`
  const held = pool.get(name) ?? { line: createIngestLine(url, key, clock, compressed), users: 0 }
  pool.set(name, held)
  held.users += 1
  let closed = false
  return {
    send: held.line.send,
    close() {
      if (closed) return
      closed = true
      held.users -= 1
      if (held.users > 0) return
      pool.delete(name)
      held.line.close()
    },
  }
}

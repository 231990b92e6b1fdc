/** How much the live stage does at once: sockets written in one turn of the loop, reads of the store at one time. */
import type { Clock } from '../clock.ts'
import { nextTurn } from '../turns.ts'

const socketsPerTurn = 200

/** Of one flush: lets others run every 200 sockets and adds up the time the flush itself took. */
export interface Pace {
  /** Call after each socket; await what it returns. */
  wrote(): Promise<void> | undefined
  /** Work that takes as long in one flush as in two: to wait for more spares nothing, and its time is not added. */
  uncounted<T>(work: () => T): T
  readonly costMs: () => number
}

export function createPace(clock: Clock): Pace {
  let sockets = 0
  let costMs = 0
  let since = clock.monotonic()
  const pause = async () => {
    costMs += clock.monotonic() - since
    await nextTurn()
    since = clock.monotonic()
  }
  return {
    wrote() {
      sockets += 1
      return sockets % socketsPerTurn === 0 ? pause() : undefined
    },
    uncounted(work) {
      const startedAt = clock.monotonic()
      const made = work()
      since += clock.monotonic() - startedAt
      return made
    },
    costMs: () => costMs + clock.monotonic() - since,
  }
}

export type Turns = <T>(task: () => Promise<T>) => Promise<T>

/** At most `most` tasks at a time, in the order asked. A storm of readers waits here and leaves the store to others. */
export function createTurns(most: number): Turns {
  const waiting: (() => void)[] = []
  let running = 0
  return async (task) => {
    if (running >= most) await new Promise<void>((resume) => waiting.push(resume))
    else running += 1
    try {
      return await task()
    } finally {
      // The place goes to the next in line; only the last gives it back.
      const next = waiting.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }
}

/** One at a time; all who ask while one is under way wait for the next, which is one. */
export function joining<T>(task: () => Promise<T>): () => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  let next: Promise<T> | undefined
  const begin = () => {
    next = undefined
    return task()
  }
  return () => {
    last = next ??= last.then(begin, begin)
    return next
  }
}

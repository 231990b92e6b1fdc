/**
 * Virtual time. What is due next runs next, and everything that follows of it at once, before time moves on; what is due in the same
 * millisecond runs in an order of chance. A second takes as long as what happens in it.
 */
import type { Random } from '../world/world.ts'

export interface Time {
  /** Epoch ms, whole. */
  now(): number
  /** Calls `run` once after `ms`; the returned function cancels. */
  after(ms: number, run: () => void): () => void
  /** In the order they were asked for, before whatever else is due in this millisecond. */
  immediate(run: () => void): void
  sleep(ms: number): Promise<void>
  /** Moves on until `isDone`; answers false when that is not before `until` (epoch ms). */
  run(isDone: () => boolean, until: number): Promise<boolean>
  /** Ends the run: the simulation itself is at fault. */
  crash(error: unknown): void
  readonly turns: () => number
}

interface Due {
  readonly at: number
  /** Among those of one millisecond. */
  readonly tie: number
  readonly run: () => void
  isCanceled: boolean
}

const turnsToItself = 1_000
/** The real one. */
const endTurn = globalThis.setImmediate

const isBefore = (a: Due, b: Due) => a.at < b.at || (a.at === b.at && a.tie < b.tie)

/** A binary heap. */
function createAgenda() {
  const heap: Due[] = []
  const at = (index: number) => heap[index] as Due
  return {
    push(due: Due) {
      let index = heap.push(due) - 1
      while (index > 0) {
        const parent = (index - 1) >>> 1
        if (!isBefore(due, at(parent))) break
        heap[index] = at(parent)
        index = parent
      }
      heap[index] = due
    },
    pop(): Due | undefined {
      const first = heap[0]
      const last = heap.pop()
      if (first === undefined || last === undefined || heap.length === 0) return first
      let index = 0
      for (;;) {
        let child = 2 * index + 1
        if (child >= heap.length) break
        if (child + 1 < heap.length && isBefore(at(child + 1), at(child))) child += 1
        if (!isBefore(at(child), last)) break
        heap[index] = at(child)
        index = child
      }
      heap[index] = last
      return first
    },
  }
}

/** `onTurn` is told of each turn, for the trace. */
export function createTime(start: number, random: Random, onTurn: (now: number, tie: number) => void): Time {
  const agenda = createAgenda()
  let immediates: (() => void)[] = []
  let now = start
  let turns = 0

  function after(ms: number, run: () => void): () => void {
    const due: Due = { at: now + Math.max(0, Math.ceil(ms)), tie: random.next(), run, isCanceled: false }
    agenda.push(due)
    return () => {
      due.isCanceled = true
    }
  }

  /** What a turn has resolved runs to its end before the next tick does; now and then the process itself gets a turn. */
  const turn = () => new Promise<void>((resume) => (turns % turnsToItself === 0 ? endTurn(resume) : process.nextTick(resume)))

  return {
    now: () => now,
    after,
    immediate: (run) => void immediates.push(run),
    sleep: (ms) => new Promise((resume) => void after(ms, resume)),
    turns: () => turns,
    crash: (error) =>
      void after(0, () => {
        throw error
      }),
    async run(isDone, until) {
      for (;;) {
        if (isDone()) return true
        if (immediates.length > 0) {
          const all = immediates
          immediates = []
          turns += 1
          for (const run of all) run()
          await turn()
          continue
        }
        const next = agenda.pop()
        if (next === undefined || next.at > until) {
          if (next !== undefined) agenda.push(next)
          return false
        }
        if (next.isCanceled) continue
        now = next.at
        turns += 1
        onTurn(now, next.tie)
        next.run()
        await turn()
      }
    },
  }
}

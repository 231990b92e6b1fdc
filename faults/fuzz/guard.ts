/**
 * Runs targets in a thread of their own, with a bound on its memory, and sees from outside whether it still moves: what hangs cannot say so.
 * The input under trial lies in memory that both threads share, so that it is known when the thread is gone.
 */
import { Worker } from 'node:worker_threads'
import type { Fuzzed } from './fuzz.ts'

export interface Trial {
  /** By name, one after the other. */
  readonly targets: readonly string[]
  readonly seed: number
  /** Of each target, at most. */
  readonly inputs: number
  readonly msEach?: number
}
export interface Shared extends Trial {
  /** Three words, how many inputs were tried, the length of the last and the index of its target; then its bytes. */
  readonly shared: SharedArrayBuffer
}

export const headBytes = 12
export const mostInputBytes = 128 * 1024
const heapMiB = 256
/** Wall time without another input, on a machine that does other things too. */
const hangMs = 30_000

/** In the order of `targets`; shorter, and its last one broken, when the thread hung or died. */
export async function guarded(trial: Trial): Promise<Fuzzed[]> {
  const shared = new SharedArrayBuffer(headBytes + mostInputBytes)
  const words = new Int32Array(shared, 0, 3)
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: { ...trial, shared } satisfies Shared,
    resourceLimits: { maxOldGenerationSizeMb: heapMiB },
  })
  let why: string | undefined
  let seen = -1
  const watch = setInterval(() => {
    const tried = Atomics.load(words, 0)
    if (tried === seen) {
      why = `did not end within ${hangMs / 1_000} s`
      void worker.terminate()
    }
    seen = tried
  }, hangMs)
  const all: Fuzzed[] = []
  worker.on('message', (found: Fuzzed) => all.push(found))
  worker.on('error', (error) => {
    why ??= `ended its thread: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
  })
  await new Promise((resolve) => worker.once('exit', resolve))
  clearInterval(watch)
  if (why !== undefined) {
    const input = Uint8Array.from(new Uint8Array(shared, headBytes, Atomics.load(words, 1)))
    const target = trial.targets[Atomics.load(words, 2)] ?? ''
    all.push({ target, tried: Atomics.load(words, 0), outcomes: new Map(), breaches: [{ target, seed: trial.seed, why, input }] })
  }
  return all
}

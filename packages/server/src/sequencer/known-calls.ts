/**
 * Which calls closed, by run, so that a new one is known to be new without a look at the store. Of a run that began here all are known; what
 * is known of one that nobody used for long is forgotten, and when it is used again the hashes of its calls are learned.
 */
import { hashOfKey } from '../store/call-chunk.ts'
import { KeyFilter } from './key-filter.ts'

interface Run {
  /** `tooLarge`: there was no room for what is known of it, though it is used. */
  state: 'known' | 'learning' | 'tooLarge'
  /** Of calls that closed since it is held. */
  keys: KeyFilter | undefined
  /** Of those that closed before, as text. */
  hashes: KeyFilter | undefined
  usedIn: number
}

/** What a run takes without its filters: its name, its place in the map, itself (measured: 180 to 220). */
const bytesOfRun = 200
/** Batches; at full load ten seconds. A run that was used since then is not forgotten for others. */
const idleTurns = 200
/** As many are a quarter of an hour, after which there may be room for one that was too large. */
const turnsBetweenTries = 20_000
const anyBytes = () => true

export class KnownCalls {
  /** In order of last use. */
  readonly #runs = new Map<string, Run>()
  #turn = 0
  bytes = 0

  /** Undefined: it is not known which calls of the run closed. */
  mayHave(name: string, key: string): boolean | undefined {
    const run = this.#runs.get(name)
    if (run?.state !== 'known') return undefined
    this.#use(name, run)
    return run.keys?.mayHave('calls', key) === true || run.hashes?.mayHave('calls', String(hashOfKey(key))) === true
  }

  /** A call closed. */
  add(name: string, key: string): void {
    const run = this.#runs.get(name)
    if (run === undefined || run.state === 'tooLarge') return
    this.#use(name, run)
    run.keys ??= new KeyFilter(anyBytes)
    this.#put(run.keys, key)
  }

  /** A run that has no closed calls. */
  begin(name: string): void {
    if (!this.#runs.has(name)) this.#hold(name, 'known')
  }

  /** Nothing is known of the run, and it may be learned. */
  isUnknown(name: string): boolean {
    const run = this.#runs.get(name)
    return run === undefined || (run.state === 'tooLarge' && this.#turn - run.usedIn > turnsBetweenTries)
  }

  /** From here on what closes is kept of it; what closed before is told by `addHash`, and counts once it is `learned`. */
  learn(name: string): void {
    this.#forget(name)
    this.#hold(name, 'learning')
  }

  isLearning(name: string): boolean {
    return this.#runs.get(name)?.state === 'learning'
  }

  addHash(name: string, hash: string): void {
    const run = this.#runs.get(name)
    if (run?.state !== 'learning') return
    run.hashes ??= new KeyFilter(anyBytes)
    this.#put(run.hashes, hash)
  }

  learned(name: string): void {
    const run = this.#runs.get(name)
    if (run?.state === 'learning') run.state = 'known'
  }

  /** A batch is through. */
  turn(): void {
    this.#turn += 1
  }

  /** Makes room: of runs that nobody used lately, else of the largest. Answers how many bytes there are less. */
  forget(bytes: number): number {
    const before = this.bytes
    for (const [name, run] of this.#runs) {
      if (before - this.bytes >= bytes || this.#turn - run.usedIn < idleTurns) break
      if (run.state !== 'learning') this.#forget(name)
    }
    while (before - this.bytes < bytes) {
      let largest: Run | undefined
      for (const run of this.#runs.values()) if (filterBytes(run) > filterBytes(largest)) largest = run
      if (largest === undefined) break
      this.bytes -= filterBytes(largest)
      largest.keys = undefined
      largest.hashes = undefined
      largest.state = 'tooLarge'
    }
    return before - this.bytes
  }

  #put(filter: KeyFilter, key: string): void {
    const before = filter.bytes
    filter.add('calls', key)
    this.bytes += filter.bytes - before
  }

  #use(name: string, run: Run): void {
    if (run.usedIn === this.#turn) return
    run.usedIn = this.#turn
    this.#runs.delete(name)
    this.#runs.set(name, run)
  }

  #hold(name: string, state: Run['state']): void {
    this.#runs.set(name, { state, keys: undefined, hashes: undefined, usedIn: this.#turn })
    this.bytes += bytesOfRun
  }

  #forget(name: string): void {
    const run = this.#runs.get(name)
    if (run === undefined) return
    this.#runs.delete(name)
    this.bytes -= bytesOfRun + filterBytes(run)
  }
}

const filterBytes = (run: Run | undefined): number => (run?.keys?.bytes ?? 0) + (run?.hashes?.bytes ?? 0)

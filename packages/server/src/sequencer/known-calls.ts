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

/** What a run takes without its filters' keys: its name, its place in the map, itself. */
const bytesOfRun = 256
/** Runs that are held though nobody used them lately. V8 looks through all of them at each full collection: without this bound a fleet whose runs have four events each came to 5 % fewer events a second (measured). */
const mostIdle = 20_000
const forgottenAtOnce = mostIdle / 16
/** Batches; at full load five seconds. A run that was used since then is not forgotten for others. */
const idleTurns = 100
/** As many are a quarter of an hour, after which there may be room for one that was too large. */
const turnsBetweenTries = 20_000
const anyBytes = () => true

export class KnownCalls {
  /** In order of last use. */
  readonly #runs = new Map<string, Run>()
  readonly #onTooLarge: (run: string) => void
  #turn = 0
  bytes = 0

  constructor(onTooLarge: (run: string) => void) {
    this.#onTooLarge = onTooLarge
  }

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
    return run === undefined || (run.state === 'tooLarge' && this.#isIdle(run))
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
    if (this.#runs.size > mostIdle + forgottenAtOnce) this.#forgetIdle(() => this.#runs.size > mostIdle)
  }

  /** Makes room: of runs that nobody used lately, else of the largest. Answers how many bytes there are less. */
  forget(bytes: number): number {
    const before = this.bytes
    const isTooMuch = () => before - this.bytes < bytes
    this.#forgetIdle(isTooMuch)
    while (isTooMuch()) {
      let largest: Run | undefined
      let nameOfLargest = ''
      for (const [name, run] of this.#runs) if (filterBytes(run) > filterBytes(largest)) [largest, nameOfLargest] = [run, name]
      if (largest === undefined) break
      this.#onTooLarge(nameOfLargest)
      this.bytes -= filterBytes(largest)
      largest.keys = undefined
      largest.hashes = undefined
      largest.state = 'tooLarge'
      largest.usedIn = this.#turn
    }
    return before - this.bytes
  }

  #forgetIdle(isTooMuch: () => boolean): void {
    for (const [name, run] of this.#runs) {
      if (!isTooMuch()) break
      if (this.#isIdle(run)) this.#forget(name)
      else if (run.state === 'known') break
    }
  }

  /** One that is too large is not used: it was when there was no room for it. */
  #isIdle({ state, usedIn }: Run): boolean {
    return state !== 'learning' && this.#turn - usedIn >= (state === 'tooLarge' ? turnsBetweenTries : idleTurns)
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

/**
 * 32 bits a key, and 10 probes: at most 0.0002 % false (Bloom, 1970). A commit has hundreds of keys, and waits for the store where one is
 * false: with 24 bits and 7 probes that was one commit in thirty, and p99 of acknowledgements 81 ms instead of 58 (measured).
 */
const bitsPerKey = 32
const probes = 10
/** Of a thousand keys. In smaller ones the probes of two keys are too often the same: with 64 bytes one key in a thousand was false (measured). */
const firstBytes = 4_096
/** As many keys are kept as their hashes, since most runs and tenants have few. */
const mostFew = 128
const fewAtFirst = 8
/** Each stage is so many times the one before it, up to a most; that is full and stays as it is (Almeida and others, 2007). A miss looks into each of them. */
const growth = 4
const mostStageBytes = 16 * 1024 * 1024

/** Two independent halves of one pass (FNV-1a and a multiplicative hash): the probes are their combinations (Kirsch and Mitzenmacher, 2006). */
let [one, two] = [0, 0]
/** What they are of: a new call is sought in two filters. */
let [ofTable, ofKey] = ['', '']
function hash(table: string, key: string): void {
  if (key === ofKey && table === ofTable) return
  ofTable = table
  ofKey = key
  let a = 0x811c9dc5 ^ table.charCodeAt(0)
  let b = 0x9e3779b9 ^ table.charCodeAt(1)
  for (let i = 0; i < key.length; i += 1) {
    const unit = key.charCodeAt(i)
    a = Math.imul(a ^ unit, 0x01000193)
    b = Math.imul(b + unit, 0x85ebca6b) ^ (b >>> 13)
  }
  a ^= a >>> 15
  b ^= b >>> 16
  one = a
  two = b | 1
}

/** 32 bits: enough to tell a few keys apart. */
export function hashOf(table: string, key: string): number {
  hash(table, key)
  return one
}

function has(words: Int32Array): boolean {
  const mask = words.length * 32 - 1
  for (let i = 0, at = one; i < probes; i += 1, at = (at + two) | 0)
    if (((words[(at & mask) >>> 5] ?? 0) & (1 << (at & 31))) === 0) return false
  return true
}

/** False: it may have been there. */
function put(words: Int32Array, first: number, step: number): boolean {
  const mask = words.length * 32 - 1
  let isNew = false
  for (let i = 0, at = first; i < probes; i += 1, at = (at + step) | 0) {
    const word = (at & mask) >>> 5
    const bit = 1 << (at & 31)
    const had = words[word] ?? 0
    if ((had & bit) !== 0) continue
    isNew = true
    words[word] = had | bit
  }
  return isNew
}

/**
 * A Bloom filter of rows' keys that grows with them: what it does not have was never put in; of what it has, at most one in half a
 * million was not, for each time that it grew.
 */
export class KeyFilter {
  readonly #mayGrow: (bytes: number) => boolean
  /** Both hashes of each key, while they are few. */
  #few = new Int32Array(0)
  #count = 0
  /** The last takes keys. Bits of each are a power of two, so that a probe is cut to size by a mask: by a remainder of doubles it took longer than the hash (measured). */
  readonly #stages: Int32Array[] = []
  #room = 0
  bytes = 0

  /** `mayGrow`: asked for what it takes more. */
  constructor(mayGrow: (bytes: number) => boolean) {
    this.#mayGrow = mayGrow
  }

  /** False: there is no room for it, and what the filter does not have says nothing any more. */
  add(table: string, key: string): boolean {
    hash(table, key)
    if (this.#isOfFew()) return true
    if (this.#stages.length === 0 && this.#count < mostFew) return this.#addToFew()
    const last = this.#room > 0 ? this.#stages.at(-1) : this.#grow()
    if (last === undefined) return false
    // One that an older stage has takes room again, at most once a stage.
    if (put(last, one, two)) this.#room -= 1
    return true
  }

  mayHave(table: string, key: string): boolean {
    hash(table, key)
    return this.#isOfFew() || this.#stages.some(has)
  }

  #isOfFew(): boolean {
    const few = this.#few
    for (let i = 0; i < 2 * this.#count; i += 2) if (few[i] === one && few[i + 1] === two) return true
    return false
  }

  #addToFew(): boolean {
    if (2 * this.#count === this.#few.length) {
      const larger = new Int32Array(Math.max(2 * fewAtFirst, 2 * this.#few.length))
      if (!this.#take(larger.byteLength - this.#few.byteLength)) return false
      larger.set(this.#few)
      this.#few = larger
    }
    this.#few.set([one, two], 2 * this.#count)
    this.#count += 1
    return true
  }

  #grow(): Int32Array | undefined {
    const more = Math.min(firstBytes * growth ** this.#stages.length, mostStageBytes)
    if (!this.#take(more - this.#few.byteLength)) return undefined
    const stage = new Int32Array(more / Int32Array.BYTES_PER_ELEMENT)
    this.#stages.push(stage)
    this.#room = Math.floor((more * 8) / bitsPerKey) - this.#count
    for (let i = 0; i < 2 * this.#count; i += 2) put(stage, this.#few[i] ?? 0, this.#few[i + 1] ?? 0)
    this.#few = new Int32Array(0)
    this.#count = 0
    return stage
  }

  #take(bytes: number): boolean {
    if (!this.#mayGrow(bytes)) return false
    this.bytes += bytes
    return true
  }
}

/**
 * 32 bits a key, and 10 probes: at most 0.0002 % false (Bloom, 1970). A commit has hundreds of keys, and waits for the store where one is
 * false: with 24 bits and 7 probes that was one commit in thirty, and p99 of acknowledgements 81 ms instead of 58 (measured).
 */
const bitsPerKey = 32
const probes = 10
/** Of a thousand keys. In smaller ones the probes of two keys are too often the same: with 64 bytes one key in a thousand was false (measured). */
const firstBytes = 4_096
/** As many keys are kept as a hash each, since most runs and tenants have few. */
const mostFew = 128
const bytesOfHash = 8
const none: readonly number[] = []
const noStages: readonly Int32Array[] = []
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

function has(words: Int32Array): boolean {
  const mask = words.length * 32 - 1
  for (let i = 0, at = one; i < probes; i += 1, at = (at + two) | 0)
    if (((words[(at & mask) >>> 5] ?? 0) & (1 << (at & 31))) === 0) return false
  return true
}

/** False: it may have been there. */
function put(words: Int32Array): boolean {
  const mask = words.length * 32 - 1
  let isNew = false
  for (let i = 0, at = one; i < probes; i += 1, at = (at + two) | 0) {
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
  /** One hash of each of the first keys. */
  #few = none
  /** The last takes keys. Bits of each are a power of two, so that a probe is cut to size by a mask: by a remainder of doubles it took longer than the hash (measured). */
  #stages = noStages
  #room = 0
  bytes = 0

  /** `mayGrow`: asked for each stage. */
  constructor(mayGrow: (bytes: number) => boolean) {
    this.#mayGrow = mayGrow
  }

  /** False: there is no room for it, and what the filter does not have says nothing any more. */
  add(table: string, key: string): boolean {
    hash(table, key)
    if (this.#few.includes(one)) return true
    if (this.#few.length < mostFew) {
      // Pushed to, an array takes room for sixteen at once.
      this.#few = [...this.#few, one]
      this.bytes += bytesOfHash
      return true
    }
    const last = this.#room > 0 ? this.#stages.at(-1) : this.#grow()
    if (last === undefined) return false
    // One that an older stage has takes room again, at most once a stage.
    if (put(last)) this.#room -= 1
    return true
  }

  mayHave(table: string, key: string): boolean {
    hash(table, key)
    return this.#few.includes(one) || this.#stages.some(has)
  }

  #grow(): Int32Array | undefined {
    const more = Math.min(firstBytes * growth ** this.#stages.length, mostStageBytes)
    if (!this.#mayGrow(more)) return undefined
    const stage = new Int32Array(more / Int32Array.BYTES_PER_ELEMENT)
    this.#stages = [...this.#stages, stage]
    this.#room = Math.floor((more * 8) / bitsPerKey)
    this.bytes += more
    return stage
  }
}

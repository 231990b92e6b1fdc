/** A Bloom filter of rows' keys: what it does not have was never put in; of what it has, at most one in a hundred was not. */
export interface KeyFilter {
  /** False: it may have been there. */
  add(table: string, key: string): boolean
  mayHave(table: string, key: string): boolean
  /** Keys that were new when they were put in. */
  readonly size: () => number
}

/** At least 10 bits a key, and 7 probes: at most 0.8 % false (Bloom, 1970). */
const leastBitsPerKey = 10
const probes = 7

/** Two independent halves of one pass (FNV-1a and a multiplicative hash): the probes are their combinations (Kirsch and Mitzenmacher, 2006). */
export function createKeyFilter(mostKeys: number): KeyFilter {
  // A power of two, so that a probe is cut to size by a mask: by a remainder of doubles it took longer than the hash (measured).
  const words = new Int32Array(2 ** Math.ceil(Math.log2((mostKeys * leastBitsPerKey) / 32)))
  const mask = words.length * 32 - 1
  let size = 0
  let [one, two] = [0, 0]
  function hash(table: string, key: string): void {
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
  return {
    add(table, key) {
      hash(table, key)
      let isNew = false
      for (let i = 0, at = one; i < probes; i += 1, at = (at + two) | 0) {
        const word = (at & mask) >>> 5
        const bit = 1 << (at & 31)
        const had = words[word] ?? 0
        if ((had & bit) !== 0) continue
        isNew = true
        words[word] = had | bit
      }
      if (isNew) size += 1
      return isNew
    },
    mayHave(table, key) {
      hash(table, key)
      for (let i = 0, at = one; i < probes; i += 1, at = (at + two) | 0)
        if (((words[(at & mask) >>> 5] ?? 0) & (1 << (at & 31))) === 0) return false
      return true
    },
    size: () => size,
  }
}

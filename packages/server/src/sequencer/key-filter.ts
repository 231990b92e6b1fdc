/** A Bloom filter of rows' keys: what it does not have was never put in; of what it has, one in a hundred was not. */
export interface KeyFilter {
  add(table: string, key: string): void
  mayHave(table: string, key: string): boolean
  /** Put in so far. */
  readonly size: () => number
}

/** 10 bits a key and 7 probes: 0.8 % false (Bloom, 1970). */
const bitsPerKey = 10
const probes = 7

/** Two independent halves of one pass (FNV-1a and a multiplicative hash): the probes are their combinations (Kirsch and Mitzenmacher, 2006). */
export function createKeyFilter(mostKeys: number): KeyFilter {
  const words = new Uint32Array(Math.ceil((mostKeys * bitsPerKey) / 32))
  const bits = words.length * 32
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
    one = a >>> 0
    two = (b | 1) >>> 0
  }
  return {
    add(table, key) {
      hash(table, key)
      size += 1
      for (let i = 0; i < probes; i += 1) {
        const bit = (one + i * two) % bits
        words[bit >>> 5] = (words[bit >>> 5] ?? 0) | (1 << (bit & 31))
      }
    },
    mayHave(table, key) {
      hash(table, key)
      for (let i = 0; i < probes; i += 1) {
        const bit = (one + i * two) % bits
        if (((words[bit >>> 5] ?? 0) & (1 << (bit & 31))) === 0) return false
      }
      return true
    },
    size: () => size,
  }
}

/**
 * Bytes of a fixed size that what comes overwrites, oldest first. It is one piece of memory for as long as the server runs: what is put
 * here and forgotten again leaves nothing to collect.
 */
export interface Slab {
  /** Where it begins, counted from the first byte ever put; undefined: larger than all of the slab. */
  put(bytes: Buffer): number | undefined
  /** What begins before is overwritten. */
  readonly oldest: () => number
  text(start: number, length: number): string
}

export function createSlab(capacity: number): Slab {
  // Not filled with zeros: memory that nothing was put into takes none of the machine's.
  const held = Buffer.allocUnsafeSlow(capacity)
  /** Counted from the first byte ever put, as all places. */
  let end = 0
  return {
    put(bytes) {
      if (bytes.length > capacity) return undefined
      const left = capacity - (end % capacity)
      // In one piece: what is left at the end is left out.
      const start = bytes.length > left ? end + left : end
      bytes.copy(held, start % capacity)
      end = start + bytes.length
      return start
    },
    oldest: () => end - capacity,
    text: (start, length) => held.toString('utf8', start % capacity, (start % capacity) + length),
  }
}

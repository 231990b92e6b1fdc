/** Chance that comes out the same each time: two histories of one size are alike. */
export interface Chance {
  /** In [0, 1). */
  next(): number
  /** A whole number in [from, to]. */
  between(from: number, to: number): number
  pick<T>(of: readonly T[]): T
  is(share: number): boolean
  /** Mostly far below `most`, as lengths of texts are. */
  skewed(least: number, most: number): number
}

/** Mulberry32. */
export function createChance(seed: number): Chance {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
  return {
    next,
    between: (from, to) => from + Math.floor(next() * (to - from + 1)),
    pick<T>(of: readonly T[]): T {
      const picked = of[Math.floor(next() * of.length)]
      if (picked === undefined) throw new RangeError('There is nothing to pick from.')
      return picked
    },
    is: (share) => next() < share,
    skewed: (least, most) => Math.floor(least * (most / least) ** next()),
  }
}

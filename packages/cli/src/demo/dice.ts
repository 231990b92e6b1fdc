/** Chance from a seed: the same seed throws the same for ever. */
export interface Dice {
  /** In [low, high). */
  between(low: number, high: number): number
  /** A whole number, both ends included. */
  count(low: number, high: number): number
  chance(share: number): boolean
  pick<T>(from: readonly T[]): T
  shuffled<T>(list: readonly T[]): T[]
}

export function createDice(seed: number): Dice {
  let state = seed >>> 0
  /** Mulberry32: in [0, 1). */
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (low: number, high: number) => low + next() * (high - low)
  const pick = <T>(from: readonly T[]): T => {
    const found = from[Math.floor(next() * from.length)]
    if (found === undefined) throw new RangeError('There is nothing to pick from.')
    return found
  }
  return {
    between,
    count: (low, high) => Math.floor(between(low, high + 1)),
    chance: (share) => next() < share,
    pick,
    shuffled: (list) =>
      list
        .map((item) => ({ item, rank: next() }))
        .sort((a, b) => a.rank - b.rank)
        .map(({ item }) => item),
  }
}

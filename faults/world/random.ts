/** Chance that comes again: the same numbers for the same seed. */
import type { Random } from './world.ts'

/** mulberry32: small, fast, and even enough to choose faults and events with. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (least: number, most: number) => least + Math.floor(next() * (most - least + 1))
  return {
    next,
    between,
    pick(from) {
      const picked = from[between(0, from.length - 1)]
      if (picked === undefined) throw new Error('There is nothing to pick from.')
      return picked
    },
  }
}

/** Another order of the same things. */
export function shuffled<T>(things: readonly T[], random: Random): T[] {
  const left = [...things]
  const taken: T[] = []
  while (left.length > 0) taken.push(...left.splice(random.between(0, left.length - 1), 1))
  return taken
}

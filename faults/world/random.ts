/** Chance that comes again: the same numbers for the same seed. */
import { createDice } from '@signalbox/cli/demo/dice.ts'
import type { Random } from './world.ts'

export function createRandom(seed: number): Random {
  const dice = createDice(seed)
  return { next: () => dice.between(0, 1), between: dice.count, pick: dice.pick }
}

/** Another order of the same things. */
export function shuffled<T>(things: readonly T[], random: Random): T[] {
  const left = [...things]
  const taken: T[] = []
  while (left.length > 0) taken.push(...left.splice(random.between(0, left.length - 1), 1))
  return taken
}

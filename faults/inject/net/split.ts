/** Messages in pieces of a few bytes: whoever takes a piece for a message is found out. */
import { type Between, misbehave } from './misbehave.ts'

export const split = (which: Between) =>
  misbehave(which, {
    name: 'split segments',
    how: (random) => ({ kind: 'split', bytes: random.between(1, 40) }),
    lastsMs: [500, 3_000],
    isHarmless: true,
  })

/** A long way: every byte comes later, and nothing is lost. */
import { type Between, misbehave } from './misbehave.ts'

export const delay = (which: Between) =>
  misbehave(which, {
    name: 'delay',
    how: (random) => ({ kind: 'delay', ms: random.between(20, 400) }),
    lastsMs: [1_000, 5_000],
    isHarmless: true,
  })

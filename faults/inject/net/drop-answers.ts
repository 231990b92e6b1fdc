/** What was asked is done, and nobody hears of it: every sender has to ask again, and must be told that it is a duplicate. */
import { type Between, misbehave } from './misbehave.ts'

export const dropAnswers = (which: Between) =>
  misbehave(which, {
    name: 'drop answers',
    how: (random) => ({ kind: 'drop-answers', resetAfterMs: random.between(0, 1_500) }),
    lastsMs: [300, 3_000],
  })

/** A reset in the middle of a message: of what was asked, so that half of it arrives, or of an answer. */
import { type Between, misbehave } from './misbehave.ts'

export const cut = (which: Between, side: 'requests' | 'answers') =>
  misbehave(which, {
    name: `cut within ${side}`,
    how: (random) => ({ kind: 'cut', side, afterBytes: random.between(0, 3_000) }),
    lastsMs: [200, 2_000],
  })

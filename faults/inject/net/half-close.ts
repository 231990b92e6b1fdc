/** Who asks is taken for done after what it said so far; its answer may still come, and what it says after is dropped. */
import { type Between, misbehave } from './misbehave.ts'

export const halfClose = (which: Between) =>
  misbehave(which, { name: 'half-close', how: () => ({ kind: 'half-close' }), lastsMs: [200, 2_000] })

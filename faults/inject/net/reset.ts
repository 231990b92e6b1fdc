/** Every connection is reset, and so is each that comes. */
import { type Between, misbehave } from './misbehave.ts'

export const reset = (which: Between) => misbehave(which, { name: 'reset', how: () => ({ kind: 'reset' }), lastsMs: [0, 2_000] })

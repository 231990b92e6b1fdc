/** Nothing comes through, and nobody is told; then all of it comes. Of one side: what was asked is done, and no answer comes, or the reverse. */
import type { Behaviour } from '../../world/world.ts'
import { type Between, misbehave } from './misbehave.ts'

type Side = Extract<Behaviour, { kind: 'stall' }>['side']

const names = { both: 'stall', requests: 'stall of requests', answers: 'stall of answers' } as const

export const stall = (which: Between, side: Side) =>
  misbehave(which, { name: names[side], how: () => ({ kind: 'stall', side }), lastsMs: [500, 8_000] })

/** One reader of one feed: where it is, whether it keeps up, and the states it can be in. */
import type { Encoded } from './frames.ts'

/**
 * opening: its place is being found. behind: it reads pages by its cursor. live: it gets its cohort's frames.
 * blocked: it does not read; nothing is queued for it but its place. closed: gone.
 */
export const sessionStates = ['opening', 'behind', 'live', 'blocked', 'closed'] as const
export type SessionState = (typeof sessionStates)[number]
export const sessionSteps = ['placed', 'caughtUp', 'full', 'drained', 'missed', 'close'] as const
export type SessionStep = (typeof sessionSteps)[number]

/** Every step from every state; what is not here cannot happen and is a bug. */
export const transitions: { readonly [S in SessionState]: { readonly [T in SessionStep]?: SessionState } } = {
  opening: { placed: 'behind', close: 'closed' },
  behind: { caughtUp: 'live', full: 'blocked', close: 'closed' },
  live: { full: 'blocked', missed: 'behind', close: 'closed' },
  blocked: { drained: 'behind', close: 'closed' },
  closed: { placed: 'closed', close: 'closed' },
}

/** What a transport gives: it takes bytes, says how many it still holds, and can be closed with a documented code. */
export interface Outlet {
  /** Once, before any frame: the reader's cursor until its first frame. */
  opened(cursor: string): void
  write(frame: Encoded): void
  /** Bytes taken and not yet on the wire or not yet credited. */
  pending(): number
  close(code: number, reason: string): void
}

export interface Session {
  readonly outlet: Outlet
  state: SessionState
  /** Positions sent, per partition. */
  positions: readonly number[]
  /** Sent before anything else: a resync, the pages of a snapshot. Shared with all who asked for them at that time. */
  backlog: readonly Encoded[]
  /** Fewest events it was behind since it was placed: only who falls further behind is given a gap, not who comes from afar. */
  bestLag: number
  /** When it was last seen to make progress while blocked. */
  blockedAt: number
  blockedPending: number
  pumping: boolean
}

export const openSession = (outlet: Outlet, positions: readonly number[]): Session => ({
  outlet,
  state: 'opening',
  positions,
  backlog: [],
  bestLag: Number.POSITIVE_INFINITY,
  blockedAt: 0,
  blockedPending: 0,
  pumping: false,
})

export function step(session: Session, by: SessionStep): void {
  const next = transitions[session.state][by]
  if (next === undefined) throw new Error(`A live session cannot take the step "${by}" in the state "${session.state}".`)
  session.state = next
}

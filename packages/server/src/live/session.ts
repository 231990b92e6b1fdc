/** One reader of one feed: where it is, whether it keeps up, and the states it can be in. */
import type { FeedKind, Filter } from '@signalbox/model/live.ts'
import type { Encoded, Framing } from './frames.ts'

/**
 * opening: its snapshot or place is being found. behind: it reads pages by its cursor. live: it gets its cohort's frames.
 * blocked: it does not read; nothing is queued for it but its place. closed: gone.
 */
export type SessionState = 'opening' | 'behind' | 'live' | 'blocked' | 'closed'
export type SessionStep = 'placed' | 'caughtUp' | 'full' | 'drained' | 'missed' | 'close'

/** Every step from every state; what is not here cannot happen and is a bug. */
export const transitions: { readonly [S in SessionState]: { readonly [T in SessionStep]?: SessionState } } = {
  opening: { placed: 'behind', full: 'blocked', drained: 'opening', close: 'closed' },
  behind: { placed: 'behind', caughtUp: 'live', full: 'blocked', drained: 'behind', missed: 'behind', close: 'closed' },
  live: { caughtUp: 'live', full: 'blocked', drained: 'live', missed: 'behind', close: 'closed' },
  blocked: { placed: 'blocked', full: 'blocked', drained: 'behind', missed: 'blocked', close: 'closed' },
  closed: { placed: 'closed', caughtUp: 'closed', full: 'closed', drained: 'closed', missed: 'closed', close: 'closed' },
}

/** What a transport gives: it takes bytes, says how many it still holds, and can be closed with a documented code. */
export interface Outlet {
  write(frame: Encoded): void
  /** Bytes taken and not yet on the wire or not yet credited. */
  pending(): number
  close(code: number, reason: string): void
}

export interface Subscription {
  readonly tenant: string
  readonly feed: FeedKind
  readonly filter: Filter
  readonly framing: Framing
  /** Positions to go on after; absent: from a snapshot (state) or from now (events). */
  readonly cursor?: string | undefined
  /** Events from the oldest kept. */
  readonly fromStart?: boolean
}

export interface Session {
  readonly outlet: Outlet
  state: SessionState
  /** Positions sent, per partition. */
  positions: readonly number[]
  /** Was demoted for not reading, so a gap may be announced to it. */
  slow: boolean
  /** When it was last seen to make progress while blocked. */
  blockedAt: number
  blockedPending: number
  pumping: boolean
}

export function step(session: Session, by: SessionStep): void {
  const next = transitions[session.state][by]
  if (next === undefined) throw new Error(`A live session cannot take the step "${by}" in the state "${session.state}".`)
  session.state = next
}

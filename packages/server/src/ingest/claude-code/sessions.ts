/**
 * What hooks of one session told before, so that what a hook says can be told whole: who was started, which calls are open.
 *
 * Bounded, in memory, and nothing of the promises rests on it: after a restart a session is started once more, which changes no row but
 * the time of its agents' last sign of life, and calls that were open then stay so until the run ends or the agent is taken for lost.
 */
import type { EpochMs, TenantId } from '@signalbox/model/event.ts'

/** An order to a subagent of which no subagent is known yet. */
interface Pending {
  readonly type: string
  readonly by: string
}

export interface Session {
  /** Time of its newest hook. */
  last: EpochMs
  /** Agents that were told to have started. */
  readonly started: Set<string>
  /** Calls under way, and whose. */
  readonly open: Map<string, string>
  readonly ended: Set<string>
  readonly pending: Map<string, Pending>
  /** The subagent of an order, by call. */
  readonly workers: Map<string, string>
  /** The order of a subagent. */
  readonly orders: Map<string, string>
  /** Orders that go on after their call's end. */
  readonly launched: Set<string>
}

export interface Sessions {
  of(tenant: TenantId, session: string): Session
  forget(tenant: TenantId, session: string): void
}

const mostSessions = 10_000
/** Of each kind of thing in one session. */
const mostOfKind = 1_000

const keyOf = (tenant: TenantId, session: string) => `${tenant}/${session}`

export function createSessions(): Sessions {
  const held = new Map<string, Session>()
  return {
    of(tenant, name) {
      const key = keyOf(tenant, name)
      const session = held.get(key) ?? {
        last: 0,
        started: new Set(),
        open: new Map(),
        ended: new Set(),
        pending: new Map(),
        workers: new Map(),
        orders: new Map(),
        launched: new Set(),
      }
      // The one that was silent longest goes first.
      held.delete(key)
      held.set(key, session)
      trim(held, mostSessions)
      for (const kind of [session.started, session.open, session.ended, session.pending, session.workers, session.orders, session.launched])
        trim(kind, mostOfKind)
      return session
    },
    forget: (tenant, name) => void held.delete(keyOf(tenant, name)),
  }
}

/** Of a Map or Set, whose oldest come first. */
export function trim(held: Map<string, unknown> | Set<string>, most: number): void {
  // First of all: to find the oldest it walks over those that went.
  if (held.size <= most) return
  for (const key of held.keys()) {
    held.delete(key)
    if (held.size <= most) return
  }
}

/** A clock that was set back further than this is believed. */
const largestStepBackMs = 60_000
/** Room for what is told of a hook beside it. */
const stepMs = 3

/** The hook's time: by the server's clock, and after the hook before it. */
export function arrivalOf(session: Session, now: EpochMs): EpochMs {
  const next = session.last + stepMs
  session.last = now >= next || next - now > largestStepBackMs ? now : next
  return session.last
}

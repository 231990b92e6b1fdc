/** What of the log stands out in time: errors, delegations, and what is marked on the time bar. */
import type { Event } from '@signalbox/model/event.ts'
import { relationOf } from '@signalbox/model/fold/keys.ts'

export type MarkKind = 'failed' | 'lost' | 'stuck' | 'alert' | 'restart'
export const markKinds = ['failed', 'lost', 'stuck', 'alert', 'restart'] as const

/** Types that an error may have; of `agent.status` some are. */
export const errorTypes = ['task.failed', 'run.failed', 'tool.failed', 'llm.failed', 'alert.fired', 'agent.status'] as const
export const delegationTypes = ['task.assigned', 'task.created', 'handoff'] as const

type Seen = Pick<Event, 'type' | 'data'>

export function isError({ type, data }: Seen): boolean {
  if (type === 'agent.status') return data.status === 'lost' || data.status === 'stuck'
  return (errorTypes as readonly string[]).includes(type)
}

export function isDelegation(event: Event): boolean {
  return (delegationTypes as readonly string[]).includes(event.type) && relationOf(event) !== undefined
}

/** A failed call is an error, but too common to be marked by itself. */
export function markOf({ type, data, source }: Seen & Pick<Event, 'source'>): MarkKind | undefined {
  if (type === 'task.failed' || type === 'run.failed') return 'failed'
  if (type === 'alert.fired') return 'alert'
  if (type !== 'agent.status') return undefined
  if (data.status === 'lost' || data.status === 'stuck') return data.status
  // What the server itself says of an agent that was lost.
  return source === 'signalbox' && data.detail === 'Heard again.' ? 'restart' : undefined
}

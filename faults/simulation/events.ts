/** Events that agents of a run make: of a few runs, tasks and calls, some late, a few with an id that is another's. */
import type { EventInput } from '@signalbox/model/event.ts'
import { uuidv7 } from '@signalbox/model/ids.ts'
import { contentHash } from '../history/content.ts'
import type { Sent } from '../history/history.ts'
import type { Life } from './life.ts'
import type { World } from './world.ts'

const types = [
  'agent.started',
  'agent.heartbeat',
  'task.created',
  'task.assigned',
  'task.completed',
  'llm.started',
  'llm.finished',
  'tool.started',
  'tool.finished',
  'message.sent',
  'log',
] as const
const longestLateMs = 2 * 86_400_000

export type Made = EventInput & { readonly id: string }

/** Numbers its events from 0. */
export function createEvents({ random }: World, source: string) {
  let seq = 0
  const bytes = () => Uint8Array.from({ length: 16 }, () => random.between(0, 255))
  return function make({ clock }: Life): Made {
    const lateMs = random.next() < 0.05 ? random.between(1, longestLateMs) : 0
    const time = clock.now() - lateMs
    const type = random.pick(types)
    const isLlm = type === 'llm.finished'
    const id = uuidv7(time, bytes())
    const run = random.next() < 0.1 ? undefined : `r${random.between(0, 3)}`
    const data = {
      // Its totals are known of the event alone only where it is the one of its call.
      call: isLlm ? id : `c${random.between(0, 5)}`,
      to: `w${random.between(0, 3)}`,
      text: "a; b'c\t\\",
      ...(isLlm
        ? { usage: { inputTokens: random.between(1, 9), outputTokens: random.between(1, 9) }, costMicros: random.between(1, 9) }
        : {}),
    }
    const made = {
      id,
      source,
      type,
      time: new Date(time).toISOString(),
      agent: `w${random.between(0, 3)}`,
      task: `t${random.between(0, 4)}`,
      seq,
      data,
    }
    seq += 1
    return run === undefined ? made : { ...made, run }
  }
}

/** The same id, and something else. */
export const conflictingWith = (event: Made): Made => ({ ...event, data: { ...event.data, text: 'other' } })

/** No event at all. */
export const spoiled = (event: Made): Made => ({ ...event, type: spoiledType })
const spoiledType = '!'

export function sentOf(event: EventInput): Sent {
  const { id = '', source, run, seq } = event
  const { usage, costMicros } = (event.data ?? {}) as { usage?: { inputTokens: number; outputTokens: number }; costMicros?: number }
  return {
    id,
    source,
    hash: contentHash(event),
    ...(event.type === spoiledType ? { poison: true as const } : {}),
    ...(run === undefined ? {} : { run }),
    ...(seq === undefined ? {} : { seq }),
    ...(usage === undefined || costMicros === undefined ? {} : { adds: { ...usage, costMicros } }),
  }
}

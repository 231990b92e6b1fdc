/** Events in memory, oldest first, bounded: at the bound the oldest goes and is counted. */
import type { EventInput } from '@signalbox/model/event.ts'

export const batchEvents = 500
const batchChars = 4 * 1_048_576

export interface Queue {
  /** Whether the oldest had to go for it. */
  push(event: EventInput): boolean
  length(): number
  /** The oldest, as many as go in one batch. They stay until they are forgotten. */
  front(): readonly EventInput[]
  /** Takes a batch off, whose front may have been dropped meanwhile. */
  forget(batch: readonly EventInput[]): void
}

/** `onUnwritable` is told of data that has no JSON; it is replaced, so that it stops neither the queue nor the count. */
export function createQueue(mostEvents: number, onUnwritable: (event: EventInput, error: unknown) => void): Queue {
  let events: EventInput[] = []
  return {
    push(event) {
      events.push(event)
      return events.length > mostEvents && events.shift() !== undefined
    },
    length: () => events.length,
    front() {
      const batch: EventInput[] = []
      let chars = 0
      for (const event of events) {
        if (batch.length === batchEvents) break
        let taken = event
        try {
          chars += JSON.stringify(event).length
        } catch (error) {
          taken = { ...event, data: { unwritable: String(error) } }
          events[batch.length] = taken
          onUnwritable(event, error)
        }
        if (batch.length > 0 && chars > batchChars) break
        batch.push(taken)
      }
      return batch
    },
    forget(batch) {
      const last = batch.at(-1)
      if (last !== undefined) events = events.slice(events.indexOf(last) + 1)
    },
  }
}

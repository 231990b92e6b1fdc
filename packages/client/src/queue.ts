/** Events in memory, oldest first, bounded: at the bound the oldest goes and is counted, of those whose fate is not under way. */
import type { EventInput } from '@signalbox/model/event.ts'

export const batchEvents = 500
const batchChars = 4 * 1_048_576

export interface Queue {
  /** Whether one had to go for it. */
  push(event: EventInput): boolean
  length(): number
  /** The oldest, as many as go in one batch. They stay until they are forgotten or put back. */
  front(): readonly EventInput[]
  /** Takes the batch off that `front` gave. */
  forget(): void
  /** The batch that `front` gave waits like the others. */
  putBack(): void
}

/** `onUnwritable` is told of data that has no JSON; it is replaced, so that it stops neither the queue nor the count. */
export function createQueue(mostEvents: number, onUnwritable: (event: EventInput, error: unknown) => void): Queue {
  let events: EventInput[] = []
  /** On their way: one of them dropped now would count as lost and arrive all the same. */
  let out = 0
  return {
    push(event) {
      events.push(event)
      return events.length > mostEvents && events.splice(out, 1).length > 0
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
      out = batch.length
      return batch
    },
    forget() {
      events = events.slice(out)
      out = 0
    },
    putBack() {
      out = 0
    },
  }
}

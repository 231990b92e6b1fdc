import type { Event } from '../event.ts'
import type { Latest } from '../rows.ts'

/** Last writer wins by (time, id), so that arrival order does not matter. */
export function latest<T>(held: Latest<T> | undefined, value: T | undefined, event: Pick<Event, 'time' | 'id'>): Latest<T> | undefined {
  if (value === undefined) return held
  if (held !== undefined && (held.at > event.time || (held.at === event.time && held.by >= event.id))) return held
  return { value, at: event.time, by: event.id }
}

/** The same between two held values; used to join rows of several partitions. */
export function newer<T>(a: Latest<T> | undefined, b: Latest<T> | undefined): Latest<T> | undefined {
  if (a === undefined) return b
  if (b === undefined) return a
  return a.at > b.at || (a.at === b.at && a.by >= b.by) ? a : b
}

/** What an event says, in a form that can be compared without being kept. */
import { hash } from 'node:crypto'

/** Of what a sender writes; a reader's event has these and its place. */
const contentFields = ['source', 'type', 'run', 'agent', 'task', 'cause', 'seq', 'epoch', 'trace'] as const

/**
 * 16 hexadecimal digits of the content of an event as sent (`EventInput`) or as read (`StoredEvent`): all of it but its id and place.
 * Alike whenever the server takes two for one event: times are compared to the millisecond, keys of `data` in any order.
 */
export function contentHash(event: Readonly<Record<string, unknown>>): string {
  const content: Record<string, unknown> = { time: instantOf(event.time), data: event.data ?? {} }
  for (const field of contentFields) content[field] = event[field]
  return hash('sha256', canonicalJson(content)).slice(0, 16)
}

/** Poison may have any time, or none. */
function instantOf(time: unknown): unknown {
  const ms = typeof time === 'string' ? Date.parse(time) : Number.NaN
  return Number.isNaN(ms) ? time : ms
}

/** The same text for the same value, whatever the order of its keys. What JSON cannot say is left out, as `JSON.stringify` does. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner
    // As entries: a key "__proto__" is one like any other.
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

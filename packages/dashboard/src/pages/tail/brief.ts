/** One line about an event, from data that may be anything. */
import type { StoredEvent } from '@signalbox/model/event.ts'
import { visible } from '../../text.ts'

const briefChars = 300
const telling = ['message', 'error', 'title', 'name', 'note', 'detail', 'model', 'to', 'status', 'text', 'reason'] as const
/** Fields looked at; an event may have a thousand. */
const mostFields = 20

/** The first field that tells something, else the fields themselves; never longer than a line takes. */
export function briefOf({ data }: Pick<StoredEvent, 'data'>): string {
  for (const name of telling) {
    const value = data[name]
    if (typeof value === 'string' && value !== '') return visible(value.slice(0, briefChars))
  }
  let text = ''
  for (const [name, value] of Object.entries(data).slice(0, mostFields)) {
    if (text.length > briefChars) break
    const shown =
      typeof value === 'object' && value !== null ? '{…}' : String(typeof value === 'string' ? value.slice(0, briefChars) : value)
    text += `${text === '' ? '' : ' · '}${name}: ${shown}`
  }
  return visible(text.slice(0, briefChars))
}

const failing = /failed|lost|rejected|error/
const tones: readonly (readonly [pattern: RegExp, ink: string])[] = [
  [failing, 'text-bad'],
  [/required|requested/, 'text-wait'],
  [/completed|finished/, 'text-good'],
  [/started|created|assigned/, 'text-busy'],
  // They come by the clock, and say nothing but that.
  [/heartbeat/, 'text-faint'],
]
export const isFailing = (type: string): boolean => failing.test(type)
export const inkOf = (type: string): string => tones.find(([pattern]) => pattern.test(type))?.[1] ?? 'text-soft'

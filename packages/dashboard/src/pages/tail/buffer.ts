/** The newest events, bounded, outside React: they come faster than anything is drawn. */
import type { StoredEvent } from '@signalbox/model/event.ts'
import { type Level, levelOf } from './brief.ts'

/** Lines held; the oldest leave first, and are counted. */
export const mostLines = 10_000

export type Line =
  | {
      readonly kind: 'event'
      /** Grows with each line; the place of a line never changes. */
      readonly n: number
      readonly event: StoredEvent
      readonly level: Level
    }
  /** Events the server did not send to us, said where they are missing. */
  | { readonly kind: 'gap'; readonly n: number; readonly why: string }

export interface Buffer {
  /** A line more. */
  push(event: StoredEvent, level?: Level): void
  gap(why: string): void
  /** Older ones than all held, oldest first; those held already are left out. Answers the lines they became. */
  before(events: readonly StoredEvent[]): readonly Line[]
  /** The same array until something changed. */
  lines(): readonly Line[]
  /** Lines that came live. */
  came(): number
  /** Lines that left because newer ones came. */
  left(): number
}

/** Lines numbered from a place on. */
export const linesFrom = (events: readonly StoredEvent[], n: number): readonly Line[] =>
  events.map((event, i) => ({ kind: 'event', n: n + i, event, level: levelOf(event) }))

export function createBuffer(most = mostLines): Buffer {
  let held: Line[] = []
  let shown: readonly Line[] | undefined
  let next = 0
  let first = 0
  let came = 0
  let left = 0
  /** Slack before lines are cut, so that an event does not cost a copy of all. */
  const slack = Math.ceil(most / 4)

  const add = (line: Line) => {
    held.push(line)
    came += 1
    shown = undefined
    if (held.length <= most + slack) return
    left += held.length - most
    held = held.slice(held.length - most)
  }
  return {
    push: (event, level = levelOf(event)) => add({ kind: 'event', n: next++, event, level }),
    gap: (why) => add({ kind: 'gap', n: next++, why }),
    before(events) {
      const known = new Set(held.flatMap((line) => (line.kind === 'event' ? [line.event.id] : [])))
      const unknown = events.filter(({ id }) => !known.has(id))
      first -= unknown.length
      const older = linesFrom(unknown, first)
      const room = Math.max(0, most - held.length)
      if (room > 0) {
        held = [...older.slice(-room), ...held]
        shown = undefined
      }
      return older
    },
    lines() {
      shown ??= held.length > most ? held.slice(held.length - most) : held.slice()
      return shown
    },
    came: () => came,
    left: () => left + Math.max(0, held.length - most),
  }
}

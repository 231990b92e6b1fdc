/** The newest events, bounded, outside React: they come faster than anything is drawn. */
import type { StoredEvent } from '@signalbox/model/event.ts'
import { briefOf, isFailing } from './brief.ts'

/** Events held; the oldest leave first, and are counted. */
export const mostEvents = 5_000

export type Line =
  | {
      readonly kind: 'event'
      /** Grows with each line; the place of a line never changes. */
      readonly n: number
      readonly event: StoredEvent
      readonly brief: string
      /** What a filter by text looks into, in lower case. */
      readonly searched: string
      readonly failing: boolean
    }
  /** Events the server did not send to us, said where they are missing. */
  | { readonly kind: 'gap'; readonly n: number; readonly why: string }

export interface Buffer {
  push(events: readonly StoredEvent[]): void
  /** Older ones than all held, oldest first; those held already are left out. */
  before(events: readonly StoredEvent[]): void
  gap(why: string): void
  clear(): void
  /** The same array until something changed. */
  lines(): readonly Line[]
  /** Lines that came since the last `clear`, history not counted. */
  came(): number
  /** Lines that left because newer ones came. */
  left(): number
}

function lineOf(event: StoredEvent, n: number): Line {
  const brief = briefOf(event)
  const searched = `${event.type} ${event.agent ?? ''} ${event.run ?? ''} ${event.task ?? ''} ${event.source} ${brief}`.toLowerCase()
  return { kind: 'event', n, event, brief, searched, failing: isFailing(event.type) }
}

export function createBuffer(most = mostEvents): Buffer {
  let held: Line[] = []
  let shown: readonly Line[] | undefined
  let next = 0
  let first = 0
  let came = 0
  let left = 0
  /** Slack before lines are cut, so that an event does not cost a copy of all. */
  const slack = Math.ceil(most / 4)

  const trim = () => {
    if (held.length <= most + slack) return
    left += held.length - most
    held = held.slice(held.length - most)
  }
  const add = (line: Line) => {
    held.push(line)
    came += 1
    shown = undefined
  }
  return {
    push(events) {
      // More at once than is held: the rest would leave at once.
      const kept = events.slice(-most)
      const over = events.length - kept.length
      left += over
      came += over
      for (const event of kept) add(lineOf(event, next++))
      trim()
    },
    before(events) {
      const known = new Set(held.flatMap((line) => (line.kind === 'event' ? [line.event.id] : [])))
      const older = events.filter(({ id }) => !known.has(id)).slice(-Math.max(0, most - held.length))
      first -= older.length
      held = [...older.map((event, i) => lineOf(event, first + i)), ...held]
      shown = undefined
    },
    gap(why) {
      add({ kind: 'gap', n: next++, why })
      trim()
    },
    clear() {
      held = []
      shown = undefined
      came = 0
      left = 0
    },
    lines() {
      shown ??= held.length > most ? held.slice(held.length - most) : held.slice()
      return shown
    },
    came: () => came,
    left: () => left + Math.max(0, held.length - most),
  }
}

export function matchingLines(lines: readonly Line[], q: string, errors: boolean): readonly Line[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0 && !errors) return lines
  return lines.filter((line) => line.kind === 'gap' || ((!errors || line.failing) && words.every((word) => line.searched.includes(word))))
}

/** What of a buffer is shown: the lines that match, as they are now or as they were when the view was held. */
import type { StoredEvent } from '@signalbox/model/event.ts'
import { type Buffer, type Line, linesFrom, mostLines } from './buffer.ts'

type LineTest = (line: Line & { readonly kind: 'event' }) => boolean

/** Lines of a held view with the older ones that were added to it: a bound for those who scroll up all day. */
const mostHeld = 3 * mostLines

interface Matched {
  readonly of: readonly Line[]
  readonly lines: readonly Line[]
}
const nothing: Matched = { of: [], lines: [] }

/** Only lines that were not there before are tested. */
function matchedOf(of: readonly Line[], before: Matched, test: LineTest): Matched {
  if (of === before.of) return before
  const first = of[0]?.n ?? Number.POSITIVE_INFINITY
  const [from, to] = [before.of[0]?.n ?? Number.POSITIVE_INFINITY, before.of.at(-1)?.n ?? Number.NEGATIVE_INFINITY]
  const passes = (line: Line) => line.kind === 'gap' || test(line)
  const older: Line[] = []
  for (const line of of) {
    if (line.n >= from) break
    if (passes(line)) older.push(line)
  }
  const newer: Line[] = []
  for (let i = of.length - 1; i >= 0; i -= 1) {
    const line = of[i]
    if (line === undefined || line.n <= to || line.n < from) break
    if (passes(line)) newer.push(line)
  }
  const stayed = before.lines[0] !== undefined && before.lines[0].n < first ? before.lines.filter(({ n }) => n >= first) : before.lines
  return { of, lines: [...older, ...stayed, ...newer.reverse()] }
}

export interface View {
  /** Another question: all that is held is asked again. */
  ask(test: LineTest): void
  /** From now on the view stands still; nothing where it does already. */
  hold(): void
  follow(): void
  isHeld(): boolean
  /** Older lines than all that is shown. */
  before(events: readonly StoredEvent[]): void
  /** It takes no more older lines. */
  isFull(): boolean
  /** Those that match, oldest first. The same array until something changed. */
  lines(): readonly Line[]
  /** All lines that were looked at, oldest first. */
  all(): readonly Line[]
  /** Lines that came since it is held. */
  waiting(): number
  /** How many of them match, as far as the buffer still has them. */
  fresh(): number
}

export function createView(buffer: Buffer): View {
  let test: LineTest = () => true
  let held: { readonly lines: readonly Line[]; readonly came: number } | undefined
  let shown = nothing
  let live = nothing
  const all = () => held?.lines ?? buffer.lines()
  return {
    ask(next) {
      test = next
      shown = nothing
      live = nothing
    },
    hold() {
      held ??= { lines: buffer.lines(), came: buffer.came() }
    },
    follow() {
      held = undefined
    },
    isHeld: () => held !== undefined,
    before(events) {
      const top = all()[0]?.n
      const isJoined = top === buffer.lines()[0]?.n
      if (held === undefined) return void buffer.before(events)
      const known = new Set(held.lines.flatMap((line) => (line.kind === 'event' ? [line.event.id] : [])))
      const unknown = events.filter(({ id }) => !known.has(id))
      // The buffer has gone on without what is held: its own lines are not touched, only numbered on from.
      const older = isJoined ? buffer.before(unknown) : linesFrom(unknown, (top ?? 0) - unknown.length)
      held = { ...held, lines: [...older, ...held.lines] }
    },
    isFull: () => all().length >= (held === undefined ? mostLines : mostHeld),
    lines() {
      shown = matchedOf(all(), shown, test)
      return shown.lines
    },
    all,
    waiting: () => (held === undefined ? 0 : buffer.came() - held.came),
    fresh() {
      if (held === undefined) return 0
      const newest = held.lines.at(-1)?.n ?? Number.NEGATIVE_INFINITY
      live = matchedOf(buffer.lines(), live, test)
      let count = 0
      for (let i = live.lines.length - 1; i >= 0 && (live.lines[i]?.n ?? newest) > newest; i -= 1) count += 1
      return count
    },
  }
}

/** The longer sums of figures: which there are, and which of them answer a window. */
import type { EpochMs } from '@signalbox/model/event.ts'
import { minuteMs } from '@signalbox/model/rollup.ts'

/** What is told apart: agents, names (of models, tools, types), or both. */
export type Cut = 'agent' | 'name' | 'both'

export const hourMs = 60 * minuteMs
export const dayMs = 24 * hourMs

interface Level {
  readonly spanMs: number
  readonly cuts: readonly Cut[]
}

/**
 * Each is a multiple of the one before, and as long as the steps that windows of some hours, a day, or a week are told in. The first is as
 * long as what it sums, and a twentieth of its rows. Both are told apart from an hour on: such figures are seldom asked for.
 */
export const levels: readonly Level[] = [
  { spanMs: minuteMs, cuts: ['name'] },
  { spanMs: 5 * minuteMs, cuts: ['agent', 'name'] },
  { spanMs: 15 * minuteMs, cuts: ['agent'] },
  { spanMs: hourMs, cuts: ['agent', 'name', 'both'] },
  { spanMs: 6 * hourMs, cuts: ['agent', 'name', 'both'] },
  { spanMs: dayMs, cuts: ['agent', 'name', 'both'] },
]

export const floorTo = (time: EpochMs, spanMs: number): EpochMs => time - (time % spanMs)

/** [from, to) */
export interface Range {
  readonly from: EpochMs
  readonly to: EpochMs
}

/** A part of a window and the sums that answer it; `spanMs` 0: the minutes themselves. */
export interface Piece extends Range {
  readonly spanMs: number
}

/** What the longer sums stand for: what lies before `until`, but for what changed since. */
export interface Summed {
  readonly until: EpochMs
  readonly changed: readonly Range[]
}

/** Of more apart, all from the first to the last is one: an import touches as good as all of it, and each costs a plan some pieces. */
const mostRanges = 6

/** In order; of each minute once. */
export function rangesOf(minutes: readonly EpochMs[]): readonly Range[] {
  const ranges: Range[] = []
  for (const minute of minutes) {
    const before = ranges.at(-1)
    if (before?.to === minute) ranges[ranges.length - 1] = { from: before.from, to: minute + minuteMs }
    else ranges.push({ from: minute, to: minute + minuteMs })
  }
  const [first, last] = [ranges[0], ranges.at(-1)]
  return ranges.length > mostRanges && first !== undefined && last !== undefined ? [{ from: first.from, to: last.to }] : ranges
}

/**
 * Cuts a window of whole minutes into the longest sums that there are, in order, without overlap or gap. Of each, a step is a multiple;
 * `stepMs` is Infinity where steps are not told apart.
 */
export function piecesOf({ from, to }: Range, cut: Cut, stepMs: number, { until, changed }: Summed): readonly Piece[] {
  const spans = levels
    .filter(({ spanMs, cuts }) => cuts.includes(cut) && (stepMs === Number.POSITIVE_INFINITY || stepMs % spanMs === 0))
    .map(({ spanMs }) => spanMs)
  const shortest = spans[0] ?? Number.POSITIVE_INFINITY
  const longestFirst = spans.toReversed()
  const isSummed = (start: EpochMs, end: EpochMs) => end <= until && changed.every((range) => range.to <= start || range.from >= end)
  const pieces: Piece[] = []
  for (let at = from; at < to; ) {
    const spanMs = longestFirst.find((span) => at % span === 0 && at + span <= to && isSummed(at, at + span)) ?? 0
    const end = spanMs > 0 ? at + spanMs : at + shortest > until ? to : minutesUpTo(at, shortest, changed)
    const before = pieces.at(-1)
    if (before?.spanMs === spanMs) pieces[pieces.length - 1] = { ...before, to: Math.min(to, end) }
    else pieces.push({ spanMs, from: at, to: Math.min(to, end) })
    at = end
  }
  return pieces
}

/** Where the next sum may begin: behind what changed. */
function minutesUpTo(at: EpochMs, shortest: number, changed: readonly Range[]): EpochMs {
  const end = floorTo(at, shortest) + shortest
  const held = changed.find(({ from, to }) => from < end && to > at)
  return held === undefined ? end : Math.max(end, floorTo(held.to - 1, shortest) + shortest)
}

/**
 * Time as it is drawn: where nothing happens for long it is short. Pure. Drawn time is ms too, so that whatever works on time
 * (window, lanes, hits, brush) works on drawn time unchanged; outside gaps both go at the same pace.
 */
import { age } from '../../text.ts'
import { type Tick, ticksOf } from './axis.ts'
import type { Swimlanes } from './layout.ts'
import type { View } from './view.ts'
import type { Extent, Window } from './window.ts'

/** In real time; `short` is its length as drawn. */
interface Gap {
  readonly from: number
  readonly to: number
  readonly short: number
}

export interface TimeMap {
  readonly gaps: readonly Gap[]
  /** Grows with time, also within gaps. */
  to(time: number): number
  /** The inverse. */
  back(drawn: number): number
}

export const asItIs: TimeMap = { gaps: [], to: (time) => time, back: (drawn) => drawn }

/** Gaps in ascending order that do not overlap. */
export function timeMap(gaps: readonly Gap[]): TimeMap {
  if (gaps.length === 0) return asItIs
  /** Where each begins as drawn, and what is left out after it. */
  let out = 0
  const drawn = gaps.map(({ from, to, short }) => {
    const at = from - out
    out += to - from - short
    return { at, out }
  })
  /** The last one that begins before it. */
  const last = (isBefore: (i: number) => boolean) => {
    let [low, high] = [0, gaps.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (isBefore(middle)) low = middle + 1
      else high = middle
    }
    return low - 1
  }
  const begin = (i: number) => drawn[i]?.at ?? 0
  return {
    gaps,
    to(time) {
      const i = last((at) => (gaps[at]?.from ?? 0) < time)
      const gap = gaps[i]
      if (gap === undefined) return time
      if (time >= gap.to) return time - (drawn[i]?.out ?? 0)
      return begin(i) + ((time - gap.from) * gap.short) / (gap.to - gap.from)
    },
    back(at) {
      const i = last((one) => begin(one) < at)
      const gap = gaps[i]
      if (gap === undefined) return at
      if (at >= begin(i) + gap.short) return at + (drawn[i]?.out ?? 0)
      return gap.from + ((at - begin(i)) * (gap.to - gap.from)) / gap.short
    },
  }
}

/** A gap is drawn as long as this share of the time in which something happens. */
const share = 1 / 48
const leastShortMs = 500
/** Shorter ones are left as they are: as a share of all the time, and as times of what they would be drawn as. */
const worth = { ofAll: 1 / 32, ofShort: 3 } as const

/**
 * Where nothing begins or ends and no call runs. An open task alone does not fill time: it may be open for days. A live run's
 * time since the last event is not a gap yet.
 */
export function gapsOf({ lanes, arrows }: Swimlanes): readonly Gap[] {
  const busy: (readonly [from: number, to: number])[] = arrows.map(({ at }) => [at, at])
  for (const { bars, models, tools } of lanes) {
    for (const { from, to } of bars) busy.push([from, from], [to ?? from, to ?? from])
    for (const list of [models, tools]) for (const { from, to } of list) busy.push([from, to ?? from])
  }
  busy.sort((a, b) => a[0] - b[0])
  const between: { from: number; to: number }[] = []
  let reached = busy[0]?.[0] ?? 0
  for (const [from, to] of busy) {
    if (from > reached) between.push({ from: reached, to: from })
    reached = Math.max(reached, to)
  }
  // The longest first, until what is left needs no shortening: how short a gap is depends on what is left.
  const byLength = [...between].sort((a, b) => b.to - b.from - (a.to - a.from))
  const all = reached - (busy[0]?.[0] ?? 0)
  let left = all
  const cut: { from: number; to: number }[] = []
  const shortOf = () => 2 ** Math.ceil(Math.log2(Math.max(leastShortMs, left * share)))
  for (const gap of byLength) {
    const length = gap.to - gap.from
    if (length < worth.ofAll * all || length <= worth.ofShort * shortOf()) break
    left -= length
    cut.push(gap)
  }
  // In powers of two, so that a live picture does not breathe with each event.
  const short = shortOf()
  return cut
    .filter(({ from, to }) => to - from > worth.ofShort * short)
    .sort((a, b) => a.from - b.from)
    .map((gap) => ({ ...gap, short }))
}

/** The same lanes in drawn time. */
export function drawnLanes(swimlanes: Swimlanes, { gaps, to }: TimeMap): Swimlanes {
  if (gaps.length === 0) return swimlanes
  const moved = <T extends { readonly from: number; readonly to: number | undefined }>(list: readonly T[]): readonly T[] =>
    list.map((one) => ({ ...one, from: to(one.from), to: one.to === undefined ? undefined : to(one.to) }))
  return {
    lanes: swimlanes.lanes.map((lane) => ({
      ...lane,
      bars: moved(lane.bars),
      models: moved(lane.models),
      tools: moved(lane.tools),
      waits: moved(lane.waits),
      goneAt: lane.goneAt === undefined ? undefined : to(lane.goneAt),
    })),
    arrows: swimlanes.arrows.map((arrow) => ({ ...arrow, at: to(arrow.at) })),
    begin: to(swimlanes.begin),
    end: to(swimlanes.end),
  }
}

export const drawnExtent = ({ begin, end, live }: Extent, { to }: TimeMap): Extent => ({ begin: to(begin), end: to(end), live })
const realExtent = ({ begin, end, live }: Extent, { back }: TimeMap): Extent => ({ begin: back(begin), end: back(end), live })
const drawnWindow = ({ from, to }: Window, map: TimeMap): Window => ({ from: map.to(from), to: map.to(to) })
export const realWindow = ({ from, to }: Window, map: TimeMap): Window => ({ from: map.back(from), to: map.back(to) })

/** The same view for those who work in drawn time; the address keeps real time. */
export function drawnView(view: View, map: TimeMap): View {
  if (map.gaps.length === 0) return view
  return {
    ...view,
    window: (extent) => drawnWindow(view.window(realExtent(extent, map)), map),
    move: (to) => view.move(to && realWindow(to, map)),
  }
}

/** As near to each other as without gaps; within a gap no time is told but its length. */
export function drawnTicks(window: Window, most: number, { gaps, to, back }: TimeMap): readonly Tick[] {
  const length = window.to - window.from
  const pieces = [...gaps.map(({ from }) => from), Number.POSITIVE_INFINITY].map((end, i) => ({
    from: Math.max(back(window.from), gaps[i - 1]?.to ?? Number.NEGATIVE_INFINITY),
    to: Math.min(back(window.to), end),
  }))
  return pieces.flatMap((piece) =>
    piece.to <= piece.from ? [] : ticksOf(piece, (most * (piece.to - piece.from)) / length).map((tick) => ({ ...tick, at: to(tick.at) })),
  )
}

export interface Break {
  readonly from: number
  readonly to: number
  readonly text: string
}

export const drawnBreaks = ({ gaps, to }: TimeMap): readonly Break[] =>
  gaps.map((gap) => ({ from: to(gap.from), to: to(gap.to), text: `⋯ ${age(gap.to - gap.from)}` }))

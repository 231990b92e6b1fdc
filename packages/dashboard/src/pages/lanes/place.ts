/** Where the lanes stand, in CSS pixels from the top of the first one, and what is under a point. */
import { type Bar, endOf, type Lane, type Mark, type Swimlanes } from './layout.ts'
import type { Window } from './window.ts'

export const nameWidth = 216
export const overviewHeight = 30
export const axisHeight = 26
/** What stands above the lanes and does not scroll. */
export const headHeight = overviewHeight + axisHeight
export const rowHeight = 18
/** Height of a strip of calls; a lane has one for models and one for tools, if it has any. */
export const stripHeight = 13
const padding = 6
/** Height of a lane that stands for others: what it hides is told below its name. */
const leastUnder = 46
/** Pinned lanes stay in sight while they are no higher than this together. */
const mostStuck = 240
/** A thing shorter than this on the screen is still drawn so wide. */
export const leastWidth = 2
/** A point this far beside a thing still means it. */
const reach = 3

export interface LanePlace {
  readonly top: number
  readonly height: number
  readonly bars: number
  /** Undefined without calls of the kind. */
  readonly models: number | undefined
  readonly tools: number | undefined
  /** Undefined unless it stands for others. */
  readonly under: number | undefined
}

export interface Places {
  readonly lanes: readonly LanePlace[]
  readonly height: number
  /** Height of the pinned lanes that stay in sight. */
  readonly stuck: number
}

export function placeLanes(lanes: readonly Pick<Lane, 'rows' | 'models' | 'tools' | 'bars' | 'under' | 'pinned'>[]): Places {
  let top = 0
  let stuck = 0
  const placed = lanes.map(({ rows, models, tools, bars, under, pinned }): LanePlace => {
    const strips = (models.length > 0 ? stripHeight : 0) + (tools.length > 0 ? stripHeight : 0) + (under ? stripHeight : 0)
    // Without tasks the calls stand beside the name.
    const barsTall = bars.length > 0 || strips === 0 ? rows * rowHeight : 0
    const height = Math.max(under ? leastUnder : rowHeight + 2 * padding, barsTall + strips + 2 * padding)
    const first = top + padding + barsTall
    const place = {
      top,
      height,
      bars: top + padding,
      models: models.length > 0 ? first : undefined,
      tools: tools.length > 0 ? first + (models.length > 0 ? stripHeight : 0) : undefined,
      under: under && first + strips - stripHeight,
    }
    top += height
    if (pinned && top <= mostStuck) stuck = top
    return place
  })
  return { lanes: placed, height: top, stuck }
}

export const xOf = (time: number, { from, to }: Window, width: number): number => ((time - from) / (to - from)) * width

export type Hit =
  | { readonly kind: 'bar'; readonly lane: Lane; readonly bar: Bar }
  | { readonly kind: 'call'; readonly lane: Lane; readonly mark: Mark; readonly strip: 'models' | 'tools' }

/** The thing under a point: the nearest where several are within reach, the later drawn where they overlap. */
export function hitAt(
  { lanes }: Swimlanes,
  places: Places,
  point: { readonly x: number; readonly y: number },
  window: Window,
  width: number,
  now: number,
): Hit | undefined {
  const at = places.lanes.findIndex(({ top, height }) => point.y >= top && point.y < top + height)
  const [lane, place] = [lanes[at], places.lanes[at]]
  if (lane === undefined || place === undefined) return undefined
  const within = (top: number | undefined, tall: number) => top !== undefined && point.y >= top && point.y < top + tall
  const nearest = <T extends Bar | Mark>(list: readonly T[]): T | undefined => {
    let best: T | undefined
    let bestAway = reach
    for (const thing of list) {
      const left = xOf(thing.from, window, width)
      const right = Math.max(left + leastWidth, xOf(endOf(thing, lane.goneAt, now), window, width))
      const away = Math.max(left - point.x, point.x - right, 0)
      if (away <= bestAway) {
        best = thing
        bestAway = away
      }
    }
    return best
  }
  for (const strip of ['models', 'tools'] as const) {
    if (!within(place[strip], stripHeight)) continue
    const mark = nearest(lane[strip])
    return mark && { kind: 'call', lane, mark, strip }
  }
  if (!within(place.bars, lane.rows * rowHeight)) return undefined
  const row = Math.floor((point.y - place.bars) / rowHeight)
  const bars = lane.bars.filter((bar) => bar.row === row)
  const bar = nearest(bars.filter(({ crowded }) => !crowded)) ?? nearest(bars)
  return bar && { kind: 'bar', lane, bar }
}

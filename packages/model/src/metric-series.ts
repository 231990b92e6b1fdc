/**
 * The increase of a counter, from the points that told it. Pure: the order of the points does not matter, nor how often one came.
 *
 * A delta says what was added since its start. A cumulative point says what was counted since its start: one with another start is of
 * another life of the counter (a restart, or a second process), and so is one whose value fell, where the start did not move or is not told.
 */
import type { EpochMs } from './event.ts'

export interface SeriesPoint {
  readonly time: EpochMs
  /** When its counting began; 0 where that is not told. */
  readonly start: EpochMs
  readonly isDelta: boolean
  /** Of histograms and summaries the sum of their values. */
  readonly value: number
  /** Of histograms and summaries how many values. */
  readonly count?: number | undefined
}

/** What was added, as told at `time`. */
export interface Increase {
  readonly time: EpochMs
  readonly value: number
  readonly count: number
}

/** Never falls while a counter lives: the sum of a histogram may, its count may not. */
const countedBy = ({ count, value }: SeriesPoint): number => count ?? value

/** One point a key: that which counted most. */
function distinct(points: Iterable<SeriesPoint>, keyOf: (point: SeriesPoint) => string | number): SeriesPoint[] {
  const kept = new Map<string | number, SeriesPoint>()
  for (const point of points) {
    const key = keyOf(point)
    const held = kept.get(key)
    if (held === undefined || countedBy(point) > countedBy(held)) kept.set(key, point)
  }
  return [...kept.values()].sort((a, b) => a.time - b.time)
}

interface Life {
  readonly increases: readonly Increase[]
  /** Between these its points tell all that was counted. */
  readonly from: EpochMs
  readonly to: EpochMs
}

/** Points of one start. What was counted before the first of them is known where it began to count when points were already looked at. */
function lifeOf(start: EpochMs, points: readonly SeriesPoint[], since: EpochMs): Life {
  const increases: Increase[] = []
  const inOrder = distinct(points, ({ time }) => time)
  const beganInSight = start > 0 && start >= since
  let before: SeriesPoint | undefined
  for (const point of inOrder) {
    const { time, value, count = 0 } = point
    const goesOn = before !== undefined && countedBy(point) >= countedBy(before)
    if (before !== undefined && goesOn) increases.push({ time, value: value - before.value, count: count - (before.count ?? 0) })
    else if (before !== undefined || beganInSight) increases.push({ time, value, count })
    before = point
  }
  const first = inOrder[0]?.time ?? start
  return { increases, from: beganInSight ? Math.min(start, first) : first, to: before?.time ?? start }
}

/**
 * In order of time. `since`: all points from there on are among these. A delta within the time that cumulative points of the same counter
 * tell is the same told twice.
 */
export function increases(points: Iterable<SeriesPoint>, since: EpochMs): Increase[] {
  const deltas: SeriesPoint[] = []
  const byStart = new Map<EpochMs, SeriesPoint[]>()
  for (const point of points) {
    const own = point.isDelta ? deltas : byStart.get(point.start)
    if (own === undefined) byStart.set(point.start, [point])
    else own.push(point)
  }
  const lives = [...byStart].map(([start, own]) => lifeOf(start, own, since))
  const isTold = ({ time }: SeriesPoint) => lives.some(({ from, to }) => time > from && time <= to)
  const added = distinct(deltas, ({ start, time }) => `${start} ${time}`).filter((delta) => !isTold(delta))
  const all = [...lives.flatMap((life) => life.increases), ...added.map(({ time, value, count = 0 }) => ({ time, value, count }))]
  return all.sort((a, b) => a.time - b.time)
}

/** Steps of `stepMs` from `since` on, and before `until`. */
export interface Steps {
  readonly since: EpochMs
  readonly until: EpochMs
  readonly stepMs: number
}

/** A step begins at `time`. */
export type Step = Increase

const stepOf = (time: EpochMs, { since, until, stepMs }: Steps): EpochMs | undefined =>
  time < since || time >= until ? undefined : since + Math.floor((time - since) / stepMs) * stepMs

/** Sums, of the steps in which something was told. An increase belongs to the step in which it was told. */
export function increasePerStep(added: Iterable<Increase>, steps: Steps): Step[] {
  const sums = new Map<EpochMs, Step>()
  for (const { time, value, count } of added) {
    const at = stepOf(time, steps)
    if (at === undefined) continue
    const held = sums.get(at)
    sums.set(at, { time: at, value: (held?.value ?? 0) + value, count: (held?.count ?? 0) + count })
  }
  return [...sums.values()].sort((a, b) => a.time - b.time)
}

/** The newest value of each step that has one: for what is a level and no counter. */
export function lastPerStep(points: Iterable<SeriesPoint>, steps: Steps): Step[] {
  const newest = new Map<EpochMs, SeriesPoint>()
  for (const point of points) {
    const at = stepOf(point.time, steps)
    if (at !== undefined && point.time >= (newest.get(at)?.time ?? 0)) newest.set(at, point)
  }
  return [...newest].map(([time, { value, count = 0 }]) => ({ time, value, count })).sort((a, b) => a.time - b.time)
}

/** Figures as lines: every step of the time has a place, and what was not is no line. */
import { dollars } from '../../text.ts'
import type { Explored, Group, Point } from './figures.ts'
import { duration, rate, share } from './words.ts'

export const metrics = {
  calls: { name: 'Calls', unit: 'a minute', say: rate },
  errors: { name: 'Failed', unit: 'of calls', say: share },
  p50: { name: 'p50', unit: '', say: duration },
  p95: { name: 'p95', unit: '', say: duration },
  p99: { name: 'p99', unit: '', say: duration },
  tokens: { name: 'Tokens', unit: 'a minute', say: rate },
  cost: { name: 'Cost', unit: 'a minute', say: dollars },
  events: { name: 'Events', unit: 'a minute', say: rate },
} as const
export type Metric = keyof typeof metrics

export interface Line {
  readonly name: string
  readonly metric: Metric
  readonly values: readonly (number | null)[]
}

/** The newest step has only begun: what came so far is taken for its share of it. With less than this it says nothing yet. */
const leastElapsedMs = 5_000

export interface Steps {
  /** When each begins, epoch ms. */
  readonly times: readonly number[]
  /** How much of each has passed, minutes; 0: none of it. */
  readonly minutes: readonly number[]
}

/** `now`: what is after it has not happened. */
export function stepsOf({ since, until, step }: Pick<Explored, 'since' | 'until' | 'step'>, now: number): Steps {
  const times: number[] = []
  const end = Math.min(Date.parse(until), now)
  for (let at = Date.parse(since); at < end; at += step * 1_000) times.push(at)
  return {
    times,
    minutes: times.map((at) => {
      const elapsedMs = Math.min(step * 1_000, end - at)
      return elapsedMs < Math.min(leastElapsedMs, step * 1_000) ? 0 : elapsedMs / 60_000
    }),
  }
}

const figureOf: { readonly [M in Metric]: (point: Point | undefined, minutes: number) => number | null } = {
  calls: (point, minutes) => (minutes === 0 ? null : (point?.[1] ?? 0) / minutes),
  errors: (point) => (point === undefined || point[1] === 0 ? null : (point[2] / point[1]) * 100),
  tokens: (point, minutes) => (minutes === 0 ? null : (point?.[3] ?? 0) / minutes),
  cost: (point, minutes) => (minutes === 0 ? null : (point?.[4] ?? 0) / minutes),
  p50: (point) => point?.[5] ?? null,
  p95: (point) => point?.[6] ?? null,
  p99: (point) => point?.[7] ?? null,
  events: (point, minutes) => (minutes === 0 ? null : (point?.[8] ?? 0) / minutes),
}

export function lineOf(name: string, metric: Metric, points: readonly Point[], { times, minutes }: Steps): Line {
  const byTime = new Map(points.map((point) => [point[0], point]))
  return { name, metric, values: times.map((at, i) => figureOf[metric](byTime.get(at), minutes[i] ?? 0)) }
}

/** Lines of their own: more cannot be told apart. */
export const mostLines = 5
export const groupLines = (groups: readonly Group[], metric: Metric, steps: Steps, nameOf: (key: string) => string): Line[] =>
  groups.slice(0, mostLines).map(({ key, points }) => lineOf(nameOf(key), metric, points, steps))

/** A line in a sentence, for who does not see it. */
export function summary({ name, metric, values }: Line, timeOf: (i: number) => string): string {
  const { say } = metrics[metric]
  const known = values.flatMap((value, i) => (value === null ? [] : [[value, i] as const]))
  const [first] = known
  if (first === undefined) return `${name}: nothing in this time.`
  let [least, most, newest] = [first, first, first]
  for (const found of known) {
    if (found[0] < least[0]) least = found
    if (found[0] > most[0]) most = found
    newest = found
  }
  if (least[0] === most[0]) return `${name}: ${say(most[0])} all the time.`
  return `${name}: from ${say(least[0])} at ${timeOf(least[1])} to ${say(most[0])} at ${timeOf(most[1])}, ${say(newest[0])} at the end.`
}

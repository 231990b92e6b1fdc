/** From two looks, what happened between them. */
import { type Counted, type Distribution, type Fates, fates, type Sample } from './pipeline-sample.ts'

const perSecond = (before: number, after: number, seconds: number) => (seconds <= 0 ? 0 : Math.max(0, after - before) / seconds)
const round = (value: number, digits = 2) => Math.round(value * 10 ** digits) / 10 ** digits

/** The value that a share of what was observed between is not above; within a bucket as if it were spread evenly. Null where nothing was. */
export function quantile(before: Distribution, after: Distribution, share: number): number | null {
  const earlier = new Map(before.buckets)
  const buckets = after.buckets.map(([bound, count]) => [bound, count - (earlier.get(bound) ?? 0)] as const)
  const all = after.count - before.count
  if (all <= 0) return null
  const wanted = share * all
  let [low, below] = [0, 0]
  for (const [bound, count] of buckets) {
    if (count >= wanted) {
      // Above the last bound nothing is known but that.
      if (bound === Number.POSITIVE_INFINITY) return low
      return count === below ? bound : low + ((wanted - below) / (count - below)) * (bound - low)
    }
    low = bound
    below = count
  }
  return low
}

const noFates: Fates = { received: 0, stored: 0, duplicate: 0, refused: 0, quarantined: 0 }
export const totalsOf = ({ doors }: Sample): Fates => {
  const sum = { ...noFates }
  for (const own of doors.values()) for (const fate of fates) sum[fate] += own[fate]
  return sum
}
/** What was received and is neither stored nor anything else: under way. */
export const underWay = (of: Fates): number => of.received - of.stored - of.duplicate - of.refused - of.quarantined

const ms = (seconds: number | null) => (seconds === null ? null : round(seconds * 1_000))

/** Rates a second, times in ms. */
export function between(before: Sample, after: Sample) {
  const seconds = (after.tick - before.tick) / 1_000
  const [was, is] = [totalsOf(before), totalsOf(after)]
  const rate = (a: number, b: number) => round(perSecond(a, b, seconds))
  const counter = (name: Counted) => rate(before.counters[name], after.counters[name])
  const commits = after.commit.count - before.commit.count
  return {
    received: rate(was.received, is.received),
    stored: rate(was.stored, is.stored),
    duplicate: rate(was.duplicate, is.duplicate),
    refused: rate(was.refused, is.refused),
    quarantined: rate(was.quarantined, is.quarantined),
    commits: rate(before.commit.count, after.commit.count),
    commitP50Ms: ms(quantile(before.commit, after.commit, 0.5)),
    commitP95Ms: ms(quantile(before.commit, after.commit, 0.95)),
    eventsPerCommit: commits <= 0 ? null : round((after.batch.sum - before.batch.sum) / commits, 1),
    ackP50Ms: ms(quantile(before.ack, after.ack, 0.5)),
    ackP95Ms: ms(quantile(before.ack, after.ack, 0.95)),
    liveP50Ms: ms(quantile(before.live, after.live, 0.5)),
    liveP95Ms: ms(quantile(before.live, after.live, 0.95)),
    deliveries: counter('deliveries'),
    conflated: counter('conflated'),
    rows: counter('rows'),
  }
}
export type Rates = ReturnType<typeof between>

/** One look at this server's own figures: what `/metrics` would tell now, and what the database says of who is behind. */
import type { EpochMs } from '@signalbox/model/event.ts'
import type { Pool } from 'pg'
import type { Fate, Metrics } from '../ops/metrics.ts'

/** Counted since the start. `buckets`: how many took no longer than each bound, in seconds. */
export interface Distribution {
  readonly count: number
  readonly sum: number
  readonly buckets: readonly (readonly [bound: number, count: number])[]
}

export type Fates = Readonly<Record<Fate, number>>
export const fates = ['received', 'stored', 'duplicate', 'refused', 'quarantined'] as const satisfies readonly Fate[]

export interface Behind {
  readonly consumer: string
  readonly events: number
  /** How long the first event that it has not had is stored. */
  readonly ms: number
}

export interface Sample {
  readonly at: EpochMs
  /** Of the monotonic clock, for rates. */
  readonly tick: number
  readonly doors: ReadonlyMap<string, Fates>
  readonly refusals: ReadonlyMap<string, number>
  readonly clients: ReadonlyMap<string, number>
  readonly commit: Distribution
  readonly batch: Distribution
  readonly ack: Distribution
  readonly live: Distribution
  readonly counters: Readonly<Record<Counted, number>>
  readonly gauges: { readonly queueEvents: number; readonly hooksQueued: number; readonly bodyBytes: number }
  /** Undefined where the database did not answer. */
  readonly behind: readonly Behind[] | undefined
  readonly process: ProcessFigures
}

export interface ProcessFigures {
  readonly rssBytes: number
  readonly heapBytes: number
  /** The longest that the loop was held up since the sample before. */
  readonly loopDelayMs: number
}

const counted = [
  'deliveries',
  'conflated',
  'gaps',
  'dropped',
  'resyncs',
  'slowCloses',
  'fenced',
  'notKept',
  'hooksDropped',
  'rows',
] as const
export type Counted = (typeof counted)[number]

interface Value {
  readonly value: number
  readonly labels: Readonly<Partial<Record<string, string | number>>>
  readonly metricName?: string | undefined
}
interface Readable {
  get(): Promise<{ readonly values: readonly Value[] }>
}

const valuesOf = async (metric: Readable) => (await metric.get()).values
const sumOf = async (metric: Readable) => (await valuesOf(metric)).reduce((sum, { value }) => sum + value, 0)

async function byLabel(metric: Readable, label: string): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  for (const { value, labels } of await valuesOf(metric)) {
    const name = String(labels[label] ?? '')
    found.set(name, (found.get(name) ?? 0) + value)
  }
  return found
}

/** Of all its labels together. */
async function distributionOf(metric: Readable): Promise<Distribution> {
  const buckets = new Map<number, number>()
  let count = 0
  let sum = 0
  for (const { value, labels, metricName = '' } of await valuesOf(metric)) {
    if (metricName.endsWith('_count')) count += value
    else if (metricName.endsWith('_sum')) sum += value
    else if (labels.le !== undefined) {
      const bound = labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.le)
      buckets.set(bound, (buckets.get(bound) ?? 0) + value)
    }
  }
  return { count, sum, buckets: [...buckets].sort(([a], [b]) => a - b) }
}

async function doorsOf(metric: Readable): Promise<Map<string, Fates>> {
  const doors = new Map<string, Record<Fate, number>>()
  for (const { value, labels } of await valuesOf(metric)) {
    const door = String(labels.door)
    const own = doors.get(door) ?? { received: 0, stored: 0, duplicate: 0, refused: 0, quarantined: 0 }
    doors.set(door, own)
    own[labels.fate as Fate] += value
  }
  return doors
}

/** Heads and checkpoints are a row a partition; of who is behind, the first commit it has not had: primary key of commits. */
export async function readBehind(pool: Pick<Pool, 'query'>, now: EpochMs): Promise<readonly Behind[]> {
  const { rows } = await pool.query<{ consumer: string; events: number; since: number | null }>(
    `with reached as (
       select 'rows' as consumer, partition, position, folded as reached from heads
       union all
       select c.consumer, h.partition, h.position, c.position from checkpoints c join heads h using (partition)
     )
     select consumer, sum(greatest(position - reached, 0))::float8 as events,
       min((select at from commits c where c.partition = r.partition and c.last > r.reached order by c.last limit 1))::float8 as since
     from reached r group by consumer order by consumer`,
  )
  return rows.map(({ consumer, events, since }) => ({
    consumer,
    events,
    ms: since === null || events === 0 ? 0 : Math.max(0, now - since),
  }))
}

export async function readSample(
  metrics: Metrics,
  at: EpochMs,
  tick: number,
  behind: readonly Behind[] | undefined,
  process: ProcessFigures,
): Promise<Sample> {
  const sources: Readonly<Record<Counted, Readable>> = {
    deliveries: metrics.liveDeliveries,
    conflated: metrics.conflated,
    gaps: metrics.gaps,
    dropped: metrics.dropped,
    resyncs: metrics.resyncs,
    slowCloses: metrics.slowCloses,
    fenced: metrics.fencedCommits,
    notKept: metrics.notKept,
    hooksDropped: metrics.hooksDropped,
    rows: metrics.rows,
  }
  const counters = {
    deliveries: 0,
    conflated: 0,
    gaps: 0,
    dropped: 0,
    resyncs: 0,
    slowCloses: 0,
    fenced: 0,
    notKept: 0,
    hooksDropped: 0,
    rows: 0,
  }
  for (const name of counted) counters[name] = await sumOf(sources[name])
  return {
    at,
    tick,
    doors: await doorsOf(metrics.events),
    refusals: await byLabel(metrics.refusals, 'code'),
    clients: await byLabel(metrics.liveClients, 'transport'),
    commit: await distributionOf(metrics.commitSeconds),
    batch: await distributionOf(metrics.batchEvents),
    ack: await distributionOf(metrics.ackSeconds),
    live: await distributionOf(metrics.liveSeconds),
    counters,
    gauges: {
      queueEvents: await sumOf(metrics.queueEvents),
      hooksQueued: await sumOf(metrics.hooksQueued),
      bodyBytes: await sumOf(metrics.bodyBytes),
    },
    behind,
    process,
  }
}

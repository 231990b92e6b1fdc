/** `/v1/pipeline`: Signalbox's own health, as the page draws it. The figures are the server's, of all tenants, as in `/metrics`. */
import type { FastifyPluginAsync } from 'fastify'
import type { Pool } from 'pg'
import Type from 'typebox'
import { between, type Rates, totalsOf, underWay } from './pipeline-figures.ts'
import { troublesOf } from './pipeline-health.ts'
import { type PipelineHistory, sampleEveryMs } from './pipeline-history.ts'
import { fates, type Sample } from './pipeline-sample.ts'
import { route } from './route.ts'
import { closed } from './schemas.ts'

export interface PipelineOptions {
  readonly history: PipelineHistory
  readonly pool: Pick<Pool, 'query'>
  readonly durability: string
  readonly version: string
  readonly now: () => number
  readonly monotonic: () => number
}

const Count = Type.Number({ minimum: 0 })
const Maybe = Type.Union([Type.Number(), Type.Null()])
const Fates = {
  ...Object.fromEntries(fates.map((fate) => [fate, Count])),
  underWay: Type.Number({ description: 'Received, and none of the others yet.' }),
}
const rated = [
  'received',
  'stored',
  'duplicate',
  'refused',
  'quarantined',
  'commits',
  'deliveries',
  'conflated',
  'rows',
] as const satisfies readonly (keyof Rates)[]
const timed = [
  'commitP50Ms',
  'commitP95Ms',
  'eventsPerCommit',
  'ackP50Ms',
  'ackP95Ms',
  'liveP50Ms',
  'liveP95Ms',
] as const satisfies readonly (keyof Rates)[]
const RatesNow = closed({
  ...Object.fromEntries(rated.map((name) => [name, Count])),
  ...Object.fromEntries(timed.map((name) => [name, Maybe])),
})
const levels = ['queueEvents', 'lagMs', 'lagEvents', 'clients', 'rssBytes', 'loopDelayMs'] as const

const Pipeline = closed({
  at: Type.String(),
  version: Type.String(),
  startedAt: Type.String(),
  uptimeMs: Count,
  durability: Type.String(),
  troubles: Type.Array(closed({ code: Type.String(), severity: Type.Enum(['bad', 'warn']), what: Type.String(), todo: Type.String() }), {
    description: 'What is wrong, worst first; empty: all is well.',
  }),
  totals: closed(Fates),
  doors: Type.Array(closed({ door: Type.String(), ...Fates })),
  refusals: Type.Array(closed({ code: Type.String(), count: Count }), { description: 'Since the start, by code, most first.' }),
  rates: RatesNow,
  consumers: Type.Union([Type.Array(closed({ consumer: Type.String(), events: Count, ms: Count })), Type.Null()], {
    description: 'How far who reads the log is behind it. Null: the database did not answer.',
  }),
  queues: closed({ events: Count, hooks: Count, bodyBytes: Count }),
  live: closed({
    clients: Type.Array(closed({ transport: Type.String(), clients: Count })),
    ...Object.fromEntries(['deliveries', 'conflated', 'gaps', 'dropped', 'resyncs', 'slowCloses'].map((name) => [name, Count])),
  }),
  store: Type.Union(
    [
      closed({
        bytes: Count,
        days: Count,
        oldest: Type.Union([Type.String(), Type.Null()]),
        events: Count,
        snapshotAt: Type.Union([Type.String(), Type.Null()]),
      }),
      Type.Null(),
    ],
    { description: 'Null: the database did not answer.' },
  ),
  process: closed({ rssBytes: Count, heapBytes: Count, loopDelayMs: Count }),
  history: Type.Object(
    {
      everyMs: Type.Integer(),
      at: Type.Array(Type.Integer(), { description: 'Epoch ms, oldest first.' }),
      ...Object.fromEntries([...rated, ...timed, ...levels].map((name) => [name, Type.Array(Maybe)])),
    },
    { additionalProperties: false, description: 'The last ten minutes, a column a figure.' },
  ),
})

/** Figures of now are of this long. */
const nowMs = 10_000
/** The database is asked for its size no more often. */
const storeEveryMs = 10_000
const time = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())

export const pipelineRoute =
  ({ history, pool, durability, version, now, monotonic }: PipelineOptions): FastifyPluginAsync =>
  async (app) => {
    const startedAt = now()
    const startedTick = monotonic()
    let store: { readonly at: number; readonly read: Promise<StoreFigures | undefined> } | undefined
    const storeFigures = () => {
      if (store === undefined || monotonic() - store.at > storeEveryMs)
        store = { at: monotonic(), read: readStore(pool).catch(() => undefined) }
      return store.read
    }
    route(
      app,
      '/v1/pipeline',
      {
        operationId: 'pipeline',
        tag: 'ops',
        summary: "Signalbox's own health",
        description: 'Of the whole server, as `/metrics`; rates are of the last ten seconds.',
        answer: Pipeline,
      },
      async () => {
        const sample = await history.look()
        const kept = history.samples()
        const first = kept[0] ?? sample
        const before = kept.findLast(({ tick }) => sample.tick - tick >= nowMs) ?? first
        const rates = between(before, sample)
        const found = sample.behind === undefined ? undefined : await storeFigures()
        const totals = totalsOf(sample)
        const { counters } = sample
        return {
          at: time(sample.at),
          version,
          startedAt: time(startedAt),
          uptimeMs: Math.round(monotonic() - startedTick),
          durability,
          troubles: troublesOf({ first, before, now: sample, commitP95Ms: rates.commitP95Ms, durability }),
          totals: { ...totals, underWay: underWay(totals) },
          doors: [...sample.doors].map(([door, own]) => ({ door, ...own, underWay: underWay(own) })),
          refusals: [...sample.refusals].map(([code, count]) => ({ code, count })).sort((a, b) => b.count - a.count),
          rates,
          consumers: sample.behind ?? null,
          queues: { events: sample.gauges.queueEvents, hooks: sample.gauges.hooksQueued, bodyBytes: sample.gauges.bodyBytes },
          live: {
            clients: [...sample.clients].map(([transport, clients]) => ({ transport, clients })),
            deliveries: counters.deliveries,
            conflated: counters.conflated,
            gaps: counters.gaps,
            dropped: counters.dropped,
            resyncs: counters.resyncs,
            slowCloses: counters.slowCloses,
          },
          store: found === undefined ? null : { ...found, oldest: time(found.oldest), snapshotAt: time(found.snapshotAt) },
          process: sample.process,
          history: columnsOf(kept),
        }
      },
    )
  }

function columnsOf(samples: readonly Sample[]) {
  const rates = samples.map((sample, i) => {
    const before = samples[i - 1]
    return before === undefined ? undefined : between(before, sample)
  })
  const column = (name: keyof Rates) => rates.map((one) => one?.[name] ?? null)
  const lag = (name: 'ms' | 'events') => samples.map(({ behind }) => behind?.reduce((most, one) => Math.max(most, one[name]), 0) ?? null)
  return {
    everyMs: sampleEveryMs,
    at: samples.map(({ at }) => at),
    ...Object.fromEntries([...rated, ...timed].map((name) => [name, column(name)])),
    queueEvents: samples.map(({ gauges }) => gauges.queueEvents),
    lagMs: lag('ms'),
    lagEvents: lag('events'),
    clients: samples.map(({ clients }) => [...clients.values()].reduce((sum, one) => sum + one, 0)),
    rssBytes: samples.map(({ process }) => process.rssBytes),
    loopDelayMs: samples.map(({ process }) => process.loopDelayMs),
  }
}

interface StoreFigures {
  readonly bytes: number
  readonly days: number
  readonly oldest: number | null
  readonly events: number
  readonly snapshotAt: number | null
}

/** One row a table of the log, one a partition; snapshots have few rows. */
async function readStore(pool: Pick<Pool, 'query'>): Promise<StoreFigures> {
  const { rows } = await pool.query<StoreFigures>(
    `select pg_database_size(current_database())::float8 as bytes,
       (select count(*)::int from log_partitions) as days,
       (select min(from_ms)::float8 from log_partitions) as oldest,
       (select coalesce(sum(position - oldest + 1), 0)::float8 from heads) as events,
       (select max(at)::float8 from snapshots) as "snapshotAt"`,
  )
  const [found] = rows
  if (found === undefined) throw new Error('The database told nothing of its size.')
  return found
}

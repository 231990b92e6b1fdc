/** The line of a test: store, broker, sequencers and bus on a database of its own, and events to send through. */
import type { Event } from '@signalbox/model/event.ts'
import { applyEvent, createRows } from '@signalbox/model/fold/fold.ts'
import { partitionKey, partitionOf, uuidv7 } from '@signalbox/model/ids.ts'
import { pino } from 'pino'
import { afterAll, afterEach, expect } from 'vitest'
import type { Broker, Outcome } from '../broker/broker.ts'
import { createDirectBroker } from '../broker/direct.ts'
import { type Clock, systemClock } from '../clock.ts'
import { createMetrics, type Metrics } from '../ops/metrics.ts'
import { clientsOf } from '../store/connect.ts'
import { openStore, type Store } from '../store/open.ts'
import { storedRows } from '../store/rows.testing.ts'
import { stopDatabases, withDatabase } from '../store/testing.ts'
import { createMemoryBus } from './bus.ts'
import type { Commit, CommitBus } from './commit.ts'
import { startSequencers } from './sequencer.ts'

export const log = pino({ level: 'silent' })

const cleanups: (() => unknown)[] = []
/** Runs after the test, last first. */
export const after = (clean: () => unknown) => void cleanups.push(clean)
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})
afterAll(stopDatabases)

export interface Line {
  readonly url: string
  readonly store: Store
  readonly broker: Broker
  readonly bus: CommitBus
  /** What the bus was told of. */
  readonly commits: Commit[]
  readonly metrics: Metrics
  send(events: readonly Event[], more?: { readonly backfill?: boolean; readonly receivedAt?: number }): Promise<readonly Outcome[]>
  stop(): Promise<void>
}

export interface LineOptions {
  readonly url?: string
  readonly partitions?: number
  readonly commitTimeoutMs?: number
  /** The URL that the sequencers connect by, if it is another than the store's. */
  readonly through?: (url: string) => Promise<string>
  readonly clock?: Clock
}

export async function line(options: LineOptions = {}): Promise<Line> {
  const url = options.url ?? (await withDatabase())
  const clock = options.clock ?? systemClock
  const store = await openStore({
    url,
    config: { partitions: options.partitions ?? 2, retentionDays: 30, quarantineItems: 1_000 },
    log,
    clock,
  })
  const commitTimeoutMs = options.commitTimeoutMs ?? 10_000
  const broker = createDirectBroker({ queueEvents: 10_000, queueBytes: 1 << 26, batchEvents: 500, commitTimeoutMs }, clock)
  const bus = createMemoryBus(log)
  const commits: Commit[] = []
  bus.subscribe((commit) => commits.push(commit))
  const metrics = createMetrics()
  const through = (await options.through?.(url)) ?? url
  const sequencers = startSequencers({
    store: { ...store, newClient: clientsOf(through) },
    broker,
    bus,
    config: { commitTimeoutMs },
    metrics,
    log,
    clock,
  })
  let stopped: Promise<void> | undefined
  const stop = () => {
    stopped ??= sequencers.stop().then(() => store.stop())
    return stopped
  }
  after(stop)
  return {
    url,
    store,
    broker,
    bus,
    commits,
    metrics,
    stop,
    async send(events, more) {
      const placed = events.map((event) => partitionOf(event.tenant, partitionKey(event), store.meta.partitions))
      const outcomes: Outcome[] = []
      const sending = [...new Set(placed)].map(async (partition) => {
        const indexes = events.flatMap((_, i) => (placed[i] === partition ? [i] : []))
        const own = indexes.flatMap((i) => events[i] ?? [])
        const ack = await broker.publish({
          partition,
          events: own,
          backfill: more?.backfill ?? false,
          receivedAt: more?.receivedAt ?? clock.now(),
        })
        ack.outcomes.forEach((outcome, i) => {
          outcomes[indexes[i] ?? 0] = outcome
        })
      })
      await Promise.all(sending)
      return outcomes
    },
  }
}

export const event = (more: Partial<Event> = {}): Event => {
  const data = more.data ?? { text: 'tab\there, back\\slash, \u0000 and \ud800' }
  const time = more.time ?? Date.now()
  return {
    tenant: 'default',
    source: 'test',
    type: 'log',
    time,
    id: uuidv7(time),
    run: 'r1',
    agent: 'w1',
    ...more,
    data,
    dataJson: JSON.stringify(data),
  }
}

export interface Stored {
  readonly partition: number
  readonly position: number
  readonly id: string
  readonly data: string
}

/** The log, by partition and position. */
export async function logOf({ store }: Line): Promise<Stored[]> {
  const { rows } = await store.pool.query<{ partition: number; position: string; id: string; data: string }>(
    'select partition, position, id, data from log order by partition, position',
  )
  return rows.map((row) => ({ ...row, position: Number(row.position) }))
}

/** Positions where a partition's numbers are not the next. */
export function holesOf(rows: readonly Stored[]): readonly Stored[] {
  const next = new Map<number, number>()
  return rows.filter(({ partition, position }) => {
    const isNext = position === (next.get(partition) ?? 0) + 1
    next.set(partition, position)
    return !isNext
  })
}

const types = [
  'agent.started',
  'tool.started',
  'tool.finished',
  'llm.finished',
  'task.created',
  'task.assigned',
  'task.completed',
  'run.finished',
]
/** Events of three runs, four agents and eleven tasks, with calls that begin and end. */
export const work = (count: number, tenant = 'default') =>
  Array.from({ length: count }, (_, i) =>
    event({
      tenant,
      run: `r${i % 3}`,
      agent: `w${i % 4}`,
      task: `t${i % 11}`,
      type: types[i % types.length] ?? 'log',
      data: { call: `c${i % 50}`, usage: { inputTokens: i }, costMicros: i, to: `w${(i + 1) % 4}` },
    }),
  )

/** The stored rows of a tenant are what its log folds to. */
export async function expectProjectedAsFolded(it: Line, tenant: string) {
  await it.store.projections.caughtUp()
  const all = await storedRows(it.store.pool)
  for (let partition = 0; partition < it.store.meta.partitions; partition += 1) {
    const rows = createRows()
    const { events } = await it.store.reader.readPartition({ tenant, partition, after: 0, upTo: 1e9, limit: 1e9 })
    for (const logged of events) applyEvent(rows, logged)
    const stored = all.filter((row) => row.partition === partition && row.tenant === tenant)
    const folded = new Map([...rows.entries()].map(([table, key, row]) => [`${table} ${key}`, JSON.parse(JSON.stringify(row))]))
    expect(new Map(stored.map(({ tbl, key, body }) => [`${tbl} ${key}`, body]))).toEqual(folded)
  }
}

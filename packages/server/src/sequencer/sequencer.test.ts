import type { Event } from '@signalbox/model/event.ts'
import { applyEvent, createRows } from '@signalbox/model/fold/fold.ts'
import { partitionOf, uuidv7 } from '@signalbox/model/ids.ts'
import pg from 'pg'
import { pino } from 'pino'
import { afterAll, afterEach, expect, test } from 'vitest'
import { type Broker, type Outcome, Unavailable } from '../broker/broker.ts'
import { createDirectBroker } from '../broker/direct.ts'
import { systemClock } from '../clock.ts'
import { createMetrics } from '../ops/metrics.ts'
import { openStore, type Store } from '../store/open.ts'
import { stopDatabases, withDatabase } from '../store/testing.ts'
import { createMemoryBus } from './bus.ts'
import type { Commit } from './commit.ts'
import { startSequencers } from './sequencer.ts'

const log = pino({ level: 'silent' })
const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})
afterAll(stopDatabases)

interface Line {
  readonly store: Store
  readonly broker: Broker
  readonly commits: Commit[]
  readonly metrics: ReturnType<typeof createMetrics>
  send(events: readonly Event[], more?: { backfill?: boolean }): Promise<readonly Outcome[]>
  stop(): Promise<void>
}

async function line(options: { url?: string; partitions?: number; commitTimeoutMs?: number } = {}): Promise<Line> {
  const url = options.url ?? (await withDatabase())
  const store = await openStore({ url, config: { partitions: options.partitions ?? 2, retentionDays: 30 }, log })
  const broker = createDirectBroker({ queueEvents: 10_000, queueBytes: 1 << 26, batchEvents: 500 })
  const bus = createMemoryBus(log)
  const commits: Commit[] = []
  bus.subscribe((commit) => commits.push(commit))
  const metrics = createMetrics()
  const sequencers = startSequencers({
    store,
    broker,
    bus,
    config: { commitTimeoutMs: options.commitTimeoutMs ?? 10_000 },
    metrics,
    log,
    clock: systemClock,
  })
  let stopped: Promise<void> | undefined
  const stop = () => {
    stopped ??= sequencers.stop().then(() => store.stop())
    return stopped
  }
  cleanups.push(stop)
  return {
    store,
    broker,
    commits,
    metrics,
    stop,
    async send(events, more) {
      const outcomes: Outcome[] = []
      for (let partition = 0; partition < store.meta.partitions; partition += 1) {
        const own = events.filter((event) => partitionOf(event.tenant, event.run ?? event.source, store.meta.partitions) === partition)
        if (own.length === 0) continue
        const ack = await broker.publish({ partition, events: own, backfill: more?.backfill ?? false, receivedAt: Date.now() })
        ack.outcomes.forEach((outcome, i) => {
          const event = own[i]
          if (event !== undefined) outcomes[events.indexOf(event)] = outcome
        })
      }
      return outcomes
    },
  }
}

const event = (more: Partial<Event> = {}): Event => {
  const data = more.data ?? { text: 'tab\there, back\\slash, \u0000 and \ud800' }
  return {
    tenant: 'default',
    source: 'test',
    type: 'log',
    time: Date.now(),
    id: uuidv7(Date.now()),
    run: 'r1',
    agent: 'w1',
    ...more,
    data,
    dataJson: JSON.stringify(data),
  }
}

async function logOf({ store }: Line) {
  const { rows } = await store.pool.query<{ partition: number; position: string; id: string; data: string }>(
    'select partition, position, id, data from log order by partition, position',
  )
  return rows
}

function expectDense(rows: readonly { partition: number; position: string }[]) {
  const next = new Map<number, number>()
  for (const { partition, position } of rows) {
    expect(Number(position)).toBe((next.get(partition) ?? 0) + 1)
    next.set(partition, Number(position))
  }
}

test('events are stored as sent, numbered without a gap in each partition', async () => {
  const it = await line()
  const events = Array.from({ length: 300 }, (_, i) => event({ run: `r${i % 7}` }))
  expect((await it.send(events)).every(({ kind }) => kind === 'stored')).toBe(true)
  const rows = await logOf(it)
  expectDense(rows)
  expect(new Set(rows.map(({ id }) => id))).toEqual(new Set(events.map(({ id }) => id)))
  expect(rows.every(({ data }) => data === events[0]?.dataJson)).toBe(true)
})

test('the same event again is a duplicate: in one batch, in another, in another partition', async () => {
  const it = await line()
  const first = event()
  expect(await it.send([first, { ...first }])).toMatchObject([{ kind: 'stored' }, { kind: 'duplicate' }])
  expect(await it.send([event(), first, event()])).toMatchObject([{ kind: 'stored' }, { kind: 'duplicate' }, { kind: 'stored' }])
  const rows = await logOf(it)
  expectDense(rows)
  expect(rows).toHaveLength(3)
})

test('an id with other content is refused, and both bodies are kept', async () => {
  const it = await line()
  const first = event({ data: { text: 'first' } })
  const other = event({ id: first.id, run: 'another run, so perhaps another partition', data: { text: 'other' } })
  await it.send([first])
  expect(await it.send([other, event()])).toMatchObject([{ kind: 'refused', code: 'ID_REUSED' }, { kind: 'stored' }])
  const { rows } = await it.store.pool.query<{ body: string; other_body: string }>('select body, other_body from quarantine')
  expect(rows).toHaveLength(1)
  expect(JSON.parse(rows[0]?.body ?? '')).toMatchObject({ id: first.id, data: { text: 'other' } })
  expect(JSON.parse(rows[0]?.other_body ?? '')).toMatchObject({ id: first.id, data: { text: 'first' } })
})

test('too old is refused by name, history enters by backfill, the future does not', async () => {
  const it = await line()
  const old = Date.UTC(2020, 0, 1)
  const past = event({ id: uuidv7(old), time: old })
  const future = event({ id: uuidv7(Date.now() + 600_000) })
  expect(await it.send([past, future])).toMatchObject([
    { kind: 'refused', code: 'EVENT_TOO_OLD' },
    { kind: 'refused', code: 'EVENT_FROM_FUTURE' },
  ])
  expect(await it.send([past], { backfill: true })).toMatchObject([{ kind: 'stored' }])
})

test('two writers of one partition: the elder is fenced and the log stays whole', async () => {
  const elder = await line({ partitions: 1 })
  await elder.send([event()])
  const younger = await line({ partitions: 1, url: elder.store.url })
  await younger.send([event()])
  // The elder's next commit finds its fence gone; it takes the partition again and goes on from the true head.
  await elder.send([event()])
  await younger.send([event()])
  expect((await elder.metrics.fencedCommits.get()).values[0]?.value).toBeGreaterThan(0)
  const rows = await logOf(elder)
  expect(rows).toHaveLength(4)
  expectDense(rows)
})

test('a database connection killed again and again under load: everything acknowledged is there once', async () => {
  const it = await line()
  const client = new pg.Client({ connectionString: it.store.url })
  await client.connect()
  const sent: Event[] = []
  const acknowledged: string[] = []
  for (let round = 0; round < 30; round += 1) {
    const batch = Array.from({ length: 50 }, (_, i) => event({ run: `r${i % 5}` }))
    sent.push(...batch)
    const sending = it.send(batch)
    if (round % 3 === 0)
      await client.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'signalbox sequencer%' and datname = current_database()",
      )
    const outcomes = await sending
    outcomes.forEach(({ kind }, i) => {
      if (kind === 'stored' || kind === 'duplicate') acknowledged.push(batch[i]?.id ?? '')
    })
  }
  await client.end()
  const rows = await logOf(it)
  expectDense(rows)
  expect(acknowledged).toHaveLength(sent.length)
  expect(rows.map(({ id }) => id).sort()).toEqual(sent.map(({ id }) => id).sort())
})

test('while the database is away senders are told to come back; then work goes on', async () => {
  const it = await line({ commitTimeoutMs: 300 })
  await it.send([event()])
  const client = new pg.Client({ connectionString: it.store.url.replace(/\/test_\w+$/, '/postgres') })
  await client.connect()
  const name = new URL(it.store.url).pathname.slice(1)
  await client.query(`alter database ${name} allow_connections false`)
  await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name])
  const lost = event()
  await expect(it.send([lost])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', mayBeStored: true } satisfies Partial<Unavailable>)
  await client.query(`alter database ${name} allow_connections true`)
  await client.end()
  expect(await it.send([lost])).toMatchObject([{ kind: 'stored' }])
})

test('what is projected is the fold of the log', async () => {
  const it = await line()
  const types = [
    'agent.started',
    'tool.started',
    'tool.finished',
    'llm.finished',
    'task.created',
    'task.started',
    'task.completed',
    'run.finished',
  ]
  const events = Array.from({ length: 400 }, (_, i) =>
    event({
      run: `r${i % 3}`,
      agent: `w${i % 4}`,
      task: `t${i % 11}`,
      type: types[i % types.length] ?? 'log',
      data: { call: `c${i % 50}`, usage: { inputTokens: i }, costMicros: i },
    }),
  )
  for (let i = 0; i < events.length; i += 37) await it.send(events.slice(i, i + 37))
  const rows = createRows()
  for (const commit of it.commits) for (const logged of commit.events) if (logged.partition === 0) applyEvent(rows, logged)
  const { rows: stored } = await it.store.pool.query<{ tbl: string; key: string; body: unknown }>(
    'select tbl, key, body from projections where partition = 0',
  )
  const folded = new Map([...rows.entries()].map(([table, key, row]) => [`${table} ${key}`, JSON.parse(JSON.stringify(row))]))
  expect(new Map(stored.map(({ tbl, key, body }) => [`${tbl} ${key}`, body]))).toEqual(folded)
  expect(stored.length).toBeGreaterThan(10)
})

test('a full queue refuses instead of growing', async () => {
  const broker = createDirectBroker({ queueEvents: 10, queueBytes: 1 << 20, batchEvents: 5 })
  const batch = { partition: 0, events: Array.from({ length: 6 }, () => event()), backfill: false, receivedAt: 0 }
  const first = broker.publish(batch)
  await expect(broker.publish(batch)).rejects.toBeInstanceOf(Unavailable)
  expect(broker.depth()).toBe(6)
  const stop = new AbortController()
  const consuming = broker.consume(
    [0],
    async (taken) => taken.map(({ events }) => ({ durability: 'durable', outcomes: events.map(() => ({ kind: 'duplicate' })), head: 0 })),
    stop.signal,
  )
  expect((await first).outcomes).toHaveLength(6)
  stop.abort()
  await consuming
})

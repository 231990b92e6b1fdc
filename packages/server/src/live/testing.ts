/** For tests of the live stage: a log in memory, a server on a free port, and readers that check what they get. */
import { randomBytes } from 'node:crypto'
import type { Server } from 'node:http'
import type { Event, LoggedEvent } from '@signalbox/model/event.ts'
import { applyEvent } from '@signalbox/model/fold/fold.ts'
import { uuidv7 } from '@signalbox/model/ids.ts'
import type { Filter, LiveRow, ServerFrame } from '@signalbox/model/live.ts'
import { createLiveState, type LiveState } from '@signalbox/model/live-state.ts'
import { type RowOf, type Table, tables } from '@signalbox/model/rows.ts'
import { pino } from 'pino'
import type { createFakeClock } from '../clock.fake.ts'
import { type Clock, systemClock } from '../clock.ts'
import { createHttp } from '../http.ts'
import { createMetrics, type Metrics } from '../ops/metrics.ts'
import { createMemoryBus } from '../sequencer/bus.ts'
import type { Commit, CommitBus, CommittedRow } from '../sequencer/commit.ts'
import { after } from '../sequencer/testing.ts'
import type { LogReader, TableRow } from '../store/store.ts'
import { decodeCursor } from './cursor.ts'
import { matchesEvent, matchesRow, mayHaveMatched } from './filter.ts'
import { createHub } from './hub.ts'
import type { Hub, HubConfig, Subscription } from './live.ts'
import { nextTurn } from './pace.ts'
import { liveRoutes } from './routes.ts'
import { registerLiveSockets } from './ws.ts'

export type FakeClock = ReturnType<typeof createFakeClock>

const log = pino({ level: 'silent' })

export const hubConfig: HubConfig = {
  ringBytes: 1 << 26,
  flushMs: 1,
  socketBytes: 64 * 1024,
  maxLagEvents: 100_000,
  slowCloseMs: 30_000,
  heartbeatMs: 20_000,
  maxConnections: 1_000,
}

export interface TestLog {
  readonly epoch: string
  readonly partitions: number
  /** Epochs of the same log whose rows were another fold's. */
  readonly formerEpochs: readonly string[]
  readonly reader: LogReader
  readonly bus: CommitBus
  readonly events: readonly (readonly LoggedEvent[])[]
  /** Commits events to a partition. `lost`: the announcement does not arrive. `reread`: it was read from the store, and says not what rows were. */
  commit(partition: number, events: readonly Partial<Event>[], how?: { readonly lost?: boolean; readonly reread?: boolean }): Commit
  /** Drops what is before `oldest`. */
  expire(partition: number, oldest: number): void
  /** Drops these positions, as when the day of their ids leaves while others stay. */
  dropDay(partition: number, after: number, upTo: number): void
  /** Reads of the store so far, by name. */
  readonly reads: Record<'heads' | 'oldest' | 'readPartition' | 'snapshot' | 'rowsChanged', number>
}

export function createTestLog({ partitions = 2, epoch = randomBytes(4).toString('hex'), tenant = 'default' } = {}): TestLog {
  const events: LoggedEvent[][] = Array.from({ length: partitions }, () => [])
  const oldest = events.map(() => 1)
  const holes: { readonly partition: number; readonly after: number; readonly upTo: number }[] = []
  const isDropped = ({ partition, position }: { readonly partition: number; readonly position: number }) =>
    position < (oldest[partition] ?? 1) ||
    holes.some((hole) => hole.partition === partition && position > hole.after && position <= hole.upTo)
  const rows = new Map<string, TableRow & { readonly tenant: string }>()
  const bus = createMemoryBus(log)
  const reads = { heads: 0, oldest: 0, readPartition: 0, snapshot: 0, rowsChanged: 0 }
  const heads = () => ({ epoch, positions: events.map((list) => list.length) })
  const rowsOf = (owner: string) => [...rows.values()].filter((row) => row.tenant === owner)
  return {
    epoch,
    partitions,
    formerEpochs: [],
    bus,
    events,
    reads,
    expire(partition, position) {
      oldest[partition] = position
    },
    dropDay(partition, after, upTo) {
      holes.push({ partition, after, upTo })
    },
    commit(partition, inputs, { lost = false, reread = false } = {}) {
      const list = events[partition] ?? []
      const from = list.length + 1
      const added = inputs.map((input, i): LoggedEvent => {
        const data = input.data ?? {}
        const time = 1_700_000_000_000 + list.length + i
        return {
          id: uuidv7(time),
          tenant,
          source: 'test',
          type: 'log',
          time,
          ...input,
          data,
          dataJson: JSON.stringify(data),
          partition,
          position: from + i,
          receivedAt: time,
        }
      })
      const changed = new Map<string, CommittedRow>()
      const before = new Map<string, RowOf[Table] | undefined>()
      for (const event of added) {
        const id = (table: Table, key: string) => `${event.tenant} ${partition} ${table} ${key}`
        applyEvent(
          {
            get: <T extends Table>(table: T, key: string) => rows.get(id(table, key))?.row as RowOf[T] | undefined,
            set: (table, key, row) => {
              if (!before.has(id(table, key))) before.set(id(table, key), rows.get(id(table, key))?.row)
              const made = { tenant: event.tenant, table, partition, key, position: event.position, row }
              rows.set(id(table, key), made)
              changed.set(id(table, key), {
                tenant: event.tenant,
                table,
                key,
                position: event.position,
                row,
                was: before.get(id(table, key)),
              })
            },
          },
          event,
        )
      }
      list.push(...added)
      const rowsOfIt = [...changed.values()].map(({ was, ...row }) => (reread ? row : { ...row, was }))
      const commit = { partition, from, to: list.length, at: Date.now(), events: added, rows: rowsOfIt }
      if (!lost) bus.announce(commit)
      return commit
    },
    reader: {
      async heads() {
        reads.heads += 1
        return heads()
      },
      async oldest() {
        reads.oldest += 1
        return [...oldest]
      },
      async readPartition({ tenant: owner, partition, after, upTo, limit, filter = {} }) {
        reads.readPartition += 1
        const found = (events[partition] ?? [])
          .slice(after, upTo)
          .filter((event) => !isDropped(event) && event.tenant === owner && matchesEvent(filter, event))
          .slice(0, limit)
        return { events: found, scannedTo: found.length < limit ? upTo : (found.at(-1)?.position ?? upTo) }
      },
      async firstHole({ partition, after, upTo }) {
        const gone = (events[partition] ?? []).slice(after, upTo).map((event) => isDropped(event))
        const first = gone.indexOf(true)
        const next = gone.indexOf(false, first)
        return first < 0 ? undefined : { after: after + first, upTo: next < 0 ? upTo : after + next }
      },
      async snapshot({ tenant: owner, filter = {} }) {
        reads.snapshot += 1
        const found = rowsOf(owner).filter(({ table, row }) => matchesRow(filter, table, row))
        return { heads: heads(), rows: found.map(({ row, ...place }) => ({ ...place, json: JSON.stringify(row) })) }
      },
      async rowsChanged({ tenant: owner, partition, after, upTo, filter = {}, limit }) {
        reads.rowsChanged += 1
        const found = rowsOf(owner)
          .filter(
            (row) =>
              row.partition === partition && row.position > after && row.position <= upTo && mayHaveMatched(filter, row.table, row.row),
          )
          .sort((a, b) => a.position - b.position)
        const edge = found[limit - 1]?.position
        if (found.length <= limit || edge === undefined) return { rows: found, scannedTo: upTo }
        // A page may be longer than asked, so that rows of one position stay together.
        return { rows: found.filter(({ position }) => position <= edge), scannedTo: edge }
      },
    },
  }
}

export async function startHub(
  from: TestLog,
  options: { readonly config?: Partial<HubConfig>; readonly clock?: Clock } = {},
): Promise<{ readonly hub: Hub; readonly metrics: Metrics; readonly config: HubConfig; readonly clock: Clock }> {
  const config = { ...hubConfig, ...options.config }
  const clock = options.clock ?? systemClock
  const metrics = createMetrics()
  const meta = { epoch: from.epoch, formerEpochs: from.formerEpochs }
  const hub = createHub({ store: { reader: from.reader, meta }, bus: from.bus, config, metrics, log, clock })
  await hub.start()
  return { hub, metrics, config, clock }
}

export interface LiveServer {
  readonly url: string
  readonly http: Server
  readonly hub: Hub
  readonly metrics: Metrics
  stop(): Promise<void>
}

interface ServerOptions extends NonNullable<Parameters<typeof startHub>[1]> {
  /** Callers are not known before. */
  readonly gate?: Promise<void>
}

/** The caller's tenant is what follows `Bearer`. */
export async function startLiveServer(from: TestLog, options: ServerOptions = {}): Promise<LiveServer> {
  const { hub, metrics, config, clock } = await startHub(from, options)
  const http = createHttp({
    config: { host: '127.0.0.1', port: 0, allowedHosts: '', allowedOrigins: '', bodyTimeoutMs: 30_000, maxBodyBytes: 1 << 20, drainMs: 0 },
    auth: {
      async caller({ headers }) {
        await options.gate
        return { tenant: headers.authorization?.slice(7) ?? 'default', scopes: new Set(['read']) }
      },
    },
    log,
  })
  await http.app.register(liveRoutes({ hub, clock }))
  registerLiveSockets(http.upgrades, { hub, clock, heartbeatMs: config.heartbeatMs })
  const url = await http.listen()
  return {
    url,
    http: http.app.server,
    hub,
    metrics,
    async stop() {
      hub.stop()
      await http.stop()
    },
  }
}

/** A server that is stopped after the test. */
export async function serve(from: TestLog, options: ServerOptions = {}): Promise<LiveServer> {
  const server = await startLiveServer(from, options)
  after(() => server.stop())
  return server
}

/** A state in an order of its own, to compare. */
export const shown = (state: { all(table: Table): Iterable<readonly [string, unknown]> }) =>
  Object.fromEntries(tables.map((table) => [table, Object.fromEntries([...state.all(table)].sort(([a], [b]) => (a < b ? -1 : 1)))]))

/** What a reader with this filter should come to: the state of a snapshot taken now. */
export async function dueState({ reader }: { readonly reader: LogReader }, filter: Filter = {}) {
  const found = await reader.snapshot({ tenant: 'default', filter })
  const rows = found.rows.map(({ json, ...place }): LiveRow => ({ ...place, row: JSON.parse(json) as LiveRow['row'] }))
  const state = createLiveState()
  state.apply({ kind: 'snapshot', sub: '', cursor: '', rows: rows.filter(({ table, row }) => matchesRow(filter, table, row)), last: true })
  return shown(state)
}

/** Frames that did not continue the one before, of every taker: tests expect none. */
export const discontinuities: string[] = []

/** Takes frames as a client must: checks that each continues the one before, and keeps what they say. */
export interface Taker {
  readonly frames: ServerFrame[]
  readonly state: LiveState
  /** Position by partition of every event, in the order received. */
  readonly received: readonly (readonly [number, number])[]
  readonly cursor: () => string | undefined
  take(frame: ServerFrame): void
  /** Resolves when `is` holds, at once or after a later frame. */
  until(is: (taker: Taker) => boolean): Promise<void>
}

export function createTaker(cursor?: string, state: LiveState = createLiveState()): Taker {
  const waiting = new Set<() => void>()
  let held = cursor
  const received: (readonly [number, number])[] = []
  const taker: Taker = {
    frames: [],
    state,
    received,
    cursor: () => held,
    take(frame) {
      taker.frames.push(frame)
      if ('from' in frame && held !== undefined && frame.from !== held) discontinuities.push(JSON.stringify(taker.frames.slice(-2)))
      if (frame.kind === 'subscribed') held ??= frame.cursor
      if ('cursor' in frame && frame.kind !== 'subscribed' && (frame.kind !== 'snapshot' || frame.last)) held = frame.cursor
      if (frame.kind === 'events') for (const { partition, position } of frame.items) received.push([partition, position])
      state.apply(frame)
      for (const look of waiting) look()
    },
    until: (is) =>
      new Promise((resolve) => {
        const look = () => {
          if (!is(taker)) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
  }
  return taker
}

export interface Attached extends Taker {
  /** From now on it does not read: what is written to it waits. */
  stall(): void
  /** Reads what waits, and goes on. */
  read(): void
  /** Bytes written to it that it has not read. */
  readonly waitingBytes: () => number
  readonly closedWith: () => number | undefined
  close(): void
}

/** A reader without a socket. */
export function attach(
  hub: Hub,
  wanted: Partial<Omit<Subscription, 'cursor'>> & { readonly cursor?: string | undefined },
  taker = createTaker(wanted.cursor),
): Attached {
  let isStalled = false
  let waitingBytes = 0
  let closedWith: number | undefined
  let waiting: ServerFrame[] = []
  const subscribed = hub.subscribe(
    {
      tenant: 'default',
      feed: 'events',
      filter: {},
      framing: 'text',
      ...wanted,
      cursor: wanted.cursor === undefined ? undefined : decodeCursor(wanted.cursor),
    },
    {
      opened: (cursor) => taker.take({ kind: 'subscribed', ref: '', sub: '', cursor }),
      write(frame) {
        const value = JSON.parse(String(frame.payload)) as ServerFrame
        if (!isStalled) return taker.take(value)
        waiting.push(value)
        waitingBytes += frame.bytes
      },
      pending: () => waitingBytes,
      close(code) {
        closedWith = code
      },
    },
  )
  return {
    ...taker,
    stall() {
      isStalled = true
    },
    read() {
      isStalled = false
      waitingBytes = 0
      const held = waiting
      waiting = []
      for (const frame of held) taker.take(frame)
      subscribed.drained()
    },
    waitingBytes: () => waitingBytes,
    closedWith: () => closedWith,
    close: () => subscribed.close(),
  }
}

/** Lets the hub work, with the clock moving a millisecond a turn, until `is` holds. */
export async function work(clock: FakeClock, is: () => boolean): Promise<void> {
  for (let turn = 0; turn < 20_000; turn += 1) {
    if (is()) return
    await nextTurn()
    clock.advance(1)
  }
  throw new Error('It never came to be.')
}

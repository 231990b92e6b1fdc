/** A log in memory: commits are folded, announced on a bus, and read as from the store. */
import { randomBytes } from 'node:crypto'
import type { Event, LoggedEvent } from '@signalbox/model/event.ts'
import { applyEvent } from '@signalbox/model/fold/fold.ts'
import { takesPart } from '@signalbox/model/fold/run.ts'
import { uuidv7 } from '@signalbox/model/ids.ts'
import type { EdgeRow, RowOf, RunRow, Table } from '@signalbox/model/rows.ts'
import { pino } from 'pino'
import { createMemoryBus } from '../sequencer/bus.ts'
import type { Commit, CommitBus, CommittedRow } from '../sequencer/commit.ts'
import type { LogReader, TableRow } from '../store/store.ts'
import { isOfRuns, matchesEvent, matchesRow, mayHaveMatched } from './filter.ts'

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
  const bus = createMemoryBus(pino({ level: 'silent' }))
  const reads = { heads: 0, oldest: 0, readPartition: 0, snapshot: 0, rowsChanged: 0 }
  const heads = () => ({ epoch, positions: events.map((list) => list.length) })
  const rowsOf = (owner: string) => [...rows.values()].filter((row) => row.tenant === owner)
  const membersOf = (owner: string, run: readonly string[]) => {
    const naming = rowsOf(owner).filter(({ table, row }) => (table === 'runs' || table === 'edges') && isOfRuns({ run }, table, row))
    return {
      agents: new Set(naming.flatMap(({ row }) => takesPart(row as RunRow | EdgeRow))),
      partitions: new Set(naming.map(({ partition }) => partition)),
    }
  }
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
      // Its rows are folded with each commit.
      async folded() {
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
        const { agents } = membersOf(owner, filter.run ?? [])
        const found = rowsOf(owner).filter(({ table, row }) => matchesRow(filter, table, row, agents))
        return { heads: heads(), rows: found.map(({ row, ...place }) => ({ ...place, json: JSON.stringify(row) })), truncated: [] }
      },
      async members({ tenant: owner, run }) {
        return membersOf(owner, run)
      },
      async agents({ tenant: owner, ids }) {
        return rowsOf(owner).filter(
          (row): row is TableRow<'agents'> & { tenant: string } => row.table === 'agents' && ids.includes(row.key),
        )
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

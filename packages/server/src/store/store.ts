/**
 * Store: the log and its projections in PostgreSQL.
 *
 * `LogReader` is what live and api read by; the sequencer writes by `log-write.ts` and `rows-write.ts`.
 * Every read is of committed data; a `Heads` taken first bounds what is returned, so nothing is skipped.
 */
import type { LoggedEvent, Partition, TenantId } from '@signalbox/model/event.ts'
import type { Filter } from '@signalbox/model/live.ts'
import type { RowOf, Table } from '@signalbox/model/rows.ts'
import type { Hole } from './hole.ts'

/** Last committed position of each partition, by index. The content of a cursor, with `epoch`. */
export interface Heads {
  /** Incarnation of the log; changes when history was lost (restore, PITR). */
  readonly epoch: string
  readonly positions: readonly number[]
}

export interface TableRow<T extends Table = Table> {
  readonly table: T
  readonly partition: Partition
  readonly key: string
  readonly position: number
  readonly row: RowOf[T]
}

/** A row as it is stored: `json` is its text, for who only passes it on. */
export interface TextRow {
  readonly table: Table
  readonly partition: Partition
  readonly key: string
  readonly position: number
  readonly json: string
}

export interface StateSnapshot {
  readonly heads: Heads
  readonly rows: readonly TextRow[]
  readonly truncated: readonly Table[]
}

export interface Members {
  readonly agents: ReadonlySet<string>
  readonly partitions: ReadonlySet<Partition>
}

export interface LogReader {
  heads(): Promise<Heads>
  /** The positions that the rows stand for: up to there both events and rows can be read. */
  folded(): Promise<Heads>
  /** First position still kept, per partition (1 when nothing was dropped). */
  oldest(): Promise<readonly number[]>
  /** Events of one partition with `after < position <= upTo`, ascending, at most `limit`, matching `filter`. `scannedTo` is how far it looked: the next `after`. */
  readPartition(q: {
    tenant: TenantId
    partition: Partition
    after: number
    upTo: number
    limit: number
    filter?: Filter | undefined
  }): Promise<{ events: readonly LoggedEvent[]; scannedTo: number }>
  /** The first run of positions in (after, upTo] that left with their day, of any tenant. */
  firstHole(q: { partition: Partition; after: number; upTo: number }): Promise<Hole | undefined>
  /** The rows matching `filter` (run, agent, task), with the heads they are consistent with, read in one snapshot. `truncated`: tables with more rows than `SIGNALBOX_STATE_ROWS`, of which those of each partition that changed last are here. Agents with `filter.run`: its `members`, and whose row names it as their newest. Calls: the open ones; with `filter.run` also its newest 2,000 closed ones. Tasks: the open ones; all with `filter.run`, `filter.task` or `endedTasks`. Edges: with `filter.run` alone. */
  snapshot(q: { tenant: TenantId; filter?: Filter | undefined; endedTasks?: boolean }): Promise<StateSnapshot>
  /** Agents named by the rows of these runs (`takesPart`), and the partitions that those rows are in; of no less than was committed here before the call. */
  members(q: { tenant: TenantId; run: readonly string[] }): Promise<Members>
  /** All rows of these agents, as of `upTo` or newer; where the rows do not stand for it yet it rejects as if the store were away. */
  agents(q: { tenant: TenantId; ids: readonly string[]; upTo: readonly number[] }): Promise<readonly TableRow<'agents'>[]>
  /** Rows of a partition with `after < position <= upTo`, about `limit` of them: those of one position are never cut apart. `scannedTo` as above, and not past what the rows stand for; where that is no more than `after` it rejects as if the store were away. */
  rowsChanged(q: {
    tenant: TenantId
    partition: Partition
    after: number
    upTo: number
    filter?: Filter | undefined
    limit: number
  }): Promise<{ rows: readonly TableRow[]; scannedTo: number }>
}

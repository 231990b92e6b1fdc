import type { LoggedText, Partition, TenantId } from '@signalbox/model/event.ts'
import type { ChangedRow, RowOf, Table } from '@signalbox/model/rows.ts'
import { bytesOf } from '../store/copy-text.ts'
import { copyLine, rowOfLine, toText } from '../store/log-row.ts'

export interface CommittedRow extends ChangedRow {
  readonly tenant: TenantId
  /** The row before the commit: undefined when there was none, the key absent when it is not known. Who saw it by a filter that it no longer passes must hear of the change. */
  readonly was?: RowOf[Table] | undefined
}

/** One committed transaction of one partition: what the live stage and other nodes learn of. Positions `from..to` are dense. */
export interface Commit {
  readonly partition: Partition
  readonly from: number
  readonly to: number
  /** Server time of the commit, epoch ms. */
  readonly at: number
  readonly events: readonly LoggedText[]
  /** The same as the log was given them, `linesOf(events)`, where it was made anyway. */
  readonly lines?: Buffer
  /** Newest row of every key the commit changed. */
  readonly rows: readonly CommittedRow[]
}

/** Events as text, a line each: who holds many of them holds less, and nothing that a collection looks at. */
export const linesOf = (events: readonly LoggedText[]): Buffer => bytesOf(events, copyLine)
/** One of them, without its end. */
export const eventOfLine = (line: string): LoggedText => toText(rowOfLine(line))

/** Tells the live stage of commits, in order per partition, after they are durable. In memory on one node. A missed one shows as a gap in positions, to be filled from the store. */
export interface CommitBus {
  announce(commit: Commit): void
  subscribe(listener: (commit: Commit) => void): () => void
}

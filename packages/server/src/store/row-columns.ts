import type { TenantId } from '@signalbox/model/event.ts'
import type { AgentRow, CallRow, EdgeRow, RowOf, RunRow, Table, TaskRow } from '@signalbox/model/rows.ts'

/** What lists filter and sort by, beside the body: [sort, run, agent, task, state]. */
export type Columns = readonly [number, string | null, string | null, string | null, string | null]

const ofTable: { [T in Table]: (row: RowOf[T]) => Columns } = {
  // No state: nothing lists agents by it, and a change of a column that an index asks about writes every index of the row anew.
  agents: (row: AgentRow) => [row.firstSeenAt, row.run?.value ?? null, row.id, row.task?.value ?? null, null],
  runs: (row: RunRow) => [row.startedAt, row.id, null, null, row.state],
  tasks: (row: TaskRow) => [row.openedAt, row.run ?? null, row.assignee?.value ?? null, row.id, row.state],
  calls: (row: CallRow) => [
    row.startedAt ?? row.endedAt ?? 0,
    row.run ?? null,
    row.agent ?? null,
    row.task ?? null,
    row.outcome === undefined ? 'open' : 'closed',
  ],
  edges: (row: EdgeRow) => [row.firstAt, row.run ?? null, row.from, row.task ?? null, row.kind],
}

export const columnsOf = (table: Table, row: RowOf[Table]): Columns => (ofTable[table] as (row: RowOf[Table]) => Columns)(row)

/** A row that is to be written. */
export interface RowWrite {
  readonly tenant: TenantId
  readonly table: Table
  readonly key: string
  readonly position: number
  readonly row: RowOf[Table]
  /** What is stored under its key; undefined when nothing is. */
  readonly stored: RowOf[Table] | undefined
}

export const isOpenCall = (table: Table, row: RowOf[Table]): boolean => table === 'calls' && (row as CallRow).outcome === undefined
export const isClosedCall = (table: Table, row: RowOf[Table]): boolean => table === 'calls' && (row as CallRow).outcome !== undefined

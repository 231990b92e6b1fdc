import { createHash } from 'node:crypto'
import type { Event } from '@signalbox/model/event.ts'
import type { Filter } from '@signalbox/model/live.ts'
import type { AgentRow, CallRow, EdgeRow, RowOf, RunRow, Table, TaskRow } from '@signalbox/model/rows.ts'

const has = (wanted: readonly string[] | undefined, value: string | undefined) =>
  wanted === undefined || wanted.length === 0 || (value !== undefined && wanted.includes(value))

const hasType = (wanted: readonly string[] | undefined, type: string) =>
  wanted === undefined ||
  wanted.length === 0 ||
  wanted.some((want) => (want.endsWith('.*') ? type.startsWith(want.slice(0, -1)) : type === want))

export const matchesEvent = (filter: Filter, event: Event): boolean =>
  has(filter.run, event.run) && has(filter.agent, event.agent) && has(filter.task, event.task) && hasType(filter.type, event.type)

interface RowPlace {
  readonly run?: string | undefined
  readonly agent?: string | undefined
  readonly task?: string | undefined
}

/** A row's own run, agent and task. An agent works in many runs: its row is of all of them. */
const places: { readonly [T in Table]: (row: RowOf[T]) => RowPlace } = {
  agents: (row: AgentRow) => ({ agent: row.id, task: row.task?.value }),
  runs: (row: RunRow) => ({ run: row.id }),
  tasks: (row: TaskRow) => ({ run: row.run, agent: row.assignee?.value, task: row.id }),
  calls: (row: CallRow) => ({ run: row.run, agent: row.agent, task: row.task }),
  edges: (row: EdgeRow) => ({ run: row.run, agent: row.from, task: row.task }),
}
/** What of its place a row can leave: a task goes to another agent, an agent to another task. */
const moves: { readonly [T in Table]?: 'agent' | 'task' } = { agents: 'task', tasks: 'agent', edges: 'task' }

const placeOf = (table: Table, row: RowOf[Table]) => (places[table] as (row: RowOf[Table]) => RowPlace)(row)

export function matchesRow(filter: Filter, table: Table, row: RowOf[Table]): boolean {
  const { run, agent, task } = placeOf(table, row)
  return (table === 'agents' || has(filter.run, run)) && has(filter.agent, agent) && has(filter.task, task)
}

/** True when it matches, or may have before: by what a row cannot leave. */
export function mayHaveMatched(filter: Filter, table: Table, row: RowOf[Table]): boolean {
  const field = moves[table]
  return matchesRow(field === undefined ? filter : { ...filter, [field]: [] }, table, row)
}

/** True when a filter may have passed the row before and does not now. */
export function hasMoved(table: Table, was: RowOf[Table], row: RowOf[Table]): boolean {
  const field = moves[table]
  return field !== undefined && placeOf(table, was)[field] !== placeOf(table, row)[field]
}

/** The same for filters that mean the same. */
export function filterKey(filter: Filter): string {
  const fields = (['run', 'agent', 'type', 'task'] as const).map((name) => [...new Set(filter[name] ?? [])].sort())
  return JSON.stringify(fields)
}

export const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12)

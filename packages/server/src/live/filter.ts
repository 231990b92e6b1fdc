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

/** A row's own run, agent and task; agents pass a filter on runs, as the run's row lists them. */
const places: {
  [T in Table]: (row: RowOf[T]) => { run?: string | undefined; agent?: string | undefined; task?: string | undefined; anyRun?: boolean }
} = {
  agents: (row: AgentRow) => ({ anyRun: true, agent: row.id, task: row.task?.value }),
  runs: (row: RunRow) => ({ run: row.id }),
  tasks: (row: TaskRow) => ({ run: row.run, agent: row.assignee?.value, task: row.id }),
  calls: (row: CallRow) => ({ run: row.run, agent: row.agent, task: row.task }),
  edges: (row: EdgeRow) => ({ run: row.run, agent: row.from, task: row.task }),
}

export function matchesRow(filter: Filter, table: Table, row: RowOf[Table]): boolean {
  const place = (places[table] as (row: RowOf[Table]) => { run?: string; agent?: string; task?: string; anyRun?: boolean })(row)
  return (place.anyRun === true || has(filter.run, place.run)) && has(filter.agent, place.agent) && has(filter.task, place.task)
}

/** The same for filters that mean the same. */
export function filterKey(filter: Filter): string {
  const fields = (['run', 'agent', 'type', 'task'] as const).map((name) => [...new Set(filter[name] ?? [])].sort())
  return JSON.stringify(fields)
}

export const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12)

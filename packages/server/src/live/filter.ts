import { createHash } from 'node:crypto'
import type { Event } from '@signalbox/model/event.ts'
import { isTerminal } from '@signalbox/model/fold/task.ts'
import type { Filter } from '@signalbox/model/live.ts'
import type { AgentRow, CallRow, EdgeRow, RowOf, RunRow, Table, TaskRow } from '@signalbox/model/rows.ts'

const isAny = (wanted: readonly string[] | undefined): wanted is undefined => wanted === undefined || wanted.length === 0

const has = (wanted: readonly string[] | undefined, value: string | undefined) =>
  isAny(wanted) || (value !== undefined && wanted.includes(value))

const hasType = (wanted: readonly string[] | undefined, type: string) =>
  isAny(wanted) || wanted.some((want) => (want.endsWith('.*') ? type.startsWith(want.slice(0, -1)) : type === want))

export const matchesEvent = (filter: Filter, event: Pick<Event, 'run' | 'agent' | 'task' | 'type'>): boolean =>
  has(filter.run, event.run) && has(filter.agent, event.agent) && has(filter.task, event.task) && hasType(filter.type, event.type)

export interface RowPlace {
  readonly run?: string | undefined
  readonly agent?: string | undefined
  readonly task?: string | undefined
  readonly isClosed?: boolean
}

/** A row's own run, agent and task. An agent works in many runs, and its row names the newest: it is of the others as their member. An edge tells what was done. */
const places: { readonly [T in Table]: (row: RowOf[T]) => RowPlace } = {
  agents: (row: AgentRow) => ({ run: row.run?.value, agent: row.id, task: row.task?.value }),
  runs: (row: RunRow) => ({ run: row.id }),
  tasks: (row: TaskRow) => ({ run: row.run, agent: row.assignee?.value, task: row.id, isClosed: isTerminal(row.state) }),
  calls: (row: CallRow) => ({ run: row.run, agent: row.agent, task: row.task, isClosed: row.outcome !== undefined }),
  edges: (row: EdgeRow) => ({ run: row.run, agent: row.from, task: row.task, isClosed: true }),
}
/** What of its place a row can leave: a task goes to another agent and ends, an agent goes to another task or run, a call ends. */
const moves: { readonly [T in Table]: readonly (keyof RowPlace)[] } = {
  agents: ['run', 'task'],
  runs: [],
  tasks: ['agent', 'isClosed'],
  calls: ['agent', 'task', 'isClosed'],
  edges: ['task'],
}

const placeOf = (table: Table, row: RowOf[Table]) => (places[table] as (row: RowOf[Table]) => RowPlace)(row)

/** A fleet has had too many calls, tasks and edges: what is closed gets only who asks for its run, a task also who asks for it by name. */
const asksForClosed = (filter: Filter, table: Table): boolean => !isAny(filter.run) || (table === 'tasks' && !isAny(filter.task))

const nobody: ReadonlySet<string> = new Set()

function passes(
  filter: Filter,
  table: Table,
  place: RowPlace,
  members: ReadonlySet<string>,
  but: readonly (keyof RowPlace)[] = [],
): boolean {
  return (
    (but.includes('run') || has(filter.run, place.run) || (table === 'agents' && members.has(place.agent ?? ''))) &&
    (but.includes('agent') || has(filter.agent, place.agent)) &&
    (but.includes('task') || has(filter.task, place.task)) &&
    (but.includes('isClosed') || place.isClosed !== true || asksForClosed(filter, table))
  )
}

/** `members`: agents that take part in the filter's runs. */
export const matchesRow = (filter: Filter, table: Table, row: RowOf[Table], members = nobody): boolean =>
  passes(filter, table, placeOf(table, row), members)

/** The same for where it once was. */
export const matchesPlace = (filter: Filter, table: Table, place: RowPlace, members = nobody): boolean =>
  passes(filter, table, place, members)

/** Whatever else the filter asks for. */
export const isOfRuns = (filter: Filter, table: Table, row: RowOf[Table]): boolean => has(filter.run, placeOf(table, row).run)

/** True when it matches, or may have before: by what a row cannot leave. */
export const mayHaveMatched = (filter: Filter, table: Table, row: RowOf[Table]): boolean =>
  passes(filter, table, placeOf(table, row), nobody, moves[table])

/** Where the row was before, if a filter may have passed it there and does not now. */
export function placeLeft(table: Table, was: RowOf[Table], row: RowOf[Table]): RowPlace | undefined {
  const [before, after] = [placeOf(table, was), placeOf(table, row)]
  return moves[table].some((field) => before[field] !== after[field]) ? before : undefined
}

/** The same for filters that mean the same. */
export function filterKey(filter: Filter): string {
  const fields = (['run', 'agent', 'type', 'task'] as const).map((name) => [...new Set(filter[name] ?? [])].sort())
  return JSON.stringify(fields)
}

export const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12)

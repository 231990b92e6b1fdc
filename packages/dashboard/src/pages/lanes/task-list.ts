/** Which tasks of a run are listed, in which order, and what each has cost. */
import { rowKey } from '@signalbox/model/fold/keys.ts'
import { isTerminal } from '@signalbox/model/fold/task.ts'
import type { CallRow, TaskRow, TaskState } from '@signalbox/model/rows.ts'
import { taskLook } from '../../parts/status.tsx'
import { keptWith, taskKey } from './keys.ts'

export interface Spend {
  readonly tokens: number
  readonly costMicros: number
}

export interface TaskLine {
  readonly key: string
  readonly task: TaskRow
  /** By name where it has one; empty without an assignee. */
  readonly assignee: string
  /** Undefined when no call named the task. */
  readonly spend: Spend | undefined
}

/** Names of agents by id. */
export type Names = ReadonlyMap<string, string>

const taskKeyOf = keptWith(({ run, task = '' }: CallRow): string => rowKey.task(run, task))

/** Tokens and cost of the calls that name a task, by the task's key. */
export function spendOf(calls: readonly CallRow[]): ReadonlyMap<string, Spend> {
  const spends = new Map<string, Spend>()
  for (const call of calls) {
    if (call.task === undefined) continue
    const { usage } = call
    const key = taskKeyOf(call)
    const had = spends.get(key)
    spends.set(key, {
      tokens: (had?.tokens ?? 0) + usage.inputTokens + usage.outputTokens,
      costMicros: (had?.costMicros ?? 0) + usage.costMicros,
    })
  }
  return spends
}

/** From its start, or from when it was opened, to its end or now. */
export const tookMs = ({ startedAt, openedAt, endedAt }: TaskRow, now: number): number =>
  Math.max(0, (endedAt ?? now) - (startedAt ?? openedAt))

export const titleOf = ({ title, id }: TaskRow): string => title?.value ?? id

const troubled = ({ state, contradicted }: TaskRow) => state === 'failed' || state === 'rejected' || contradicted > 0

const assigneeOf = ({ assignee }: TaskRow, names: Names) => (assignee === undefined ? '' : (names.get(assignee.value) ?? assignee.value))

export function matchingTasks(tasks: readonly TaskRow[], names: Names, q: string, errors: boolean): readonly TaskRow[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0 && !errors) return tasks
  return tasks.filter((task) => {
    if (errors && !troubled(task)) return false
    const flag = task.contradicted > 0 ? 'contradicted' : ''
    const text =
      `${task.id} ${titleOf(task)} ${task.assignee?.value ?? ''} ${assigneeOf(task, names)} ${taskLook(task.state).words} ${flag}`.toLowerCase()
    return words.every((word) => text.includes(word))
  })
}

/** Who needs somebody first, then what is under way, then the queue, then what ended. */
const urgency: Record<TaskState, number> = {
  input_required: 0,
  auth_required: 0,
  working: 1,
  submitted: 2,
  failed: 3,
  rejected: 3,
  completed: 3,
  canceled: 3,
}

export const columns = ['state', 'task', 'assignee', 'time', 'tokens', 'cost'] as const
export type Column = (typeof columns)[number]

const sortValue: Record<Column, (line: TaskLine) => number | string> = {
  state: ({ task }) => urgency[task.state],
  task: ({ task }) => titleOf(task).toLowerCase(),
  assignee: ({ assignee }) => assignee,
  // What is open has no length yet: by its begin, as long as it may be.
  time: ({ task }) => (isTerminal(task.state) ? tookMs(task, 0) : 1e15 - (task.startedAt ?? task.openedAt)),
  tokens: ({ spend }) => spend?.tokens ?? 0,
  cost: ({ spend }) => spend?.costMicros ?? 0,
}
const figures: ReadonlySet<Column> = new Set(['time', 'tokens', 'cost'])
export const isFigure = (column: Column) => figures.has(column)

/** A column, with a `-` before it for the greatest first; anything else: the page's own order. */
export function parseTaskSort(sort: string): { readonly column: Column; readonly descending: boolean } | undefined {
  const column = columns.find((name) => name === sort.replace(/^-/, ''))
  return column === undefined ? undefined : { column, descending: sort.startsWith('-') }
}

/** The next press of a head: its own first direction, the other, none. */
export function nextTaskSort(column: Column, sort: string): string {
  const [first, second] = isFigure(column) ? [`-${column}`, column] : [column, `-${column}`]
  return sort === first ? second : sort === second ? '' : first
}

export function orderedTasks(
  tasks: readonly TaskRow[],
  names: Names,
  spends: ReadonlyMap<string, Spend>,
  sort: string,
): readonly TaskLine[] {
  const lines = tasks.map((task) => ({ key: taskKey(task), task, assignee: assigneeOf(task, names), spend: spends.get(taskKey(task)) }))
  const wanted = parseTaskSort(sort)
  const by = sortValue[wanted?.column ?? 'state']
  const sign = wanted?.descending === true ? -1 : 1
  return lines
    .map((line) => ({ line, value: by(line), newest: line.task.endedAt ?? line.task.startedAt ?? line.task.openedAt }))
    .sort((a, b) => {
      const [less, more] = [a.value < b.value, a.value > b.value]
      return less || more ? (less ? -sign : sign) : b.newest - a.newest || (a.line.key < b.line.key ? -1 : 1)
    })
    .map(({ line }) => line)
}

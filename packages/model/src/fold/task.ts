import type { Event } from '../event.ts'
import type { AgentRow, RunRow, TaskRow, TaskState } from '../rows.ts'
import { named, text } from './keys.ts'
import { latest } from './latest.ts'

const stateAfter: Readonly<Record<string, TaskState | undefined>> = {
  'task.created': 'submitted',
  'task.assigned': 'submitted',
  'task.started': 'working',
  'task.progress': 'working',
  'task.input_required': 'input_required',
  'task.auth_required': 'auth_required',
  'task.completed': 'completed',
  'task.failed': 'failed',
  'task.canceled': 'canceled',
  'task.rejected': 'rejected',
}
const terminal: ReadonlySet<TaskState> = new Set(['completed', 'failed', 'canceled', 'rejected'])
export const isTerminal = (state: TaskState): boolean => terminal.has(state)
const historyLength = 200
const mostWorkers = 32

function foldWorkers(held: readonly string[], agent: string | undefined): readonly string[] {
  return agent === undefined || held.includes(agent) ? held : [...held.slice(1 - mostWorkers), agent]
}

/** A2A's states. A terminal state absorbs; what contradicts it later is counted, not applied. */
export function foldTask(task: TaskRow | undefined, event: Event): TaskRow | undefined {
  const wanted = stateAfter[event.type]
  if (wanted === undefined || event.task === undefined) return task
  const assigns = event.type === 'task.assigned' || event.type === 'task.created'
  const assignee =
    event.type === 'task.assigned' ? named(event.data.to) : event.type === 'task.created' ? named(event.data.assignee) : undefined
  const worker = wanted === 'working' ? event.agent : assignee
  if (task === undefined) {
    return {
      id: event.task,
      run: event.run,
      title: latest(undefined, text(event.data.title), event),
      parent: text(event.data.parent),
      state: wanted,
      createdBy: assigns ? event.agent : undefined,
      assignee: latest(undefined, assignee ?? (assigns ? undefined : event.agent), event),
      workers: foldWorkers([], worker),
      openedAt: event.time,
      startedAt: wanted === 'working' ? event.time : undefined,
      endedAt: isTerminal(wanted) ? event.time : undefined,
      updatedAt: event.time,
      progress: latest(undefined, text(event.data.note), event),
      error: text(event.data.error),
      contradicted: 0,
      history: [{ state: wanted, at: event.time, agent: assignee ?? event.agent }],
    }
  }
  // Being named (again) does not move a task that is already under way.
  const moves = !assigns && wanted !== task.state
  const late = !isTerminal(wanted) && event.time <= (task.endedAt ?? -1)
  const contradicts = isTerminal(task.state) && !assigns && !late
  const applies = moves && !isTerminal(task.state)
  const from = applies ? wanted : task.state
  return {
    id: task.id,
    run: task.run,
    title: latest(task.title, text(event.data.title), event),
    parent: task.parent ?? text(event.data.parent),
    state: from,
    createdBy: event.type === 'task.created' ? (event.agent ?? task.createdBy) : task.createdBy,
    assignee: latest(task.assignee, assignee ?? (event.type === 'task.started' ? event.agent : undefined), event),
    workers: foldWorkers(task.workers ?? [], worker),
    openedAt: Math.min(task.openedAt, event.time),
    startedAt: wanted === 'working' ? Math.min(task.startedAt ?? event.time, event.time) : task.startedAt,
    endedAt: applies && isTerminal(wanted) ? event.time : task.endedAt,
    updatedAt: Math.max(task.updatedAt, event.time),
    progress: latest(task.progress, text(event.data.note), event),
    error: contradicts ? task.error : (text(event.data.error) ?? task.error),
    contradicted: task.contradicted + (contradicts ? 1 : 0),
    contradictedBy: contradicts ? (event.agent ?? event.source) : task.contradictedBy,
    history:
      applies && task.history.length < historyLength
        ? [...task.history, { state: wanted, at: event.time, agent: event.agent }]
        : task.history,
  }
}

const underWay: ReadonlySet<TaskState> = new Set(['working', 'input_required', 'auth_required'])

export const isUnderWay = ({ state }: Pick<TaskRow, 'state'>): boolean => underWay.has(state)

/** Under way, while its agent is gone or although its run has ended since. Its late end ends it all the same. */
export function isOrphaned(
  task: TaskRow,
  agent: Pick<AgentRow, 'status'> | undefined,
  run: Pick<RunRow, 'finishedAt'> | undefined,
): boolean {
  if (!isUnderWay(task)) return false
  const status = agent?.status
  const isGone = (status?.value === 'lost' || status?.value === 'stopped') && status.at >= task.updatedAt
  return isGone || (run?.finishedAt ?? -1) >= task.updatedAt
}

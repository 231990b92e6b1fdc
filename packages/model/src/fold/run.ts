import type { LoggedEvent } from '../event.ts'
import { type EdgeRow, type RunRow, type TaskRow, type TaskState, type Totals, taskStates } from '../rows.ts'
import { text } from './keys.ts'
import { latest } from './latest.ts'
import { addTotals, emptyTotals } from './totals.ts'

const mostAgents = 1_000
const noTasks = Object.fromEntries(taskStates.map((state) => [state, 0])) as Record<TaskState, number>

function moveTask(tasks: RunRow['tasks'], before: TaskRow | undefined, after: TaskRow | undefined): RunRow['tasks'] {
  if (after === undefined || before?.state === after.state) return tasks
  const moved = { ...tasks, [after.state]: tasks[after.state] + 1 }
  if (before !== undefined) moved[before.state] -= 1
  return moved
}

/** Agents that a run's own row names, or an edge of it: who acted in it, gave or was given something. None ever leaves. */
export const takesPart = (row: RunRow | EdgeRow): readonly string[] => ('agents' in row ? row.agents : [row.from, row.to])

/** `added` is what the event adds to totals; the task pair is its task before and after. */
export function foldRun(
  run: RunRow | undefined,
  id: string,
  event: LoggedEvent,
  added: Totals | undefined,
  taskBefore?: TaskRow,
  taskAfter?: TaskRow,
): RunRow {
  const ends = event.type === 'run.finished' ? 'finished' : event.type === 'run.failed' ? 'failed' : undefined
  const state = run === undefined || run.state === 'running' ? (ends ?? 'running') : run.state
  const agents = run?.agents ?? []
  const joins = event.agent !== undefined && agents.length < mostAgents && !agents.includes(event.agent)
  return {
    id,
    name: event.type === 'run.started' ? latest(run?.name, text(event.data.name), event) : run?.name,
    state,
    startedAt: Math.min(run?.startedAt ?? event.time, event.time),
    finishedAt: run?.finishedAt ?? (ends === undefined ? undefined : event.time),
    lastEventAt: Math.max(run?.lastEventAt ?? 0, event.time),
    error: run?.error ?? (ends === 'failed' ? text(event.data.error) : undefined),
    synthetic: (run?.synthetic ?? false) || (event.type === 'run.started' && event.data.synthetic === true),
    events: (run?.events ?? 0) + 1,
    agents: joins && event.agent !== undefined ? [...agents, event.agent] : agents,
    tasks: moveTask(run?.tasks ?? noTasks, taskBefore, taskAfter),
    totals: added === undefined ? (run?.totals ?? emptyTotals) : addTotals(run?.totals ?? emptyTotals, added),
  }
}

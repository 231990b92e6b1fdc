/**
 * The critical path of a run: the chain of work that its end waited for, found from the end backwards.
 *
 * At a time, a task waits for that of its parts which ended last before it; between parts, and after the last one, it
 * works itself. When the walk comes to the begin of a part it goes on in the parent, from there back. When it comes to the
 * begin of a task without a parent it goes on in the task that ended last before it and was had, or given, by the same agent:
 * who gives a task did something before, who has one too. Time that no such task covers is nobody's.
 */
import { rowKey } from '@signalbox/model/fold/keys.ts'
import type { TaskRow } from '@signalbox/model/rows.ts'
import { agentNode, taskKeyOf } from './model.ts'

/** A task's own part of the way. */
interface Step {
  readonly task: TaskRow
  readonly from: number
  readonly to: number
}

export interface Critical {
  /** In the order of time; none overlap. */
  readonly steps: readonly Step[]
  /** Agents and tasks on the way, as nodes; with the ms that each took of it. */
  readonly took: ReadonlyMap<string, number>
  /** Of the steps together. */
  readonly tookMs: number
}

const whoOf = (task: TaskRow) => [task.assignee?.value, task.createdBy].filter((agent) => agent !== undefined)

/** `end` is when the run ended, or now. */
export function criticalPath(tasks: readonly TaskRow[], end: number): Critical {
  const byKey = new Map(tasks.map((task) => [taskKeyOf(task), task]))
  const parentOf = ({ run, parent, id }: TaskRow) =>
    parent === undefined || parent === id ? undefined : byKey.get(rowKey.task(run, parent))
  const endOf = ({ endedAt, openedAt }: TaskRow) => Math.max(openedAt, Math.min(endedAt ?? end, end))
  const began = tasks.filter(({ openedAt }) => openedAt <= end)
  const latest = (list: readonly TaskRow[], before: number, seen: ReadonlySet<TaskRow>) =>
    list.reduce<TaskRow | undefined>((best, task) => {
      if (endOf(task) > before || seen.has(task)) return best
      return best === undefined || endOf(task) > endOf(best) || (endOf(task) === endOf(best) && task.openedAt > best.openedAt) ? task : best
    }, undefined)
  const parts = groupBy(began, (task) => {
    const parent = parentOf(task)
    return parent === undefined ? [] : [parent]
  })
  const ofAgent = groupBy(began, whoOf)

  const steps: Step[] = []
  const seen = new Set<TaskRow>()
  let at = end
  let task = latest(
    began.filter((one) => parentOf(one) === undefined),
    end,
    seen,
  )
  if (task !== undefined) at = endOf(task)
  // Each turn either enters a task that was not seen, or leaves one: at most two a task.
  for (let turns = 0; task !== undefined && turns <= 2 * tasks.length; turns += 1) {
    seen.add(task)
    const part = latest(
      (parts.get(task) ?? []).filter((one) => endOf(one) > (task?.openedAt ?? 0)),
      at,
      seen,
    )
    const from: number = part === undefined ? Math.min(at, task.openedAt) : endOf(part)
    if (at > from) steps.push({ task, from, to: at })
    at = from
    if (part !== undefined) {
      task = part
      continue
    }
    const before: TaskRow | undefined =
      parentOf(task) ??
      latest(
        whoOf(task).flatMap((agent) => ofAgent.get(agent) ?? []),
        at,
        seen,
      )
    if (before !== undefined) at = Math.min(at, endOf(before))
    task = before
  }
  steps.reverse()
  return { steps, ...sums(steps) }
}

function groupBy<K>(tasks: readonly TaskRow[], keysOf: (task: TaskRow) => readonly K[]): ReadonlyMap<K, readonly TaskRow[]> {
  const groups = new Map<K, TaskRow[]>()
  for (const task of tasks) {
    for (const key of keysOf(task)) {
      const held = groups.get(key)
      if (held === undefined) groups.set(key, [task])
      else held.push(task)
    }
  }
  return groups
}

function sums(steps: readonly Step[]): Pick<Critical, 'took' | 'tookMs'> {
  const took = new Map<string, number>()
  let tookMs = 0
  for (const { task, from, to } of steps) {
    tookMs += to - from
    const who = task.assignee?.value ?? task.createdBy
    for (const node of [`task:${taskKeyOf(task)}`, ...(who === undefined ? [] : [agentNode(who)])])
      took.set(node, (took.get(node) ?? 0) + to - from)
  }
  return { took, tookMs }
}

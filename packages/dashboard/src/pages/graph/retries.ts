/**
 * Work that was done again: a task that was given out anew while it was worked at, or one of the same name and parent as one
 * that had failed or was rejected. What contradicts a task's end is no retry: mostly it was ended twice.
 */
import type { TaskRow } from '@signalbox/model/rows.ts'
import { agentNode, taskNode } from './model.ts'

const fell: ReadonlySet<TaskRow['state']> = new Set(['failed', 'rejected'])

/** Times a task went back from work into the queue. */
const again = ({ history }: TaskRow): number =>
  history.filter(({ state }, i) => state === 'submitted' && i > 0 && history[i - 1]?.state !== 'submitted').length

/** How often, by node: of the task itself and of who has it. */
export function retriesOf(tasks: readonly TaskRow[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  const note = (task: TaskRow, times: number) => {
    if (times === 0) return
    const who = task.assignee?.value ?? task.createdBy
    for (const node of [taskNode(task), ...(who === undefined ? [] : [agentNode(who)])]) counts.set(node, (counts.get(node) ?? 0) + times)
  }
  /** When a task of this name and parent first fell. */
  const fellAt = new Map<string, number>()
  const nameOf = ({ title, parent }: TaskRow) => (title === undefined ? undefined : `${parent ?? ''}\u001f${title.value}`)
  for (const task of tasks) {
    const name = nameOf(task)
    if (name === undefined || task.endedAt === undefined || !fell.has(task.state)) continue
    fellAt.set(name, Math.min(fellAt.get(name) ?? Number.POSITIVE_INFINITY, task.endedAt))
  }
  for (const task of tasks) {
    const name = nameOf(task)
    const before = name === undefined ? undefined : fellAt.get(name)
    note(task, again(task) + Number(before !== undefined && task.openedAt >= before))
  }
  return counts
}

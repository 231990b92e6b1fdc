import type { EdgeRow, TaskRow } from '@signalbox/model/rows.ts'
import { taskKey } from './keys.ts'

/** Who gave, handed or told whom, between two lanes. */
export interface Arrow {
  readonly from: number
  readonly to: number
  readonly at: number
  readonly kind: EdgeRow['kind']
  /** Key of the task that was given. */
  readonly task: string | undefined
}

export function arrowsOf(lanes: readonly { readonly agent: string }[], tasks: readonly TaskRow[], edges: readonly EdgeRow[]): Arrow[] {
  const laneOf = new Map(lanes.map(({ agent }, i) => [agent, i]))
  const arrow = (giver: string | undefined, taker: string | undefined, rest: Pick<Arrow, 'at' | 'kind' | 'task'>): Arrow[] => {
    const [from, to] = [laneOf.get(giver ?? ''), laneOf.get(taker ?? '')]
    return from === undefined || to === undefined || from === to ? [] : [{ from, to, ...rest }]
  }
  return [
    ...tasks.flatMap((task) =>
      arrow(task.createdBy, task.assignee?.value, { at: task.assignee?.at ?? task.openedAt, kind: 'delegation', task: taskKey(task) }),
    ),
    // Of messages and handoffs only the newest of each pair is known here.
    ...edges.flatMap(({ from, to, kind, lastAt }) => (kind === 'delegation' ? [] : arrow(from, to, { at: lastAt, kind, task: undefined }))),
  ]
}

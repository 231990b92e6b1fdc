/** What a row's bar looks like, before it is drawn: its segments in time and what each of them is. */
import { isTerminal } from '@signalbox/model/fold/task.ts'
import type { AgentRow, RunRow, TaskRow, TaskState } from '@signalbox/model/rows.ts'
import type { Node } from './node.ts'

type Ink = 'faint' | 'busy' | 'wait' | 'good' | 'bad' | 'model' | 'tool' | 'soft'
export interface Segment {
  readonly from: number
  /** Undefined: to now. */
  readonly to: number | undefined
  readonly ink: Ink
  /** Waits in a queue: drawn hollow. */
  readonly queued: boolean
}

const inks: Record<TaskState, Ink> = {
  submitted: 'faint',
  working: 'busy',
  input_required: 'wait',
  auth_required: 'wait',
  completed: 'good',
  failed: 'bad',
  canceled: 'faint',
  rejected: 'bad',
}

const made = new WeakMap<TaskRow, readonly Segment[]>()

/** One a state. The last one before its end has the colour of the end. */
function segmentsOfTask(task: TaskRow): readonly Segment[] {
  const held = made.get(task)
  if (held !== undefined) return held
  const { history, openedAt, endedAt } = task
  const segments = history.flatMap(({ state, at }, i): Segment[] => {
    const next = history[i + 1]
    if (isTerminal(state)) return i > 0 ? [] : [{ from: Math.min(openedAt, at), to: at, ink: inks[state], queued: false }]
    const ends = next !== undefined && isTerminal(next.state)
    const to = next?.at ?? endedAt
    return [
      {
        from: i === 0 ? Math.min(openedAt, at) : at,
        to: to === undefined ? undefined : Math.max(at, to),
        // A queue that ended in a failure was a queue all the same.
        ink: ends && state !== 'submitted' ? inks[next.state] : inks[state],
        queued: state === 'submitted',
      },
    ]
  })
  made.set(task, segments)
  return segments
}

/** Of a run or an agent: the span of what is below it, drawn thin. */
export const isSpan = ({ kind }: Node): boolean => kind === 'run' || kind === 'agent'

export function segmentsOf(node: Node): readonly Segment[] {
  switch (node.kind) {
    case 'task':
      return segmentsOfTask(node.row)
    case 'call': {
      const ink = node.row.outcome === 'failed' ? 'bad' : node.row.kind === 'llm' ? 'model' : 'tool'
      return [{ from: node.begin, to: node.end, ink, queued: false }]
    }
    case 'run':
    case 'agent':
      return node.begin === Number.POSITIVE_INFINITY ? [] : [{ from: node.begin, to: node.end, ink: 'soft', queued: false }]
  }
}

/** Since when nobody is at what is open: its agent is gone, or its run has ended. Undefined: somebody is. */
export type StoppedAt = (node: Node) => number | undefined

export function stoppedIn(run: RunRow, agents: readonly AgentRow[], quietSince: number | undefined): StoppedAt {
  const gone = new Map(
    agents.flatMap(({ id, status }) => (status?.value === 'lost' || status?.value === 'stopped' ? [[id, status.at] as const] : [])),
  )
  const ended = run.finishedAt ?? (run.state === 'running' ? quietSince : run.lastEventAt)
  return (node) => {
    const agent =
      node.kind === 'call'
        ? node.row.agent
        : node.kind === 'task'
          ? node.row.assignee?.value
          : node.kind === 'agent'
            ? node.agent
            : undefined
    const left = agent === undefined ? undefined : gone.get(agent)
    return left === undefined ? ended : Math.min(left, ended ?? left)
  }
}

/** Where it ends at a moment. */
export const endAt = (node: Node, to: number | undefined, stoppedAt: StoppedAt, now: number): number =>
  to ?? Math.max(node.begin, Math.min(now, stoppedAt(node) ?? now))

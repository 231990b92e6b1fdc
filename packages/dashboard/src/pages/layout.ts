/** Swimlanes as a pure function: rows of a run in, lanes with bars, marks and arrows out. Times are epoch ms; drawing is elsewhere. */
import type { AgentRow, CallRow, EdgeRow, TaskRow, TaskState } from '@signalbox/model/rows.ts'

interface Bar {
  readonly task: string
  readonly title: string
  readonly state: TaskState
  readonly from: number
  /** Undefined while it is open: it grows to now. */
  readonly to: number | undefined
  readonly contradicted: boolean
  /** Row of the lane: bars that overlap stand below each other. */
  readonly row: number
  /** More overlap than the lane has rows: it is drawn over another bar, without its title. */
  readonly crowded: boolean
}

interface Mark {
  readonly key: string
  readonly name: string
  readonly kind: 'llm' | 'tool'
  readonly from: number
  readonly to: number | undefined
  readonly failed: boolean
}

export interface Lane {
  readonly agent: string
  readonly name: string
  readonly depth: number
  readonly bars: readonly Bar[]
  readonly marks: readonly Mark[]
  readonly rows: number
}

interface Arrow {
  readonly from: number
  readonly to: number
  readonly at: number
  readonly kind: EdgeRow['kind']
}

export interface Swimlanes {
  readonly lanes: readonly Lane[]
  readonly arrows: readonly Arrow[]
  readonly begin: number
  readonly end: number
}

const ended: ReadonlySet<TaskState> = new Set(['completed', 'failed', 'canceled', 'rejected'])
const mostRows = 8

type Placeless = Omit<Bar, 'row' | 'crowded'>

/** A task's bars: one a state, the last one open unless the state is terminal. */
function barsOf(task: TaskRow): Placeless[] {
  return task.history.flatMap((entry, i) => {
    if (ended.has(entry.state)) return []
    const next = task.history[i + 1]
    const after = next !== undefined && ended.has(next.state) ? next.state : entry.state
    return [
      {
        task: `${task.run ?? ''}\u001f${task.id}`,
        title: task.title?.value ?? task.id,
        state: after,
        from: entry.at,
        to: next?.at,
        contradicted: task.contradicted > 0,
      },
    ]
  })
}

/** Managers above their workers, depth first; a manager that is not in the run does not indent. */
function order(agents: readonly AgentRow[]): { readonly agent: AgentRow; readonly depth: number }[] {
  const byId = new Map(agents.map((agent) => [agent.id, agent]))
  const workers = new Map<string, AgentRow[]>()
  const roots: AgentRow[] = []
  for (const agent of [...agents].sort((a, b) => a.firstSeenAt - b.firstSeenAt || a.id.localeCompare(b.id))) {
    const manager = agent.manager?.value
    if (manager === undefined || manager === agent.id || !byId.has(manager)) roots.push(agent)
    else workers.set(manager, [...(workers.get(manager) ?? []), agent])
  }
  const placed = new Map<string, number>()
  const visit = (agent: AgentRow, depth: number) => {
    if (placed.has(agent.id)) return
    placed.set(agent.id, depth)
    for (const worker of workers.get(agent.id) ?? []) visit(worker, depth + 1)
  }
  for (const root of roots) visit(root, 0)
  // Two agents that are each other's manager are nobody's worker: they stand at the end.
  for (const agent of agents) visit(agent, 0)
  return [...placed].flatMap(([id, depth]) => {
    const agent = byId.get(id)
    return agent === undefined ? [] : [{ agent, depth }]
  })
}

export function layOut(
  agents: readonly AgentRow[],
  tasks: readonly TaskRow[],
  calls: readonly CallRow[],
  edges: readonly EdgeRow[],
  now: number,
): Swimlanes {
  const bars = new Map<string, Placeless[]>()
  for (const task of tasks) {
    const lane = task.assignee?.value ?? task.createdBy
    if (lane !== undefined) bars.set(lane, [...(bars.get(lane) ?? []), ...barsOf(task)])
  }
  const marks = new Map<string, Mark[]>()
  for (const call of calls) {
    const from = call.startedAt ?? call.endedAt
    if (call.agent === undefined || from === undefined) continue
    const held = marks.get(call.agent) ?? []
    held.push({
      key: `${call.run ?? ''} ${call.id}`,
      name: call.name,
      kind: call.kind,
      from,
      to: call.outcome === undefined ? undefined : (call.endedAt ?? from),
      failed: call.outcome === 'failed',
    })
    marks.set(call.agent, held)
  }
  const lanes: Lane[] = order(agents).map(({ agent, depth }) => {
    const rowEnds: number[] = []
    const placed = (bars.get(agent.id) ?? [])
      .sort((a, b) => a.from - b.from)
      .map((bar) => {
        const free = rowEnds.findIndex((end) => end <= bar.from)
        const crowded = free < 0 && rowEnds.length === mostRows
        const row = free >= 0 ? free : crowded ? mostRows - 1 : rowEnds.length
        rowEnds[row] = Math.max(rowEnds[row] ?? 0, bar.to ?? now)
        return { ...bar, row, crowded }
      })
    return {
      agent: agent.id,
      name: agent.name?.value ?? agent.id,
      depth,
      bars: placed,
      marks: marks.get(agent.id) ?? [],
      rows: Math.max(1, rowEnds.length),
    }
  })
  const laneOf = new Map(lanes.map(({ agent }, i) => [agent, i]))
  const arrows = edges.flatMap(({ from, to, kind, lastAt }) => {
    const [start, end] = [laneOf.get(from), laneOf.get(to)]
    return start === undefined || end === undefined || start === end ? [] : [{ from: start, to: end, at: lastAt, kind }]
  })
  const times = [
    ...lanes.flatMap((lane) => [...lane.bars, ...lane.marks]).flatMap(({ from, to }) => [from, to ?? now]),
    ...arrows.map(({ at }) => at),
  ]
  const begin = times.reduce((a, b) => Math.min(a, b), times.length === 0 ? now - 60_000 : Number.POSITIVE_INFINITY)
  const end = times.reduce((a, b) => Math.max(a, b), begin + 1_000)
  return { lanes, arrows, begin, end }
}

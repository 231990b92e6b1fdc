/** Swimlanes as a pure function: rows of a run in; lanes with bars, marks and arrows out. Times are epoch ms; places and drawing are elsewhere. */
import { rowKey } from '@signalbox/model/fold/keys.ts'
import { isTerminal } from '@signalbox/model/fold/task.ts'
import type { AgentRow, CallRow, EdgeRow, TaskRow, TaskState } from '@signalbox/model/rows.ts'
import { visible } from '../../text.ts'
import { givenAway, type Span, waitsOf } from './waits.ts'

/** One state of a task. */
export interface Bar {
  /** Key of its task. */
  readonly task: string
  readonly label: string
  readonly state: TaskState
  /** Somebody was at it, whatever it then ended as. */
  readonly worked: boolean
  readonly from: number
  /** Undefined while it is open: it grows to now. */
  readonly to: number | undefined
  readonly contradicted: boolean
  /** Row of the lane: tasks at the same time stand below each other. */
  readonly row: number
  /** More at one time than the lane has rows: drawn over another bar, without its title. */
  readonly crowded: boolean
}

/** One model or tool call. */
export interface Mark {
  /** Key of its call. */
  readonly call: string
  readonly label: string
  readonly from: number
  readonly to: number | undefined
  readonly failed: boolean
}

export interface Lane {
  readonly agent: string
  readonly label: string
  readonly depth: number
  readonly bars: readonly Bar[]
  /** Model calls and tool calls, by begin. */
  readonly models: readonly Mark[]
  readonly tools: readonly Mark[]
  /** When it waits for its workers. */
  readonly waits: readonly Span[]
  /** Lanes of those below it, which follow it. */
  readonly workers: number
  readonly pinned: boolean
  /** Lanes that are not shown themselves, and their work by begin. */
  readonly under: { readonly lanes: readonly Lane[]; readonly work: readonly Mark[] } | undefined
  /** Rows of bars, at least one. */
  readonly rows: number
  /** The agent is lost or stopped since then: what it left open grows no more. */
  readonly goneAt: number | undefined
}

/** Who gave, handed or told whom, between two lanes. */
interface Arrow {
  readonly from: number
  readonly to: number
  readonly at: number
  readonly kind: EdgeRow['kind']
  /** Key of the task that was given. */
  readonly task: string | undefined
}

export interface Swimlanes {
  readonly lanes: readonly Lane[]
  readonly arrows: readonly Arrow[]
  /** First and last time in them; both 0 when there is nothing. */
  readonly begin: number
  readonly end: number
}

export const mostRows = 6

export const endedBadly = ({ state }: Pick<Bar, 'state'>): boolean => state === 'failed' || state === 'rejected'

type Segment = Omit<Bar, 'row' | 'crowded'>

export const callKey = ({ run, kind, id }: CallRow): string => rowKey.call(run, kind, id)
export const taskKey = ({ run, id }: TaskRow): string => rowKey.task(run, id)

/** A row keeps its identity until it changes: what was made of it is kept with it. */
function keptWith<Row extends object, Made>(make: (row: Row) => Made): (row: Row) => Made {
  const made = new WeakMap<Row, Made>()
  return (row) => {
    const held = made.get(row)
    if (held !== undefined) return held
    const fresh = make(row)
    made.set(row, fresh)
    return fresh
  }
}

/** A task's bars, one a state; the last one is open unless the state is terminal. What it ended as colours what led there. */
const segmentsOf = keptWith((task: TaskRow): readonly Segment[] =>
  task.history.flatMap(({ state, at }, i) => {
    if (isTerminal(state)) return i > 0 ? [] : [segment(task, state, state, at, at)]
    const next = task.history[i + 1]
    return [segment(task, state, next !== undefined && isTerminal(next.state) ? next.state : state, at, next?.at)]
  }),
)

const segment = (task: TaskRow, was: TaskState, state: TaskState, from: number, to: number | undefined): Segment => ({
  task: taskKey(task),
  label: visible(task.title?.value ?? task.id),
  state,
  worked: was === 'working',
  from,
  to: to === undefined ? undefined : Math.max(from, to),
  contradicted: task.contradicted > 0,
})

/** A task keeps one row. Who only waited in the queue takes what the others leave. */
function placed(tasks: readonly (readonly Segment[])[]): { readonly bars: Bar[]; readonly rows: number } {
  const ends: number[] = []
  const bars: Bar[] = []
  const queuedOnly = (segments: readonly Segment[]) => Number(segments.every(({ state }) => state === 'submitted'))
  const begin = (segments: readonly Segment[]) => segments[0]?.from ?? 0
  for (const queued of [0, 1]) {
    const some = tasks.filter((segments) => queuedOnly(segments) === queued).sort((a, b) => begin(a) - begin(b))
    const base = queued === 0 ? 0 : Math.min(ends.length, mostRows - 1)
    for (const segments of some) {
      const free = ends.findIndex((end, row) => row >= base && end <= begin(segments))
      const crowded = free < 0 && ends.length === mostRows
      const row = free >= 0 ? free : crowded ? mostRows - 1 : ends.length
      const last = segments.at(-1)
      ends[row] = Math.max(ends[row] ?? 0, last?.to ?? Number.POSITIVE_INFINITY)
      for (const bar of segments) bars.push({ ...bar, row, crowded })
    }
  }
  return { bars, rows: Math.max(1, ends.length) }
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
  const depths = new Map<AgentRow, number>()
  const visit = (agent: AgentRow, depth: number) => {
    if (depths.has(agent)) return
    depths.set(agent, depth)
    for (const worker of workers.get(agent.id) ?? []) visit(worker, depth + 1)
  }
  // Who has workers first: the fleet reads from its managers down.
  for (const root of roots) if (workers.has(root.id)) visit(root, 0)
  for (const root of roots) visit(root, 0)
  // Two agents that are each other's manager are nobody's worker: they stand at the end.
  for (const agent of agents) visit(agent, 0)
  return [...depths].map(([agent, depth]) => ({ agent, depth }))
}

const markOf = keptWith((call: CallRow): Mark => {
  const from = call.startedAt ?? call.endedAt ?? 0
  return {
    call: callKey(call),
    label: visible(call.name),
    from,
    to: call.outcome === undefined ? undefined : Math.max(from, call.endedAt ?? from),
    failed: call.outcome === 'failed',
  }
})

function marksOf(calls: readonly CallRow[]): Map<string, { readonly models: Mark[]; readonly tools: Mark[] }> {
  const marks = new Map<string, { readonly models: Mark[]; readonly tools: Mark[] }>()
  for (const call of calls) {
    if (call.agent === undefined) continue
    const held = marks.get(call.agent) ?? { models: [], tools: [] }
    marks.set(call.agent, held)
    held[call.kind === 'llm' ? 'models' : 'tools'].push(markOf(call))
  }
  const byBegin = (a: Mark, b: Mark) => a.from - b.from
  for (const { models, tools } of marks.values()) {
    models.sort(byBegin)
    tools.sort(byBegin)
  }
  return marks
}

function arrowsOf(lanes: readonly Lane[], tasks: readonly TaskRow[], edges: readonly EdgeRow[]): Arrow[] {
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

/** How many of those that follow stand deeper. */
function workersOf(list: readonly { readonly depth: number }[], at: number): number {
  const depth = list[at]?.depth ?? 0
  let end = at + 1
  while ((list[end]?.depth ?? 0) > depth) end += 1
  return end - at - 1
}

const goneOf = ({ status }: AgentRow): number | undefined =>
  status?.value === 'lost' || status?.value === 'stopped' ? status.at : undefined

export function layOut(
  agents: readonly AgentRow[],
  tasks: readonly TaskRow[],
  calls: readonly CallRow[],
  edges: readonly EdgeRow[],
): Swimlanes {
  const given = new Map<string, (readonly Segment[])[]>()
  for (const task of tasks) {
    const agent = task.assignee?.value ?? task.createdBy
    if (agent === undefined) continue
    const held = given.get(agent)
    if (held === undefined) given.set(agent, [segmentsOf(task)])
    else held.push(segmentsOf(task))
  }
  const marks = marksOf(calls)
  const away = givenAway(tasks)
  const lanes: Lane[] = order(agents).map(({ agent, depth }, i, ordered) => {
    const { models, tools } = marks.get(agent.id) ?? { models: [], tools: [] }
    return {
      agent: agent.id,
      label: visible(agent.name?.value ?? agent.id),
      depth,
      workers: workersOf(ordered, i),
      pinned: false,
      under: undefined,
      ...placed(given.get(agent.id) ?? []),
      models,
      tools,
      waits: waitsOf(away.get(agent.id), [...models, ...tools]),
      goneAt: goneOf(agent),
    }
  })
  const arrows = arrowsOf(lanes, tasks, edges)
  let begin = Number.POSITIVE_INFINITY
  let end = 0
  const span = (from: number, to = from) => {
    begin = Math.min(begin, from)
    end = Math.max(end, to)
  }
  for (const lane of lanes) for (const list of [lane.bars, lane.models, lane.tools]) for (const { from, to } of list) span(from, to)
  for (const { at } of arrows) span(at)
  return { lanes, arrows, begin: end === 0 ? 0 : begin, end }
}

/** Where it ends on the screen: an open one grows to now, or to when its agent was last there. */
export const endOf = ({ from, to }: { readonly from: number; readonly to: number | undefined }, goneAt: number | undefined, now: number) =>
  to ?? Math.max(from, Math.min(now, goneAt ?? now))

/** Swimlanes as a pure function: rows of a run in; lanes with bars, marks and arrows out. Times are epoch ms; places and drawing are elsewhere. */
import { isTerminal } from '@signalbox/model/fold/task.ts'
import type { AgentRow, CallRow, EdgeRow, TaskRow, TaskState } from '@signalbox/model/rows.ts'
import { visible } from '../../text.ts'
import { type Arrow, arrowsOf } from './arrows.ts'
import { callKey, keptWith, taskKey } from './keys.ts'
import { order, workersOf } from './order.ts'
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

const byBegin = (a: Mark, b: Mark) => a.from - b.from
const marksOf = (calls: readonly CallRow[], kind: 'llm' | 'tool'): readonly Mark[] =>
  calls
    .filter((call) => (call.kind === 'llm') === (kind === 'llm'))
    .map(markOf)
    .sort(byBegin)

const goneOf = ({ status }: AgentRow): number | undefined =>
  status?.value === 'lost' || status?.value === 'stopped' ? status.at : undefined

function byAgent<Row>(rows: readonly Row[], agentOf: (row: Row) => string | undefined): ReadonlyMap<string, readonly Row[]> {
  const groups = new Map<string, Row[]>()
  for (const row of rows) {
    const agent = agentOf(row)
    if (agent === undefined) continue
    const held = groups.get(agent)
    if (held === undefined) groups.set(agent, [row])
    else held.push(row)
  }
  return groups
}

function same<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((one, i) => one === b[i])
}
const sameSpans = (a: readonly Span[] = [], b: readonly Span[] = []): boolean =>
  a.length === b.length && a.every(({ from, to }, i) => from === b[i]?.from && to === b[i]?.to)

/** What an agent's rows come to, whichever lane it has. */
interface Worked {
  readonly tasks: readonly TaskRow[]
  readonly calls: readonly CallRow[]
  readonly drawn: Pick<Lane, 'bars' | 'rows' | 'models' | 'tools'>
  readonly begin: number
  readonly end: number
}

function workOf(tasks: readonly TaskRow[], calls: readonly CallRow[]): Worked {
  const drawn = { ...placed(tasks.map(segmentsOf)), models: marksOf(calls, 'llm'), tools: marksOf(calls, 'tool') }
  let [begin, end] = [Number.POSITIVE_INFINITY, 0]
  for (const list of [drawn.bars, drawn.models, drawn.tools])
    for (const { from, to } of list) {
      begin = Math.min(begin, from)
      end = Math.max(end, to ?? from)
    }
  return { tasks, calls, drawn, begin, end }
}

interface Held {
  readonly work: Worked
  readonly given: readonly Span[] | undefined
  readonly lane: Lane
}

type LayOut = (agents: readonly AgentRow[], tasks: readonly TaskRow[], calls: readonly CallRow[], edges: readonly EdgeRow[]) => Swimlanes

/** Laid out again, a lane of which no row is another one is the one from before: of a large run little changes at a time. */
export function createLayout(): LayOut {
  let held = new Map<string, Held>()
  return (agents, tasks, calls, edges) => {
    const given = byAgent(tasks, (task) => task.assignee?.value ?? task.createdBy)
    const made = byAgent(calls, ({ agent }) => agent)
    const away = givenAway(tasks)
    const next = new Map<string, Held>()
    const lanes = order(agents).map(({ agent, depth }, i, ordered): Lane => {
      const before = held.get(agent.id)
      const rows = { tasks: given.get(agent.id) ?? [], calls: made.get(agent.id) ?? [] }
      const isSame = before !== undefined && same(before.work.tasks, rows.tasks) && same(before.work.calls, rows.calls)
      const work = isSame ? before.work : workOf(rows.tasks, rows.calls)
      const gave = away.get(agent.id)
      const waits = isSame && sameSpans(before.given, gave) ? before.lane.waits : waitsOf(gave, [...work.drawn.models, ...work.drawn.tools])
      const about = { label: visible(agent.name?.value ?? agent.id), depth, workers: workersOf(ordered, i), goneAt: goneOf(agent) }
      const stays =
        isSame &&
        before.lane.waits === waits &&
        before.lane.label === about.label &&
        before.lane.depth === depth &&
        before.lane.workers === about.workers &&
        before.lane.goneAt === about.goneAt
      const lane = stays ? before.lane : { agent: agent.id, ...about, ...work.drawn, pinned: false, under: undefined, waits }
      next.set(agent.id, { work, given: gave, lane })
      return lane
    })
    held = next
    const arrows = arrowsOf(lanes, tasks, edges)
    let begin = Number.POSITIVE_INFINITY
    let end = 0
    for (const { work } of next.values()) {
      begin = Math.min(begin, work.begin)
      end = Math.max(end, work.end)
    }
    for (const { at } of arrows) {
      begin = Math.min(begin, at)
      end = Math.max(end, at)
    }
    return { lanes, arrows, begin: end === 0 ? 0 : begin, end }
  }
}

/** Where it ends on the screen: an open one grows to now, or to when its agent was last there. */
export const endOf = ({ from, to }: { readonly from: number; readonly to: number | undefined }, goneAt: number | undefined, now: number) =>
  to ?? Math.max(from, Math.min(now, goneAt ?? now))

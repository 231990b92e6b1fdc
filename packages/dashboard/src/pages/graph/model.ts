/** The graph of a run as plain data: who or what there is, and what goes from one to the other. Made of rows, drawn elsewhere. */
import { rowKey } from '@signalbox/model/fold/keys.ts'
import { isOrphaned, isTerminal } from '@signalbox/model/fold/task.ts'
import type { AgentRow, EdgeRow, RunRow, TaskRow } from '@signalbox/model/rows.ts'
import { agentLook, orphanedLook, taskLook } from '../../parts/status.tsx'
import { visible } from '../../text.ts'

export const modes = ['agents', 'roles', 'teams', 'tasks'] as const
export type Mode = (typeof modes)[number]
export const parseMode = (text: string): Mode => modes.find((mode) => mode === text) ?? 'agents'

type Look = ReturnType<typeof agentLook>

interface Counts {
  readonly open: number
  readonly done: number
  readonly failed: number
}

export interface GraphNode {
  /** As the inspector names it, `agent:` or `task:`; `group:` stands for several. */
  readonly id: string
  readonly label: string
  /** What it is, or does now. */
  readonly detail: string
  readonly look: Look
  /** Its role and team, for who looks for them. */
  readonly kin: string
  /** The node that it is collapsed into, or its team or role where it has none above it; '' never. */
  readonly under: string
  /** How many it stands for. */
  readonly size: number
  readonly tasks: Counts
  readonly costMicros: number
  /** Somebody outside the fleet has to answer. */
  readonly asksPerson: boolean
}

export type Relation = EdgeRow['kind'] | 'part'

export interface GraphEdge {
  readonly id: string
  readonly from: string
  readonly to: string
  readonly kind: Relation
  readonly count: number
  readonly firstAt: number
  readonly lastAt: number
  /** Key of the newest task that went along it. */
  readonly task: string | undefined
  /** Tasks given along it that are open: the giver waits for so many. */
  readonly open: number
}

export interface Graph {
  readonly nodes: readonly GraphNode[]
  readonly edges: readonly GraphEdge[]
}

export interface GraphRows {
  readonly run: RunRow
  readonly agents: readonly AgentRow[]
  readonly tasks: readonly TaskRow[]
  readonly edges: readonly EdgeRow[]
}

export const agentNode = (agent: string) => `agent:${agent}`
export const taskKeyOf = ({ run, id }: Pick<TaskRow, 'run' | 'id'>) => rowKey.task(run, id)
export const taskNode = (task: Pick<TaskRow, 'run' | 'id'>) => `task:${taskKeyOf(task)}`
const edgeId = (from: string, to: string, kind: Relation) => `${from}\u001f${to}\u001f${kind}`
export const pairOf = ({ from, to }: Pick<GraphEdge, 'from' | 'to'>) => `${from}\u001f${to}`

const noCounts: Counts = { open: 0, done: 0, failed: 0 }
const add = (a: Counts, b: Counts): Counts => ({ open: a.open + b.open, done: a.done + b.done, failed: a.failed + b.failed })
const countOf = ({ state }: TaskRow): Counts => ({
  open: isTerminal(state) ? 0 : 1,
  done: state === 'completed' ? 1 : 0,
  failed: state === 'failed' || state === 'rejected' ? 1 : 0,
})

/** Whose work goes on: not of who is gone, nor after the run's end. */
export function openTasks({ run, agents, tasks }: Pick<GraphRows, 'run' | 'agents' | 'tasks'>): readonly TaskRow[] {
  const byId = new Map(agents.map((agent) => [agent.id, agent]))
  return tasks.filter((task) => {
    if (isTerminal(task.state) || isOrphaned(task, byId.get(task.assignee?.value ?? ''), run)) return false
    return run.state === 'running'
  })
}

const asksPerson = ({ state }: TaskRow) => state === 'input_required' || state === 'auth_required'

function tasksByAgent(tasks: readonly TaskRow[]): ReadonlyMap<string, readonly TaskRow[]> {
  const held = new Map<string, TaskRow[]>()
  for (const task of tasks) {
    const agent = task.assignee?.value ?? task.createdBy
    if (agent === undefined) continue
    const list = held.get(agent)
    if (list === undefined) held.set(agent, [task])
    else list.push(task)
  }
  return held
}

const titleOf = (task: TaskRow) => visible(task.title?.value ?? task.id)

/** One node an agent, one edge a pair and kind. Who is only named by an edge is a node too. */
export function agentGraph(rows: GraphRows): Graph {
  const byId = new Map(rows.agents.map((agent) => [agent.id, agent]))
  const open = openTasks(rows)
  const asking = new Set(open.flatMap((task) => (asksPerson(task) && task.assignee ? [task.assignee.value] : [])))
  const work = tasksByAgent(rows.tasks)
  const ids = new Set([...byId.keys(), ...rows.edges.flatMap(({ from, to }) => [from, to])])
  const nodes = [...ids].map((id): GraphNode => {
    const agent = byId.get(id)
    const tasks = work.get(id) ?? []
    const role = agent?.role?.value ?? 'agent'
    const now = tasks.find((task) => task.id === agent?.task?.value && !isTerminal(task.state))
    const manager = agent?.manager?.value
    const team = agent?.team?.value ?? ''
    const kind = team === '' ? `role:${role}` : `team:${team}`
    return {
      id: agentNode(id),
      label: visible(agent?.name?.value ?? id),
      detail: now === undefined ? role : titleOf(now),
      look: agentLook(agent?.status?.value),
      kin: visible(`${role} ${team}`),
      under: manager !== undefined && manager !== id && ids.has(manager) ? agentNode(manager) : kind,
      size: 1,
      tasks: tasks.map(countOf).reduce(add, noCounts),
      costMicros: agent?.totals.costMicros ?? 0,
      asksPerson: asking.has(id),
    }
  })
  return { nodes, edges: agentEdges(rows.edges, open) }
}

function agentEdges(edges: readonly EdgeRow[], open: readonly TaskRow[]): readonly GraphEdge[] {
  const given = new Map<string, number>()
  for (const { createdBy, assignee } of open) {
    if (createdBy === undefined || assignee === undefined || createdBy === assignee.value) continue
    const id = edgeId(agentNode(createdBy), agentNode(assignee.value), 'delegation')
    given.set(id, (given.get(id) ?? 0) + 1)
  }
  return edges.map(({ run, from, to, kind, count, firstAt, lastAt, task }): GraphEdge => {
    const ends = { from: agentNode(from), to: agentNode(to) }
    const id = edgeId(ends.from, ends.to, kind)
    const key = task === undefined ? undefined : rowKey.task(run, task)
    return { id, ...ends, kind, count, firstAt, lastAt, task: key, open: given.get(id) ?? 0 }
  })
}

/** One node a task, one edge from a task to each of its parts. */
export function taskGraph(rows: GraphRows): Graph {
  const open = new Set(openTasks(rows))
  const names = new Map(rows.agents.map(({ id, name }) => [id, name?.value ?? id]))
  const keys = new Set(rows.tasks.map(taskKeyOf))
  const parentOf = (task: TaskRow) => {
    const parent = task.parent === undefined || task.parent === task.id ? undefined : rowKey.task(task.run, task.parent)
    return parent !== undefined && keys.has(parent) ? parent : undefined
  }
  const nodes = rows.tasks.map((task): GraphNode => {
    const who = task.assignee?.value ?? task.createdBy
    const parent = parentOf(task)
    return {
      id: taskNode(task),
      label: titleOf(task),
      detail: who === undefined ? 'nobody' : visible(names.get(who) ?? who),
      look:
        isTerminal(task.state) || open.has(task) ? taskLook(task.state) : task.state === 'submitted' ? taskLook(task.state) : orphanedLook,
      kin: '',
      under: parent === undefined ? `of:${who ?? ''}` : `task:${parent}`,
      size: 1,
      tasks: countOf(task),
      costMicros: 0,
      asksPerson: open.has(task) && asksPerson(task),
    }
  })
  const edges = rows.tasks.flatMap((task): readonly GraphEdge[] => {
    const parent = parentOf(task)
    if (parent === undefined) return []
    const ends = { from: `task:${parent}`, to: taskNode(task) }
    const times = { firstAt: task.openedAt, lastAt: task.updatedAt }
    return [
      {
        id: edgeId(ends.from, ends.to, 'part'),
        ...ends,
        kind: 'part',
        count: 1,
        ...times,
        task: taskKeyOf(task),
        open: open.has(task) ? 1 : 0,
      },
    ]
  })
  return { nodes, edges }
}

/** The worst first: what a group says of its members. */
const urgency = [
  'stuck',
  'lost',
  'failed',
  'rejected',
  'orphaned',
  'needs input',
  'needs access',
  'waiting',
  'busy',
  'working',
  'idle',
  'queued',
]
const urgencyOf = ({ words }: Look) => {
  const at = urgency.indexOf(words)
  return at < 0 ? urgency.length : at
}

export interface Group {
  readonly id: string
  readonly label: string
  readonly under: string
  /** Absent: nothing is looked for by it. */
  readonly kin?: string
}

/** The same graph with some nodes drawn as one: `groupOf` answers the group that stands for a node, or nothing. */
export function grouped({ nodes, edges }: Graph, groupOf: (node: GraphNode) => Group | undefined): Graph {
  const groups = new Map<string, { readonly group: Group; readonly members: GraphNode[] }>()
  const alone: GraphNode[] = []
  const stands = new Map<string, string>()
  for (const node of nodes) {
    const group = groupOf(node)
    stands.set(node.id, group?.id ?? node.id)
    if (group === undefined) alone.push(node)
    else if (groups.has(group.id)) groups.get(group.id)?.members.push(node)
    else groups.set(group.id, { group, members: [node] })
  }
  const made = Array.from(groups.values(), ({ group, members }): GraphNode => {
    const looks = new Map<string, number>()
    for (const { look, size } of members) looks.set(look.words, (looks.get(look.words) ?? 0) + size)
    const worst = members.reduce((a, b) => (urgencyOf(b.look) < urgencyOf(a.look) ? b : a))
    return {
      kin: '',
      ...group,
      detail: Array.from(looks, ([words, count]) => `${count} ${words}`).join(', '),
      look: worst.look,
      size: members.reduce((sum, { size }) => sum + size, 0),
      tasks: members.map(({ tasks }) => tasks).reduce(add, noCounts),
      costMicros: members.reduce((sum, { costMicros }) => sum + costMicros, 0),
      asksPerson: members.some((member) => member.asksPerson),
    }
  })
  return { nodes: [...alone, ...made], edges: merged(edges, stands) }
}

/** What went on inside a group is drawn where it is between agents, and not where it is between a task and its parts. */
function merged(edges: readonly GraphEdge[], stands: ReadonlyMap<string, string>): readonly GraphEdge[] {
  const made = new Map<string, GraphEdge>()
  for (const edge of edges) {
    const [from, to] = [stands.get(edge.from) ?? edge.from, stands.get(edge.to) ?? edge.to]
    if (from === to && edge.kind === 'part') continue
    const id = edgeId(from, to, edge.kind)
    const held = made.get(id)
    if (held === undefined) made.set(id, from === edge.from && to === edge.to ? edge : { ...edge, id, from, to })
    else
      made.set(id, {
        ...held,
        count: held.count + edge.count,
        open: held.open + edge.open,
        firstAt: Math.min(held.firstAt, edge.firstAt),
        lastAt: Math.max(held.lastAt, edge.lastAt),
        task: edge.lastAt >= held.lastAt ? edge.task : held.task,
      })
  }
  return [...made.values()]
}

/** Agents by what they say of themselves. */
const kindGraph = (kind: 'role' | 'team', name: (value: string) => string) => (rows: GraphRows) => {
  const values = new Map(rows.agents.map((agent) => [agentNode(agent.id), agent[kind]?.value ?? '']))
  return grouped(agentGraph(rows), ({ id }) => {
    const value = values.get(id) ?? ''
    return {
      id: `group:${kind}:${value}`,
      label: value === '' ? `without a ${kind}` : visible(name(value)),
      under: '',
      kin: visible(value),
    }
  })
}
export const roleGraph = kindGraph('role', (role) => `${role}s`)
export const teamGraph = kindGraph('team', (team) => team)

const make: Record<Mode, (rows: GraphRows) => Graph> = { agents: agentGraph, roles: roleGraph, teams: teamGraph, tasks: taskGraph }
export const graphOf = (mode: Mode, rows: GraphRows): Graph => make[mode](rows)

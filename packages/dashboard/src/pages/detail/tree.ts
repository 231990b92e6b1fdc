/**
 * A run as a tree, from its rows. The same rows give the same tree; made again from rows of which a few changed, it costs one look at
 * each row, and every node in which nothing changed is the one from before.
 */
import { rowKey } from '@signalbox/model/fold/keys.ts'
import type { AgentRow, CallRow, RunRow, TaskRow } from '@signalbox/model/rows.ts'
import type { Work } from '../../live/slices.ts'
import { callNode, type Node, rolledUp } from './node.ts'

export const modes = ['task', 'agent', 'time'] as const
/** By task: what was given by whom, and what was done for it. By agent: who did what. By time: no tree, one list. */
export type Mode = (typeof modes)[number]
export const parseMode = (text: string): Mode => modes.find((mode) => mode === text) ?? 'task'

export interface TreeRows {
  readonly run: RunRow
  readonly agents: readonly AgentRow[]
  readonly tasks: readonly TaskRow[]
  readonly calls: readonly CallRow[]
}

/** Deeper than this a task stands below the run: names of agents may make a chain of any length. */
const mostDeep = 48

const byBegin = (a: Node, b: Node) => a.begin - b.begin || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

interface Held {
  /** Nodes but for calls, which are kept with their rows. */
  nodes: Map<string, Node>
  groups: Map<string, Group>
}
interface Group {
  readonly rows: readonly CallRow[]
  readonly nodes: readonly Node[]
}

/** Made piece by piece, since fifty thousand rows take longer than a frame. */
export function createTree(): (rows: TreeRows, mode: Mode) => Work<Node> {
  const none = (): Held => ({ nodes: new Map(), groups: new Map() })
  let held = none()
  let heldMode: Mode | undefined
  return function* tree(rows, mode) {
    const next = none()
    const root = yield* treeOf(rows, mode, mode === heldMode ? held : none(), next)
    // What is given up half-way leaves what was there.
    held = next
    heldMode = mode
    return root
  }
}

/** Rows looked at between two pauses. */
const perPiece = 4_000

function* eachOf<T>(list: readonly T[], look: (one: T) => void): Work<void> {
  for (let i = 0; i < list.length; i += perPiece) {
    for (const one of list.slice(i, i + perPiece)) look(one)
    yield
  }
}

const made = new WeakMap<TaskRow, string>()
/** As the address names it; kept with the row. */
function selOf(row: TaskRow): string {
  const sel = made.get(row) ?? `task:${rowKey.task(row.run, row.id)}`
  made.set(row, sel)
  return sel
}

function same<T>(a: readonly T[], b: readonly T[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false
  return true
}

/** The order from before with what is new put in: what did not change is not sorted again. */
function orderedCalls(rows: readonly CallRow[], before: Group | undefined): readonly Node[] {
  const nodes = rows.map(callNode)
  if (before === undefined) return nodes.sort(byBegin)
  const now = new Set(nodes)
  const had = new Set(before.nodes)
  // Two ordered runs one after the other are merged in one pass.
  return [...before.nodes.filter((node) => now.has(node)), ...nodes.filter((node) => !had.has(node)).sort(byBegin)].sort(byBegin)
}

function add<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else list.push(value)
}

function* treeOf({ run, agents, tasks, calls }: TreeRows, mode: Mode, held: Held, next: Held): Work<Node> {
  /** The node from before where nothing changed, else a new one that is summed up again. */
  const node = (id: string, row: Node['row'], children: readonly Node[], make: () => Node): Node => {
    const before = held.nodes.get(id)
    const now = before !== undefined && before.row === row && same(before.children, children) ? before : make()
    next.nodes.set(id, now)
    return now
  }
  const callsOf = (group: string, list: readonly CallRow[] | undefined): readonly Node[] => {
    if (list === undefined) return []
    const before = held.groups.get(group)
    const now = before !== undefined && same(before.rows, list) ? before : { rows: list, nodes: orderedCalls(list, before) }
    next.groups.set(group, now)
    return now.nodes
  }
  /** Of lists that are each in order. */
  const joined = (...lists: readonly (readonly Node[])[]): readonly Node[] => {
    const filled = lists.filter(({ length }) => length > 0)
    return filled.length === 1 ? (filled[0] ?? []) : filled.flat().sort(byBegin)
  }
  const runNode = (children: readonly Node[]): Node => {
    const id = `run:${run.id}`
    const own = { begin: run.startedAt, end: run.state === 'running' ? undefined : (run.finishedAt ?? run.lastEventAt) }
    const rolled = () => rolledUp({ kind: 'run', row: run }, children, own)
    return node(id, run, children, () => ({ kind: 'run', row: run, id, sel: id, children, ...rolled() }))
  }
  const taskNode = (row: TaskRow, children: readonly Node[], place = ''): Node => {
    const sel = selOf(row)
    const id = place === '' ? sel : `${sel}\u001e${place}`
    const rolled = () => rolledUp({ kind: 'task', row }, children, { begin: row.openedAt, end: row.endedAt })
    return node(id, row, children, () => ({ kind: 'task', row, id, sel, children, ...rolled() }))
  }
  const agentById = new Map(agents.map((row) => [row.id, row]))
  const agentNode = (agent: string, children: readonly Node[]): Node => {
    const row = agentById.get(agent)
    const id = `agent:${agent}`
    const rolled = () => rolledUp({ kind: 'agent', row }, children, undefined)
    return node(id, row, children, () => ({ kind: 'agent', row, agent, id, sel: id, children, ...rolled() }))
  }
  /** Agents below their managers; those in a circle stand beside each other. */
  function* nested(members: Iterable<string>, own: (agent: string) => readonly Node[], empty: boolean): Work<readonly Node[]> {
    const workers = new Map<string, string[]>()
    const roots: string[] = []
    const all = new Set(members)
    for (const agent of all) {
      const manager = agentById.get(agent)?.manager?.value
      if (manager === undefined || manager === agent || !all.has(manager)) roots.push(agent)
      else add(workers, manager, agent)
    }
    const seen = new Set<string>()
    function* nodeOf(agent: string, depth: number): Work<readonly Node[]> {
      if (seen.has(agent) || depth > mostDeep) return []
      seen.add(agent)
      yield
      const below: Node[] = []
      for (const worker of workers.get(agent) ?? []) below.push(...(yield* nodeOf(worker, depth + 1)))
      const children = joined(own(agent), below.sort(byBegin))
      return children.length === 0 && !empty ? [] : [agentNode(agent, children)]
    }
    const nodes: Node[] = []
    for (const agent of [...roots, ...all]) nodes.push(...(yield* nodeOf(agent, 0)))
    return nodes.sort(byBegin)
  }

  const taskById = new Map(tasks.map((row) => [row.id, row]))
  switch (mode) {
    case 'time': {
      const nodes: Node[] = []
      yield* eachOf(tasks, (row) => nodes.push(taskNode(row, [])))
      const callNodes = callsOf('', calls)
      yield
      return runNode(joined(nodes.sort(byBegin), callNodes))
    }
    case 'agent': {
      const byTask = new Map<string, Map<string, CallRow[]>>()
      const outside = new Map<string, CallRow[]>()
      const nobodys: CallRow[] = []
      const worked = new Set<string>()
      yield* eachOf(calls, (call) => {
        if (call.agent === undefined) nobodys.push(call)
        else if (call.task === undefined || !taskById.has(call.task)) add(outside, call.agent, call)
        else {
          const ofAgent = byTask.get(call.agent) ?? new Map<string, CallRow[]>()
          byTask.set(call.agent, ofAgent)
          worked.add(call.task)
          add(ofAgent, call.task, call)
        }
      })
      const given = new Map<string, TaskRow[]>()
      const waiting: Node[] = []
      yield* eachOf(tasks, (task) => {
        if (task.assignee !== undefined) add(given, task.assignee.value, task)
        else if (!worked.has(task.id)) waiting.push(taskNode(task, []))
      })
      const own = (agent: string): readonly Node[] => {
        const did = byTask.get(agent)
        const rows = new Set(given.get(agent))
        for (const id of did?.keys() ?? []) {
          const row = taskById.get(id)
          if (row !== undefined) rows.add(row)
        }
        const nodes = Array.from(rows, (row) =>
          taskNode(row, callsOf(`${agent}\u001e${row.id}`, did?.get(row.id)), row.assignee?.value === agent ? '' : agent),
        )
        return joined(nodes.sort(byBegin), callsOf(agent, outside.get(agent)))
      }
      const members = new Set([...run.agents, ...given.keys(), ...byTask.keys(), ...outside.keys()])
      return runNode(joined(yield* nested(members, own, true), waiting.sort(byBegin), callsOf('', nobodys)))
    }
    case 'task': {
      const ofTask = new Map<string, CallRow[]>()
      const outside = new Map<string, CallRow[]>()
      const nobodys: CallRow[] = []
      yield* eachOf(calls, (call) => {
        if (call.task !== undefined && taskById.has(call.task)) add(ofTask, call.task, call)
        else if (call.agent !== undefined) add(outside, call.agent, call)
        else nobodys.push(call)
      })
      const parts = new Map<string, TaskRow[]>()
      const given = new Map<string, TaskRow[]>()
      const roots: TaskRow[] = []
      yield* eachOf(tasks, (task) => {
        if (task.parent !== undefined && task.parent !== task.id && taskById.has(task.parent)) add(parts, task.parent, task)
        else if (task.createdBy !== undefined) add(given, task.createdBy, task)
        else roots.push(task)
      })
      const seen = new Set<TaskRow>()
      const nodeOf = (task: TaskRow, depth: number): readonly Node[] => {
        if (seen.has(task) || depth > mostDeep) return []
        seen.add(task)
        const below = (parts.get(task.id) ?? []).flatMap((part) => nodeOf(part, depth + 1)).sort(byBegin)
        return [taskNode(task, joined(below, callsOf(`\u001e${task.id}`, ofTask.get(task.id))))]
      }
      const own = (agent: string): readonly Node[] =>
        joined((given.get(agent) ?? []).flatMap((task) => nodeOf(task, 0)).sort(byBegin), callsOf(agent, outside.get(agent)))
      const managers = agents.flatMap(({ manager }) => manager?.value ?? [])
      const below = yield* nested(new Set([...run.agents, ...given.keys(), ...outside.keys(), ...managers]), own, false)
      const top = roots.flatMap((task) => nodeOf(task, 0))
      for (const task of tasks) if (!seen.has(task)) top.push(...nodeOf(task, 0))
      return runNode(joined(below, top.sort(byBegin), callsOf('', nobodys)))
    }
  }
}

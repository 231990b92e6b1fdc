/** What is worth a look in a graph, and what of it stands out when it is asked for. */
import type { TaskRow } from '@signalbox/model/rows.ts'
import { age, compact } from '../../text.ts'
import { type Loop, loopsOf, type Waits, waitsOf } from './circles.ts'
import { type Critical, criticalPath } from './critical.ts'
import type { Mark } from './draw.ts'
import type { Folded } from './fold.ts'
import { agentNode, type Graph, type GraphRows, pairOf, taskNode } from './model.ts'
import { retriesOf } from './retries.ts'

/** Nodes, and pairs of nodes with the edges between them. */
export interface Lit {
  readonly nodes: ReadonlySet<string>
  readonly pairs: ReadonlySet<string>
}

export interface Findings {
  readonly waits: Waits
  readonly loops: readonly Loop[]
  readonly retries: ReadonlyMap<string, number>
  /** Only while it is asked for. */
  readonly path: Critical | undefined
}

export function findingsOf(rows: GraphRows, pathUntil: number | undefined): Findings {
  return {
    waits: waitsOf(rows),
    loops: loopsOf(rows),
    retries: retriesOf(rows.tasks),
    path: pathUntil === undefined ? undefined : criticalPath(rows.tasks, pathUntil),
  }
}

const ring = (nodes: readonly string[]) => nodes.map((node, i) => pairOf({ from: node, to: nodes[(i + 1) % nodes.length] ?? node }))

/** Where a node is drawn: itself, or the group that it is in. */
export type StandIn = (node: string) => string

export const circlePairs = ({ waits }: Findings, standIn: StandIn): ReadonlySet<string> =>
  new Set(waits.circles.flatMap((nodes) => ring(nodes.map(standIn))))

/** What of the graph a mark means; undefined: nothing is marked. */
export function litBy(mark: string, findings: Findings, graph: Graph, standIn: StandIn): Lit | undefined {
  const around = (nodes: Iterable<string>): Lit => {
    const set = new Set(Array.from(nodes, standIn))
    const pairs = graph.edges.flatMap((edge) => (set.has(edge.from) && set.has(edge.to) ? [pairOf(edge)] : []))
    return { nodes: set, pairs: new Set(pairs) }
  }
  if (mark === 'path') return around(findings.path?.took.keys() ?? [])
  if (mark === 'people') return around(graph.nodes.flatMap(({ id, asksPerson }) => (asksPerson ? [id] : [])))
  if (mark === 'retries') return around(findings.retries.keys())
  if (mark === 'loops') {
    const rings = findings.loops.map(({ nodes }) => nodes.map(standIn))
    return { nodes: new Set(rings.flat()), pairs: new Set(rings.flatMap(ring)) }
  }
  if (mark === 'waits') {
    const rings = findings.waits.circles.map((nodes) => nodes.map(standIn))
    if (rings.length > 0) return { nodes: new Set(rings.flat()), pairs: new Set(rings.flatMap(ring)) }
    const arcs = graph.edges.filter(({ open }) => open > 0)
    return { nodes: new Set(arcs.flatMap(({ from, to }) => [from, to])), pairs: new Set(arcs.map(pairOf)) }
  }
  return undefined
}

/** Pills on the nodes. */
export function marksOf(findings: Findings, graph: Graph, standIn: StandIn): ReadonlyMap<string, readonly Mark[]> {
  const made = new Map<string, Mark[]>()
  const note = (node: string, mark: Mark) => made.set(node, [...(made.get(node) ?? []), mark])
  const sums = (counts: Iterable<readonly [string, number]>) => {
    const sum = new Map<string, number>()
    for (const [node, count] of counts) sum.set(standIn(node), (sum.get(standIn(node)) ?? 0) + count)
    return sum
  }
  for (const { id, asksPerson } of graph.nodes) if (asksPerson) note(id, { text: '◐ a person', tone: 'wait' })
  const rounds = findings.loops.flatMap((loop) => loop.nodes.map((node) => [node, loop.rounds] as const))
  for (const [node, count] of sums(rounds)) note(node, { text: `↻ ${compact(count)}`, tone: 'wait' })
  for (const [node, count] of sums(findings.retries)) note(node, { text: `⟲ ${compact(count)}`, tone: 'wait' })
  for (const [node, took] of sums(findings.path?.took ?? [])) note(node, { text: age(took), tone: 'accent' })
  return made
}

/** The group that each hidden node is drawn as. */
export function standInOf(graph: Graph, { folds, graph: shown }: Folded): StandIn {
  if (folds.size === 0) return (node) => node
  const present = new Set(shown.nodes.map(({ id }) => id))
  const byId = new Map(graph.nodes.map((node) => [node.id, node]))
  return (node) => {
    const seen = new Set<string>()
    for (let at: string | undefined = node; at !== undefined && !seen.has(at); at = byId.get(at)?.under) {
      seen.add(at)
      if (present.has(at)) return at
      const group = `group:${byId.get(at)?.under ?? ''}`
      if (present.has(group)) return group
    }
    return node
  }
}

/** What is selected elsewhere, as nodes and edges of this graph: of a task also who has it, of an agent in a graph of tasks its work. */
export function chosenIn(graph: Graph, sel: string, tasks: readonly TaskRow[], standIn: StandIn): ReadonlySet<string> {
  if (sel === '') return new Set()
  const present = new Set(graph.nodes.map(({ id }) => id))
  const own = standIn(sel)
  if (present.has(own)) return new Set([own])
  if (sel.startsWith('agent:'))
    return new Set(
      tasks.flatMap((task) => (task.assignee !== undefined && agentNode(task.assignee.value) === sel ? [standIn(taskNode(task))] : [])),
    )
  const task = tasks.find((one) => taskNode(one) === sel)
  const who = task?.assignee?.value ?? task?.createdBy
  if (task === undefined || who === undefined) return new Set()
  const to = standIn(agentNode(who))
  const from = standIn(agentNode(task.createdBy ?? who))
  const edges = graph.edges.filter((edge) => edge.from === from && edge.to === to && edge.kind === 'delegation')
  return new Set([to, ...edges.map(({ id }) => id)])
}

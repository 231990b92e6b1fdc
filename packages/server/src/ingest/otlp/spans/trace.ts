/**
 * One trace as far as its spans have come: children before their parents, some parents never. Tells of each span that wants to know it
 * the agent whose work it is part of, once that is certain, in about constant time a span (paths are compressed, lists of who waits are
 * joined small to large).
 */

import { type Executions, learnFrom } from './executions.ts'

/** What stands between a span and those above it: an agent's answers for all below; below a tool begins what it does of its own. */
export type Role = 'agent' | 'model' | 'tool' | 'handoff' | 'plain'

/** What is remembered of a span. */
export interface Node {
  readonly id: string
  readonly role: Role
  parent: string | undefined
  /** Of an agent's span its agent, of another the one it names. */
  readonly agent: string | undefined
  /** The agent of what nobody else does. */
  readonly service: string
  readonly source: string
  readonly run: string
  /** Of a call as its events name it. */
  readonly call: string
  readonly name: string
  /** Of a handoff the agent it goes to, and whether the span says from whom. */
  readonly handoff: string | undefined
  readonly hasSource: boolean
  /** The handoff says by itself who leads whom. */
  readonly isLead: boolean
  /** The agent's task that it says to be part of. */
  readonly task: string | undefined
  readonly execution: Execution | undefined
  readonly start: number
  readonly end: number
  readonly failed: string | undefined
  /** Of a model's call: false where another span tells of the same call. Decided before it is told, and kept. */
  isCounted: boolean
  /** Its own events were made. */
  isTold: boolean
  /** Once it is certain: the nearest agent's span above, if there is one up to the root, and that root. */
  above: Node | undefined
  root: Node | undefined
  /** Those of which its coming made that certain: they are told again when it comes again. */
  brought: readonly Node[]
  /** A shorter way up. */
  up: Node | undefined
}

/** What a step is the execution of, if that is an agent's: what goes on below it tells. */
export interface Execution {
  readonly task: string
  readonly agent: string
  readonly title: string
}

interface Waiting {
  nodes: Node[]
  /** A model's call is among them, and neither agent nor tool between. */
  hasModel: boolean
}

export interface Trace {
  readonly spans: Map<string, Node>
  /** By the parent that is missing. */
  readonly waiting: Map<string, Waiting>
  /** Undefined while no span names one. */
  executions: Executions | undefined
  touchedAt: number
  isSettled: boolean
}

export const createTrace = (touchedAt: number): Trace => ({
  spans: new Map(),
  waiting: new Map(),
  executions: undefined,
  touchedAt,
  isSettled: false,
})

/** The first and the last of a trace without a root. */
export interface Top {
  readonly first: Node
  readonly last: Node
}

type End = { readonly agent: Node } | { readonly root: Node } | { readonly missing: string }

const nobody: readonly Node[] = []

/** Takes a node that is new to the trace. Returns those of which it made certain whose work they are, or that they are an agent's. */
export function addTo(trace: Trace, node: Node): readonly Node[] {
  const settled = seat(trace, node)
  if (node.task !== undefined || node.execution !== undefined) trace.executions ??= new Map()
  const executions = trace.executions === undefined ? nobody : learnFrom(trace.executions, node)
  node.brought = executions.length === 0 ? settled : settled.concat(executions)
  return node.brought
}

function seat(trace: Trace, node: Node): readonly Node[] {
  const { spans, waiting } = trace
  const below = waiting.get(node.id)
  if (below !== undefined) waiting.delete(node.id)
  let end: End = node.parent === undefined ? { root: node } : endOf(spans, node.parent)
  // A span above itself: it is taken for a root.
  if ('missing' in end && end.missing === node.id) {
    node.parent = undefined
    end = { root: node }
  }
  spans.set(node.id, node)
  judgeModels(spans, node, below?.hasModel === true)
  if (node.role === 'agent') {
    const all = certain(below?.nodes ?? nobody, node, node)
    const own = place(trace, { nodes: [node], hasModel: false }, end)
    return all.length === 0 ? own : all.concat(own)
  }
  if (below === undefined && node.role === 'plain') return nobody
  const group = below ?? { nodes: [], hasModel: false }
  if (node.role !== 'plain') group.nodes.push(node)
  group.hasModel = node.role === 'model' || (node.role === 'plain' && group.hasModel)
  return place(trace, group, end)
}

/** As if no further span came: whose parents are missing are roots. `top` is undefined when the trace has a root of its own, or no spans. */
export function settleTrace(trace: Trace): { readonly settled: readonly Node[]; readonly top: Top | undefined } {
  const { spans, waiting } = trace
  trace.isSettled = true
  let hasRoot = false
  let first: Node | undefined
  let last: Node | undefined
  for (const node of spans.values()) {
    if (node.parent === undefined) hasRoot = true
    else if (!spans.has(node.parent)) {
      if (first === undefined || isBefore(node, first)) first = node
      if (last === undefined || isAfter(node, last)) last = node
    }
  }
  if (first === undefined || last === undefined) return { settled: nobody, top: undefined }
  const top = { first, last }
  const settled = [...waiting.values()].flatMap(({ nodes }) => certain(nodes, undefined, top.first))
  waiting.clear()
  return { settled, top: hasRoot ? undefined : top }
}

/** Spans that wait for a parent. */
export const waitingIn = ({ waiting }: Trace): number => waiting.values().reduce((sum, { nodes }) => sum + nodes.length, 0)

const isBefore = (a: Node, b: Node) => a.start < b.start || (a.start === b.start && a.id < b.id)
const isAfter = (a: Node, b: Node) => a.end > b.end || (a.end === b.end && a.id > b.id)

function endOf(spans: ReadonlyMap<string, Node>, parent: string): End {
  const first = spans.get(parent)
  if (first === undefined) return { missing: parent }
  let at = first
  while (at.role !== 'agent' && at.parent !== undefined) {
    const next = at.up ?? spans.get(at.parent)
    if (next === undefined) break
    at = next
  }
  for (let node = first; node !== at; ) {
    const next = node.up ?? spans.get(node.parent ?? '') ?? at
    node.up = at
    node = next
  }
  return at.role === 'agent' ? { agent: at } : at.parent === undefined ? { root: at } : { missing: at.parent }
}

function certain(nodes: readonly Node[], above: Node | undefined, root: Node): readonly Node[] {
  for (const node of nodes) {
    node.above = above
    node.root = root
  }
  return nodes
}

function place({ waiting }: Trace, group: Waiting, end: End): readonly Node[] {
  if ('agent' in end) return certain(group.nodes, end.agent, end.agent)
  if ('root' in end) return certain(group.nodes, undefined, end.root)
  const held = waiting.get(end.missing)
  if (held === undefined) {
    if (group.nodes.length > 0) waiting.set(end.missing, group)
    return nobody
  }
  const [large, small] = held.nodes.length >= group.nodes.length ? [held, group] : [group, held]
  for (const node of small.nodes) large.nodes.push(node)
  large.hasModel ||= small.hasModel
  waiting.set(end.missing, large)
  return nobody
}

/** Calls of one call are close to each other. */
const mostStepsBetween = 8

function modelAbove(spans: ReadonlyMap<string, Node>, node: Node): Node | undefined {
  let at = node.parent === undefined ? undefined : spans.get(node.parent)
  for (let steps = 0; at !== undefined && steps < mostStepsBetween; steps += 1) {
    if (at.role !== 'plain') return at.role === 'model' ? at : undefined
    at = at.parent === undefined ? undefined : spans.get(at.parent)
  }
  return undefined
}

/** Of two calls of which one contains the other, one counts: the inner one, unless the outer one was told before. */
function judgeModels(spans: ReadonlyMap<string, Node>, node: Node, hasModelBelow: boolean) {
  if (node.role !== 'model' && !(node.role === 'plain' && hasModelBelow)) return
  const outer = modelAbove(spans, node)
  if (node.role === 'model' && hasModelBelow) node.isCounted = false
  else if (outer?.isTold === false) outer.isCounted = false
  else if (outer?.isCounted === true && node.role === 'model') node.isCounted = false
}

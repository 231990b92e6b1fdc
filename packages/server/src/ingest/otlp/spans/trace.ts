/**
 * One trace as far as its spans have come: children before their parents, some parents never. Tells of each span that wants to know it
 * the agent whose work it is part of, once that is certain, in about constant time a span (paths are compressed, lists of who waits are
 * joined small to large).
 */

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
  readonly start: number
  readonly end: number
  readonly failed: string | undefined
  /** Of a model's call: false where another span tells of the same call. Decided before it is told, and kept. */
  isCounted: boolean
  /** Its own events were made. */
  isTold: boolean
  /** What its coming made certain: told again when it comes again. */
  brought: readonly Settled[]
  up: Node | undefined
}

/** `agent`: the nearest agent's span above; undefined where there is none up to `root`. */
export interface Settled {
  readonly node: Node
  readonly agent: Node | undefined
  readonly root: Node
}

interface Waiting {
  nodes: Node[]
  /** A model's call is among them, and neither agent nor tool between. */
  hasModel: boolean
}

export interface Trace {
  readonly spans: ReadonlyMap<string, Node>
  /** Has to be new to the trace. Returns what is certain now that was not before. */
  add(node: Node): readonly Settled[]
  /** As if no further span came: whose parents are missing are roots. `top` is undefined when it has one, or no spans. */
  settle(): { readonly settled: readonly Settled[]; readonly top: Top | undefined }
  /** Spans that wait for a parent. */
  waiting(): number
  touchedAt: number
  isSettled: boolean
}

/** The whole of a trace without a root. */
export interface Top {
  readonly first: Node
  readonly last: Node
}

type End = { readonly agent: Node } | { readonly root: Node } | { readonly missing: string }

/** Calls of one call are close to each other. */
const mostStepsBetween = 8
const before = (a: Node, b: Node) => a.start < b.start || (a.start === b.start && a.id < b.id)
const after = (a: Node, b: Node) => a.end > b.end || (a.end === b.end && a.id > b.id)

export function createTrace(touchedAt: number): Trace {
  const spans = new Map<string, Node>()
  const waiting = new Map<string, Waiting>()

  function endOf(parent: string): End {
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

  function modelAbove(node: Node): Node | undefined {
    let at = node.parent === undefined ? undefined : spans.get(node.parent)
    for (let steps = 0; at !== undefined && steps < mostStepsBetween; steps += 1) {
      if (at.role !== 'plain') return at.role === 'model' ? at : undefined
      at = at.parent === undefined ? undefined : spans.get(at.parent)
    }
    return undefined
  }

  function wait(missing: string, group: Waiting) {
    const held = waiting.get(missing)
    if (held === undefined) return void waiting.set(missing, group)
    const [large, small] = held.nodes.length >= group.nodes.length ? [held, group] : [group, held]
    for (const node of small.nodes) large.nodes.push(node)
    large.hasModel ||= small.hasModel
    waiting.set(missing, large)
  }

  const settled = (nodes: readonly Node[], agent: Node | undefined, root: Node): Settled[] => nodes.map((node) => ({ node, agent, root }))

  function place(group: Waiting, end: End, root: Node): readonly Settled[] {
    if ('agent' in end) return settled(group.nodes, end.agent, root)
    if ('root' in end) return settled(group.nodes, undefined, end.root)
    if (group.nodes.length > 0) wait(end.missing, group)
    return []
  }

  /** Of two calls of which one contains the other, one counts: the inner one, unless the outer one was told before. */
  function judgeModels(node: Node, hasModelBelow: boolean) {
    if (node.role !== 'model' && !(node.role === 'plain' && hasModelBelow)) return
    const outer = modelAbove(node)
    if (node.role === 'model' && hasModelBelow) node.isCounted = false
    else if (outer?.isTold === false) outer.isCounted = false
    else if (outer?.isCounted === true && node.role === 'model') node.isCounted = false
  }

  const trace: Trace = {
    spans,
    touchedAt,
    isSettled: false,
    add(node) {
      const below = waiting.get(node.id) ?? { nodes: [], hasModel: false }
      waiting.delete(node.id)
      let end: End = node.parent === undefined ? { root: node } : endOf(node.parent)
      // A span above itself: it is taken for a root.
      if ('missing' in end && end.missing === node.id) {
        node.parent = undefined
        end = { root: node }
      }
      spans.set(node.id, node)
      judgeModels(node, below.hasModel)
      if (node.role === 'agent') {
        node.brought = settled(below.nodes, node, node).concat(place({ nodes: [node], hasModel: false }, end, node))
        return node.brought
      }
      if (node.role !== 'plain') below.nodes.push(node)
      below.hasModel = node.role === 'model' || (node.role === 'plain' && below.hasModel)
      node.brought = place(below, end, node)
      return node.brought
    },
    settle() {
      const tops = [...spans.values()].filter(({ parent }) => parent !== undefined && !spans.has(parent))
      const hasRoot = [...spans.values()].some(({ parent }) => parent === undefined)
      const first = tops.reduce<Node | undefined>((held, node) => (held === undefined || before(node, held) ? node : held), undefined)
      const last = tops.reduce<Node | undefined>((held, node) => (held === undefined || after(node, held) ? node : held), undefined)
      const all = first === undefined ? [] : [...waiting.values()].flatMap(({ nodes }) => settled(nodes, undefined, first))
      waiting.clear()
      trace.isSettled = true
      return { settled: all, top: hasRoot || first === undefined || last === undefined ? undefined : { first, last } }
    },
    waiting: () => [...waiting.values()].reduce((sum, { nodes }) => sum + nodes.length, 0),
  }
  return trace
}

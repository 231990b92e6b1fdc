/** Who waits for whom, and whether anybody waits in a circle; who hands work back and forth. */
import { agentNode, type GraphRows, openTasks } from './model.ts'

/** From one node to another. */
export interface Arc {
  readonly from: string
  readonly to: string
}

/**
 * Strongly connected nodes (Tarjan), each named by a shortest circle through its first node, in the order of the arcs.
 * Without recursion: a chain may be as long as the run has agents.
 */
export function circlesOf(arcs: readonly Arc[]): readonly (readonly string[])[] {
  const next = new Map<string, string[]>()
  for (const { from, to } of arcs) {
    if (from === to) continue
    const held = next.get(from)
    if (held === undefined) next.set(from, [to])
    else held.push(to)
  }
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const onStack = new Set<string>()
  const found: (readonly string[])[] = []
  const lower = (node: string, to: number | undefined) => low.set(node, Math.min(low.get(node) ?? 0, to ?? 0))
  for (const root of next.keys()) {
    if (index.has(root)) continue
    const work = [{ node: root, step: 0 }]
    while (work.length > 0) {
      const at = work[work.length - 1]
      if (at === undefined) break
      const { node } = at
      if (at.step === 0) {
        index.set(node, index.size)
        low.set(node, index.size - 1)
        stack.push(node)
        onStack.add(node)
      }
      const to = next.get(node)?.[at.step]
      at.step += 1
      if (to !== undefined) {
        if (!index.has(to)) work.push({ node: to, step: 0 })
        else if (onStack.has(to)) lower(node, index.get(to))
        continue
      }
      work.pop()
      const above = work[work.length - 1]
      if (above !== undefined) lower(above.node, low.get(node))
      if (low.get(node) !== index.get(node)) continue
      const part = stack.splice(stack.lastIndexOf(node))
      for (const one of part) onStack.delete(one)
      if (part.length > 1) found.push(shortest(part, next))
    }
  }
  return found
}

/** A shortest way from the first of them back to itself, within them. */
function shortest(part: readonly string[], next: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const [start = ''] = part
  const within = new Set(part)
  const cameFrom = new Map<string, string>()
  const queue = [start]
  for (const node of queue) {
    for (const to of next.get(node) ?? []) {
      if (to === start) {
        const circle = [node]
        for (let at = node; at !== start; ) {
          at = cameFrom.get(at) ?? start
          circle.push(at)
        }
        return circle.reverse()
      }
      if (!within.has(to) || cameFrom.has(to)) continue
      cameFrom.set(to, node)
      queue.push(to)
    }
  }
  return part
}

export interface Waits {
  /** A giver waits for whom it gave an open task. */
  readonly arcs: readonly Arc[]
  /** Agents that wait for somebody outside the fleet. */
  readonly forPeople: readonly string[]
  readonly circles: readonly (readonly string[])[]
}

export function waitsOf(rows: Pick<GraphRows, 'run' | 'agents' | 'tasks'>): Waits {
  const arcs = new Map<string, Arc>()
  const forPeople = new Set<string>()
  for (const { createdBy, assignee, state } of openTasks(rows)) {
    if (assignee === undefined) continue
    const to = agentNode(assignee.value)
    if (state === 'input_required' || state === 'auth_required') forPeople.add(to)
    if (createdBy === undefined || createdBy === assignee.value) continue
    const from = agentNode(createdBy)
    arcs.set(`${from}\u001f${to}`, { from, to })
  }
  const list = [...arcs.values()]
  return { arcs: list, forPeople: [...forPeople], circles: circlesOf(list) }
}

export interface Loop {
  readonly nodes: readonly string[]
  /** Times it was gone around, as far as the counts of handoffs tell. */
  readonly rounds: number
}

/** Work that was handed on and came back: A to B to A, or further around. */
export function loopsOf({ edges }: Pick<GraphRows, 'edges'>): readonly Loop[] {
  const handoffs = edges.filter(({ kind, from, to }) => kind === 'handoff' && from !== to)
  const counts = new Map(handoffs.map(({ from, to, count }) => [`${agentNode(from)}\u001f${agentNode(to)}`, count]))
  const circles = circlesOf(handoffs.map(({ from, to }) => ({ from: agentNode(from), to: agentNode(to) })))
  return circles.map((nodes) => ({
    nodes,
    rounds: Math.min(...nodes.map((node, i) => counts.get(`${node}\u001f${nodes[(i + 1) % nodes.length]}`) ?? 1)),
  }))
}

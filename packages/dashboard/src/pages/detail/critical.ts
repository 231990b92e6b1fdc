/**
 * The critical path: what the end had to wait for. From the end backwards, at each level the part that ended last before the one after it
 * began (as Jaeger finds it in traces). To be faster as a whole, something on it must be.
 */
import type { Node } from './node.ts'

const byEnd = new WeakMap<Node, readonly Node[]>()
const endOf = ({ end }: Node) => end ?? Number.POSITIVE_INFINITY

function lastFirst(node: Node): readonly Node[] {
  const held = byEnd.get(node)
  if (held !== undefined) return held
  const ordered = node.children
    .filter(({ begin }) => begin !== Number.POSITIVE_INFINITY)
    .sort((a, b) => endOf(b) - endOf(a) || b.begin - a.begin)
  byEnd.set(node, ordered)
  return ordered
}

/** Ids of its nodes, the root's with them. */
export function criticalPath(root: Node): ReadonlySet<string> {
  const path = new Set<string>()
  const walk = (node: Node, until: number) => {
    path.add(node.id)
    let before = until
    for (const child of lastFirst(node)) {
      if (endOf(child) > before) continue
      walk(child, endOf(child))
      before = child.begin
    }
  }
  walk(root, Number.POSITIVE_INFINITY)
  return path
}

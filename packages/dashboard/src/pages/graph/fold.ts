/** What of a graph is collapsed: by the reader's own choice, and by itself where there is more than can be laid out one by one. */
import { visible } from '../../text.ts'
import { type Graph, type GraphNode, grouped } from './model.ts'

/** Above these the nodes are drawn as groups by themselves. */
export const ceilings = { nodes: 1_200, edges: 4_000 } as const

export interface Folded {
  readonly graph: Graph
  /** What each group stands for, by the group's id: what is collapsed under it. */
  readonly folds: ReadonlyMap<string, string>
  /** What can be collapsed: has something under it. */
  readonly foldable: ReadonlySet<string>
  /** Nodes before anything was collapsed, when that was not the reader's choice. */
  readonly because: number | undefined
}

/** Names in the address are divided by comma, and a comma within one is written so that it does not divide. */
export const parseFold = (text: string): readonly string[] =>
  text
    .split(',')
    .filter(Boolean)
    .map((part) => part.replaceAll('%2C', ',').replaceAll('%25', '%'))
export const writeFold = (names: readonly string[]): string =>
  names.map((name) => name.replaceAll('%', '%25').replaceAll(',', '%2C')).join(',')

/** `chosen`: what the reader collapsed, or opened where it is collapsed by itself. */
export function fold(
  graph: Graph,
  chosen: ReadonlySet<string>,
  most: typeof ceilings | { readonly nodes: number; readonly edges: number } = ceilings,
): Folded {
  const below = new Map<string, GraphNode[]>()
  for (const node of graph.nodes) {
    if (node.under === '') continue
    const held = below.get(node.under)
    if (held === undefined) below.set(node.under, [node])
    else held.push(node)
  }
  const byId = new Map(graph.nodes.map((node) => [node.id, node]))
  const isNode = (name: string) => byId.has(name)
  const crowded = graph.nodes.length > most.nodes || graph.edges.length > most.edges
  // Those without a node above them are only gathered when there are too many.
  const foldable = new Set([...below].flatMap(([name, list]) => (list.length > 1 && (crowded || isNode(name)) ? [name] : [])))
  const shut = new Set(crowded ? shutBy(below, foldable, byId, most.nodes) : [])
  for (const name of chosen) if (foldable.has(name)) shut.has(name) ? shut.delete(name) : shut.add(name)
  const folds = new Map<string, string>()
  const groupOf = (node: GraphNode) => {
    let outermost: string | undefined
    const seen = new Set<string>()
    for (let name = node.under; name !== '' && !seen.has(name); name = byId.get(name)?.under ?? '') {
      seen.add(name)
      if (shut.has(name)) outermost = name
    }
    // In a ring of agents that are each other's managers nobody is hidden under himself.
    if (outermost === undefined || outermost === node.id || (seen.has(node.id) && isNode(outermost))) return undefined
    const id = `group:${outermost}`
    folds.set(id, outermost)
    return { id, label: labelOf(outermost, byId), under: byId.get(outermost)?.under ?? '' }
  }
  const made = shut.size === 0 ? graph : withStems(grouped(graph, groupOf), folds)
  return { graph: made, folds, foldable, because: crowded ? graph.nodes.length : undefined }
}

function labelOf(name: string, byId: ReadonlyMap<string, GraphNode>): string {
  const node = byId.get(name)
  if (node !== undefined) return `under ${node.label}`
  const [kind, rest = ''] = name.split(/:(.*)/s)
  if (kind === 'role') return `${rest}s`
  if (kind === 'team') return visible(rest)
  return rest === '' ? 'of nobody' : `of ${rest}`
}

/** Opens level by level, the small ones first, as long as all that is shown stays within the ceiling. */
function shutBy(
  below: ReadonlyMap<string, readonly GraphNode[]>,
  foldable: ReadonlySet<string>,
  byId: ReadonlyMap<string, GraphNode>,
  most: number,
): readonly string[] {
  const depthOf = (name: string) => {
    let depth = 0
    const seen = new Set<string>()
    for (let at = name; at !== '' && !seen.has(at); at = byId.get(at)?.under ?? '') {
      seen.add(at)
      depth += 1
    }
    return depth
  }
  const order = [...foldable].map((name) => ({ name, depth: depthOf(name), list: below.get(name) ?? [] }))
  order.sort((a, b) => a.depth - b.depth || a.list.length - b.list.length)
  const inner = (list: readonly GraphNode[]) => list.filter(({ id }) => foldable.has(id)).length
  const standing = [...byId.values()].filter(({ under }) => !foldable.has(under))
  let shown = standing.length + inner(standing) + [...foldable].filter((name) => !byId.has(name)).length
  const open = new Set<string>()
  for (const { name, list } of order) {
    const above = byId.get(name)?.under ?? ''
    // What is hidden under a shut one is not looked at.
    if (foldable.has(above) && !open.has(above)) continue
    const more = list.length + inner(list) - 1
    if (shown + more > most) continue
    shown += more
    open.add(name)
  }
  return [...foldable].filter((name) => !open.has(name))
}

/** A group stays beside what it was collapsed under, also where no edge leads to it. */
function withStems({ nodes, edges }: Graph, folds: ReadonlyMap<string, string>): Graph {
  const present = new Set(nodes.map(({ id }) => id))
  const tied = new Set(edges.map(({ from, to }) => `${from}\u001f${to}`))
  const stems = nodes.flatMap(({ id, size }) => {
    const from = folds.get(id)
    if (from === undefined || !present.has(from) || tied.has(`${from}\u001f${id}`)) return []
    return [
      {
        id: `${from}\u001f${id}\u001fpart`,
        from,
        to: id,
        kind: 'part' as const,
        count: size,
        firstAt: 0,
        lastAt: 0,
        task: undefined,
        open: 0,
      },
    ]
  })
  return stems.length === 0 ? { nodes, edges } : { nodes, edges: [...edges, ...stems] }
}

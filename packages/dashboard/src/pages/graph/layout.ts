/**
 * Places the nodes: layers from left to right by who gives to whom (dagre). Leaves of one giver stand together in a block, so
 * that a manager of a hundred is no column of a hundred; so do nodes without edges. Pure, and slow for large graphs: it runs in a worker.
 */
import { layout as dagre, graphlib } from '@dagrejs/dagre'
import { type Block, block, fill, sizeOf } from './block.ts'
import { gap, nodeSize, type Place, type Places, type Shape } from './places.ts'

/** Fewer leaves stand as nodes of their own. */
const leastBlock = 12

export function layOut({ nodes, edges }: Shape): Places {
  const tied = edges.filter(({ from, to }) => from !== to)
  const blocks = blocksOf(nodes, tied)
  const blockOf = new Map(blocks.flatMap((block) => block.members.map((member) => [member, block] as const)))
  const graph = new graphlib.Graph()
  graph.setGraph({ rankdir: 'LR', nodesep: gap.across, ranksep: gap.along, edgesep: 8, rankalign: 'top' })
  graph.setDefaultEdgeLabel(() => ({}))
  for (const node of nodes) if (!blockOf.has(node)) graph.setNode(node, { ...nodeSize })
  for (const block of blocks) if (block.stem !== undefined) graph.setNode(block.name, sizeOf(block))
  for (const { from, to, weight } of backbone(tied)) {
    const [a, b] = [blockOf.get(from)?.name ?? from, blockOf.get(to)?.name ?? to]
    if (a !== b && !graph.hasEdge(a, b)) graph.setEdge(a, b, { weight })
  }
  if (graph.nodeCount() > 0) dagre(graph)
  const places = new Map<string, Place>()
  let bottom = 0
  let right = 0
  for (const name of graph.nodes()) {
    const { x, y, width, height } = graph.node(name) as {
      readonly x: number
      readonly y: number
      readonly width: number
      readonly height: number
    }
    bottom = Math.max(bottom, y + height / 2)
    right = Math.max(right, x + width / 2)
    const block = blocks.find((one) => one.name === name)
    if (block === undefined) places.set(name, { x, y })
    else fill(block, { x: x - width / 2, y: y - height / 2 }, places)
  }
  // What nothing leads to stands below the rest, as wide as it.
  for (const block of blocks) {
    if (block.stem !== undefined) continue
    const wide = Math.max(block.columns, Math.min(block.members.length, Math.floor(right / (nodeSize.width + gap.across))))
    fill({ ...block, columns: wide }, { x: 0, y: bottom === 0 ? 0 : bottom + 3 * gap.across }, places)
  }
  return places
}

function blocksOf(nodes: readonly string[], edges: Shape['edges']): readonly Block[] {
  const near = new Map<string, Set<string>>(nodes.map((node) => [node, new Set()]))
  for (const { from, to } of edges) {
    near.get(from)?.add(to)
    near.get(to)?.add(from)
  }
  const leaves = new Map<string, string[]>()
  const alone: string[] = []
  for (const [node, others] of near) {
    const [stem] = others
    if (stem === undefined) alone.push(node)
    else if (others.size === 1 && (near.get(stem)?.size ?? 0) > 1) leaves.set(stem, [...(leaves.get(stem) ?? []), node])
  }
  const blocks = [...leaves].flatMap(([stem, members]) => (members.length < leastBlock ? [] : [block(members, stem)]))
  return alone.length === 0 ? blocks : [...blocks, block(alone, undefined)]
}

/** The layers follow the strongest ties; beyond some for each node more only cost time, and change nothing that one would see. */
function backbone(edges: Shape['edges']): Shape['edges'] {
  const ends = new Map<string, number>()
  return [...edges]
    .sort((a, b) => b.weight - a.weight)
    .filter(({ from, to }) => {
      const [a, b] = [ends.get(from) ?? 0, ends.get(to) ?? 0]
      if (Math.min(a, b) >= 3) return false
      ends.set(from, a + 1)
      ends.set(to, b + 1)
      return true
    })
}

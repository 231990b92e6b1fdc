/** The line of an edge, and what is under a point. Units of the graph. */

import type { GraphEdge, GraphNode } from './model.ts'
import { nodeSize, type Place, type Places } from './places.ts'

/** A cubic Bézier curve. */
export interface Curve {
  readonly start: Place
  readonly first: Place
  readonly second: Place
  readonly end: Place
}

const half = { width: nodeSize.width / 2, height: nodeSize.height / 2 }
/** Kinds between the same two stand apart, and ways there from ways back. */
const lane: Record<GraphEdge['kind'], number> = { delegation: -4, part: -4, handoff: -13, message: 13 }

export function curveOf(from: Place, to: Place, kind: GraphEdge['kind']): Curve {
  const across = to.x - from.x
  const shift = across >= 0 ? lane[kind] : -lane[kind]
  const [a, b] = [from.y + shift, to.y + shift]
  if (from === to || (across === 0 && from.y === to.y)) {
    const top = from.y - half.height
    const reach = 26 + Math.abs(shift)
    return {
      start: { x: from.x - 24, y: top },
      first: { x: from.x - 34, y: top - reach },
      second: { x: from.x + 34, y: top - reach },
      end: { x: from.x + 24, y: top },
    }
  }
  // One above the other: around their right side.
  if (Math.abs(across) < nodeSize.width) {
    const right = Math.max(from.x, to.x) + half.width
    const reach = right + 30 + Math.abs(shift)
    return {
      start: { x: from.x + half.width, y: a },
      first: { x: reach, y: a },
      second: { x: reach, y: b },
      end: { x: to.x + half.width, y: b },
    }
  }
  const side = across > 0 ? half.width : -half.width
  const [left, right] = [from.x + side, to.x - side]
  const bend = (right - left) / 2
  return { start: { x: left, y: a }, first: { x: left + bend, y: a }, second: { x: right - bend, y: b }, end: { x: right, y: b } }
}

/** At a share of its way. */
export function pointOn({ start, first, second, end }: Curve, t: number): Place {
  const [a, b, c, d] = [(1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t ** 2, t ** 3]
  return { x: a * start.x + b * first.x + c * second.x + d * end.x, y: a * start.y + b * first.y + c * second.y + d * end.y }
}

export type Hit = { readonly node: GraphNode } | { readonly edge: GraphEdge }

/** The node under a point, else the nearest edge within reach. */
export function hitAt(
  { nodes, edges }: { readonly nodes: readonly GraphNode[]; readonly edges: readonly GraphEdge[] },
  places: Places,
  point: Place,
  reach: number,
): Hit | undefined {
  for (let i = nodes.length - 1; i >= 0; i -= 1) {
    const node = nodes[i]
    const place = places.get(node?.id ?? '')
    if (node === undefined || place === undefined) continue
    if (Math.abs(point.x - place.x) <= half.width && Math.abs(point.y - place.y) <= half.height) return { node }
  }
  let best: GraphEdge | undefined
  let bestAway = reach
  for (const edge of edges) {
    const [from, to] = [places.get(edge.from), places.get(edge.to)]
    if (from === undefined || to === undefined) continue
    const curve = curveOf(from, to, edge.kind)
    const xs = [curve.start.x, curve.first.x, curve.second.x, curve.end.x]
    const ys = [curve.start.y, curve.first.y, curve.second.y, curve.end.y]
    if (point.x < Math.min(...xs) - reach || point.x > Math.max(...xs) + reach) continue
    if (point.y < Math.min(...ys) - reach || point.y > Math.max(...ys) + reach) continue
    for (let step = 0; step <= 24; step += 1) {
      const on = pointOn(curve, step / 24)
      const away = Math.hypot(on.x - point.x, on.y - point.y)
      if (away <= bestAway) {
        best = edge
        bestAway = away
      }
    }
  }
  return best && { edge: best }
}

export type Direction = 'left' | 'right' | 'up' | 'down'

/** From a node in a direction: along an edge rather than not, near rather than far. */
export function neighbour(from: string, direction: Direction, places: Places, tied: ReadonlySet<string>): string | undefined {
  const here = places.get(from)
  if (here === undefined) return undefined
  let best: string | undefined
  let bestCost = Number.POSITIVE_INFINITY
  for (const [node, { x, y }] of places) {
    if (node === from) continue
    const [right, down] = [x - here.x, y - here.y]
    const ahead = { left: -right, right, up: -down, down }[direction]
    const aside = Math.abs(direction === 'left' || direction === 'right' ? down : right)
    if (ahead < 1 || (!tied.has(node) && aside > 2 * ahead)) continue
    const cost = (ahead + 2 * aside) * (tied.has(node) ? 0.4 : 1)
    if (cost >= bestCost) continue
    best = node
    bestCost = cost
  }
  return best
}

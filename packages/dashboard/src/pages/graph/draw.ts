/** Draws a graph into a canvas. Nothing here keeps state; a frame draws what it is given. */
import { compact } from '../../text.ts'
import type { Palette } from '../lanes/scene.ts'
import { type Curve, curveOf, pointOn } from './curve.ts'
import { drawNodes, sans, zoomOf } from './draw-node.ts'
import { type Graph, type GraphEdge, pairOf } from './model.ts'
import { nodeSize, type Place, type Places } from './places.ts'
import type { Use } from './rates.ts'
import { type Size, seen, type Viewport } from './viewport.ts'

export interface Mark {
  readonly text: string
  readonly tone: 'wait' | 'bad' | 'accent'
}

export interface Scene {
  readonly graph: Graph
  readonly places: Places
  readonly viewport: Viewport
  readonly size: Size
  readonly palette: Palette
  readonly selected: ReadonlySet<string>
  /** Node or edge under the pointer. */
  readonly hover: string | undefined
  /** What stands out; undefined: everything is alike. Nodes, and pairs of them. */
  readonly lit: { readonly nodes: ReadonlySet<string>; readonly pairs: ReadonlySet<string> } | undefined
  /** Pairs that wait in a circle. */
  readonly circles: ReadonlySet<string>
  readonly marks: ReadonlyMap<string, readonly Mark[]>
  readonly uses: ReadonlyMap<string, Use>
  /** The clock of the uses, ms. */
  readonly time: number
  /** Nothing moves by itself. */
  readonly calm: boolean
}

/** A use is seen to travel, then fades. */
const travelMs = 1_100
const glowMs = 6_000
const { width: wide, height: tall } = nodeSize

/** What moves by itself stands below what does not: a frame in which nothing else changed draws only that. */
export function drawMoving(context: CanvasRenderingContext2D, scene: Scene): void {
  within(context, scene, () =>
    drawGlow(
      context,
      drawnEdges(scene, ({ id }) => isUsed(scene, id)),
      scene,
    ),
  )
}

export function drawStill(context: CanvasRenderingContext2D, scene: Scene): void {
  const { graph, places, viewport, size } = scene
  within(context, scene, () => {
    const view = seen(viewport, size)
    const inView = ({ x, y }: Place) => x + wide > view.left && x - wide < view.right && y + tall > view.top && y - tall < view.bottom
    drawEdges(context, drawnEdges(scene), scene)
    const isSeen = (place: Place | undefined) => place !== undefined && inView(place)
    drawNodes(
      context,
      graph.nodes.filter(({ id }) => isSeen(places.get(id))),
      scene,
    )
  })
}

function within(context: CanvasRenderingContext2D, { viewport, size }: Scene, draw: () => void): void {
  context.clearRect(0, 0, size.width, size.height)
  context.save()
  context.translate(viewport.x, viewport.y)
  context.scale(viewport.k, viewport.k)
  context.lineCap = 'round'
  draw()
  context.restore()
}

/** Those in sight. */
function drawnEdges(scene: Scene, isWanted: (edge: GraphEdge) => boolean = () => true): readonly Drawn[] {
  const { graph, places, viewport, size } = scene
  const view = seen(viewport, size)
  const past = (a: number, b: number, low: number, high: number) => Math.max(a, b) < low - 60 || Math.min(a, b) > high + 60
  return graph.edges.flatMap((edge): Drawn[] => {
    if (!isWanted(edge)) return []
    const [from, to] = [places.get(edge.from), places.get(edge.to)]
    if (from === undefined || to === undefined) return []
    if (past(from.x, to.x, view.left - wide, view.right + wide) || past(from.y, to.y, view.top - tall, view.bottom + tall)) return []
    return [{ edge, curve: curveOf(from, to, edge.kind), look: lookOf(edge, scene) }]
  })
}

interface Drawn {
  readonly edge: GraphEdge
  readonly curve: Curve
  readonly look: EdgeLook
}

type EdgeLook = 'plain' | 'waiting' | 'circle' | 'chosen' | 'dim'

function lookOf(edge: GraphEdge, { lit, hover, circles, selected }: Scene): EdgeLook {
  const pair = pairOf(edge)
  if (hover === edge.id || selected.has(edge.id)) return 'chosen'
  if (lit !== undefined && !lit.pairs.has(pair)) return 'dim'
  if (circles.has(pair) && edge.open > 0) return 'circle'
  if (edge.open > 0) return 'waiting'
  return lit === undefined ? 'plain' : 'chosen'
}

const edgeInk = { plain: 'faint', waiting: 'wait', circle: 'bad', chosen: 'accent', dim: 'faint' } as const
const edgeAlpha = { plain: 0.5, waiting: 0.75, circle: 1, chosen: 1, dim: 0.1 } as const
const edgeWidth = { plain: 1.2, waiting: 1.6, circle: 2.4, chosen: 2.2, dim: 1 } as const
const dashes: Record<GraphEdge['kind'], readonly number[]> = { delegation: [], part: [], handoff: [7, 4], message: [1.5, 4.5] }

/** Lines of one look and kind are one path: a stroke costs more than a curve. */
function drawEdges(context: CanvasRenderingContext2D, edges: readonly Drawn[], scene: Scene): void {
  const { palette, viewport } = scene
  const thin = 1 / Math.min(1, Math.max(viewport.k, 0.15))
  for (const look of ['dim', 'plain', 'waiting', 'circle', 'chosen'] as const) {
    for (const kind of ['part', 'message', 'handoff', 'delegation'] as const) {
      const some = edges.filter((one) => one.look === look && one.edge.kind === kind)
      if (some.length === 0) continue
      const lines = new Path2D()
      const heads = new Path2D()
      for (const { curve } of some) {
        trace(lines, curve)
        if (viewport.k >= zoomOf.names) head(heads, curve)
      }
      context.globalAlpha = edgeAlpha[look]
      context.strokeStyle = context.fillStyle = palette[edgeInk[look]]
      context.lineWidth = edgeWidth[look] * thin
      // As long on the screen from wherever one looks; from afar there would be nothing but dashes, and each costs time.
      context.setLineDash(viewport.k < zoomOf.names ? [] : dashes[kind].map((length) => length * thin))
      context.stroke(lines)
      context.setLineDash([])
      context.fill(heads)
    }
  }
  context.globalAlpha = 1
  if (viewport.k >= zoomOf.details) drawCounts(context, edges, scene)
}

function trace(path: Path2D, { start, first, second, end }: Curve): void {
  path.moveTo(start.x, start.y)
  path.bezierCurveTo(first.x, first.y, second.x, second.y, end.x, end.y)
}

function head(path: Path2D, { second, end }: Curve): void {
  const angle = Math.atan2(end.y - second.y, end.x - second.x)
  const corner = (turn: number) => ({ x: end.x - 8 * Math.cos(angle + turn), y: end.y - 8 * Math.sin(angle + turn) })
  const [a, b] = [corner(0.45), corner(-0.45)]
  path.moveTo(end.x, end.y)
  path.lineTo(a.x, a.y)
  path.lineTo(b.x, b.y)
  path.closePath()
}

const agoOf = ({ uses, time }: Scene, edge: string): number => time - (uses.get(edge)?.seenAt ?? Number.NEGATIVE_INFINITY)
const isUsed = (scene: Scene, edge: string): boolean => agoOf(scene, edge) <= glowMs

/** Steps in which a glow fades. */
const fades = 6

/**
 * What was used just now glows, wider where it is used much; where things may move, a dot travels along. Those that look alike are one path:
 * of a large fleet hundreds glow at once.
 */
function drawGlow(context: CanvasRenderingContext2D, edges: readonly Drawn[], scene: Scene): void {
  const { uses, palette, calm, viewport } = scene
  const near = Math.max(0.4, Math.min(1, viewport.k))
  const glows = new Map<string, { readonly alpha: number; readonly width: number; readonly lines: Path2D }>()
  const dots = new Path2D()
  for (const { edge, curve } of edges) {
    const ago = agoOf(scene, edge.id)
    const step = Math.ceil((1 - ago / glowMs) * fades)
    const width = Math.min(14, 4 + 2 * Math.round(Math.log2(1 + (uses.get(edge.id)?.perMinute ?? 0))))
    const glow = glows.get(`${step} ${width}`) ?? { alpha: (0.4 * step) / fades, width, lines: new Path2D() }
    glows.set(`${step} ${width}`, glow)
    trace(glow.lines, curve)
    if (calm || ago > travelMs) continue
    const { x, y } = pointOn(curve, ago / travelMs)
    dots.moveTo(x, y)
    dots.arc(x, y, 4 / near, 0, 2 * Math.PI)
  }
  context.strokeStyle = context.fillStyle = palette.accent
  for (const { alpha, width, lines } of glows.values()) {
    context.globalAlpha = alpha
    context.lineWidth = width / near
    context.stroke(lines)
  }
  context.globalAlpha = 1
  context.fill(dots)
}

/** Whether a later frame looks otherwise. */
export const isMoving = ({ uses, time, calm }: Pick<Scene, 'uses' | 'time' | 'calm'>): 'fast' | 'slow' | undefined => {
  let pace: 'slow' | undefined
  for (const { seenAt } of uses.values()) {
    const ago = time - (seenAt ?? Number.NEGATIVE_INFINITY)
    if (ago <= travelMs && !calm) return 'fast'
    if (ago <= glowMs) pace = 'slow'
  }
  return pace
}

/** How often, where it is more than once; how many are open, and how many a minute it is. */
function drawCounts(context: CanvasRenderingContext2D, edges: readonly Drawn[], { palette, uses }: Scene): void {
  context.font = `10px ${sans}`
  context.textBaseline = 'middle'
  context.textAlign = 'center'
  for (const { edge, curve, look } of edges) {
    if (look === 'dim') continue
    const use = uses.get(edge.id)
    const parts = [
      ...(edge.count > 1 && edge.kind !== 'part' ? [compact(edge.count)] : []),
      ...(edge.open > 0 && edge.kind !== 'part' ? [`◐ ${compact(edge.open)}`] : []),
      ...(use !== undefined && use.perMinute > 0 ? [`${compact(use.perMinute)}/min`] : []),
    ]
    if (parts.length === 0) continue
    const text = parts.join(' · ')
    // Where lines of one giver have gone apart.
    const { x, y } = pointOn(curve, 0.72)
    const room = context.measureText(text).width + 8
    context.fillStyle = palette.page
    context.globalAlpha = 0.85
    context.fillRect(x - room / 2, y - 7, room, 14)
    context.globalAlpha = 1
    context.fillStyle = look === 'plain' ? palette.soft : palette[edgeInk[look]]
    context.fillText(text, x, y + 0.5)
  }
  context.textAlign = 'left'
}

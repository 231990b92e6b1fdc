/** Draws a graph into a canvas. Nothing here keeps state but how texts are cut; a frame draws what it is given. */
import { compact, dollars } from '../../text.ts'
import type { Palette } from '../lanes/scene.ts'
import { type Curve, curveOf, pointOn } from './curve.ts'
import { type Graph, type GraphEdge, type GraphNode, pairOf } from './model.ts'
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

/** Smaller than this a node has no second line, then no text. */
const zoomOf = { details: 0.55, names: 0.2 } as const
/** A use is seen to travel, then fades. */
const travelMs = 1_100
const glowMs = 6_000
const sans = 'ui-sans-serif, system-ui, sans-serif'
const { width: wide, height: tall } = nodeSize

export function drawGraph(context: CanvasRenderingContext2D, scene: Scene): void {
  const { graph, places, viewport, size } = scene
  context.clearRect(0, 0, size.width, size.height)
  context.save()
  context.translate(viewport.x, viewport.y)
  context.scale(viewport.k, viewport.k)
  context.lineCap = 'round'
  const view = seen(viewport, size)
  const inView = ({ x, y }: Place) => x + wide > view.left && x - wide < view.right && y + tall > view.top && y - tall < view.bottom
  const edges = graph.edges.flatMap((edge): Drawn[] => {
    const [from, to] = [places.get(edge.from), places.get(edge.to)]
    if (from === undefined || to === undefined) return []
    const past = (a: number, b: number, low: number, high: number) => Math.max(a, b) < low - 60 || Math.min(a, b) > high + 60
    if (past(from.x, to.x, view.left - wide, view.right + wide) || past(from.y, to.y, view.top - tall, view.bottom + tall)) return []
    return [{ edge, curve: curveOf(from, to, edge.kind), look: lookOf(edge, scene) }]
  })
  drawEdges(context, edges, scene)
  const nodes = graph.nodes.filter(({ id }) => inView(places.get(id) ?? nowhere))
  for (const node of nodes) drawNode(context, node, places.get(node.id) ?? nowhere, scene)
  if (viewport.k >= zoomOf.details) for (const node of nodes) drawMarks(context, node, places.get(node.id) ?? nowhere, scene)
  context.restore()
}

const nowhere: Place = { x: Number.NaN, y: Number.NaN }

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
  drawGlow(context, edges, scene)
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
      context.setLineDash([...dashes[kind]])
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

/** What was used just now glows, wider where it is used much; where things may move, a dot travels along. */
function drawGlow(context: CanvasRenderingContext2D, edges: readonly Drawn[], { uses, time, palette, calm, viewport }: Scene): void {
  context.strokeStyle = context.fillStyle = palette.accent
  for (const { edge, curve } of edges) {
    const use = uses.get(edge.id)
    const ago = time - (use?.seenAt ?? Number.NEGATIVE_INFINITY)
    if (use === undefined || ago > glowMs) continue
    context.globalAlpha = 0.4 * (1 - ago / glowMs)
    context.lineWidth = Math.min(14, 4 + 2 * Math.log2(1 + use.perMinute)) / Math.max(0.4, Math.min(1, viewport.k))
    const line = new Path2D()
    trace(line, curve)
    context.stroke(line)
    if (calm || ago > travelMs) continue
    const { x, y } = pointOn(curve, ago / travelMs)
    context.globalAlpha = 1
    context.beginPath()
    context.arc(x, y, 4 / Math.max(0.4, Math.min(1, viewport.k)), 0, 2 * Math.PI)
    context.fill()
  }
  context.globalAlpha = 1
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

function drawNode(context: CanvasRenderingContext2D, node: GraphNode, { x, y }: Place, scene: Scene): void {
  const { palette, viewport, lit, selected, hover } = scene
  const [left, top] = [x - wide / 2, y - tall / 2]
  const tone = palette[node.look.tone]
  const chosen = selected.has(node.id)
  context.globalAlpha = lit === undefined || lit.nodes.has(node.id) || chosen ? 1 : 0.22
  const box = (by: number) => {
    context.beginPath()
    context.roundRect(left + by, top + by, wide, tall, 9)
  }
  context.fillStyle = palette.panel
  context.strokeStyle = palette.line
  context.lineWidth = 1 / Math.min(1, Math.max(viewport.k, 0.2))
  // Several, behind each other.
  for (const by of node.size > 1 ? [6, 3, 0] : [0]) {
    box(by)
    context.fill()
    context.stroke()
  }
  if (viewport.k < zoomOf.names) fillWith(context, tone, () => box(0))
  else if (viewport.k < zoomOf.details) {
    context.fillStyle = tone
    context.fillRect(left + 1, top + 8, 9, tall - 16)
  }
  if (chosen || hover === node.id) {
    box(0)
    context.strokeStyle = palette.accent
    context.lineWidth = (chosen ? 2.5 : 1.5) / Math.min(1, Math.max(viewport.k, 0.2))
    context.stroke()
  }
  context.textBaseline = 'middle'
  if (viewport.k < zoomOf.names) return
  if (viewport.k < zoomOf.details) {
    context.fillStyle = palette.ink
    const letters = Math.min(30, 11 / viewport.k)
    context.font = `600 ${letters}px ${sans}`
    context.fillText(cut(context, node.label, wide - 34), left + 20, y)
    return
  }
  drawRing(context, node, left + 22, y, scene)
  const inner = left + 42
  const right = left + wide - 10
  context.textAlign = 'right'
  context.font = `10.5px ${sans}`
  context.fillStyle = palette.soft
  const figures = figuresOf(node)
  const cost = dollars(node.costMicros)
  const money = cost === '–' ? '' : cost
  context.fillText(figures, right, y - 9)
  context.fillText(money, right, y + 10)
  context.textAlign = 'left'
  const roomLeft = (text: string) => right - inner - (text === '' ? 0 : context.measureText(text).width + 8)
  const [nameRoom, detailRoom] = [roomLeft(figures), roomLeft(money)]
  context.fillStyle = palette.ink
  context.font = `600 12.5px ${sans}`
  context.fillText(cut(context, node.label, nameRoom), inner, y - 9)
  context.fillStyle = palette.soft
  context.font = `11px ${sans}`
  context.fillText(cut(context, node.detail, detailRoom), inner, y + 10)
}

/** Too small for a sign: its colour, pale. The sign is there from near, and in words. */
function fillWith(context: CanvasRenderingContext2D, ink: string, trace: () => void): void {
  const held = context.globalAlpha
  context.globalAlpha = 0.45 * held
  context.fillStyle = ink
  trace()
  context.fill()
  context.globalAlpha = held
}

/** Of how many it is, or how many of its tasks are done. */
function figuresOf({ size, tasks }: GraphNode): string {
  const all = tasks.open + tasks.done + tasks.failed
  const done = all < 2 ? '' : `${compact(tasks.done)}/${compact(all)}`
  return size > 1 ? `×${compact(size)}` : done
}

/** Status by colour and sign; the ring is closed as far as its tasks are. */
function drawRing(context: CanvasRenderingContext2D, { look, tasks }: GraphNode, x: number, y: number, { palette }: Scene): void {
  const all = tasks.open + tasks.done + tasks.failed
  const turn = (share: number) => -Math.PI / 2 + share * 2 * Math.PI
  const arc = (from: number, to: number, ink: string, alpha: number) => {
    if (to <= from) return
    context.beginPath()
    context.arc(x, y, 11.5, turn(from), turn(to))
    context.strokeStyle = ink
    const held = context.globalAlpha
    context.globalAlpha = held * alpha
    context.lineWidth = 2.5
    context.stroke()
    context.globalAlpha = held
  }
  context.lineCap = 'butt'
  if (all < 2) arc(0, 1, palette[look.tone], 0.9)
  else {
    const [done, failed] = [tasks.done / all, tasks.failed / all]
    arc(0, done, palette.good, 0.9)
    arc(done, done + failed, palette.bad, 0.9)
    arc(done + failed, 1, palette.faint, 0.35)
  }
  context.lineCap = 'round'
  context.fillStyle = palette[look.tone]
  context.font = `11px ${sans}`
  context.textAlign = 'center'
  context.fillText(look.sign, x, y + 0.5)
  context.textAlign = 'left'
}

/** What is said of a node stands on its upper edge. */
function drawMarks(context: CanvasRenderingContext2D, node: GraphNode, { x, y }: Place, { marks, palette, lit }: Scene): void {
  const list = marks.get(node.id)
  if (list === undefined) return
  context.globalAlpha = lit === undefined || lit.nodes.has(node.id) ? 1 : 0.22
  context.font = `600 10px ${sans}`
  context.textBaseline = 'middle'
  let right = x + wide / 2 - 8
  for (const { text, tone } of list) {
    const room = context.measureText(text).width + 12
    context.beginPath()
    context.roundRect(right - room, y - tall / 2 - 8, room, 16, 8)
    context.fillStyle = palette.page
    context.fill()
    context.strokeStyle = context.fillStyle = palette[tone]
    context.lineWidth = 1
    context.stroke()
    context.fillText(text, right - room + 6, y - tall / 2 + 0.5)
    right -= room + 4
  }
}

/** Cutting measures text, and most frames cut the same. */
const cuts = new Map<string, string>()
const mostCuts = 4_000

function cut(context: CanvasRenderingContext2D, text: string, room: number): string {
  const key = `${context.font}\u001f${Math.round(room)}\u001f${text}`
  const held = cuts.get(key)
  if (held !== undefined) return held
  if (cuts.size >= mostCuts) cuts.clear()
  const fits = (some: string) => context.measureText(some).width <= room
  // No screen shows more letters of a name.
  let some = text.slice(0, 120)
  if (!fits(some)) {
    let [low, high] = [0, some.length]
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if (fits(`${some.slice(0, middle)}…`)) low = middle
      else high = middle - 1
    }
    some = low === 0 ? '' : `${some.slice(0, low).trimEnd()}…`
  }
  cuts.set(key, some)
  return some
}

/** Draws the nodes of a graph: as patches from afar, with their texts from near. Nothing here keeps state but how texts are cut. */
import { compact, dollars } from '../../text.ts'
import type { Scene } from './draw.ts'
import type { GraphNode } from './model.ts'
import { nodeSize, type Place } from './places.ts'

/** Smaller than this a node has no second line, then no text. */
export const zoomOf = { details: 0.72, names: 0.2 } as const
export const sans = 'ui-sans-serif, system-ui, sans-serif'
const { width: wide, height: tall } = nodeSize

/** Nodes in sight. */
export function drawNodes(context: CanvasRenderingContext2D, nodes: readonly GraphNode[], scene: Scene): void {
  const { places, viewport } = scene
  if (viewport.k < zoomOf.names) drawFar(context, nodes, scene)
  else for (const node of nodes) drawNode(context, node, places.get(node.id) ?? nowhere, scene)
  if (viewport.k >= zoomOf.details) for (const node of nodes) drawMarks(context, node, places.get(node.id) ?? nowhere, scene)
}

const nowhere: Place = { x: Number.NaN, y: Number.NaN }

/** From afar a node is a patch of its colour. Plain rectangles: a thousand round ones took most of a frame. */
function drawFar(context: CanvasRenderingContext2D, nodes: readonly GraphNode[], scene: Scene): void {
  const { palette, places, viewport, lit, selected, hover } = scene
  for (const { id, look, size } of nodes) {
    const { x, y } = places.get(id) ?? nowhere
    const alpha = lit === undefined || lit.nodes.has(id) || selected.has(id) ? 1 : 0.22
    const [left, top] = [x - wide / 2, y - tall / 2]
    context.globalAlpha = alpha
    // Several, behind each other.
    for (const by of size > 1 ? [8, 0] : [0]) {
      context.fillStyle = by === 0 ? palette.panel : palette.line
      context.fillRect(left + by, top + by, wide, tall)
    }
    context.globalAlpha = 0.45 * alpha
    context.fillStyle = palette[look.tone]
    context.fillRect(left, top, wide, tall)
  }
  context.globalAlpha = 1
  context.strokeStyle = palette.accent
  for (const { id } of nodes) {
    const chosen = selected.has(id)
    if (!chosen && hover !== id) continue
    const { x, y } = places.get(id) ?? nowhere
    context.lineWidth = (chosen ? 2.5 : 1.5) / Math.max(viewport.k, 0.2)
    context.strokeRect(x - wide / 2, y - tall / 2, wide, tall)
  }
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
  if (viewport.k < zoomOf.details) {
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

/** Draws the timeline of the rows that a canvas covers. Keeps nothing: a frame draws what it is given. */
import { spanOf } from '../../text.ts'
import type { Tick } from '../lanes/axis.ts'
import { leastWidth, xOf } from '../lanes/place.ts'
import type { Palette } from '../lanes/scene.ts'
import type { Window } from '../lanes/window.ts'
import { endAt, isSpan, type Segment, type StoppedAt, segmentsOf } from './bars.ts'
import { rowHeight } from './columns.ts'
import type { Line } from './lines.ts'
import type { Node } from './node.ts'

export interface Scene {
  readonly lines: readonly Line[]
  readonly window: Window
  readonly ticks: readonly Tick[]
  readonly width: number
  /** From the top of the first row. */
  readonly top: number
  readonly height: number
  readonly now: number
  readonly live: boolean
  readonly stoppedAt: StoppedAt
  readonly critical: ReadonlySet<string>
  /** Place of the active row, or -1. */
  readonly active: number
  readonly palette: Palette
}

const padding = 6
const tall = rowHeight - 2 * padding
const letterWidth = 5.6
/** What stands below a closed row is drawn into its bar, up to so many. */
const mostInside = 1_500

export function drawRows(context: CanvasRenderingContext2D, scene: Scene): void {
  const { lines, window, width, top, height, palette, ticks } = scene
  context.save()
  context.clearRect(0, 0, width, height)
  context.translate(0, -top)
  context.fillStyle = palette.line
  context.globalAlpha = 0.7
  for (const { at } of ticks) context.fillRect(Math.round(xOf(at, window, width)), top, 1, height)
  context.globalAlpha = 1
  const first = Math.max(0, Math.floor(top / rowHeight))
  const last = Math.min(lines.length - 1, Math.ceil((top + height) / rowHeight))
  context.textBaseline = 'middle'
  context.font = '10.5px ui-sans-serif, system-ui, sans-serif'
  for (let i = first; i <= last; i += 1) {
    const line = lines[i]
    if (line !== undefined) drawRow(context, scene, line, i * rowHeight, i === scene.active)
  }
  if (scene.live) {
    context.fillStyle = palette.accent
    context.fillRect(Math.round(xOf(scene.now, window, width)), top, 1.5, height)
  }
  context.restore()
}

function drawRow(context: CanvasRenderingContext2D, scene: Scene, line: Line, y: number, active: boolean): void {
  const { width, palette, window, now, stoppedAt } = scene
  const { node } = line
  if (active) {
    context.fillStyle = palette.accent
    context.globalAlpha = 0.1
    context.fillRect(0, y, width, rowHeight)
    context.globalAlpha = 1
  }
  const segments = segmentsOf(node)
  const [begin, last] = [segments[0], segments.at(-1)]
  if (begin === undefined || last === undefined) return
  const left = xOf(begin.from, window, width)
  const right = Math.max(left + leastWidth, xOf(endAt(node, last.to, stoppedAt, now), window, width))
  if (right < 0 || left > width) {
    drawAway(context, scene, right < 0, y)
    return
  }
  for (const segment of segments) drawSegment(context, scene, node, segment, y)
  if (line.open === false && node.size <= mostInside) drawInside(context, scene, node, y)
  if (!isSpan(node) && scene.critical.has(node.id)) drawCritical(context, scene, left, right, y)
  drawTook(context, scene, node, begin.from, last, left, right, y)
}

function drawSegment(context: CanvasRenderingContext2D, scene: Scene, node: Node, segment: Segment, y: number): void {
  const { width, palette, window, now, stoppedAt } = scene
  const left = xOf(segment.from, window, width)
  const right = Math.max(left + leastWidth, xOf(endAt(node, segment.to, stoppedAt, now), window, width))
  // What is far outside is cut: a canvas draws corners a million pixels away slowly.
  const [from, to] = [Math.max(left, -10), Math.min(right, width + 10)]
  if (to <= from) return
  const open = segment.to === undefined
  context.fillStyle = segment.ink === 'soft' ? palette.faint : palette[segment.ink]
  if (isSpan(node)) {
    const middle = y + rowHeight / 2
    context.globalAlpha = 0.8
    context.fillRect(from, middle - 1, to - from, 2)
    context.fillRect(from, middle - 4, 1.5, 8)
    if (!open) context.fillRect(to - 1.5, middle - 4, 1.5, 8)
    context.globalAlpha = 1
    return
  }
  if (segment.queued) {
    // Hollow: it stood in a queue.
    context.globalAlpha = 0.9
    context.fillRect(from, y + padding, to - from, 1)
    context.fillRect(from, y + rowHeight - padding - 1, to - from, 1)
    context.globalAlpha = 0.15
    context.fillRect(from, y + padding, to - from, tall)
    context.globalAlpha = 1
    return
  }
  const isCall = node.kind === 'call'
  context.globalAlpha = isCall ? (open ? 0.45 : 0.85) : 0.34
  context.fillRect(from, y + padding, to - from, tall)
  context.globalAlpha = 0.95
  if (!isCall) context.fillRect(from, y + padding, Math.min(2, to - from), tall)
  if (open) for (let x = from; x < to; x += 7) context.fillRect(x, y + padding, Math.min(4, to - x), 1.5)
  context.globalAlpha = 1
}

/** The calls below a closed row, one a pixel at most, a failed one before others. */
function drawInside(context: CanvasRenderingContext2D, scene: Scene, node: Node, y: number): void {
  const { width, palette, window, now, stoppedAt } = scene
  const paths = { bad: new Path2D(), model: new Path2D(), tool: new Path2D() }
  const drawn = { bad: -1, model: -1, tool: -1 }
  const visit = (below: Node) => {
    if (below.kind === 'call') {
      const left = xOf(below.begin, window, width)
      const right = Math.max(left + 1, xOf(endAt(below, below.end, stoppedAt, now), window, width))
      const kind = below.troubles > 0 ? 'bad' : below.row.kind === 'llm' ? 'model' : 'tool'
      if (left > width || right < 0 || right <= drawn[kind]) return
      drawn[kind] = Math.floor(right)
      paths[kind].rect(Math.max(left, -10), y + rowHeight / 2 - 2, Math.max(1, Math.min(right, width + 10) - Math.max(left, -10)), 4)
    }
    for (const child of below.children) visit(child)
  }
  visit(node)
  for (const kind of ['tool', 'model', 'bad'] as const) {
    context.fillStyle = palette[kind]
    context.globalAlpha = 0.85
    context.fill(paths[kind])
  }
  context.globalAlpha = 1
}

function drawCritical(context: CanvasRenderingContext2D, { width, palette }: Scene, left: number, right: number, y: number): void {
  const [from, to] = [Math.max(left, 0), Math.min(right, width)]
  context.fillStyle = palette.ink
  context.fillRect(from, y + rowHeight - padding + 1, Math.max(2, to - from), 2)
}

/** How long it took, beside the bar where there is room. */
function drawTook(
  context: CanvasRenderingContext2D,
  { width, palette, now, stoppedAt }: Scene,
  node: Node,
  from: number,
  last: Segment,
  left: number,
  right: number,
  y: number,
): void {
  if (node.kind !== 'call' && node.kind !== 'task') return
  const text = spanOf(endAt(node, last.to, stoppedAt, now) - from)
  const room = text.length * letterWidth + 8
  context.fillStyle = palette.faint
  if (right + room < width) context.fillText(text, right + 5, y + rowHeight / 2)
  else if (left - room > 0) context.fillText(text, left - room + 3, y + rowHeight / 2)
}

/** It is outside of the window, to this side. */
function drawAway(context: CanvasRenderingContext2D, { width, palette }: Scene, before: boolean, y: number): void {
  context.fillStyle = palette.faint
  context.fillText(before ? '‹' : '›', before ? 4 : width - 10, y + rowHeight / 2)
}

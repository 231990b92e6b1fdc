/** Draws lanes into a canvas: everything that moves with the window. Nothing here keeps state; a frame draws what it is given. */
import { drawBars } from './draw-bar.ts'
import { endOf, type Lane, type Mark } from './layout.ts'
import { leastWidth, rowHeight, stripHeight, xOf } from './place.ts'
import { fitted, letterWidth, type Scene } from './scene.ts'

export function drawLanes(context: CanvasRenderingContext2D, scene: Scene): void {
  const { swimlanes, places, window, width, top, height, palette } = scene
  context.save()
  context.clearRect(0, 0, width, height)
  context.translate(0, -top)
  context.fillStyle = palette.line
  for (const { at } of scene.ticks) context.fillRect(Math.round(xOf(at, window, width)), top, 1, height)
  context.textBaseline = 'middle'
  swimlanes.lanes.forEach((lane, i) => {
    const place = places.lanes[i]
    if (place === undefined || place.top + place.height < top || place.top > top + height) return
    context.fillStyle = palette.line
    context.fillRect(0, place.top + place.height - 1, width, 1)
    drawBars(context, scene, lane, place)
    if (place.models !== undefined) drawMarks(context, scene, lane, place.models, lane.models, palette.model)
    if (place.tools !== undefined) drawMarks(context, scene, lane, place.tools, lane.tools, palette.tool)
    if (place.under !== undefined) drawMarks(context, scene, lane, place.under, lane.under?.work ?? [], palette.soft)
  })
  drawArrows(context, scene)
  drawBreaks(context, scene)
  if (scene.live) {
    context.fillStyle = palette.accent
    context.fillRect(Math.round(xOf(scene.now, window, width)), top, 1.5, height)
  }
  context.restore()
}

/** Calls of one kind. Where many fall on one pixel one is drawn, a failed one before the others. */
function drawMarks(context: CanvasRenderingContext2D, scene: Scene, lane: Lane, top: number, marks: readonly Mark[], ink: string): void {
  const { window, width, now, palette, selected } = scene
  const tall = stripHeight - 3
  let chosen: readonly [left: number, right: number] | undefined
  for (const failed of [false, true]) {
    const solid = new Path2D()
    const open = new Path2D()
    let drawnTo = Number.NEGATIVE_INFINITY
    for (const mark of marks) {
      const left = xOf(mark.from, window, width)
      if (left > width) break
      const right = Math.max(left + leastWidth, xOf(endOf(mark, lane.goneAt, now), window, width))
      if (right < 0) continue
      if (selected === `call:${mark.call}`) chosen = [left, right]
      if (mark.failed !== failed || right <= drawnTo) continue
      drawnTo = Math.max(drawnTo, Math.floor(right))
      const [from, to] = [Math.max(left, -10), Math.min(right, width + 10)]
      // A gap of half a pixel keeps neighbours apart.
      const path = mark.to === undefined ? open : solid
      path.rect(from, top + 1, Math.max(1, to - from - 0.5), tall)
    }
    context.fillStyle = failed ? palette.bad : ink
    context.globalAlpha = 0.75
    context.fill(solid)
    context.globalAlpha = 0.4
    context.fill(open)
    context.globalAlpha = 1
  }
  drawMarkNames(context, scene, lane, top, marks)
  if (chosen === undefined) return
  context.strokeStyle = palette.accent
  context.lineWidth = 2
  context.strokeRect(Math.max(-10, chosen[0] - 1), top, Math.min(width + 20, chosen[1] - Math.max(-10, chosen[0]) + 2), tall + 2)
}

function drawMarkNames(context: CanvasRenderingContext2D, scene: Scene, lane: Lane, top: number, marks: readonly Mark[]): void {
  const { window, width, now, palette } = scene
  context.font = '10px ui-sans-serif, system-ui, sans-serif'
  let writtenTo = Number.NEGATIVE_INFINITY
  for (const mark of marks) {
    const left = Math.max(0, xOf(mark.from, window, width))
    if (left > width) break
    const right = Math.min(width, xOf(endOf(mark, lane.goneAt, now), window, width))
    if (right - left < 4 * letterWidth || left < writtenTo) continue
    const label = fitted(mark.label, right - left - 6)
    if (label === '') continue
    // On a full colour, or on the pale one of a call that goes on.
    context.fillStyle = mark.to === undefined ? palette.ink : palette.page
    context.fillText(label, left + 4, top + stripHeight / 2)
    writtenTo = right
  }
}

/** Arrows of one giver this near to each other share one line. CSS pixels. */
const bundleWidth = 4

/** From the giver's lane to the takers': one line for those given at about the same time, a head for each. */
function drawArrows(context: CanvasRenderingContext2D, scene: Scene): void {
  const { swimlanes, places, window, width, top, height, palette, selected } = scene
  const drawn = new Set<string>()
  /** How far the line of a bundle is drawn. */
  const beams = new Map<string, number>()
  context.strokeStyle = palette.accent
  for (const arrow of swimlanes.arrows) {
    const [giver, taker] = [places.lanes[arrow.from], places.lanes[arrow.to]]
    if (giver === undefined || taker === undefined || arrow.at < window.from || arrow.at > window.to) continue
    if (Math.max(giver.top, taker.top) + rowHeight < top || Math.min(giver.top, taker.top) > top + height) continue
    const chosen = arrow.task !== undefined && selected === `task:${arrow.task}`
    const bundle = Math.round(xOf(arrow.at, window, width) / bundleWidth)
    const name = `${arrow.from} ${arrow.to} ${arrow.kind} ${bundle}`
    if (drawn.has(name) && !chosen) continue
    drawn.add(name)
    const x = bundle * bundleWidth
    const down = taker.top > giver.top
    const end = down ? taker.top + 5 : taker.top + taker.height - 5
    // The part of the line that another arrow of the bundle has drawn is not drawn darker.
    const beam = `${arrow.from} ${arrow.kind} ${bundle} ${down}`
    const start = chosen ? giver.top + giver.height / 2 : (beams.get(beam) ?? giver.top + giver.height / 2)
    if (!chosen) beams.set(beam, down ? Math.max(start, end) : Math.min(start, end))
    context.globalAlpha = chosen ? 1 : 0.35
    context.lineWidth = chosen ? 2 : 1
    context.setLineDash(arrow.kind === 'delegation' ? [] : [3, 3])
    context.beginPath()
    if (down ? end > start : end < start) {
      context.moveTo(x, start)
      context.lineTo(x, end)
    }
    context.stroke()
    context.setLineDash([])
    context.beginPath()
    const back = down ? -5 : 5
    context.moveTo(x - 3.5, end + back)
    context.lineTo(x, end)
    context.lineTo(x + 3.5, end + back)
    context.stroke()
  }
  context.globalAlpha = 1
}

/** A broken axis is seen as one: a hatched band from top to bottom. */
function drawBreaks(context: CanvasRenderingContext2D, { breaks, window, width, top, height, palette }: Scene): void {
  for (const { from, to } of breaks ?? []) {
    const [left, right] = [Math.max(-1, xOf(from, window, width)), Math.min(width + 1, xOf(to, window, width))]
    if (right <= left) continue
    context.globalAlpha = 0.8
    context.fillStyle = palette.raised
    context.fillRect(left, top, right - left, height)
    context.globalAlpha = 1
    context.strokeStyle = palette.faint
    context.lineWidth = 1
    context.setLineDash([2, 4])
    context.strokeRect(left, top - 2, right - left, height + 4)
    context.setLineDash([])
  }
}

export function drawAxis(
  context: CanvasRenderingContext2D,
  scene: Pick<Scene, 'window' | 'ticks' | 'width' | 'now' | 'live' | 'palette' | 'breaks'>,
  height: number,
) {
  const { window, width, palette } = scene
  context.clearRect(0, 0, width, height)
  context.font = '11px ui-sans-serif, system-ui, sans-serif'
  context.textBaseline = 'middle'
  context.textAlign = 'center'
  for (const { at, text } of scene.ticks) {
    const x = Math.round(xOf(at, window, width))
    context.fillStyle = palette.faint
    // Whole at the edges too.
    const half = context.measureText(text).width / 2
    context.fillText(text, Math.max(half, Math.min(width - half - 4, x)), height / 2 - 1)
    context.fillStyle = palette.line
    context.fillRect(x, height - 5, 1, 5)
  }
  for (const { from, to, text } of scene.breaks ?? []) {
    const [left, right] = [xOf(from, window, width), xOf(to, window, width)]
    context.fillStyle = palette.raised
    context.fillRect(left, 0, right - left, height)
    // As much of its length as there is room for.
    const told = [text, text.split(' ').slice(0, 2).join(' '), '⋯'].find((some) => context.measureText(some).width <= right - left)
    if (told === undefined) continue
    context.fillStyle = palette.soft
    context.fillText(told, (left + right) / 2, height / 2 - 1)
  }
  if (!scene.live) return
  const x = xOf(scene.now, window, width)
  if (x < 0 || x > width) return
  context.fillStyle = palette.accent
  context.fillRect(Math.round(x) - 1, height - 7, 3, 7)
}

/** Draws the bars of tasks: what they wait for is told by their pattern, colour comes on top. */
import type { TaskState } from '@signalbox/model/rows.ts'
import { taskLook } from '../../parts/status.tsx'
import { type Hatch, hatched } from './hatch.ts'
import { type Bar, endOf, type Lane } from './layout.ts'
import { type LanePlace, leastWidth, rowHeight, xOf } from './place.ts'
import { fitted, type Scene } from './scene.ts'
import type { Span } from './waits.ts'

const hatches: { readonly [S in TaskState]?: Hatch } = {
  input_required: 'slanted',
  auth_required: 'slanted',
  failed: 'crossed',
  rejected: 'crossed',
}
const tall = rowHeight - 3
/** A shorter wait is not told apart. CSS pixels. */
const leastWait = 3

export function drawBars(context: CanvasRenderingContext2D, scene: Scene, lane: Lane, place: LanePlace): void {
  const { window, width, now } = scene
  const waits = lane.waits.filter((wait) => {
    if (wait.from > window.to) return false
    const right = xOf(endOf(wait, lane.goneAt, now), window, width)
    return right > 0 && right - xOf(wait.from, window, width) >= leastWait
  })
  for (const bar of lane.bars) drawBar(context, scene, lane, place, bar, waits)
}

function drawBar(context: CanvasRenderingContext2D, scene: Scene, lane: Lane, place: LanePlace, bar: Bar, waits: readonly Span[]): void {
  const { window, width, now, palette, selected } = scene
  const left = xOf(bar.from, window, width)
  const right = Math.max(left + leastWidth, xOf(endOf(bar, lane.goneAt, now), window, width))
  if (left > width || right < 0) return
  const chosen = selected === `task:${bar.task}`
  const look = taskLook(bar.state)
  const ink = palette[look.tone]
  const queued = bar.state === 'submitted'
  const y = place.bars + bar.row * rowHeight + 1
  // What is far outside is cut: a canvas draws corners a million pixels away slowly.
  const [from, to] = [Math.max(left, -10), Math.min(right, width + 10)]
  context.fillStyle = ink
  context.globalAlpha = bar.crowded ? 0.06 : queued ? 0.1 : 0.32
  context.fillRect(from, y, to - from, tall)
  const hatch = hatches[bar.state]
  if (hatch !== undefined && !bar.crowded) {
    context.globalAlpha = 0.4
    context.fillStyle = hatched(context, hatch, ink)
    context.fillRect(from, y, to - from, tall)
  }
  if (bar.worked && !bar.crowded) drawWaits(context, scene, lane, waits, { from, to, y })
  context.fillStyle = ink
  context.globalAlpha = bar.crowded ? 0.25 : 0.9
  // Its begin, a line below it while it waits or works, and its end once there is one.
  context.fillRect(from, y, Math.min(2, to - from), tall)
  if (queued) for (let x = from; x < to; x += 5) context.fillRect(x, y + tall - 1, Math.min(2, to - x), 1)
  else context.fillRect(from, y + tall - 1.5, to - from, 1.5)
  if (bar.to === undefined && !bar.crowded) for (let x = from; x < to; x += 7) context.fillRect(x, y, Math.min(4, to - x), 1)
  context.globalAlpha = 1
  if (chosen) {
    context.strokeStyle = palette.accent
    context.lineWidth = 2
    context.strokeRect(from - 1, y - 1, to - from + 2, tall + 2)
  }
  if (bar.crowded && !chosen) return
  const start = Math.max(from, 0)
  const sign = bar.contradicted ? '⚠ ' : hatch === undefined ? '' : `${look.sign} `
  const label = fitted(`${sign}${bar.label}`, Math.min(to, width) - start - 10)
  if (label === '') return
  context.font = '11px ui-sans-serif, system-ui, sans-serif'
  // A title stands on its own ground where the bar has a pattern.
  const patterned = hatch !== undefined || (bar.worked && waits.length > 0)
  if (patterned) {
    context.fillStyle = palette.page
    context.globalAlpha = 0.72
    context.fillRect(start + 4, y + 1, context.measureText(label).width + 4, tall - 3)
    context.globalAlpha = 1
  }
  context.fillStyle = palette.ink
  context.fillText(label, start + 6, y + tall / 2)
}

/** Where it waits for its workers a bar is pale and dotted. */
function drawWaits(
  context: CanvasRenderingContext2D,
  { window, width, now, palette }: Scene,
  lane: Lane,
  waits: readonly Span[],
  bar: { readonly from: number; readonly to: number; readonly y: number },
): void {
  for (const wait of waits) {
    const from = Math.max(bar.from, xOf(wait.from, window, width))
    const to = Math.min(bar.to, xOf(endOf(wait, lane.goneAt, now), window, width))
    if (to - from < leastWait) continue
    context.globalAlpha = 0.6
    context.fillStyle = palette.page
    context.fillRect(from, bar.y, to - from, tall)
    context.globalAlpha = 0.75
    context.fillStyle = hatched(context, 'dotted', palette.soft)
    context.fillRect(from, bar.y, to - from, tall)
  }
}

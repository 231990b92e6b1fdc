/** The strip of density: how much happened when, what of it failed and what was handed on. Heights by the square root, so that little is seen beside much. */
import type { Timeline } from './timeline.ts'
import type { TimeWindow } from './window.ts'

export function drawStrip(canvas: HTMLCanvasElement, timeline: Timeline | undefined, window: TimeWindow): void {
  const ratio = devicePixelRatio || 1
  const [width, height] = [canvas.clientWidth, canvas.clientHeight]
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio)
    canvas.height = Math.round(height * ratio)
  }
  const context = canvas.getContext('2d')
  if (context === null) return
  const style = getComputedStyle(canvas)
  const color = (name: string) => style.getPropertyValue(`--${name}`)
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.clearRect(0, 0, width, height)
  if (timeline === undefined) return
  const length = Math.max(1, window.until - window.since)
  const x = (time: number) => ((time - window.since) / length) * width

  const from = timeline.oldest === undefined ? width : Math.min(width, Math.max(0, x(timeline.oldest)))
  if (from > 0) {
    context.strokeStyle = color('line')
    context.beginPath()
    for (let at = -height; at < from; at += 7) {
      context.moveTo(Math.min(from, at + height), Math.max(0, at + height - from))
      context.lineTo(Math.max(0, at), Math.min(height, at + height))
    }
    context.stroke()
  }

  const most = timeline.buckets.reduce((most, { events }) => Math.max(most, events), 1)
  const room = height - 5
  const tall = (count: number) => (count === 0 ? 0 : Math.max(2, Math.sqrt(count / most) * room))
  timeline.buckets.forEach(({ events, errors, delegations }, i) => {
    if (events + errors + delegations === 0) return
    const left = x(timeline.since + i * timeline.step)
    const wide = Math.max(1, x(timeline.since + (i + 1) * timeline.step) - left - 0.5)
    if (left > width || left + wide < 0) return
    context.fillStyle = color('busy')
    context.fillRect(left, height - tall(events), wide, tall(events))
    if (errors > 0) {
      context.fillStyle = color('bad')
      context.fillRect(left, height - Math.min(tall(errors), tall(events)), wide, Math.min(tall(errors), tall(events)))
    }
    if (delegations > 0) {
      context.fillStyle = color('model')
      context.fillRect(left, 0, Math.max(2, wide), 3)
    }
  })
}

import { type RefObject, useEffect, useLayoutEffect, useRef } from 'react'
import { ticksOf, zoneText } from '../lanes/axis.ts'
import { fitTo } from '../lanes/canvas.ts'
import { drawAxis } from '../lanes/draw.ts'
import { redrawAfter, useFrames } from '../lanes/frames.ts'
import { useGestures } from '../lanes/gestures.ts'
import { paletteOf } from '../lanes/scene.ts'
import type { View } from '../lanes/view.ts'
import type { Extent, Window } from '../lanes/window.ts'
import type { StoppedAt } from './bars.ts'
import { headHeight, type Layout, rowHeight } from './columns.ts'
import { drawRows } from './draw.ts'
import type { Line } from './lines.ts'

/** Room of a tick's text, CSS pixels. */
const tickRoom = 96

interface TimelineProps {
  readonly box: RefObject<HTMLDivElement | null>
  readonly axis: RefObject<HTMLCanvasElement | null>
  readonly lines: readonly Line[]
  readonly layout: Layout
  readonly view: View
  readonly extentAt: (now: number) => Extent
  readonly clock: () => number
  readonly stoppedAt: StoppedAt
  readonly critical: ReadonlySet<string>
  readonly active: number
  readonly pick: (line: Line) => void
  readonly onFrame: (window: Window, following: boolean) => void
}

/**
 * The bars beside the rows. The canvas is half a screen taller than the box and moves by half screens, so that scrolling needs no drawing
 * and what is drawn scrolls with the rows.
 */
export function Timeline(props: TimelineProps) {
  const { box, axis, lines, layout, view, extentAt, clock, stoppedAt, critical, active, pick, onFrame } = props
  const canvas = useRef<HTMLCanvasElement>(null)
  const width = layout.timeline

  const moment = () => {
    const now = clock()
    const extent = extentAt(now)
    return { now, extent, window: view.window(extent), width }
  }
  const ask = useFrames(() => {
    const [element, bars, ruler] = [box.current, canvas.current, axis.current]
    const [context, rulerContext] = [bars?.getContext('2d'), ruler?.getContext('2d')]
    if (!element || !bars || !ruler || !context || !rulerContext) return undefined
    const { now, extent, window } = moment()
    const half = Math.max(1, Math.ceil(element.clientHeight / 2))
    const top = Math.floor(element.scrollTop / half) * half
    const whole = Math.max(lines.length * rowHeight, element.clientHeight - headHeight)
    const height = Math.max(1, Math.min(3 * half, whole - top))
    fitTo(bars, width, height)
    fitTo(ruler, width, headHeight - 2)
    bars.style.top = `${headHeight + top}px`
    const ticks = ticksOf(window, Math.max(2, Math.floor(width / tickRoom)))
    const palette = paletteOf(element)
    drawRows(context, { lines, window, ticks, width, top, height, now, live: extent.live, stoppedAt, critical, active, palette })
    drawAxis(rulerContext, { window, ticks, width, now, live: extent.live, palette }, headHeight - 2)
    onFrame(window, view.following())
    return extent.live ? redrawAfter(now, window, width) : undefined
  })
  // What it renders for is what is drawn.
  useLayoutEffect(ask)
  useEffect(() => view.watch(ask), [view, ask])
  useEffect(() => {
    const element = box.current
    if (element === null) return
    element.addEventListener('scroll', ask, { passive: true })
    const sizes = new ResizeObserver(ask)
    sizes.observe(element)
    const themes = new MutationObserver(ask)
    themes.observe(document.documentElement, { attributeFilter: ['data-theme'] })
    return () => {
      element.removeEventListener('scroll', ask)
      sizes.disconnect()
      themes.disconnect()
    }
  }, [box, ask])

  const gestures = useGestures({
    box,
    view,
    moment,
    xIn: (clientX) => clientX - (box.current?.getBoundingClientRect().left ?? 0) - layout.tree,
    onMove() {},
    onHover() {},
    onClick({ clientY }) {
      const edge = box.current?.getBoundingClientRect().top ?? 0
      const line = lines[Math.floor((clientY - edge - headHeight + (box.current?.scrollTop ?? 0)) / rowHeight)]
      if (line !== undefined) pick(line)
    },
  })
  return (
    <div aria-hidden="true">
      <canvas
        ref={canvas}
        data-testid="bars"
        {...gestures}
        className="absolute cursor-grab touch-pan-y active:cursor-grabbing"
        style={{ left: layout.tree }}
      />
    </div>
  )
}

export const zone = (): string => zoneText(new Date())

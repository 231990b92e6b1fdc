/** The whole run above the lanes: how much goes on when, what failed, and which part is shown, as a brush. */
import { type KeyboardEvent, type PointerEvent, type ReactNode, useRef } from 'react'
import { dateTime, spanOf } from '../../text.ts'
import { brushed, centred, overviewOf, type Part, stepOf } from './brush.ts'
import { fitTo } from './canvas.ts'
import { type Density, densityOf } from './density.ts'
import type { Swimlanes } from './layout.ts'
import { overviewHeight, xOf } from './place.ts'
import type { Palette } from './scene.ts'
import { drawnBreaks, type TimeMap } from './time-map.ts'
import type { View } from './view.ts'
import type { Extent, Window } from './window.ts'

interface Moment {
  readonly now: number
  readonly extent: Extent
  readonly window: Window
  readonly width: number
}

interface Options {
  readonly swimlanes: Swimlanes
  readonly view: View
  readonly map: TimeMap
  readonly moment: () => Moment
}

const parts: readonly { readonly part: Part; readonly label: string; readonly look: string }[] = [
  { part: 'whole', label: 'Shown time', look: 'cursor-grab border-x border-accent bg-accent/15 active:cursor-grabbing' },
  { part: 'from', label: 'Start of the shown time', look: 'cursor-ew-resize' },
  { part: 'to', label: 'End of the shown time', look: 'cursor-ew-resize' },
]
/** The ends are held beside the brush, so that the narrowest can be. CSS pixels. */
const handle = 12
const leastBrush = 4

/** Drawn with each frame of the lanes, without React. */
export function useOverview(options: Options): { readonly node: ReactNode; readonly draw: (moment: Moment, palette: Palette) => void } {
  const { swimlanes, view, map, moment } = options
  const canvas = useRef<HTMLCanvasElement>(null)
  const sliders = useRef(new Map<Part, HTMLElement>())
  const counted = useRef<{ readonly key: string; readonly of: Swimlanes; readonly density: Density }>(undefined)
  const drag = useRef<{ readonly x: number; readonly part: Part; readonly window: Window; readonly msPerPixel: number }>(undefined)

  const density = (within: Window, width: number, now: number): Density => {
    const pixels = Math.max(1, Math.floor(width))
    // Now moves always, but a pixel only now and then.
    const pixel = (within.to - within.from) / pixels
    const key = `${pixels} ${Math.round(within.from / pixel)} ${Math.round(within.to / pixel)}`
    if (counted.current?.key !== key || counted.current.of !== swimlanes)
      counted.current = { key, of: swimlanes, density: densityOf(swimlanes, within, pixels, now) }
    return counted.current.density
  }

  const draw = ({ now, extent, window, width }: Moment, palette: Palette) => {
    const context = canvas.current?.getContext('2d')
    if (!canvas.current || !context) return
    const within = overviewOf(extent, window)
    fitTo(canvas.current, width, overviewHeight)
    drawDensity(context, density(within, width, now), width, palette)
    context.fillStyle = palette.soft
    for (const gap of drawnBreaks(map)) {
      const x = Math.round(xOf((gap.from + gap.to) / 2, within, width))
      for (let y = 0; y < overviewHeight; y += 5) context.fillRect(x, y, 1, 2)
    }
    place(within, window, width)
  }

  const place = (within: Window, window: Window, width: number) => {
    const left = xOf(window.from, within, width)
    const right = Math.max(left + leastBrush, xOf(window.to, within, width))
    const spots = {
      whole: [left, right],
      // Within the strip also where the brush reaches its edges.
      from: [Math.max(0, left - handle), Math.max(handle / 2, left + 1)],
      to: [Math.min(width - handle / 2, right - 1), Math.min(width, right + handle)],
    } as const
    const middle = (window.from + window.to) / 2
    const times = { whole: middle, from: window.from, to: window.to }
    const length = map.back(window.to) - map.back(window.from)
    for (const { part } of parts) {
      const slider = sliders.current.get(part)
      if (slider === undefined) continue
      const [from, to] = spots[part]
      slider.style.left = `${from}px`
      slider.style.width = `${to - from}px`
      say(slider, 'aria-valuenow', String(Math.round(((times[part] - within.from) / (within.to - within.from)) * 100)))
      const text = dateTime(map.back(part === 'to' ? window.to : window.from)).slice(0, 19)
      say(slider, 'aria-valuetext', part === 'whole' ? `${spanOf(length)} from ${text}` : text)
    }
  }

  const press = (event: PointerEvent, part: Part, from?: Window) => {
    if (event.button !== 0) return
    event.stopPropagation()
    event.currentTarget.setPointerCapture(event.pointerId)
    const { extent, window, width } = moment()
    const within = overviewOf(extent, window)
    drag.current = { x: event.clientX, part, window: from ?? window, msPerPixel: (within.to - within.from) / width }
  }
  const jump = (event: PointerEvent<HTMLElement>) => {
    if (event.button !== 0) return
    const { extent, window, width } = moment()
    const within = overviewOf(extent, window)
    const x = event.clientX - event.currentTarget.getBoundingClientRect().left
    const to = centred(window, within.from + (x / width) * (within.to - within.from), extent)
    view.move(to)
    press(event, 'whole', to)
  }
  const move = (event: PointerEvent) => {
    const held = drag.current
    if (held === undefined || event.clientX === held.x) return
    view.move(brushed(held.window, held.part, (event.clientX - held.x) * held.msPerPixel, moment().extent))
  }
  const release = () => {
    drag.current = undefined
  }
  const step = (event: KeyboardEvent, part: Part) => {
    const share = stepOf(event.key)
    if (share === undefined || event.ctrlKey || event.metaKey || event.altKey) return
    // The lanes have arrow keys of their own.
    event.preventDefault()
    event.stopPropagation()
    const { extent, window } = moment()
    const within = overviewOf(extent, window)
    view.move(brushed(window, part, share * (within.to - within.from), extent))
  }

  const node = (
    <fieldset
      aria-label="Overview of the run"
      onPointerDown={jump}
      onPointerMove={move}
      onPointerUp={release}
      onPointerCancel={release}
      className="relative min-w-0 flex-1 touch-none overflow-hidden"
      style={{ height: overviewHeight }}
    >
      <div aria-hidden="true">
        <canvas ref={canvas} />
      </div>
      {parts.map(({ part, label, look }) => (
        <div
          key={part}
          ref={(element) => {
            if (element === null) sliders.current.delete(part)
            else sliders.current.set(part, element)
          }}
          role="slider"
          tabIndex={0}
          aria-label={label}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={0}
          onPointerDown={(event) => press(event, part)}
          onKeyDown={(event) => step(event, part)}
          className={`absolute inset-y-0 -outline-offset-2 ${look}`}
        >
          {part !== 'whole' && (
            <span
              aria-hidden="true"
              className={`absolute inset-y-1.5 w-1.5 rounded-sm bg-accent ${part === 'from' ? 'right-0' : 'left-0'}`}
            />
          )}
        </div>
      ))}
    </fieldset>
  )
  return { node, draw }
}

function say(element: HTMLElement, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value)
}

/** Failures have a place of their own at the top: colour alone does not tell them. */
const failureHeight = 5

function drawDensity(context: CanvasRenderingContext2D, { counts, failed, most }: Density, width: number, palette: Palette): void {
  context.clearRect(0, 0, width, overviewHeight)
  const tall = overviewHeight - failureHeight - 2
  const busy = new Path2D()
  const bad = new Path2D()
  counts.forEach((count, x) => {
    // By the root, so that one thing is seen beside hundreds.
    const height = count <= 0 ? 0 : Math.max(2, Math.sqrt(count / most) * tall)
    if (height > 0) busy.rect(x, overviewHeight - height, 1, height)
    if (failed[x] === 1) bad.rect(x - 0.5, 1, 2, failureHeight - 1)
  })
  context.fillStyle = palette.faint
  context.globalAlpha = 0.75
  context.fill(busy)
  context.globalAlpha = 1
  context.fillStyle = palette.bad
  context.fill(bad)
}

import { useEffect, useLayoutEffect, useRef, useState } from 'react'
import { useSearch } from '../../search.ts'
import { ticksOf, zoneText } from './axis.ts'
import { fitTo } from './canvas.ts'
import { drawAxis, drawLanes, paletteOf } from './draw.ts'
import { useFrames } from './frames.ts'
import { useGestures } from './gestures.ts'
import type { Swimlanes } from './layout.ts'
import { LaneNames } from './names.tsx'
import { axisHeight, type Hit, hitAt, nameWidth, type Places } from './place.ts'
import { drawnBreaks, drawnTicks, realWindow, type TimeMap } from './time-map.ts'
import { Tooltip } from './tooltip.tsx'
import type { View } from './view.ts'
import { type Extent, showing, type Window } from './window.ts'

/** Room of a tick's text, CSS pixels. */
const tickRoom = 110
const leastWidth = 100
/** A live view is drawn again when now has come half a pixel further, but not more often than this, and not more seldom. */
const redrawMs = { least: 33, most: 1_000 }
const calm = matchMedia('(prefers-reduced-motion: reduce)')

const selectionOf = (hit: Hit): string => (hit.kind === 'bar' ? `task:${hit.bar.task}` : `call:${hit.mark.call}`)

interface LanesProps {
  readonly swimlanes: Swimlanes
  readonly places: Places
  readonly view: View
  readonly extentAt: (now: number) => Extent
  /** Server time, or when the view was paused. */
  readonly clock: () => number
  /** Told the window of each frame. */
  readonly onFrame: (window: Window, following: boolean) => void
  /** All times above are drawn ones; what is written is real. */
  readonly map: TimeMap
}

/**
 * Names are elements, the lanes beside them a canvas: a frame costs one drawing, however many calls there are.
 * The canvas is half a screen taller than the box and moves by half screens, so that scrolling needs no drawing.
 */
export function Lanes({ swimlanes, places, view, extentAt, clock, onFrame, map }: LanesProps) {
  const [{ sel }, setSearch] = useSearch()
  const box = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const axis = useRef<HTMLCanvasElement>(null)
  const [hover, setHover] = useState<{ readonly hit: Hit; readonly x: number; readonly y: number }>()

  const moment = () => {
    const now = clock()
    const extent = extentAt(now)
    return { now, extent, window: view.window(extent), width: Math.max(leastWidth, (box.current?.clientWidth ?? 0) - nameWidth) }
  }

  const ask = useFrames(() => {
    const [element, lanes, ruler] = [box.current, canvas.current, axis.current]
    const [context, rulerContext] = [lanes?.getContext('2d'), ruler?.getContext('2d')]
    if (!element || !lanes || !ruler || !context || !rulerContext) return undefined
    const { now, extent, window, width } = moment()
    const half = Math.max(1, Math.ceil(element.clientHeight / 2))
    const top = Math.floor(element.scrollTop / half) * half
    const whole = Math.max(places.height, element.clientHeight - axisHeight)
    const height = Math.max(1, Math.min(3 * half, whole - top))
    fitTo(lanes, width, height)
    fitTo(ruler, width, axisHeight)
    lanes.style.top = `${axisHeight + top}px`
    const ticks = drawnTicks(ticksOf(realWindow(window, map), Math.max(2, Math.floor(width / tickRoom))), map)
    const shared = { window, ticks, width, now, live: extent.live, palette: paletteOf(element), breaks: drawnBreaks(map) }
    drawLanes(context, { ...shared, swimlanes, places, top, height, selected: sel })
    drawAxis(rulerContext, shared, axisHeight)
    onFrame(window, view.following())
    if (!extent.live || window.to < now) return undefined
    const halfPixelMs = (window.to - window.from) / width / 2
    return calm.matches ? redrawMs.most : Math.max(redrawMs.least, Math.min(redrawMs.most, halfPixelMs))
  })
  // What it renders for is what is drawn.
  useLayoutEffect(ask)
  useEffect(() => view.watch(ask), [view, ask])
  useEffect(() => {
    const element = box.current
    if (element === null) return
    const sizes = new ResizeObserver(ask)
    sizes.observe(element)
    const themes = new MutationObserver(ask)
    themes.observe(document.documentElement, { attributeFilter: ['data-theme'] })
    return () => {
      sizes.disconnect()
      themes.disconnect()
    }
  }, [ask])

  const xIn = (clientX: number) => clientX - (box.current?.getBoundingClientRect().left ?? 0) - nameWidth
  const hitOf = ({ clientX, clientY }: { readonly clientX: number; readonly clientY: number }) => {
    const { now, window, width } = moment()
    const edge = box.current?.getBoundingClientRect().top ?? 0
    const y = clientY - edge - axisHeight + (box.current?.scrollTop ?? 0)
    return hitAt(swimlanes, places, { x: xIn(clientX), y }, window, width, now)
  }
  const gestures = useGestures({
    box,
    view,
    moment,
    xIn,
    onMove: () => setHover(undefined),
    onHover(event) {
      const hit = hitOf(event)
      setHover(hit && { hit, x: event.clientX, y: event.clientY })
    },
    onClick(event) {
      const hit = hitOf(event)
      const next = hit === undefined ? '' : selectionOf(hit)
      setSearch({ sel: next === sel ? '' : next })
    },
  })
  const show = (time: number) => {
    const { window, extent } = moment()
    const next = showing(window, time, extent)
    if (next !== window) view.move(next)
  }
  return (
    <div ref={box} data-testid="lanes" onScroll={ask} className="relative min-h-0 flex-1 overflow-y-auto overflow-x-hidden">
      <div className="sticky top-0 z-10 flex border-b border-line bg-page" style={{ height: axisHeight }}>
        <span className="shrink-0 px-3.5 text-xs leading-6 text-faint" style={{ width: nameWidth }}>
          {zoneText(new Date())}
        </span>
        <div aria-hidden="true">
          <canvas ref={axis} />
        </div>
      </div>
      <div className="relative" style={{ height: places.height }}>
        <LaneNames swimlanes={swimlanes} places={places} show={show} />
      </div>
      <div aria-hidden="true">
        <canvas
          ref={canvas}
          {...gestures}
          onPointerLeave={() => setHover(undefined)}
          className="absolute cursor-grab touch-pan-y active:cursor-grabbing"
          style={{ left: nameWidth }}
        />
      </div>
      {hover !== undefined && <Tooltip {...hover} clock={clock} map={map} />}
    </div>
  )
}

import { useEffect, useLayoutEffect, useRef, useState } from 'react'
import { useSearch } from '../../search.ts'
import { spanOf } from '../../text.ts'
import { zoneText } from './axis.ts'
import { fitTo } from './canvas.ts'
import { drawAxis, drawLanes } from './draw.ts'
import { redrawAfter, useFrames } from './frames.ts'
import { useGestures } from './gestures.ts'
import type { Swimlanes } from './layout.ts'
import { LaneNames } from './names.tsx'
import { useOverview } from './overview.tsx'
import { axisHeight, type Hit, headHeight, hitAt, nameWidth, overviewHeight, type Places } from './place.ts'
import { paletteOf } from './scene.ts'
import { drawnBreaks, drawnTicks, type TimeMap } from './time-map.ts'
import { Tooltip } from './tooltip.tsx'
import type { View } from './view.ts'
import { type Extent, showing, type Window } from './window.ts'

/** Room of a tick's text, CSS pixels. */
const tickRoom = 110
const leastWidth = 100

const lanesLook = 'absolute cursor-grab touch-pan-y active:cursor-grabbing'
const selectionOf = (hit: Hit): string => (hit.kind === 'bar' ? `task:${hit.bar.task}` : `call:${hit.mark.call}`)

interface LanesProps {
  readonly swimlanes: Swimlanes
  /** Also what is collapsed: the overview counts it. */
  readonly all: Swimlanes
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
export function Lanes({ swimlanes, all, places, view, extentAt, clock, onFrame, map }: LanesProps) {
  const [{ sel }, setSearch] = useSearch()
  const box = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const axis = useRef<HTMLCanvasElement>(null)
  /** Pinned lanes, which stay where they are. */
  const stuck = useRef<HTMLCanvasElement>(null)
  const band = useRef<HTMLDivElement>(null)
  const [hover, setHover] = useState<{ readonly hit: Hit; readonly x: number; readonly y: number; readonly at: number }>()

  const moment = () => {
    const now = clock()
    const extent = extentAt(now)
    return { now, extent, window: view.window(extent), width: Math.max(leastWidth, (box.current?.clientWidth ?? 0) - nameWidth) }
  }

  const overview = useOverview({ swimlanes: all, view, map, moment })

  const ask = useFrames(() => {
    const [element, lanes, ruler] = [box.current, canvas.current, axis.current]
    const [context, rulerContext] = [lanes?.getContext('2d'), ruler?.getContext('2d')]
    if (!element || !lanes || !ruler || !context || !rulerContext) return undefined
    const { now, extent, window, width } = moment()
    const half = Math.max(1, Math.ceil(element.clientHeight / 2))
    const top = Math.floor(element.scrollTop / half) * half
    const whole = Math.max(places.height, element.clientHeight - headHeight)
    const height = Math.max(1, Math.min(3 * half, whole - top))
    fitTo(lanes, width, height)
    fitTo(ruler, width, axisHeight)
    lanes.style.top = `${headHeight + top}px`
    const ticks = drawnTicks(window, Math.max(2, Math.floor(width / tickRoom)), map)
    const shared = { window, ticks, width, now, live: extent.live, palette: paletteOf(element), breaks: drawnBreaks(map) }
    const scene = { ...shared, swimlanes, places, selected: sel }
    drawLanes(context, { ...scene, top, height })
    const pinned = stuck.current?.getContext('2d')
    if (stuck.current && pinned) {
      fitTo(stuck.current, width, places.stuck)
      drawLanes(pinned, { ...scene, top: 0, height: places.stuck })
    }
    overview.draw({ now, extent, window, width }, shared.palette)
    drawAxis(rulerContext, shared, axisHeight)
    onFrame(window, view.following())
    return extent.live ? redrawAfter(now, window, width) : undefined
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
    const below = clientY - edge - headHeight
    const y = below < places.stuck ? below : below + (box.current?.scrollTop ?? 0)
    return hitAt(swimlanes, places, { x: xIn(clientX), y }, window, width, now)
  }
  const gestures = useGestures({
    box,
    view,
    moment,
    xIn,
    boxing: { band, text: (window) => spanOf(map.back(window.to) - map.back(window.from)) },
    onMove: () => setHover(undefined),
    onHover(event) {
      const hit = hitOf(event)
      const { window, width } = moment()
      const at = window.from + (xIn(event.clientX) / width) * (window.to - window.from)
      setHover(hit && { hit, x: event.clientX, y: event.clientY, at })
    },
    onClick(event) {
      const hit = hitOf(event)
      const next = hit === undefined ? '' : selectionOf(hit)
      setSearch({ sel: next === sel ? '' : next })
    },
  })
  const pointer = { ...gestures, onPointerLeave: () => setHover(undefined) }
  const show = (time: number) => {
    const { window, extent } = moment()
    const next = showing(window, time, extent)
    if (next !== window) view.move(next)
  }
  return (
    <div ref={box} data-testid="lanes" onScroll={ask} className="relative min-h-0 flex-1 overflow-y-auto overflow-x-hidden">
      <div className="sticky top-0 z-10 border-b border-line bg-page" style={{ height: headHeight }}>
        <div className="flex border-b border-line" style={{ height: overviewHeight }}>
          <span className="shrink-0 truncate px-3.5 text-xs leading-[30px] text-faint" style={{ width: nameWidth }}>
            whole run
          </span>
          {overview.node}
        </div>
        <div className="flex">
          <span className="shrink-0 px-3.5 text-xs leading-6 text-faint" style={{ width: nameWidth }}>
            {zoneText(new Date())}
          </span>
          <div aria-hidden="true">
            <canvas ref={axis} />
          </div>
        </div>
        {places.stuck > 0 && (
          <div aria-hidden="true">
            <canvas
              ref={stuck}
              {...pointer}
              className={`${lanesLook} border-b border-accent bg-page`}
              style={{ left: nameWidth, top: headHeight }}
            />
          </div>
        )}
        <div
          ref={band}
          aria-hidden="true"
          hidden
          className="pointer-events-none absolute h-screen border-x border-accent bg-accent/15 pt-1 text-center text-xs text-accent"
          style={{ top: headHeight }}
        >
          <span className="rounded bg-page px-1 tabular-nums" />
        </div>
      </div>
      <div className="relative" style={{ height: places.height }}>
        <LaneNames swimlanes={swimlanes} places={places} show={show} />
      </div>
      <div aria-hidden="true">
        <canvas ref={canvas} {...pointer} className={lanesLook} style={{ left: nameWidth }} />
      </div>
      {hover !== undefined && <Tooltip {...hover} clock={clock} map={map} />}
    </div>
  )
}

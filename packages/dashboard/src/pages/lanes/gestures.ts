/** What wheel and pointer do to the window: drag pans, Ctrl or ⌘ with the wheel (or a pinch) zooms at the pointer, a sideways wheel pans. */
import { type PointerEvent, type RefObject, useEffect, useRef } from 'react'
import type { View } from './view.ts'
import { type Extent, panned, type Window, zoomed } from './window.ts'

/** A press that moves less is a click. CSS pixels. */
const clickWithin = 4
const zoomPerPixel = 0.0016
/** A wheel's notch is some 100 px; more at once is taken for so much. */
const mostPerWheel = 120
/** A pinch comes as a wheel with Ctrl and small steps. */
const pinch = { below: 20, times: 5 }
const pixelsPerLine = 16

interface Moment {
  readonly window: Window
  readonly extent: Extent
  /** Of the lanes, CSS pixels. */
  readonly width: number
}

interface Options {
  readonly box: RefObject<HTMLElement | null>
  readonly view: View
  readonly moment: () => Moment
  /** Place of a pointer in the lanes, CSS pixels from their left edge. */
  readonly xIn: (clientX: number) => number
  readonly onMove: () => void
  readonly onHover: (event: PointerEvent) => void
  readonly onClick: (event: PointerEvent) => void
}

export function useGestures(options: Options) {
  const latest = useRef(options)
  latest.current = options
  const drag = useRef<{
    readonly x: number
    readonly y: number
    readonly window: Window
    readonly scrolled: number
    moved: boolean
  }>(undefined)

  const { box } = options
  useEffect(() => {
    const element = box.current
    if (element === null) return
    const wheel = (event: WheelEvent) => {
      const { view, moment, xIn, onMove } = latest.current
      const { window, extent, width } = moment()
      const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? pixelsPerLine : 1
      const down = event.deltaY * unit
      const sideways = (event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX) * unit
      // Where there is nothing to scroll, a plain wheel zooms too.
      const scrolls = element.scrollHeight > element.clientHeight + 1
      const zooms = event.ctrlKey || event.metaKey || (!scrolls && sideways === 0)
      if (!zooms && (sideways === 0 || (!event.shiftKey && Math.abs(sideways) < Math.abs(down)))) return
      event.preventDefault()
      onMove()
      if (!zooms) return view.move(panned(window, sideways / width, extent))
      const fine = event.ctrlKey && Math.abs(down) < pinch.below ? pinch.times : 1
      const factor = Math.exp(Math.max(-mostPerWheel, Math.min(mostPerWheel, down)) * zoomPerPixel * fine)
      view.move(zoomed(window, factor, Math.max(0, Math.min(1, xIn(event.clientX) / width)), extent))
    }
    // React listens to wheel passively, and a zoom must not scroll the page.
    element.addEventListener('wheel', wheel, { passive: false })
    return () => element.removeEventListener('wheel', wheel)
  }, [box])

  return {
    onPointerDown(event: PointerEvent) {
      if (event.button !== 0) return
      event.currentTarget.setPointerCapture(event.pointerId)
      const scrolled = box.current?.scrollTop ?? 0
      drag.current = { x: event.clientX, y: event.clientY, window: options.moment().window, scrolled, moved: false }
    },
    onPointerMove(event: PointerEvent) {
      const held = drag.current
      if (held === undefined) return options.onHover(event)
      const [right, down] = [event.clientX - held.x, event.clientY - held.y]
      if (!held.moved && Math.hypot(right, down) < clickWithin) return
      if (!held.moved) options.onMove()
      held.moved = true
      const { extent, width } = options.moment()
      options.view.move(panned(held.window, -right / width, extent))
      // A finger scrolls by itself.
      if (event.pointerType === 'mouse' && box.current !== null) box.current.scrollTop = held.scrolled - down
    },
    onPointerUp(event: PointerEvent) {
      const held = drag.current
      drag.current = undefined
      if (held !== undefined && !held.moved) options.onClick(event)
    },
    onPointerCancel() {
      drag.current = undefined
    },
  }
}

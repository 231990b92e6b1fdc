/** What wheel and pointer do to the window: drag pans, Shift and drag zooms to what was covered, Ctrl or ⌘ with the wheel (or a pinch) zooms at the pointer, a sideways wheel pans. */
import { type PointerEvent, type RefObject, useCallback, useEffect, useRef } from 'react'
import type { View } from './view.ts'
import { type Extent, panned, shortestMs, type Window, zoomed } from './window.ts'

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
  /** What shows what Shift and a drag cover, and what it says of it; absent: they pan as a drag does. */
  readonly boxing?: { readonly band: RefObject<HTMLElement | null>; readonly text: (window: Window) => string }
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
    readonly boxes: boolean
    moved: boolean
  }>(undefined)

  const { box, boxing } = options
  const band = boxing?.band
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

  const cancel = useCallback(() => {
    drag.current = undefined
    if (band?.current) band.current.hidden = true
  }, [band])
  useEffect(() => {
    const abandon = (event: globalThis.KeyboardEvent) => {
      if (event.key !== 'Escape' || drag.current?.boxes !== true) return
      // It means the box, not the inspector.
      event.stopPropagation()
      cancel()
    }
    addEventListener('keydown', abandon, { capture: true })
    return () => removeEventListener('keydown', abandon, { capture: true })
  }, [cancel])

  /** What lies between the press and the pointer. */
  const covered = (fromX: number, toX: number, { window, width }: Moment): Window => {
    const timeAt = (clientX: number) =>
      window.from + (Math.max(0, Math.min(width, options.xIn(clientX))) / width) * (window.to - window.from)
    return { from: timeAt(Math.min(fromX, toX)), to: timeAt(Math.max(fromX, toX)) }
  }
  const showBand = (window: Window, moment: Moment) => {
    const element = band?.current
    const parent = element?.offsetParent
    if (!element || !parent) return
    const scale = moment.width / (moment.window.to - moment.window.from)
    element.style.left = `${parent.clientWidth - moment.width + (window.from - moment.window.from) * scale}px`
    element.style.width = `${(window.to - window.from) * scale}px`
    element.textContent = boxing?.text(window) ?? ''
  }

  return {
    onPointerDown(event: PointerEvent) {
      if (event.button !== 0) return
      event.currentTarget.setPointerCapture(event.pointerId)
      const scrolled = box.current?.scrollTop ?? 0
      drag.current = {
        x: event.clientX,
        y: event.clientY,
        window: options.moment().window,
        scrolled,
        boxes: event.shiftKey && boxing !== undefined,
        moved: false,
      }
    },
    onPointerMove(event: PointerEvent) {
      const held = drag.current
      if (held === undefined) return options.onHover(event)
      const [right, down] = [event.clientX - held.x, event.clientY - held.y]
      if (!held.moved && Math.hypot(right, down) < clickWithin) return
      if (!held.moved) options.onMove()
      held.moved = true
      if (held.boxes) {
        const now = options.moment()
        if (band?.current) band.current.hidden = false
        return showBand(covered(held.x, event.clientX, now), now)
      }
      const { extent, width } = options.moment()
      options.view.move(panned(held.window, -right / width, extent))
      // A finger scrolls by itself.
      if (event.pointerType === 'mouse' && box.current !== null) box.current.scrollTop = held.scrolled - down
    },
    onPointerUp(event: PointerEvent) {
      const held = drag.current
      cancel()
      if (held === undefined) return
      if (!held.moved) return options.onClick(event)
      if (!held.boxes) return
      options.view.move(boxed(covered(held.x, event.clientX, options.moment())))
    },
    onPointerCancel: cancel,
  }
}

/** No shorter than a window may be. */
function boxed({ from, to }: Window): Window {
  const more = Math.max(0, shortestMs - (to - from)) / 2
  return { from: from - more, to: to + more }
}

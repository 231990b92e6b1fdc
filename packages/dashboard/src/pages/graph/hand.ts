/** What wheel, pointers and fingers do to the picture: drag pans, wheel and pinch zoom at the pointer, a sideways wheel pans. */
import { type PointerEvent, type RefObject, useEffect, useRef } from 'react'
import type { Place } from './places.ts'
import type { Stage } from './stage.ts'

/** A press that moves less is a click. CSS pixels. */
const clickWithin = 4
const zoomPerPixel = 0.0018
/** A wheel's notch is some 100 px; more at once is taken for so much. */
const mostPerWheel = 120
/** A pinch of a touchpad comes as a wheel with Ctrl and small steps. */
const pinch = { below: 20, times: 5 }
const pixelsPerLine = 16

interface Options {
  readonly box: RefObject<HTMLElement | null>
  readonly stage: Stage
  readonly onHover: (at: Place | undefined) => void
  readonly onClick: (at: Place) => void
}

export function useHand(options: Options) {
  const latest = useRef(options)
  latest.current = options
  /** Pointers that are down, by id. */
  const down = useRef(new Map<number, Place>())
  const moved = useRef(false)
  const { box } = options
  const placeOf = ({ clientX, clientY }: { readonly clientX: number; readonly clientY: number }): Place => {
    const edge = box.current?.getBoundingClientRect()
    return { x: clientX - (edge?.left ?? 0), y: clientY - (edge?.top ?? 0) }
  }
  const placeIn = useRef(placeOf)
  placeIn.current = placeOf
  useEffect(() => {
    const element = box.current
    if (element === null) return
    const wheel = (event: WheelEvent) => {
      const { stage } = latest.current
      event.preventDefault()
      const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? pixelsPerLine : 1
      const [right, downward] = [event.deltaX * unit, event.deltaY * unit]
      const zooms = event.ctrlKey || event.metaKey
      if (!zooms && event.shiftKey) return stage.pan(-(right === 0 ? downward : right), 0)
      if (!zooms && Math.abs(right) > Math.abs(downward)) return stage.pan(-right, -downward)
      const fine = event.ctrlKey && Math.abs(downward) < pinch.below ? pinch.times : 1
      stage.zoom(Math.exp(-Math.max(-mostPerWheel, Math.min(mostPerWheel, downward)) * zoomPerPixel * fine), placeIn.current(event))
    }
    // React listens to wheel passively, and a zoom must not scroll the page.
    element.addEventListener('wheel', wheel, { passive: false })
    // A focused button far outside must not scroll what is moved by transform.
    const still = () => element.scrollTo(0, 0)
    element.addEventListener('scroll', still)
    return () => {
      element.removeEventListener('wheel', wheel)
      element.removeEventListener('scroll', still)
    }
  }, [box])
  const spread = (a: Place, b: Place) => Math.hypot(a.x - b.x, a.y - b.y)
  const up = (event: PointerEvent) => {
    const held = down.current.delete(event.pointerId)
    if (held && !moved.current && event.type === 'pointerup') options.onClick(placeOf(event))
  }
  const first = useRef<Place>({ x: 0, y: 0 })
  return {
    onPointerDown(event: PointerEvent) {
      if (event.button !== 0) return
      if (down.current.size === 0) {
        moved.current = false
        first.current = placeOf(event)
      } else moved.current = true
      down.current.set(event.pointerId, placeOf(event))
    },
    onPointerMove(event: PointerEvent) {
      const before = down.current.get(event.pointerId)
      const at = placeOf(event)
      if (before === undefined) return options.onHover(at)
      if (!moved.current && spread(first.current, at) < clickWithin) return
      if (!moved.current) {
        moved.current = true
        event.currentTarget.setPointerCapture(event.pointerId)
        options.onHover(undefined)
      }
      const other = [...down.current].find(([id]) => id !== event.pointerId)?.[1]
      down.current.set(event.pointerId, at)
      if (other !== undefined && spread(before, other) > 0)
        options.stage.zoom(spread(at, other) / spread(before, other), { x: (at.x + other.x) / 2, y: (at.y + other.y) / 2 })
      options.stage.pan((at.x - before.x) / down.current.size, (at.y - before.y) / down.current.size)
    },
    onPointerUp: up,
    onPointerCancel: up,
    onPointerLeave: () => options.onHover(undefined),
  }
}

/** How wide the inspector is: dragged, or set by the arrow keys; remembered by this browser. */
import { type KeyboardEvent, type PointerEvent, useRef, useState } from 'react'

const place = 'signalbox.inspector.width'
const usual = 384
const least = 280
const step = 24
const mostShare = 0.7

const most = () => Math.max(least, Math.round(innerWidth * mostShare))
const bounded = (width: number) => Math.round(Math.max(least, Math.min(most(), width)))
const remembered = () => {
  const held = Number(localStorage.getItem(place) ?? Number.NaN)
  return Number.isFinite(held) && held > 0 ? held : usual
}

export function useWidth() {
  const [width, setWidth] = useState(remembered)
  const set = (next: number) => {
    const now = bounded(next)
    setWidth(now)
    localStorage.setItem(place, String(now))
  }
  return { width: bounded(width), set }
}

export function Separator({ width, set }: { readonly width: number; readonly set: (width: number) => void }) {
  const drag = useRef<{ readonly x: number; readonly width: number }>(undefined)
  const keys: Record<string, number> = { ArrowLeft: width + step, ArrowRight: width - step, Home: most(), End: least }
  return (
    // biome-ignore lint/a11y/useSemanticElements: an <hr> takes no pointer
    <div
      role="separator"
      aria-orientation="vertical"
      aria-label="Width of the inspector"
      aria-valuenow={width}
      aria-valuemin={least}
      aria-valuemax={most()}
      tabIndex={0}
      onKeyDown={(event: KeyboardEvent) => {
        const next = keys[event.key]
        if (next === undefined) return
        event.preventDefault()
        set(next)
      }}
      onDoubleClick={() => set(usual)}
      onPointerDown={(event: PointerEvent<HTMLDivElement>) => {
        event.currentTarget.setPointerCapture(event.pointerId)
        drag.current = { x: event.clientX, width }
      }}
      onPointerMove={({ clientX }) => drag.current !== undefined && set(drag.current.width + drag.current.x - clientX)}
      onPointerUp={() => {
        drag.current = undefined
      }}
      onPointerCancel={() => {
        drag.current = undefined
      }}
      className="absolute inset-y-0 -left-1 z-10 w-2 cursor-col-resize touch-none hover:bg-accent/40 focus-visible:bg-accent/40 max-md:hidden"
    />
  )
}

import { useEffect, useRef, useState } from 'react'
import type { Window } from './window.ts'

/** Animation frames on demand: `ask` has `draw` called once in the next one. `draw` answers after how many ms it wants to be called again. */
export function useFrames(draw: () => number | undefined): () => void {
  const latest = useRef(draw)
  latest.current = draw
  const [{ ask, stop }] = useState(() => {
    let frame = 0
    let timer: ReturnType<typeof setTimeout> | undefined
    const ask = () => {
      if (frame !== 0) return
      frame = requestAnimationFrame(() => {
        frame = 0
        clearTimeout(timer)
        const again = latest.current()
        timer = again === undefined ? undefined : setTimeout(ask, again)
      })
    }
    const stop = () => {
      cancelAnimationFrame(frame)
      frame = 0
      clearTimeout(timer)
    }
    return { ask, stop }
  })
  useEffect(() => stop, [stop])
  return ask
}

/** A live view is drawn again when now has come half a pixel further, but not more often than this, and not more seldom. */
const redrawMs = { least: 33, most: 1_000 }
const calm = matchMedia('(prefers-reduced-motion: reduce)')

/** After how long a live view of so many pixels looks otherwise by the clock alone; undefined: now is not in it. */
export function redrawAfter(now: number, { from, to }: Window, pixels: number): number | undefined {
  if (to < now) return undefined
  return calm.matches ? redrawMs.most : Math.max(redrawMs.least, Math.min(redrawMs.most, (to - from) / pixels / 2))
}

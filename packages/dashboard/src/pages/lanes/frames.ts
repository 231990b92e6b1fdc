import { useEffect, useRef, useState } from 'react'

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

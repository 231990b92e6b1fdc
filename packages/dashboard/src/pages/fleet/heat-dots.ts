/** Draws the dots of the heat view, and again what of them looks otherwise. */
import { type RefObject, useEffect, useRef } from 'react'
import { shownNow, useShown } from '../../live/live.ts'
import { useTheme } from '../../theme.ts'
import { lookOf, picturesOf } from './heat-look.ts'
import { createPixels, type Pixels } from './heat-pixels.ts'
import { lineAt, type Places } from './heat-place.ts'
import type { Line } from './order.ts'

/** Dots are looked at again this often at most. */
const drawEveryMs = 200

/**
 * Keeps the canvas like the rows, without React. Dots are put together in memory and given to the canvas at once: a call of the canvas
 * for each of ten thousand took a tenth of a second.
 */
export function useDots(
  lines: readonly Line[],
  places: Places,
  pitch: number,
  width: number,
  box: RefObject<HTMLDivElement | null>,
  known: ReadonlySet<string>,
) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const { store } = useShown()
  const { theme } = useTheme()
  const knownNow = useRef(known)
  useEffect(() => {
    knownNow.current = known
  }, [known])
  useEffect(() => {
    void theme
    const element = canvas.current
    const scroller = box.current
    const context = element?.getContext('2d')
    if (!element || !scroller || !context || pitch === 0) return
    const scale = devicePixelRatio
    const side = Math.round(pitch * scale)
    /** The look that each place shows; 0: none. */
    const shown = new Int16Array(places.count)
    let pixels: Pixels | undefined
    let scrolled = -1
    let themed: string | undefined
    const draw = () => {
      const height = Math.min(places.height, scroller.clientHeight)
      const size = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))] as const
      if (pixels === undefined || element.width !== size[0] || element.height !== size[1]) {
        element.width = size[0]
        element.height = size[1]
        element.style.width = `${width}px`
        element.style.height = `${height}px`
        pixels = createPixels(...size)
        scrolled = -1
      }
      const top = Math.min(scroller.scrollTop, Math.max(0, places.height - height))
      if (top !== scrolled || themed !== document.documentElement.dataset.theme) {
        pixels.clear()
        shown.fill(0)
        scrolled = top
        themed = document.documentElement.dataset.theme
      }
      const now = shownNow()
      const pictureOf = picturesOf(side)
      for (let at = lineAt(places, top); at < lines.length; at += 1) {
        const y = (places.tops[at] ?? 0) - top
        if (y >= height) break
        const line = lines[at]
        if (line?.kind !== 'agents') continue
        const first = places.firsts[at] ?? 0
        const above = Math.round(y * scale)
        for (let column = 0; column < line.ids.length; column += 1) {
          const id = line.ids[column] ?? ''
          const look = id === '' ? 0 : lookOf(store.get('agents', id), knownNow.current.has(id), now)
          if (shown[first + column] === look) continue
          shown[first + column] = look
          pixels.put(pictureOf(look), side, Math.round(column * pitch * scale), above)
        }
      }
      const changed = pixels.changed()
      if (changed !== undefined) context.putImageData(pixels.image, 0, 0, 0, changed.top, size[0], changed.bottom - changed.top)
    }
    let frame = 0
    let timer: ReturnType<typeof setTimeout> | undefined
    let drawnAt = 0
    const drawNow = () => {
      frame = 0
      drawnAt = performance.now()
      draw()
    }
    const soon = () => {
      if (frame === 0) frame = requestAnimationFrame(drawNow)
    }
    const later = () => {
      timer ??= setTimeout(
        () => {
          timer = undefined
          soon()
        },
        Math.max(0, drawnAt + drawEveryMs - performance.now()),
      )
    }
    draw()
    scroller.addEventListener('scroll', soon, { passive: true })
    const observer = new ResizeObserver(soon)
    observer.observe(scroller)
    const stop = store.watchTable('agents', later)
    // Strength fades with time alone.
    const fading = setInterval(later, 1_000)
    return () => {
      scroller.removeEventListener('scroll', soon)
      observer.disconnect()
      stop()
      clearInterval(fading)
      clearTimeout(timer)
      cancelAnimationFrame(frame)
    }
  }, [lines, places, pitch, width, box, store, theme])
  return canvas
}

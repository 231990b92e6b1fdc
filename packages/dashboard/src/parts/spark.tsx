import { useEffect, useRef } from 'react'
import { later } from '../live/schedule.ts'
import { sliceMs } from '../live/slices.ts'
import { shownRates, watchRates } from '../rates/live.ts'
import { sparkSeconds } from '../rates/rates.ts'
import { useTheme } from '../theme.ts'
import { themeColor } from './theme-color.ts'

interface SparkProps {
  readonly id: string
  /** Of the canvas, in CSS pixels. */
  readonly width: number
  readonly height: number
  readonly className?: string
}

/** Fewer events than this a second are not drawn at full height: a lone heartbeat is no peak. */
const leastPeak = 4
const counts: number[] = []

/** Small as they are, some dozens of canvases take more time than a frame has: they are drawn some at a time. */
const due = new Set<() => void>()
function drawLater(draw: () => void) {
  if (due.size === 0) later(drawSome)
  due.add(draw)
}
function drawSome() {
  const until = performance.now() + sliceMs
  for (const draw of due) {
    due.delete(draw)
    draw()
    if (performance.now() >= until) break
  }
  if (due.size > 0) later(drawSome)
}

/** An agent's events in each of the last sixty seconds; drawn anew once a second, without React. */
export function Spark({ id, width, height, className = '' }: SparkProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const { theme } = useTheme()
  useEffect(() => {
    void theme
    let was = ''
    const draw = () => {
      const read = shownRates()?.spark(id, counts) ?? []
      const now = read.join()
      if (now === was || canvas.current === null) return
      was = now
      drawSpark(canvas.current, read, width, height)
    }
    const ask = () => drawLater(draw)
    ask()
    const stop = watchRates(ask)
    return () => {
      stop()
      due.delete(draw)
    }
  }, [id, width, height, theme])
  return (
    <span aria-hidden="true" className={`block ${className}`} style={{ width, height }}>
      <canvas ref={canvas} className="block size-full" />
    </span>
  )
}

function drawSpark(canvas: HTMLCanvasElement, read: readonly number[], width: number, height: number) {
  const scale = devicePixelRatio
  const pixels = { width: Math.round(width * scale), height: Math.round(height * scale) }
  // Setting a size clears the canvas, and costs a new one.
  if (canvas.width !== pixels.width) canvas.width = pixels.width
  if (canvas.height !== pixels.height) canvas.height = pixels.height
  const context = canvas.getContext('2d')
  if (context === null) return
  context.clearRect(0, 0, canvas.width, canvas.height)
  const step = canvas.width / sparkSeconds
  const bar = Math.max(1, Math.floor(step) - (step >= 3 ? 1 : 0))
  context.fillStyle = themeColor('line')
  context.fillRect(0, canvas.height - 1, canvas.width, 1)
  context.fillStyle = themeColor('busy')
  const peak = Math.max(leastPeak, ...read)
  for (const [second, count] of read.entries()) {
    if (count === 0) continue
    const tall = Math.max(2, Math.round((count / peak) * canvas.height))
    context.fillRect(Math.round(second * step), canvas.height - tall, bar, tall)
  }
}

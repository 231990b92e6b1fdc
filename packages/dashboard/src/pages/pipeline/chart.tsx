/** Ten minutes of some figures, small: drawn on a canvas from the columns as they came. The newest and the greatest are said in words. */
import { useEffect, useRef, useState } from 'react'
import { themeColor } from '../../parts/theme-color.ts'
import { clock } from '../../text.ts'
import { useTheme } from '../../theme.ts'

interface Series {
  readonly name: string
  readonly values: readonly (number | null)[]
  /** A colour of the theme, `good`. */
  readonly colour: string
  /** Solid by default: lines are told apart without their colour. */
  readonly dashed?: boolean
}

interface Props {
  readonly title: string
  readonly at: readonly number[]
  readonly series: readonly Series[]
  readonly say: (value: number) => string
}

const height = 84
const windowMs = 10 * 60_000
const newestOf = (values: readonly (number | null)[]) => values.findLast((value) => value !== null) ?? null

function nearest(at: readonly number[], moment: number): number {
  const after = at.findIndex((time) => time >= moment)
  if (after <= 0) return after < 0 ? at.length - 1 : 0
  return (at[after] ?? 0) - moment < moment - (at[after - 1] ?? 0) ? after : after - 1
}

export function Chart({ title, at, series, say }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [hover, setHover] = useState<number>()
  const { theme } = useTheme()
  const most = Math.max(0, ...series.flatMap(({ values }) => values.map((value) => value ?? 0)))
  const top = most > 0 ? most * 1.1 : 1
  const last = at.at(-1) ?? 0
  const moment = hover === undefined ? undefined : last - (1 - hover) * windowMs
  const index = moment === undefined || at.length === 0 ? undefined : nearest(at, moment)

  useEffect(() => {
    void theme
    const element = canvas.current
    const draw = () => {
      const context = element?.getContext('2d')
      if (element === null || context === null || context === undefined) return
      const width = element.clientWidth
      const scale = devicePixelRatio
      element.width = width * scale
      element.height = height * scale
      context.scale(scale, scale)
      const x = (i: number) => width * (1 - (last - (at[i] ?? last)) / windowMs)
      const y = (value: number) => height - 2 - (value / top) * (height - 8)
      context.strokeStyle = themeColor('line')
      context.lineWidth = 1
      for (const share of [0.5, 1]) {
        context.beginPath()
        context.moveTo(0, Math.round(y((top / 1.1) * share)) + 0.5)
        context.lineTo(width, Math.round(y((top / 1.1) * share)) + 0.5)
        context.stroke()
      }
      for (const { values, colour, dashed = false } of series) {
        const ink = themeColor(colour)
        context.strokeStyle = ink
        context.fillStyle = ink
        context.lineWidth = 1.5
        context.setLineDash(dashed ? [4, 3] : [])
        let isDown = false
        context.beginPath()
        for (const [i, value] of values.entries()) {
          // Where nothing is known nothing is drawn; what stands alone is a dot.
          if (value === null) isDown = false
          else if (isDown) context.lineTo(x(i), y(value))
          else {
            context.moveTo(x(i), y(value))
            if ((values[i + 1] ?? null) === null) context.fillRect(x(i) - 1, y(value) - 1, 2, 2)
            isDown = true
          }
        }
        context.stroke()
      }
      context.setLineDash([])
      if (index === undefined) return
      context.strokeStyle = themeColor('faint')
      context.beginPath()
      context.moveTo(Math.round(x(index)) + 0.5, 0)
      context.lineTo(Math.round(x(index)) + 0.5, height)
      context.stroke()
    }
    draw()
    if (element === null) return
    const observer = new ResizeObserver(draw)
    observer.observe(element)
    return () => observer.disconnect()
  }, [at, last, series, top, index, theme])

  const shown = (values: readonly (number | null)[]) => {
    const value = index === undefined ? newestOf(values) : (values[index] ?? null)
    return value === null ? '–' : say(value)
  }
  const words = series.map(({ name, values }) => {
    const newest = newestOf(values)
    return `${name} ${newest === null ? 'none' : say(newest)}`
  })
  return (
    <figure className="min-w-0 rounded-md border border-line bg-panel p-3">
      <figcaption className="mb-1 flex items-baseline gap-2 text-xs">
        <span className="mr-auto truncate text-soft">{title}</span>
        <span className="tabular-nums text-faint">{index === undefined ? `most ${say(most)}` : clock(at[index] ?? 0)}</span>
      </figcaption>
      <canvas
        ref={canvas}
        role="img"
        aria-label={`${title}, ten minutes: now ${words.join(', ')}; most ${say(most)}.`}
        style={{ height }}
        className="block w-full"
        onPointerMove={({ clientX, currentTarget }) => {
          const { left, width } = currentTarget.getBoundingClientRect()
          setHover(width === 0 ? undefined : (clientX - left) / width)
        }}
        onPointerLeave={() => setHover(undefined)}
      />
      <p className="mt-1 flex flex-wrap gap-x-3 text-xs tabular-nums">
        {series.map(({ name, values, colour, dashed }) => (
          <span key={name} className="flex items-center gap-1.5 whitespace-nowrap">
            <span
              aria-hidden="true"
              className="w-3.5 border-t-2"
              style={{ borderColor: `var(--${colour})`, borderTopStyle: dashed === true ? 'dashed' : 'solid' }}
            />
            <span className="text-faint">{name}</span> <span className="text-ink">{shown(values)}</span>
          </span>
        ))}
      </p>
    </figure>
  )
}

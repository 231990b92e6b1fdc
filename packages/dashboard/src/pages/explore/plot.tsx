/** A uPlot on the page: as wide as its place, in the colours of the theme, with a cursor that all of them share, brushed by hand or keys. */
import { type KeyboardEvent, useEffect, useRef } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { ink, useThemeName } from './colours.ts'
import { pointAt, useCursor } from './cursor.ts'
import './plot.css'

export interface PlotProps {
  /** What it shows, without its size and data. Another object makes the plot anew. */
  readonly options: () => Omit<uPlot.Options, 'width' | 'height'>
  /** Times in seconds first. */
  readonly data: uPlot.AlignedData
  /** The time that is shown, epoch ms. */
  readonly from: number
  readonly to: number
  readonly height: number
  readonly label: string
  readonly describedBy: string
  readonly brush: (from: number, to: number) => void
  readonly reset: () => void
  /** The keys moved the cursor. */
  readonly onStep: (at: number) => void
}

/** A press that moved less is no brush, CSS pixels. */
const leastBrush = 6

export const axis = (more: uPlot.Axis = {}): uPlot.Axis => ({
  stroke: () => ink('faint'),
  grid: { stroke: () => ink('line'), width: 1 },
  ticks: { show: false },
  font: '11px Inter, ui-sans-serif, system-ui, sans-serif',
  ...more,
})

const strokeOf = (self: uPlot, i: number): string => {
  const stroke = self.series[i]?.stroke
  return String(typeof stroke === 'function' ? stroke(self, i) : (stroke ?? ''))
}

export function Plot({ options, data, from, to, height, label, describedBy, brush, reset, onStep }: PlotProps) {
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const theme = useThemeName()
  const latest = useRef({ data, from, to, brush })
  latest.current = { data, from, to, brush }
  /** Where a brush by keys began, and where it is: indexes of steps. */
  const marked = useRef<{ readonly anchor: number; readonly end: number }>(undefined)

  useEffect(() => {
    const element = box.current
    if (element === null) return
    // A theme is another look of all: it is read anew as the plot is made.
    void theme
    const given = options()
    const made = new uPlot(
      {
        ...given,
        width: element.clientWidth,
        height,
        legend: { show: false },
        scales: { ...given.scales, x: { time: true, range: () => [latest.current.from / 1_000, latest.current.to / 1_000] } },
        cursor: {
          x: true,
          y: false,
          drag: { x: true, y: false, setScale: false },
          points: { size: 7, width: 0, fill: (self, i) => strokeOf(self, i) },
          ...given.cursor,
        },
        hooks: {
          ...given.hooks,
          setCursor: [
            (self) => {
              const { idx, left } = self.cursor
              const at = idx === null || idx === undefined || (left ?? -1) < 0 ? undefined : self.data[0][idx]
              pointAt(at === undefined || at === null ? undefined : at * 1_000)
            },
          ],
          setSelect: [
            (self) => {
              const { left, width } = self.select
              if (width < leastBrush) return
              const timeAt = (x: number) => self.posToVal(x, 'x') * 1_000
              const [start, end] = [timeAt(left), timeAt(left + width)]
              self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
              latest.current.brush(start, end)
            },
          ],
        },
      },
      latest.current.data,
      element,
    )
    plot.current = made
    const sized = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }))
    sized.observe(element)
    const unsubscribe = useCursor.subscribe(({ at }) => {
      const own = made.cursor.idx
      if (at === undefined) made.setCursor({ left: -10, top: -10 }, false)
      else if (own === null || own === undefined || made.data[0][own] !== at / 1_000 || (made.cursor.left ?? -1) < 0)
        made.setCursor({ left: made.valToPos(at / 1_000, 'x'), top: 10 }, false)
    })
    return () => {
      unsubscribe()
      sized.disconnect()
      made.destroy()
      plot.current = undefined
    }
  }, [options, height, theme])

  useEffect(() => {
    void from
    void to
    plot.current?.setData(data)
  }, [data, from, to])

  const showMarked = () => {
    const made = plot.current
    if (made === undefined || marked.current === undefined) return
    const { anchor, end } = marked.current
    const xs = [anchor, end].map((i) => made.valToPos(made.data[0][i] ?? 0, 'x')).sort((a, b) => a - b)
    made.setSelect({ left: xs[0] ?? 0, width: Math.max(1, (xs[1] ?? 0) - (xs[0] ?? 0)), top: 0, height: made.over.clientHeight }, false)
  }

  const onKeyDown = (event: KeyboardEvent) => {
    const made = plot.current
    if (made === undefined || event.altKey || event.ctrlKey || event.metaKey) return
    const times = made.data[0]
    const last = times.length - 1
    const here = marked.current?.end ?? times.findIndex((time) => time * 1_000 === useCursor.getState().at)
    const by = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key]
    if (by !== undefined && last >= 0) {
      const next = here < 0 ? (by > 0 && Number.isFinite(by) ? 0 : by === -Infinity ? 0 : last) : Math.min(last, Math.max(0, here + by))
      marked.current = event.shiftKey ? { anchor: marked.current?.anchor ?? Math.max(0, here), end: next } : undefined
      if (event.shiftKey) showMarked()
      else made.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
      const at = (times[next] ?? 0) * 1_000
      pointAt(at)
      onStep(at)
    } else if (event.key === 'Enter' && marked.current !== undefined) {
      const [start = 0, end = 0] = [marked.current.anchor, marked.current.end].map((i) => (times[i] ?? 0) * 1_000).sort((a, b) => a - b)
      const stepMs = ((times[1] ?? 0) - (times[0] ?? 0)) * 1_000
      marked.current = undefined
      made.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
      brush(start, end + Math.max(0, stepMs))
    } else if (event.key === 'Escape' && marked.current !== undefined) {
      marked.current = undefined
      made.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
    } else return
    event.preventDefault()
    event.stopPropagation()
  }

  return (
    <div
      ref={box}
      role="application"
      aria-roledescription="chart"
      aria-label={label}
      aria-describedby={describedBy}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrows move its cursor
      tabIndex={0}
      onKeyDown={onKeyDown}
      onDoubleClick={reset}
      onBlur={() => pointAt(undefined)}
      className="explore-plot w-full rounded-sm"
      style={{ height }}
    />
  )
}

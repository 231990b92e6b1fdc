/** How many calls took how long, step by step: the darker, the more. Outliers and second humps that quantiles hide stand out. */
import { useCallback, useId, useMemo, useRef, useState } from 'react'
import type uPlot from 'uplot'
import { boundsOf, bucketName, countedOf } from './buckets.ts'
import { ink } from './colours.ts'
import { useCursor } from './cursor.ts'
import type { Explored } from './figures.ts'
import { axis, Plot } from './plot.tsx'
import type { Steps } from './series.ts'
import { Shell } from './shell.tsx'
import { duration, isLongTime, stepTime } from './words.ts'

const height = 168

interface HeatmapProps {
  readonly latency: Explored['latency']
  readonly steps: Steps
  readonly stepMs: number
  readonly from: number
  readonly to: number
  readonly brush: (from: number, to: number) => void
  readonly reset: () => void
}

export function Heatmap({ latency, steps, stepMs, from, to, brush, reset }: HeatmapProps) {
  const [asTable, setAsTable] = useState(false)
  const [said, setSaid] = useState('')
  const id = useId()
  const counted = useMemo(() => countedOf(latency), [latency])
  const { boundsMs } = latency
  const { byTime, most } = counted
  const isLong = isLongTime(to - from)
  // What comes anew every two seconds must not make the plot anew: somebody may be brushing it.
  const drawn = useRef({ counted, stepMs })
  drawn.current = { counted, stepMs }
  const boundsKey = boundsMs.join()
  const options = useCallback(() => {
    const bounds = boundsKey.split(',').map(Number)
    return {
      padding: [8, 18, 0, 0] as [number, number, number, number],
      scales: { y: { range: () => [drawn.current.counted.low, drawn.current.counted.high + 1] as [number, number] } },
      axes: [
        axis({ space: 64, size: 24, values: (_, splits) => splits.map((at) => stepTime(at * 1_000, isLong)) }),
        axis({
          size: 58,
          grid: { show: false },
          splits: () => boundsOf(drawn.current.counted),
          values: (_, splits) => splits.map((i) => duration(bounds[i - 1] ?? 0)),
        }),
      ],
      series: [{}, { show: true, stroke: 'transparent', points: { show: false } }],
      cursor: { points: { show: false } },
      hooks: {
        draw: [
          (self: uPlot) => {
            const { ctx } = self
            const { byTime, most } = drawn.current.counted
            ctx.save()
            ctx.beginPath()
            ctx.rect(self.bbox.left, self.bbox.top, self.bbox.width, self.bbox.height)
            ctx.clip()
            ctx.fillStyle = ink('accent')
            for (const [at, counts] of byTime) {
              const x = self.valToPos(at / 1_000, 'x', true)
              const width = Math.max(1, self.valToPos((at + drawn.current.stepMs) / 1_000, 'x', true) - x)
              for (const [i, count] of counts.entries()) {
                if (count <= 0) continue
                const top = self.valToPos(i + 1, 'y', true)
                // A single call must be seen beside thousands.
                ctx.globalAlpha = 0.18 + 0.82 * (Math.log1p(count) / Math.log1p(most))
                ctx.fillRect(x, top, Math.max(1, width - 1), Math.max(1, self.valToPos(i, 'y', true) - top - 1))
              }
            }
            ctx.restore()
          },
        ],
      },
    }
  }, [boundsKey, isLong])
  const data = useMemo(() => {
    // Drawn anew when the counts are others.
    void counted
    return [steps.times.map((at) => at / 1_000), steps.times.map(() => null)] as uPlot.AlignedData
  }, [steps, counted])
  const busiest = (at: number) => {
    const counts = byTime.get(at) ?? []
    const fullest = counts.indexOf(Math.max(...counts))
    const all = counts.reduce((sum, count) => sum + Math.max(0, count), 0)
    return all === 0 ? '' : `${all} ${all === 1 ? 'call' : 'calls'}, most ${bucketName(boundsMs, Math.max(0, fullest))}`
  }
  const total = Array.from({ length: boundsMs.length + 1 }, (_, i) =>
    [...byTime.values()].reduce((sum, counts) => sum + (counts[i] ?? 0), 0),
  )
  return (
    <Shell
      title="Latency"
      unit="the stronger the colour the more"
      asTable={asTable}
      toggle={() => setAsTable(!asTable)}
      legend={<AtCursor busiest={busiest} isLong={isLong} />}
    >
      <p id={id} className="sr-only">
        {most === 0
          ? 'No call told how long it took.'
          : `Of all calls in this time: ${total.flatMap((count, i) => (count > 0 ? [`${count} took ${bucketName(boundsMs, i)}`] : [])).join('; ')}.`}
      </p>
      <output className="sr-only">{said}</output>
      {asTable ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls by keys too
        <section tabIndex={0} aria-label="Latency, figures" className="overflow-auto" style={{ height }}>
          <table className="w-full text-right text-xs tabular-nums">
            <thead className="sticky top-0 bg-panel text-faint">
              <tr>
                <th scope="col" className="py-1 text-left font-normal">
                  Took
                </th>
                <th scope="col" className="py-1 font-normal">
                  Calls
                </th>
              </tr>
            </thead>
            <tbody>
              {total.map(
                (count, i) =>
                  count > 0 && (
                    <tr key={bucketName(boundsMs, i)} className="border-t border-line">
                      <th scope="row" className="py-0.5 text-left font-normal text-soft">
                        {bucketName(boundsMs, i)}
                      </th>
                      <td className="py-0.5">{count.toLocaleString('en')}</td>
                    </tr>
                  ),
              )}
            </tbody>
          </table>
        </section>
      ) : (
        <Plot
          {...{ options, data, from, to, height, brush, reset }}
          label="Latency"
          describedBy={id}
          onStep={(at) => setSaid(`${stepTime(at, isLong)}: ${busiest(at) || 'no calls'}`)}
        />
      )}
    </Shell>
  )
}

function AtCursor({ busiest, isLong }: { readonly busiest: (at: number) => string; readonly isLong: boolean }) {
  const { at } = useCursor()
  if (at === undefined) return null
  const text = busiest(at)
  return (
    <span className="block truncate text-xs text-soft tabular-nums">
      <span className="text-faint">{stepTime(at, isLong)}</span> {text === '' ? 'no calls' : text}
    </span>
  )
}

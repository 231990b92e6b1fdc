/** One chart: its lines, what they are at the cursor, and the same as a sentence and as a table. */
import { useCallback, useId, useMemo, useState } from 'react'
import uPlot from 'uplot'
import { ink, type Look } from './colours.ts'
import { useCursor } from './cursor.ts'
import { axis, Plot } from './plot.tsx'
import { type Line, metrics, type Steps, summary } from './series.ts'
import { SeriesTable } from './series-table.tsx'
import { Shell } from './shell.tsx'
import { isLongTime, stepTime } from './words.ts'

export interface ChartProps {
  readonly title: string
  readonly unit?: string
  readonly lines: readonly Line[]
  readonly looks: readonly Look[]
  readonly steps: Steps
  readonly from: number
  readonly to: number
  /** The first line is filled below. */
  readonly filled?: boolean
  /** Values of very different size: what doubles is as far apart everywhere. */
  readonly log?: boolean
  readonly brush: (from: number, to: number) => void
  readonly reset: () => void
}

const height = 168

export function Chart({ title, unit = '', lines, looks, steps, from, to, filled = false, log = false, brush, reset }: ChartProps) {
  const [asTable, setAsTable] = useState(false)
  const [said, setSaid] = useState('')
  const id = useId()
  const isLong = isLongTime(to - from)
  const timeOf = useCallback((at: number) => stepTime(at, isLong), [isLong])
  const metric = lines[0]?.metric ?? 'calls'
  const { say } = metrics[metric]
  const names = lines.map(({ name }) => name).join('\u0000')
  const colours = looks.map(({ colour, dash }) => `${colour} ${dash.join(' ')}`).join()
  const options = useCallback(() => {
    void colours
    return {
      padding: [8, 18, 0, 0] as [number, number, number, number],
      scales: { y: log ? { distr: 3 as const, range: logRange } : { range: fromZero } },
      axes: [
        axis({ space: 64, size: 24, values: (_, splits) => splits.map((at) => timeOf(at * 1_000)) }),
        axis({
          size: 58,
          space: 28,
          ...(log
            ? {
                splits: (_: uPlot, __: number, min: number, max: number) => durationMarks(min, max),
                filter: (_: uPlot, all: number[]) => all,
              }
            : {}),
          values: (_, splits) => splits.map((value) => (value === 0 && metric === 'cost' ? '$0' : metrics[metric].say(value))),
        }),
      ],
      series: [
        {},
        ...names.split('\u0000').map((label, i) => {
          const look = looks[i % looks.length] ?? { colour: 'accent', dash: [] }
          return {
            label,
            stroke: () => ink(look.colour),
            dash: [...look.dash],
            width: 1.5,
            spanGaps: false,
            points: { size: 4, fill: () => ink('panel'), show: (self: uPlot, s: number) => isSparse(self.data[s] ?? []) },
            ...(filled && i === 0 ? { fill: () => `${ink(look.colour)}22` } : {}),
            ...(i === 0 && filled ? { paths: uPlot.paths.stepped?.({ align: 1 }) } : {}),
          } as uPlot.Series
        }),
      ],
    }
  }, [names, colours, looks, filled, log, metric, timeOf])
  const data = useMemo(
    () =>
      [
        steps.times.map((at) => at / 1_000),
        ...lines.map(({ values }) => values.map((value) => (log && value !== null && value <= 0 ? null : value))),
      ] as uPlot.AlignedData,
    [steps, lines, log],
  )
  const sentence = lines.map((line) => summary(line, (i) => timeOf(steps.times[i] ?? 0))).join(' ')
  return (
    <Shell
      title={title}
      unit={unit}
      asTable={asTable}
      toggle={() => setAsTable(!asTable)}
      legend={<Legend lines={lines} looks={looks} steps={steps} timeOf={timeOf} />}
    >
      <p id={id} className="sr-only">
        {sentence}
      </p>
      <output className="sr-only">{said}</output>
      {asTable ? (
        <SeriesTable title={title} lines={lines} steps={steps} timeOf={timeOf} height={height} />
      ) : (
        <Plot
          options={options}
          data={data}
          from={from}
          to={to}
          height={height}
          label={title}
          describedBy={id}
          brush={brush}
          reset={reset}
          onStep={(at) => {
            const i = steps.times.indexOf(at)
            setSaid(`${timeOf(at)}: ${lines.map(({ name, values }) => `${name} ${saying(say, values[i])}`).join(', ')}`)
          }}
        />
      )}
    </Shell>
  )
}

const fromZero = (_: uPlot, _min: number, max: number): [number, number] => [0, max > 0 ? max * 1.08 : 1]
const logRange = (_: uPlot, min: number, max: number): [number, number] => (max > 0 ? [Math.max(0.5, min) / 1.4, max * 1.4] : [1, 1_000])

const marks = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600, 86_400].map((seconds) => seconds * 1_000),
]
/** Times that people say, six of them at most. */
function durationMarks(min: number, max: number): number[] {
  const within = marks.filter((mark) => mark >= min && mark <= max)
  const every = Math.ceil(within.length / 6)
  return within.filter((_, i) => (within.length - 1 - i) % every === 0)
}

/** What stands alone is no line. */
const isSparse = (values: ArrayLike<number | null | undefined>): boolean => {
  let known = 0
  for (let i = 0; i < values.length && known <= 24; i += 1) if (values[i] !== null && values[i] !== undefined) known += 1
  return known <= 24
}

const saying = (say: (value: number) => string, value: number | null | undefined) =>
  value === null || value === undefined ? '–' : say(value)

interface LegendProps extends Pick<ChartProps, 'lines' | 'looks' | 'steps'> {
  readonly timeOf: (at: number) => string
}

/** What each line is at the cursor, or at its newest step. */
function Legend({ lines, looks, steps, timeOf }: LegendProps) {
  const { at } = useCursor()
  const found = at === undefined ? -1 : steps.times.indexOf(at)
  return (
    <span className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-0.5 text-xs text-soft">
      {lines.map(({ name, metric, values }, i) => {
        const newest = values.findLastIndex((value) => value !== null)
        return (
          <span key={name} className="flex min-w-0 items-center gap-1.5">
            <Swatch look={looks[i % looks.length] ?? { colour: 'accent', dash: [] }} />
            <span className="max-w-36 truncate">{name}</span>
            <span className="font-medium text-ink tabular-nums">{saying(metrics[metric].say, values[found >= 0 ? found : newest])}</span>
          </span>
        )
      })}
      {found >= 0 && <span className="ml-auto text-faint tabular-nums">{timeOf(steps.times[found] ?? 0)}</span>}
    </span>
  )
}

export function Swatch({ look: { colour, dash } }: { readonly look: Look }) {
  return (
    <svg width="16" height="6" aria-hidden="true" className="shrink-0">
      <line x1="0" y1="3" x2="16" y2="3" stroke={`var(--${colour})`} strokeWidth="2" strokeDasharray={dash.join(' ')} />
    </svg>
  )
}

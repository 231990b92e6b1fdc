import { type Line, metrics, type Steps } from './series.ts'

interface SeriesTableProps {
  readonly title: string
  readonly lines: readonly Line[]
  readonly steps: Steps
  readonly timeOf: (at: number) => string
  readonly height: number
}

/** The same figures as a chart's, newest first. */
export function SeriesTable({ title, lines, steps, timeOf, height }: SeriesTableProps) {
  const rows = steps.times.map((at, i) => ({ at, values: lines.map(({ values }) => values[i] ?? null) })).toReversed()
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls by keys too
    <section tabIndex={0} aria-label={`${title}, figures`} className="overflow-auto" style={{ height }}>
      <table className="w-full text-right text-xs tabular-nums">
        <thead className="sticky top-0 bg-panel text-faint">
          <tr>
            <th scope="col" className="py-1 pr-3 text-left font-normal">
              Time
            </th>
            {lines.map(({ name }) => (
              <th key={name} scope="col" className="max-w-40 truncate py-1 pl-3 font-normal">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ at, values }) => (
            <tr key={at} className="border-t border-line">
              <th scope="row" className="py-0.5 pr-3 text-left font-normal text-soft">
                {timeOf(at)}
              </th>
              {lines.map(({ name, metric }, i) => (
                <td key={name} className="py-0.5 pl-3">
                  {values[i] === null || values[i] === undefined ? '–' : metrics[metric].say(values[i])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

import { useMemo } from 'react'
import { compact } from '../../text.ts'
import { Chart } from './chart.tsx'
import { type Health, ms, rate, size } from './health.ts'

export function Charts({ history }: { readonly history: Health['history'] }) {
  const charts = useMemo(
    () => [
      {
        title: 'Events a second',
        say: rate,
        series: [
          { name: 'received', values: history.received, colour: 'accent' },
          { name: 'stored', values: history.stored, colour: 'good', dashed: true },
        ],
      },
      {
        title: 'Time of a commit',
        say: ms,
        series: [
          { name: 'median', values: history.commitP50Ms, colour: 'good' },
          { name: 'p95', values: history.commitP95Ms, colour: 'wait', dashed: true },
        ],
      },
      {
        title: 'From received to … (p95)',
        say: ms,
        series: [
          { name: 'acknowledged', values: history.ackP95Ms, colour: 'accent' },
          { name: 'on a dashboard', values: history.liveP95Ms, colour: 'model', dashed: true },
        ],
      },
      { title: 'Behind the log, the last of all', say: ms, series: [{ name: 'behind', values: history.lagMs, colour: 'wait' }] },
      { title: 'Waiting to be stored', say: compact, series: [{ name: 'events', values: history.queueEvents, colour: 'wait' }] },
      { title: 'Delivered a second', say: rate, series: [{ name: 'events and rows', values: history.deliveries, colour: 'tool' }] },
      { title: 'Memory of the server', say: size, series: [{ name: 'resident', values: history.rssBytes, colour: 'model' }] },
      { title: 'Event loop held up', say: ms, series: [{ name: 'longest', values: history.loopDelayMs, colour: 'bad' }] },
    ],
    [history],
  )
  return (
    <div className="grid grid-cols-4 gap-3 max-xl:grid-cols-3 max-lg:grid-cols-2 max-md:grid-cols-1">
      {charts.map((chart) => (
        <Chart key={chart.title} at={history.at} {...chart} />
      ))}
    </div>
  )
}

import { useMemo } from 'react'
import { Chart } from './chart.tsx'
import { groupLooks, type Look } from './colours.ts'
import type { Explored, Split } from './figures.ts'
import { Heatmap } from './heatmap.tsx'
import { groupLines, type Line, lineOf, type Metric, type Steps } from './series.ts'
import { nameOf, ofSplit } from './words.ts'

interface ChartsProps {
  readonly found: Explored
  readonly split: Split
  readonly steps: Steps
  readonly what: string
  readonly brush: (from: number, to: number) => void
  readonly reset: () => void
}

const solid = (colour: string): Look[] => [{ colour, dash: [] }]
const quantileLooks: readonly Look[] = [
  { colour: 'soft', dash: [] },
  { colour: 'wait', dash: [6, 3] },
  { colour: 'bad', dash: [2, 2] },
]

/** Of the groups where they tell more than their sum: the greatest five. */
export function Charts({ found, split, steps, what, brush, reset }: ChartsProps) {
  const lines = useMemo(() => {
    const of = (metric: Metric, name: string): Line => lineOf(name, metric, found.total.points, steps)
    const grouped = (metric: Metric) =>
      split === 'none' || found.groups.length < 2 ? undefined : groupLines(found.groups, metric, steps, (key) => nameOf(split, key))
    return {
      calls: grouped('calls') ?? [of('calls', what)],
      errors: [of('errors', 'Failed')],
      slowest: grouped('p95') ?? [],
      durations: [of('p50', 'p50'), of('p95', 'p95'), of('p99', 'p99')],
      tokens: (split === 'tool' ? undefined : grouped('tokens')) ?? [of('tokens', 'Tokens')],
      cost: (split === 'tool' ? undefined : grouped('cost')) ?? [of('cost', 'Cost')],
      events: (split === 'agent' || split === 'team' ? grouped('events') : undefined) ?? [of('events', 'Events')],
    }
  }, [found, split, steps, what])
  const shared = { steps, from: Date.parse(found.since), to: Date.parse(found.until), brush, reset }
  const rate = (title: string, own: readonly Line[], colour: string) => (
    <Chart
      title={title}
      unit="a minute"
      lines={own}
      looks={own.length > 1 ? groupLooks : solid(colour)}
      filled={own.length === 1}
      {...shared}
    />
  )
  if (split === 'type') return rate(what, lines.calls, 'accent')
  return (
    <div className="grid grid-cols-[repeat(auto-fit,minmax(min(100%,24rem),1fr))] gap-3">
      {rate(what, lines.calls, 'accent')}
      <Chart title="Duration" lines={lines.durations} looks={quantileLooks} log {...shared} />
      <Chart title="Failed" unit="of calls" lines={lines.errors} looks={solid('bad')} filled {...shared} />
      <Heatmap latency={found.latency} stepMs={found.step * 1_000} {...shared} />
      {rate('Tokens', lines.tokens, 'model')}
      {rate('Cost', lines.cost, 'wait')}
      {rate('Events', lines.events, 'tool')}
      {lines.slowest.length > 1 && <Chart title={`p95 by ${ofSplit[split]}`} lines={lines.slowest} looks={groupLooks} log {...shared} />}
    </div>
  )
}

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
  const looks = (of: readonly Line[], colour: string) => (of.length > 1 ? groupLooks : solid(colour))
  const rate = (
    <Chart
      title={what}
      unit="a minute"
      lines={lines.calls}
      looks={looks(lines.calls, 'accent')}
      filled={lines.calls.length === 1}
      {...shared}
    />
  )
  if (split === 'type') return rate
  return (
    <div className="grid grid-cols-[repeat(auto-fit,minmax(min(100%,24rem),1fr))] gap-3">
      {rate}
      <Chart title="Duration" lines={lines.durations} looks={quantileLooks} log {...shared} />
      <Chart title="Failed" unit="of calls" lines={lines.errors} looks={solid('bad')} filled {...shared} />
      <Heatmap latency={found.latency} stepMs={found.step * 1_000} {...shared} />
      <Chart
        title="Tokens"
        unit="a minute"
        lines={lines.tokens}
        looks={looks(lines.tokens, 'model')}
        filled={lines.tokens.length === 1}
        {...shared}
      />
      <Chart
        title="Cost"
        unit="a minute"
        lines={lines.cost}
        looks={looks(lines.cost, 'wait')}
        filled={lines.cost.length === 1}
        {...shared}
      />
      <Chart
        title="Events"
        unit="a minute"
        lines={lines.events}
        looks={looks(lines.events, 'tool')}
        filled={lines.events.length === 1}
        {...shared}
      />
      {lines.slowest.length > 1 && <Chart title={`p95 by ${ofSplit[split]}`} lines={lines.slowest} looks={groupLooks} log {...shared} />}
    </div>
  )
}

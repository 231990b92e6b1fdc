/** What imports of spans share with the door for them: the same mapping, over the whole recording at once. */
import type { EpochMs, EventInput } from '@signalbox/model/event.ts'
import { inputOf } from '@signalbox/model/foreign.ts'
import type { Mapped } from '@signalbox/server/ingest/door.ts'
import type { Group, Span } from '@signalbox/server/ingest/otlp/otlp.ts'
import { createSpanMapping } from '@signalbox/server/ingest/otlp/spans/mapping.ts'
import type { Collector } from './collector.ts'

const tenant = 'import'

/** All spans of a recording: which come in which file makes no difference, and of those whose parents are missing none will come. */
export function addSpans(groups: readonly Group<Span>[], out: Collector) {
  const mapping = createSpanMapping({ mostTraces: Number.POSITIVE_INFINITY, mostSpans: Number.POSITIVE_INFINITY, now: () => 0 })
  out.record(groups.reduce((sum, { items }) => sum + items.length, 0))
  addMapped(mapping.map({ groups, bad: [] }, tenant), out)
  for (const { events } of mapping.settle(Number.POSITIVE_INFINITY)) for (const event of events) out.take(inputOf(event))
}

export function addMapped(mapped: readonly Mapped[], out: Collector) {
  for (const one of mapped) {
    if ('event' in one) out.take(inputOf(one.event))
    else out.skip('record that can be no event', one.refused.message)
  }
}

/** Nobody speaks after the end of a recording: that an agent is silent then says nothing about it. */
export function addStops(events: readonly EventInput[], out: Collector) {
  const last = new Map<string, { readonly time: EpochMs; readonly event: EventInput }>()
  for (const event of events) {
    if (event.agent === undefined) continue
    const time = Date.parse(event.time)
    const held = last.get(event.agent)
    if (held === undefined || held.time < time || (held.time === time && (held.event.id ?? '') < (event.id ?? '')))
      last.set(event.agent, { time, event })
  }
  for (const [agent, { time, event }] of last)
    out.derive(event.source, {
      foreign: `end ${agent}`,
      type: 'agent.stopped',
      time: time + 1,
      run: event.run,
      agent,
      data: { reason: 'end of the recording' },
    })
}

/** Until the mappings are here: each item one event. */

import { eventOf } from '@signalbox/model/foreign.ts'
import { clip, identifier } from '@signalbox/model/text.ts'
import type { Mapped } from '../door.ts'
import type { Decoded, LogRecord, MetricPoint, Span } from './otlp.ts'
import type { Mappings } from './take.ts'

function each<Item>(decoded: Decoded<Item>, one: (item: Item, service: string) => Extract<Mapped, { event: unknown }>['event']): Mapped[] {
  let item = 0
  const mapped: Mapped[] = []
  for (const { resource, items } of decoded.groups)
    for (const each of items) {
      mapped.push({ item, event: one(each, identifier(resource.attributes['service.name']) ?? 'unknown') })
      item += 1
    }
  for (const { code, message, value } of decoded.bad) {
    mapped.push({ item, refused: { code, message }, value })
    item += 1
  }
  return mapped
}

export const standIn: Mappings = {
  traces: (decoded: Decoded<Span>) =>
    each(decoded, (span, service) =>
      eventOf(`otlp/${service}`, {
        foreign: span.spanId,
        type: 'llm.finished',
        time: Math.trunc(span.end),
        run: span.traceId,
        agent: service,
        data: { call: span.spanId, startedAt: new Date(span.start).toISOString(), name: clip(span.name), attributes: span.attributes },
      }),
    ),
  logs: (decoded: Decoded<LogRecord>, observedAt) =>
    each(decoded, (record, service) =>
      eventOf(`otlp/${service}`, {
        foreign: JSON.stringify(record),
        type: 'log',
        time: Math.trunc(record.time || observedAt),
        agent: service,
        data: { body: record.body, attributes: record.attributes },
      }),
    ),
  metrics: (decoded: Decoded<MetricPoint>) =>
    each(decoded, (point, service) =>
      eventOf(`otlp/${service}`, {
        foreign: JSON.stringify(point),
        type: 'metric',
        time: Math.trunc(point.time),
        agent: service,
        data: { name: point.name, value: point.value ?? null, attributes: point.attributes },
      }),
    ),
}

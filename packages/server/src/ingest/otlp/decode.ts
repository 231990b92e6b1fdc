/**
 * OTLP's two encodings, decoded into one shape (otlp.ts). In: the bytes of an export request. Out: its items, and those that cannot be
 * taken for ever, each by itself. Throws `Refused` when nothing can be made of the body, or it is another signal's.
 */
import { type Bounds, createBounds } from './decode-bounds.ts'
import { groupsIn, type Json, jsonOf } from './decode-json.ts'
import { logIn, readLog } from './decode-log.ts'
import { metricIn, readMetric } from './decode-metric.ts'
import { groupsOf, type ReadItem, type Sink, undecodable } from './decode-protobuf.ts'
import { readSpan, spanIn } from './decode-span.ts'
import type { Decoded, LogRecord, MetricPoint, Span } from './otlp.ts'
import { readerOf } from './protobuf-reader.ts'
import { refuseOthers, refuseOthersJson, type Signal, signals } from './signals.ts'

export type Encoding = 'protobuf' | 'json'

export const decodeTraces = (body: Uint8Array, encoding: Encoding): Decoded<Span> => decode(body, encoding, 'traces', readSpan, spanIn)
export const decodeLogs = (body: Uint8Array, encoding: Encoding): Decoded<LogRecord> => decode(body, encoding, 'logs', readLog, logIn)
export const decodeMetrics = (body: Uint8Array, encoding: Encoding): Decoded<MetricPoint> =>
  decode(body, encoding, 'metrics', readMetric, metricIn)

function decode<Item>(
  body: Uint8Array,
  encoding: Encoding,
  signal: Signal,
  read: ReadItem<Item>,
  readJson: (json: Json, bounds: Bounds, sink: Sink<Item>) => void,
): Decoded<Item> {
  const bounds = createBounds()
  if (encoding === 'json') {
    const request = jsonOf(body)
    refuseOthersJson(request, signal)
    return groupsIn(request, signals[signal].json, bounds, readJson)
  }
  try {
    const reader = readerOf(body, bounds)
    refuseOthers(reader, signal)
    return groupsOf(reader, read)
  } catch (error) {
    throw undecodable(error)
  }
}

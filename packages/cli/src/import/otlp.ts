/**
 * OTLP in JSON, as collectors write it to files: one export request a file or a line, of spans, log records or data points. The same
 * events as if they had been sent to the door. docs/imports/otlp.md.
 */

import { type Json, parseObject } from '@signalbox/model/text.ts'
import { Refused } from '@signalbox/server/http/problem.ts'
import { decodeLogs, decodeMetrics, decodeTraces } from '@signalbox/server/ingest/otlp/decode.ts'
import { mapLogs } from '@signalbox/server/ingest/otlp/logs/mapping.ts'
import { mapMetrics } from '@signalbox/server/ingest/otlp/metrics/mapping.ts'
import type { Group, Span } from '@signalbox/server/ingest/otlp/otlp.ts'
import { type Collector, createCollector } from './collector.ts'
import type { Imported, SourceFile } from './import.ts'
import { addMapped, addSpans, addStops } from './spans.ts'

export function otlp(files: readonly SourceFile[]): Imported {
  const out = createCollector()
  const spans: Group<Span>[] = []
  for (const { text } of files) for (const request of requestsOf(text, out)) addRequest(request, spans, out)
  addSpans(spans, out)
  addStops(out.finish('otlp', files.length).events, out)
  return out.finish('otlp', files.length)
}

/** A file is one request, or one a line. */
function requestsOf(text: string, out: Collector): readonly Json[] {
  const whole = parseObject(text)
  if (whole !== undefined) return [whole]
  return text.split('\n').flatMap((line) => {
    if (line.trim() === '') return []
    const request = parseObject(line)
    if (request !== undefined) return [request]
    out.skip('unreadable line', 'It is no JSON object.')
    return []
  })
}

function addRequest(request: Json, spans: Group<Span>[], out: Collector) {
  const bytes = new TextEncoder().encode(JSON.stringify(request))
  try {
    if (request.resourceSpans !== undefined) {
      const { groups, bad } = decodeTraces(bytes, 'json')
      spans.push(...groups)
      out.record(bad.length)
      for (const { message } of bad) out.skip('span that cannot be read', message)
    } else if (request.resourceLogs !== undefined) {
      const logs = decodeLogs(bytes, 'json')
      out.record(countOf(logs.groups) + logs.bad.length)
      // There is no time of receipt: a record without any time is left out.
      addMapped(mapLogs(logs, 0), out)
    } else if (request.resourceMetrics !== undefined) {
      const metrics = decodeMetrics(bytes, 'json')
      out.record(countOf(metrics.groups) + metrics.bad.length)
      addMapped(mapMetrics(metrics), out)
    } else out.skip('other JSON', 'It has no resourceSpans, resourceLogs or resourceMetrics.')
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    out.skip('request that cannot be decoded', error.message)
  }
}

const countOf = (groups: readonly Group<unknown>[]) => groups.reduce((sum, { items }) => sum + items.length, 0)

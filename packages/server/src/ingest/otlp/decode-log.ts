/** Log records (opentelemetry-proto's logs.proto) from either encoding. */
import { attributesOf } from './attributes.ts'
import type { Bounds } from './decode-bounds.ts'
import { attributesIn, enumIn, hexIn, type Json, msIn, numberIn, textOf, valueIn } from './decode-json.ts'
import { addAttribute, anyValueOf, type Sink } from './decode-protobuf.ts'
import { idProblem, spanIdBytes, traceIdBytes } from './ids.ts'
import type { LogRecord } from './otlp.ts'
import { hexOf, message, msOf, type Reader } from './protobuf-reader.ts'

const severities = [
  'unspecified',
  ...['trace', 'debug', 'info', 'warn', 'error', 'fatal'].flatMap((name) => [name, `${name}2`, `${name}3`, `${name}4`]),
]

interface Told extends Omit<LogRecord, 'time'> {
  readonly time: number
  readonly observed: number
}

/** An id that is none is absent, as the specification has it: the record stands without. */
function recordOf({ observed, ...told }: Told): LogRecord {
  const named = told.attributes['event.name']
  return {
    ...told,
    time: told.time === 0 ? observed : told.time,
    eventName: told.eventName === '' && typeof named === 'string' ? named : told.eventName,
    traceId: told.traceId !== undefined && idProblem('traceId', told.traceId, traceIdBytes) === undefined ? told.traceId : undefined,
    spanId: told.spanId !== undefined && idProblem('spanId', told.spanId, spanIdBytes) === undefined ? told.spanId : undefined,
  }
}

export function readLog(reader: Reader, { items }: Sink<LogRecord>): void {
  reader.bounds.item()
  const attributes = attributesOf()
  const told: { -readonly [K in keyof Told]: Told[K] } = {
    time: 0,
    observed: 0,
    severity: 0,
    severityText: '',
    eventName: '',
    body: null,
    attributes,
    traceId: undefined,
    spanId: undefined,
    dropped: 0,
  }
  message(reader, (tag) => {
    switch (tag) {
      case 0x09: // time_unix_nano
        told.time = msOf(reader)
        return true
      case 0x10: // severity_number
        told.severity = reader.int32()
        return true
      case 0x1a: // severity_text
        told.severityText = reader.string()
        return true
      case 0x2a: // body
        told.body = anyValueOf(reader)
        return true
      case 0x32: // attributes
        return addAttribute(reader, attributes)
      case 0x38: // dropped_attributes_count
        told.dropped = reader.uint32()
        return true
      case 0x4a: // trace_id
        told.traceId = hexOf(reader)
        return true
      case 0x52: // span_id
        told.spanId = hexOf(reader)
        return true
      case 0x59: // observed_time_unix_nano
        told.observed = msOf(reader)
        return true
      case 0x62: // event_name
        told.eventName = reader.string()
        return true
      default:
        return false
    }
  })
  items.push(recordOf(told))
}

export function logIn(json: Json, bounds: Bounds, { items }: Sink<LogRecord>): void {
  const record = recordOf({
    time: msIn(json.timeUnixNano, 'timeUnixNano'),
    observed: msIn(json.observedTimeUnixNano, 'observedTimeUnixNano'),
    severity: enumIn(json.severityNumber, severities, 'SEVERITY_NUMBER_'),
    severityText: textOf(json.severityText, 'severityText'),
    eventName: textOf(json.eventName, 'eventName'),
    body: valueIn(json.body, bounds),
    attributes: attributesIn(json.attributes, bounds),
    traceId: hexIn(json.traceId, traceIdBytes, 'traceId'),
    spanId: hexIn(json.spanId, spanIdBytes, 'spanId'),
    dropped: numberIn(json.droppedAttributesCount, 'droppedAttributesCount') ?? 0,
  })
  bounds.item()
  items.push(record)
}

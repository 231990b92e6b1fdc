/** Spans (opentelemetry-proto's trace.proto) from either encoding. */

import { attributesOf } from './attributes.ts'
import type { Bounds } from './decode-bounds.ts'
import { attributesIn, enumIn, hexIn, type Json, listOf, msIn, numberIn, objectOf, textOf } from './decode-json.ts'
import { addAttribute, type Sink } from './decode-protobuf.ts'
import { idProblem, isZero, spanIdBytes, traceIdBytes } from './ids.ts'
import type { Attributes, Span } from './otlp.ts'
import { hexOf, knownText, message, msOf, type Reader } from './protobuf-reader.ts'

const kinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const
const codes = ['unset', 'ok', 'error'] as const
const noAttributes: Attributes = Object.freeze(attributesOf())

type Draft = { -readonly [K in keyof Span]: Span[K] } & { dropped: number }
type Event = Span['events'][number]
type Link = Span['links'][number]

const draft = (): Draft => ({
  traceId: '',
  spanId: '',
  parentSpanId: undefined,
  name: '',
  kind: 'unspecified',
  start: 0,
  end: 0,
  attributes: noAttributes,
  events: [],
  links: [],
  status: { code: 'unset', message: '' },
  dropped: 0,
  traceState: '',
})

/** Without its ids a span is nobody's, for ever. */
function place(span: Draft, { items, bad }: Sink<Span>): void {
  if (span.parentSpanId !== undefined && isZero(span.parentSpanId)) span.parentSpanId = undefined
  const problem =
    idProblem('traceId', span.traceId, traceIdBytes) ??
    idProblem('spanId', span.spanId, spanIdBytes) ??
    (span.parentSpanId === undefined ? undefined : idProblem('parentSpanId', span.parentSpanId, spanIdBytes))
  if (problem === undefined) items.push(span)
  else bad.push({ code: 'INVALID_EVENT', message: problem, value: span })
}

export function readSpan(reader: Reader, sink: Sink<Span>): void {
  reader.bounds.item()
  const span = draft()
  const attributes = attributesOf()
  const events: Event[] = []
  const links: Link[] = []
  message(reader, (tag) => {
    switch (tag) {
      case 0x0a: // trace_id
        span.traceId = hexOf(reader)
        return true
      case 0x12: // span_id
        span.spanId = hexOf(reader)
        return true
      case 0x1a: // trace_state
        span.traceState = reader.string()
        return true
      case 0x22: // parent_span_id
        span.parentSpanId = hexOf(reader)
        return true
      case 0x2a: // name
        span.name = knownText(reader)
        return true
      case 0x30: // kind
        span.kind = kinds[reader.int32()] ?? 'unspecified'
        return true
      case 0x39: // start_time_unix_nano
        span.start = msOf(reader)
        return true
      case 0x41: // end_time_unix_nano
        span.end = msOf(reader)
        return true
      case 0x4a: // attributes
        return addAttribute(reader, attributes)
      case 0x50: // dropped_attributes_count
      case 0x60: // dropped_events_count
      case 0x70: // dropped_links_count
        span.dropped += reader.uint32()
        return true
      case 0x5a: // events
        events.push(readEvent(reader))
        return true
      case 0x6a: // links
        links.push(readLink(reader))
        return true
      case 0x7a: // status
        span.status = readStatus(reader)
        return true
      default:
        return false
    }
  })
  span.attributes = attributes
  span.events = events
  span.links = links
  place(span, sink)
}

function readEvent(reader: Reader): Event {
  const attributes = attributesOf()
  let time = 0
  let name = ''
  reader.bounds.object()
  message(reader, (tag) => {
    if (tag === 0x09) time = msOf(reader)
    else if (tag === 0x12) name = reader.string()
    else return tag === 0x1a && addAttribute(reader, attributes)
    return true
  })
  return { name, time, attributes }
}

function readLink(reader: Reader): Link {
  const attributes = attributesOf()
  let traceId = ''
  let spanId = ''
  reader.bounds.object()
  message(reader, (tag) => {
    if (tag === 0x0a) traceId = hexOf(reader)
    else if (tag === 0x12) spanId = hexOf(reader)
    else return tag === 0x22 && addAttribute(reader, attributes)
    return true
  })
  return { traceId, spanId, attributes }
}

function readStatus(reader: Reader): Span['status'] {
  let code: Span['status']['code'] = 'unset'
  let text = ''
  message(reader, (tag) => {
    if (tag === 0x12) text = reader.string()
    else if (tag === 0x18) code = codes[reader.int32()] ?? 'unset'
    else return false
    return true
  })
  return { code, message: text }
}

export function spanIn(json: Json, bounds: Bounds, sink: Sink<Span>): void {
  const status = objectOf(json.status, 'status')
  const count = (name: string) => numberIn(json[name], name) ?? 0
  const events = listOf(json.events, 'events').map((event) => eventIn(objectOf(event, 'An event'), bounds))
  const links = listOf(json.links, 'links').map((link) => linkIn(objectOf(link, 'A link'), bounds))
  const parent = hexIn(json.parentSpanId, spanIdBytes, 'parentSpanId')
  const span: Draft = {
    traceId: hexIn(json.traceId, traceIdBytes, 'traceId'),
    spanId: hexIn(json.spanId, spanIdBytes, 'spanId'),
    parentSpanId: parent === '' ? undefined : parent,
    name: textOf(json.name, 'name'),
    kind: kinds[enumIn(json.kind, kinds, 'SPAN_KIND_')] ?? 'unspecified',
    start: msIn(json.startTimeUnixNano, 'startTimeUnixNano'),
    end: msIn(json.endTimeUnixNano, 'endTimeUnixNano'),
    attributes: attributesIn(json.attributes, bounds),
    events,
    links,
    status: { code: codes[enumIn(status.code, codes, 'STATUS_CODE_')] ?? 'unset', message: textOf(status.message, 'status.message') },
    dropped: count('droppedAttributesCount') + count('droppedEventsCount') + count('droppedLinksCount'),
    traceState: textOf(json.traceState, 'traceState'),
  }
  bounds.item()
  place(span, sink)
}

function eventIn(json: Json, bounds: Bounds): Event {
  bounds.object()
  return {
    name: textOf(json.name, 'name'),
    time: msIn(json.timeUnixNano, 'timeUnixNano'),
    attributes: attributesIn(json.attributes, bounds),
  }
}

function linkIn(json: Json, bounds: Bounds): Link {
  bounds.object()
  return {
    traceId: hexIn(json.traceId, traceIdBytes, 'traceId'),
    spanId: hexIn(json.spanId, spanIdBytes, 'spanId'),
    attributes: attributesIn(json.attributes, bounds),
  }
}

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Refused } from '../../http/problem.ts'
import { decodeLogs, decodeMetrics, decodeTraces, type Encoding } from './decode.ts'
import type { Signal } from './signals.ts'
import { protobufOf, requestOf } from './wire.testing.ts'

const decoders = { traces: decodeTraces, logs: decodeLogs, metrics: decodeMetrics }
const encodings = ['protobuf', 'json'] as const
const samples = process.env.SIGNALBOX_TEST_DATA ?? join(import.meta.dirname, '../../../../../../shared/data')
const encoded = (signal: Signal, json: unknown, encoding: Encoding) =>
  encoding === 'json' ? Buffer.from(JSON.stringify(json)) : protobufOf(signal, json)

const traceId = '5b8efff798038103d269b633813fc60c'
const spanId = 'eee19b7ec3c1b174'
const span = (more: object = {}) => ({
  traceId,
  spanId,
  name: 'chat',
  startTimeUnixNano: '1764192000000000000',
  endTimeUnixNano: '1764192000500000000',
  ...more,
})
const log = (more: object = {}) => ({ timeUnixNano: '1764192000000000000', body: { stringValue: 'said' }, ...more })
const metric = (more: object = {}) => ({ name: 'm', gauge: { dataPoints: [{ timeUnixNano: '1764192000000000000', asInt: '1', ...more }] } })

function refusalOf(decode: () => unknown): string {
  try {
    decode()
  } catch (error) {
    if (error instanceof Refused) return `${error.init.code}: ${error.init.detail}`
    throw error
  }
  throw new Error('It was not refused.')
}
const traces = (item: unknown) => decodeTraces(Buffer.from(JSON.stringify(requestOf('traces', [span(), item, span()]))), 'json')

test.each<[string, Signal, number]>([
  ['opentelemetry-proto-examples/trace.json', 'traces', 1],
  ['opentelemetry-proto-examples/logs.json', 'logs', 1],
  ['opentelemetry-proto-examples/events.json', 'logs', 1],
  ['opentelemetry-proto-examples/metrics.json', 'metrics', 4],
  ['jaeger-otlp/otlp2jaeger-in.json', 'traces', 2],
])('the sample %s is the same in both encodings, and refused by name as another signal', (file, signal, items) => {
  const body = readFileSync(join(samples, 'genai-spans', file))
  const json = decoders[signal](body, 'json')
  expect(json).toMatchObject({ bad: [] })
  expect(json.groups.flatMap((group) => group.items as unknown[])).toHaveLength(items)
  const protobuf = protobufOf(signal, JSON.parse(body.toString()))
  expect(decoders[signal](protobuf, 'protobuf')).toEqual(json)
  for (const other of Object.keys(decoders) as Signal[]) {
    if (other === signal) continue
    for (const [bytes, encoding] of [
      [body, 'json'],
      [protobuf, 'protobuf'],
    ] as const)
      expect(refusalOf(() => decoders[other](bytes, encoding))).toMatch(
        new RegExp(`^BAD_REQUEST: This is an Export\\w+; send it to /v1/${signal}.$`),
      )
  }
})

test.each([
  [
    'base64 ids',
    { traceId: Buffer.from(traceId, 'hex').toString('base64'), spanId: Buffer.from(spanId, 'hex').toString('base64') },
    { traceId, spanId },
  ],
  ['ids without padding, URL-safe', { traceId: Buffer.from(traceId, 'hex').toString('base64url') }, { traceId }],
  ['upper-case ids', { traceId: traceId.toUpperCase() }, { traceId }],
  ['a parent of zeros', { parentSpanId: '0000000000000000' }, { parentSpanId: undefined }],
  [
    'an enum by name',
    { kind: 'SPAN_KIND_CLIENT', status: { code: 'STATUS_CODE_ERROR' } },
    { kind: 'client', status: { code: 'error', message: '' } },
  ],
  ['an unknown enum', { kind: 99, status: { code: 'X' } }, { kind: 'unspecified', status: { code: 'unset', message: '' } }],
  ['a time that is a number', { startTimeUnixNano: 1764192000000000000 }, { start: 1764192000000 }],
  ['null for absent', { attributes: null, events: null, parentSpanId: null, name: null }, { name: '', attributes: {} }],
  ['unknown fields', { later: { a: [1] } }, { traceId }],
  ['an integer that is a number', { attributes: [{ key: 'n', value: { intValue: 7 } }] }, { attributes: { n: 7 } }],
  [
    'an integer beyond 2^53',
    { attributes: [{ key: 'n', value: { intValue: '9007199254740993' } }] },
    { attributes: { n: '9007199254740993' } },
  ],
  ['what JSON has no number for', { attributes: [{ key: 'n', value: { doubleValue: '-Infinity' } }] }, { attributes: { n: '-Infinity' } }],
])('JSON: %s', (_name, more, is) => {
  expect(traces(span(more))).toMatchObject({ groups: [{ items: [{}, is, {}] }], bad: [] })
})

test.each([
  ['no ids', { traceId: undefined, spanId: undefined }, 'INVALID_EVENT', 'traceId is missing or zero.'],
  ['an id of zeros', { spanId: '0000000000000000' }, 'INVALID_EVENT', 'spanId is missing or zero.'],
  ['an id that is too short', { spanId: 'abcd' }, 'INVALID_EVENT', 'spanId must be 16 hexadecimal digits (8 bytes), not "abcd".'],
  ['a parent that is no id', { parentSpanId: 'xx' }, 'INVALID_EVENT', 'parentSpanId must be 16 hexadecimal digits (8 bytes), not "xx".'],
  [
    'attributes as an object',
    { attributes: { a: 1 } },
    'INVALID_EVENT',
    'attributes must be a list of {"key": …, "value": {…}}, not an object of them.',
  ],
  [
    'a value that is no AnyValue',
    { attributes: [{ key: 'a', value: 'text' }] },
    'INVALID_EVENT',
    'The value of an attribute must be an object, not a string.',
  ],
  [
    'a time that is none',
    { startTimeUnixNano: 'now' },
    'INVALID_EVENT',
    'startTimeUnixNano must be a number or its decimal text, not a string.',
  ],
  ['a time before 1970', { endTimeUnixNano: '-1' }, 'INVALID_EVENT', 'endTimeUnixNano must be nanoseconds since 1970 in 64 bits.'],
  ['a half integer', { attributes: [{ key: 'n', value: { intValue: 1.5 } }] }, 'INVALID_EVENT', 'intValue must be a whole number.'],
])('JSON: a span with %s costs no other', (_name, more, code, message) => {
  expect(traces(span(more))).toMatchObject({ groups: [{ items: [{ spanId }, { spanId }] }], bad: [{ code, message }] })
})

test.each(encodings)('%s: a span without ids, or with ids of another length, costs no other', (encoding) => {
  const body = encoded('traces', requestOf('traces', [span(), span({ traceId: '' }), span({ spanId: 'abcd' }), span()]), encoding)
  expect(decodeTraces(body, encoding)).toMatchObject({
    groups: [{ items: [{ spanId }, { spanId }] }],
    bad: [{ message: 'traceId is missing or zero.' }, { message: expect.stringContaining('not "abcd"') }],
  })
})

const nested = (levels: number) => {
  let value: unknown = { stringValue: 'deep' }
  for (let i = 0; i < levels; i += 1)
    value = i % 2 === 0 ? { arrayValue: { values: [value] } } : { kvlistValue: { values: [{ key: 'k', value }] } }
  return value
}

test.each(encodings)('%s: a value nested without end costs its item; of a resource, all of it', (encoding) => {
  const deep = [{ key: 'deep', value: nested(200) }]
  const mixed = encoded('traces', requestOf('traces', [span({ attributes: deep }), span()]), encoding)
  expect(decodeTraces(mixed, encoding)).toMatchObject({ groups: [{ items: [{ spanId }] }], bad: [{ code: 'TOO_DEEP' }] })
  const { resourceSpans: good } = requestOf('traces', [span()]) as { resourceSpans: unknown[] }
  const bad = { resource: { attributes: deep }, scopeSpans: [{ spans: [span(), span()] }] }
  const both = decodeTraces(encoded('traces', { resourceSpans: [bad, ...good] }, encoding), encoding)
  expect(both).toMatchObject({ groups: [{ items: [{ spanId }] }], bad: [{ code: 'TOO_DEEP' }, { code: 'TOO_DEEP' }] })
})

test('nesting far beyond what any stack holds is refused as any other', () => {
  const levels = 100_000
  let value = Buffer.from([0x0a, 0x01, 0x61])
  const parts: Buffer[] = []
  const varint = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...varint(n >>> 7)])
  let length = value.length
  for (let i = 0; i < levels; i += 1) {
    const inner = [0x0a, ...varint(length)]
    const outer = [0x2a, ...varint(length + inner.length)]
    parts.push(Buffer.from([...outer, ...inner]))
    length += inner.length + outer.length
  }
  value = Buffer.concat([...parts.reverse(), value])
  const wrap = (tag: number, body: Buffer) => Buffer.concat([Buffer.from([tag, ...varint(body.length)]), body])
  const attribute = wrap(0x4a, wrap(0x12, value))
  const body = wrap(0x0a, wrap(0x12, wrap(0x12, attribute)))
  expect(decodeTraces(body, 'protobuf')).toMatchObject({ groups: [], bad: [{ code: 'TOO_DEEP' }] })
  const json = `{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[{"key":"a","value":${'{"arrayValue":{"values":['.repeat(levels)}${']}}'.repeat(levels)}}]}]}]}]}`
  expect(decodeTraces(Buffer.from(json), 'json')).toMatchObject({ groups: [], bad: [{ code: 'TOO_DEEP' }] })
})

test('hostile keys are keys like any other', () => {
  const body = encoded(
    'traces',
    requestOf('traces', [
      span({
        attributes: [
          { key: '__proto__', value: { stringValue: 'x' } },
          { key: 'constructor', value: { intValue: '1' } },
        ],
      }),
    ]),
    'protobuf',
  )
  const [item] = decodeTraces(body, 'protobuf').groups[0]?.items ?? []
  expect(Object.entries(item?.attributes ?? {})).toEqual([
    ['__proto__', 'x'],
    ['constructor', 1],
  ])
  expect(item?.attributes.toString).toBeUndefined()
  expect(
    'constructor' in
      (decodeTraces(encoded('traces', requestOf('traces', [span()]), 'protobuf'), 'protobuf').groups[0]?.items[0]?.attributes ?? {
        constructor: 1,
      }),
  ).toBe(false)
})

test('ids that differ in any one byte are told apart, however often each comes', () => {
  const ids = Array.from({ length: 32 }, (_, at) => traceId.slice(0, at) + (traceId[at] === '0' ? '1' : '0') + traceId.slice(at + 1))
  const all = [...ids, traceId, ...ids, traceId]
  const body = encoded(
    'traces',
    requestOf(
      'traces',
      all.map((id) => span({ traceId: id, spanId: id.slice(16), parentSpanId: id.slice(0, 16) })),
    ),
    'protobuf',
  )
  const items = decodeTraces(body, 'protobuf').groups[0]?.items ?? []
  expect(items.map((item) => [item.traceId, item.spanId, item.parentSpanId])).toEqual(all.map((id) => [id, id.slice(16), id.slice(0, 16)]))
})

test.each([
  ['empty spans', '1200', 1],
  ['empty scopes with an empty span each', '12021200', 1],
  ['spans of empty events', '12045a005a00', 3],
])('more %s than any request has are refused before they take memory', (_name, hex, enough) => {
  const body = Buffer.from(hex.repeat(150_000 * enough), 'hex')
  const scope = hex === '12021200' ? body : Buffer.concat([Buffer.from([0x12]), lengthOf(body.length), body])
  const request = Buffer.concat([Buffer.from([0x0a]), lengthOf(scope.length), scope])
  expect(refusalOf(() => decodeTraces(request, 'protobuf'))).toMatch(/^BATCH_TOO_LARGE/)
})
function lengthOf(n: number): Buffer {
  const bytes: number[] = []
  for (let left = n; ; left >>>= 7) {
    if (left < 128) return Buffer.from([...bytes, left])
    bytes.push((left & 127) | 128)
  }
}

test.each([
  ['no JSON', Buffer.from('{"resourceSpans":'), 'json', /^BAD_REQUEST: The body is not JSON in UTF-8/],
  ['no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 'json', /^BAD_REQUEST: The body is not JSON in UTF-8/],
  ['a list', Buffer.from('[]'), 'json', /^BAD_REQUEST: The body is not an export request/],
  ['groups that are no list', Buffer.from('{"resourceSpans":{}}'), 'json', /^BAD_REQUEST: resourceSpans must be a list, not an object\.$/],
  ['names of the .proto', Buffer.from('{"resource_spans":[]}'), 'json', /lowerCamelCase: "resourceSpans", not "resource_spans"/],
  [
    'a truncated message',
    protobufOf('traces', requestOf('traces', [span()])).subarray(0, -3),
    'protobuf',
    /^BAD_REQUEST: The body is no Protobuf message of OTLP/,
  ],
  ['a varint without end', Buffer.alloc(20, 0xff), 'protobuf', /^BAD_REQUEST: The body is no Protobuf message of OTLP/],
  ['JSON sent as Protobuf', Buffer.from('{"resourceSpans":[]}'), 'protobuf', /^BAD_REQUEST: The body is no Protobuf message of OTLP/],
  [
    'groups in groups (deprecated), without end',
    Buffer.alloc(10_000, 0x0b),
    'protobuf',
    /^BAD_REQUEST: The body is no Protobuf message of OTLP/,
  ],
] as const)('%s is refused whole', (_name, body, encoding, why) => {
  expect(refusalOf(() => decodeTraces(body, encoding))).toMatch(why)
})

test.each(encodings)('%s: an empty request is one', (encoding) => {
  for (const decode of Object.values(decoders))
    expect(decode(Buffer.from(encoding === 'json' ? '{}' : ''), encoding)).toEqual({ groups: [], bad: [] })
})

test.each(encodings)(
  '%s: a log record takes its name from its attributes, its time from when it was seen, and no broken ids',
  (encoding) => {
    const attributes = [{ key: 'event.name', value: { stringValue: 'user_prompt' } }]
    const body = encoded(
      'logs',
      requestOf('logs', [log({ timeUnixNano: '0', observedTimeUnixNano: '5000000', attributes, traceId: 'abcd', severityNumber: 9 })]),
      encoding,
    )
    expect(decodeLogs(body, encoding).groups[0]?.items).toMatchObject([
      { eventName: 'user_prompt', time: 5, traceId: undefined, severity: 9 },
    ])
  },
)

test('JSON: a bad data point costs no other', () => {
  const body = Buffer.from(JSON.stringify(requestOf('metrics', [metric(), metric({ asInt: 'many' }), metric()])))
  expect(decodeMetrics(body, 'json')).toMatchObject({
    groups: [{ items: [{ value: 1 }, { value: 1 }] }],
    bad: [{ value: { name: 'm', kind: 'gauge' } }],
  })
})

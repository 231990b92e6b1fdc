/** Any export request at all whose every item can be taken, with what it must decode to. */
import fc from 'fast-check'
import type { Attributes, AttributeValue, Group, LogRecord, MetricPoint, Span } from './otlp.ts'
import { type Signal, signals } from './signals.ts'

type Json = Record<string, unknown>

/** What is on the wire, as OTLP's JSON has it, and what it must decode to. */
interface Pair<T> {
  readonly wire: unknown
  readonly is: T
}
const both = <T>(wire: unknown, is: T): Pair<T> => ({ wire, is })

/** JSON has no word for -0. */
const plain = (number: number) => number + 0
const long = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)
const isSafe = (value: bigint) => value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= BigInt(Number.MIN_SAFE_INTEGER)
/** Protobuf holds no lone surrogates. */
const text = fc.string({ unit: 'grapheme', maxLength: 12 })
const key = fc.oneof(text, fc.constantFrom('__proto__', 'constructor', 'toString', 'gen_ai.usage.input_tokens'))

const value = fc.letrec<{ any: Pair<AttributeValue> }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    text.map((is) => both({ stringValue: is }, is)),
    fc.boolean().map((is) => both({ boolValue: is }, is)),
    long.map((is) => both({ intValue: String(is) }, isSafe(is) ? Number(is) : String(is))),
    fc
      .double()
      .map(plain)
      .map((is) => both({ doubleValue: Number.isFinite(is) ? is : String(is) }, Number.isFinite(is) ? is : String(is))),
    fc.uint8Array({ maxLength: 8 }).map((bytes) => {
      const base64 = Buffer.from(bytes).toString('base64')
      return both({ bytesValue: base64 }, base64)
    }),
    fc.constant(both({}, null)),
    fc.array(tie('any'), { maxLength: 3 }).map((list) =>
      both(
        { arrayValue: { values: list.map(({ wire }) => wire) } },
        list.map(({ is }) => is),
      ),
    ),
    fc.array(fc.tuple(key, tie('any')), { maxLength: 3 }).map((list) => both({ kvlistValue: { values: wires(list) } }, held(list))),
  ),
})).any

const wires = (list: readonly (readonly [string, Pair<AttributeValue>])[]) => list.map(([name, { wire }]) => ({ key: name, value: wire }))
function held(list: readonly (readonly [string, Pair<AttributeValue>])[]): Attributes {
  const attributes = Object.create(null) as Record<string, AttributeValue>
  for (const [name, { is }] of list) attributes[name] = is
  return attributes
}
const attributes = fc.array(fc.tuple(key, value), { maxLength: 4 }).map((list) => both(wires(list), held(list)))

const nanos = fc.bigInt(0n, 2n ** 64n - 1n).map((ns) => both(String(ns), Number(ns) / 1e6))
const idOf = (bytes: number) =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .filter((id) => id.some((byte) => byte > 0))
    .map((id) => Buffer.from(id).toString('hex'))
const traceId = idOf(16)
const spanId = idOf(8)
const count = fc.nat({ max: 1_000 })

const event = fc
  .record({ name: text, time: nanos, attributes })
  .map(({ name, time, attributes: held }) =>
    both({ name, timeUnixNano: time.wire, attributes: held.wire }, { name, time: time.is, attributes: held.is }),
  )
const link = fc
  .record({ traceId, spanId, attributes })
  .map(({ attributes: held, ...ids }) => both({ ...ids, attributes: held.wire }, { ...ids, attributes: held.is }))
const kinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const
const codes = ['unset', 'ok', 'error'] as const

const span = fc
  .record({
    ids: fc.record({ traceId, spanId, parentSpanId: fc.option(spanId, { nil: undefined }), name: text, traceState: text }),
    kind: fc.constantFrom(...kinds),
    start: nanos,
    end: nanos,
    attributes,
    events: fc.array(event, { maxLength: 2 }),
    links: fc.array(link, { maxLength: 2 }),
    code: fc.constantFrom(...codes),
    message: text,
    dropped: count,
  })
  .map(
    ({ ids, kind, start, end, attributes: held, events, links, code, message, dropped }): Pair<Span> =>
      both(
        {
          ...ids,
          kind: kinds.indexOf(kind),
          startTimeUnixNano: start.wire,
          endTimeUnixNano: end.wire,
          attributes: held.wire,
          events: events.map(({ wire }) => wire),
          links: links.map(({ wire }) => wire),
          status: { code: codes.indexOf(code), message },
          droppedAttributesCount: dropped,
          droppedLinksCount: 1,
        },
        {
          ...ids,
          kind,
          start: start.is,
          end: end.is,
          attributes: held.is,
          events: events.map(({ is }) => is),
          links: links.map(({ is }) => is),
          status: { code, message },
          dropped: dropped + 1,
        },
      ),
  )

const log = fc
  .record({
    ids: fc.record({ traceId: fc.option(traceId, { nil: undefined }), spanId: fc.option(spanId, { nil: undefined }) }),
    texts: fc.record({ severityText: text, eventName: text.filter((name) => name !== '') }),
    severity: fc.nat({ max: 24 }),
    time: nanos,
    observed: nanos,
    body: value,
    attributes,
    dropped: count,
  })
  .map(
    ({ ids, texts, severity, time, observed, body, attributes: held, dropped }): Pair<LogRecord> =>
      both(
        {
          ...ids,
          ...texts,
          severityNumber: severity,
          timeUnixNano: time.wire,
          observedTimeUnixNano: observed.wire,
          body: body.wire,
          attributes: held.wire,
          droppedAttributesCount: dropped,
        },
        { ...ids, ...texts, severity, time: time.is === 0 ? observed.is : time.is, body: body.is, attributes: held.is, dropped },
      ),
  )

const safe = fc.double({ noNaN: true, noDefaultInfinity: true }).map(plain)
const point = fc.record({ start: nanos, time: nanos, attributes })
const temporalities = ['unspecified', 'delta', 'cumulative'] as const

/** A metric's name for its kind, what it says of all points, and its points. */
const metricOf = (
  kind: MetricPoint['kind'],
  field: string,
  points: fc.Arbitrary<Pair<Partial<MetricPoint>>>,
  about: readonly ('temporality' | 'monotonic')[],
) =>
  fc
    .record({
      texts: fc.record({ name: text, description: text, unit: text }),
      temporality: fc.constantFrom(...temporalities),
      isMonotonic: fc.boolean(),
      points: fc.array(fc.tuple(point, points), { minLength: 1, maxLength: 3 }),
    })
    .map(({ texts, temporality, isMonotonic, points: list }): Pair<readonly MetricPoint[]> => {
      const head = {
        temporality: about.includes('temporality') ? temporality : ('unspecified' as const),
        isMonotonic: about.includes('monotonic') && isMonotonic,
      }
      return both(
        {
          ...texts,
          [field]: {
            ...(about.includes('temporality') ? { aggregationTemporality: temporalities.indexOf(temporality) } : {}),
            ...(about.includes('monotonic') ? { isMonotonic } : {}),
            dataPoints: list.map(([at, more]) => ({
              startTimeUnixNano: at.start.wire,
              timeUnixNano: at.time.wire,
              attributes: at.attributes.wire,
              ...(more.wire as Json),
            })),
          },
        },
        list.map(([at, more]) => ({
          ...texts,
          kind,
          ...head,
          start: at.start.is,
          time: at.time.is,
          attributes: at.attributes.is,
          ...more.is,
        })),
      )
    })

const number = fc.oneof(
  safe.map((is) => both({ asDouble: is }, { value: is })),
  fc.maxSafeInteger().map((is) => both({ asInt: String(is) }, { value: is })),
)
const sums = fc.record({ count, sum: safe, min: safe, max: safe })
const ranged = sums.map((is) => both({ ...is, count: String(is.count) }, { count: is.count, value: is.sum, min: is.min, max: is.max }))
const histogram = fc
  .tuple(ranged, fc.array(count, { minLength: 1, maxLength: 4 }), fc.array(safe, { minLength: 1, maxLength: 4 }))
  .map(([{ wire, is }, counts, bounds]) =>
    both({ ...(wire as Json), bucketCounts: counts.map(String), explicitBounds: bounds }, { ...is, counts, bounds }),
  )
const summary = sums.map(({ count: n, sum }) => both({ count: String(n), sum }, { count: n, value: sum }))

const metric = fc.oneof(
  metricOf('gauge', 'gauge', number, []),
  metricOf('sum', 'sum', number, ['temporality', 'monotonic']),
  metricOf('histogram', 'histogram', histogram, ['temporality']),
  metricOf('exponential-histogram', 'exponentialHistogram', ranged, ['temporality']),
  metricOf('summary', 'summary', summary, []),
)

const scope = fc.record({ name: text, version: text, attributes })

/** Any request of the signal whose every item can be taken: its JSON, and its groups. */
export function anyRequest<Item>(signal: Signal, item: fc.Arbitrary<Pair<readonly Item[]>>): fc.Arbitrary<Pair<readonly Group<Item>[]>> {
  const { resources, scopes, items: name } = signals[signal].json
  const scoped = fc.tuple(scope, fc.array(item, { minLength: 1, maxLength: 3 }))
  return fc.array(fc.tuple(attributes, fc.array(scoped, { maxLength: 2 })), { maxLength: 2 }).map((list) =>
    both(
      {
        [resources]: list.map(([resource, scopedItems]) => ({
          resource: { attributes: resource.wire },
          [scopes]: scopedItems.map(([of, items]) => ({
            scope: { name: of.name, version: of.version, attributes: of.attributes.wire },
            [name]: items.map(({ wire }) => wire),
          })),
        })),
      },
      list.flatMap(([resource, scopedItems]) =>
        scopedItems.map(([of, items]) => ({
          resource: { attributes: resource.is },
          scope: { name: of.name, version: of.version, attributes: of.attributes.is },
          items: items.flatMap(({ is }) => is),
        })),
      ),
    ),
  )
}

const alone = <T>(item: fc.Arbitrary<Pair<T>>) => item.map(({ wire, is }) => both<readonly T[]>(wire, [is]))
export const anyTraces = anyRequest('traces', alone(span))
export const anyLogs = anyRequest('logs', alone(log))
export const anyMetrics = anyRequest('metrics', metric)

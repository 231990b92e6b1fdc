/** Data points (opentelemetry-proto's metrics.proto) from either encoding, each with what its metric says. */
import { attributesOf, type Writable } from './attributes.ts'
import type { Bounds } from './decode-bounds.ts'
import { attempt, attributesIn, booleanOf, enumIn, type Json, listOf, msIn, numberIn, objectOf, textOf } from './decode-json.ts'
import { addAttribute, type Sink } from './decode-protobuf.ts'
import type { MetricPoint } from './otlp.ts'
import { fixed64, message, msOf, packed, type Reader, sfixed64 } from './protobuf-reader.ts'

type Kind = MetricPoint['kind']
type Head = Pick<MetricPoint, 'name' | 'description' | 'unit' | 'kind' | 'temporality' | 'isMonotonic'>
type Point = { -readonly [K in keyof Omit<MetricPoint, keyof Head>]: MetricPoint[K] }

const temporalities = ['unspecified', 'delta', 'cumulative'] as const

/** The fields of a metric that hold its points. */
const kinds = { 42: 'gauge', 58: 'sum', 74: 'histogram', 82: 'exponential-histogram', 90: 'summary' } as const satisfies Record<
  number,
  Kind
>
const inJson = {
  gauge: 'gauge',
  sum: 'sum',
  histogram: 'histogram',
  'exponential-histogram': 'exponentialHistogram',
  summary: 'summary',
} as const satisfies Record<Kind, string>

export function readMetric(reader: Reader, { items }: Sink<MetricPoint>): void {
  let name = ''
  let description = ''
  let unit = ''
  const held: { kind: Kind; points: Point[]; temporality: MetricPoint['temporality']; isMonotonic: boolean }[] = []
  message(reader, (tag) => {
    const kind = (kinds as Readonly<Record<number, Kind>>)[tag]
    if (kind !== undefined) held.push({ kind, ...readPoints(reader, kind) })
    else if (tag === 0x0a) name = reader.string()
    else if (tag === 0x12) description = reader.string()
    else if (tag === 0x1a) unit = reader.string()
    else return false
    return true
  })
  for (const { points, ...head } of held) for (const point of points) items.push({ name, description, unit, ...head, ...point })
}

function readPoints(reader: Reader, kind: Kind) {
  const points: Point[] = []
  let temporality: MetricPoint['temporality'] = 'unspecified'
  let isMonotonic = false
  message(reader, (tag) => {
    if (tag === 0x0a) points.push(readPoint(reader, kind))
    else if (tag === 0x10) temporality = temporalities[reader.int32()] ?? 'unspecified'
    else if (tag === 0x18) isMonotonic = reader.bool()
    else return false
    return true
  })
  return { points, temporality, isMonotonic }
}

type Take = (reader: Reader, point: Point) => void
type Fields = Readonly<Record<number, Take>>

const attribute: Take = (reader, point) => void addAttribute(reader, point.attributes as Writable)
const set =
  <K extends 'start' | 'time' | 'value' | 'count' | 'min' | 'max'>(name: K, read: (reader: Reader) => number): Take =>
  (reader, point) => {
    point[name] = read(reader)
  }
const double = (reader: Reader) => reader.double()
/** One of a repeated field, packed or not. */
const each =
  (name: 'bounds' | 'counts', read: (reader: Reader) => number, isPacked: boolean): Take =>
  (reader, point) => {
    const list = (point[name] ?? []) as number[]
    point[name] = list
    if (!isPacked) list.push(read(reader))
    else packed(reader, () => list.push(read(reader)))
  }

const times: Fields = { 17: set('start', msOf), 25: set('time', msOf) }
const sums: Fields = { ...times, 33: set('count', fixed64), 41: set('value', double) }
const numbers: Fields = { ...times, 58: attribute, 33: set('value', double), 49: set('value', sfixed64) }
/** The fields of a point, by the kind of its metric. */
const fieldsOf = {
  gauge: numbers,
  sum: numbers,
  histogram: {
    ...sums,
    74: attribute,
    49: each('counts', fixed64, false),
    50: each('counts', fixed64, true),
    57: each('bounds', double, false),
    58: each('bounds', double, true),
    89: set('min', double),
    97: set('max', double),
  },
  'exponential-histogram': { ...sums, 10: attribute, 97: set('min', double), 105: set('max', double) },
  summary: { ...sums, 58: attribute },
} as const satisfies Record<Kind, Fields>

const pointOf = (): Point => ({
  start: 0,
  time: 0,
  attributes: attributesOf(),
  value: undefined,
  count: undefined,
  min: undefined,
  max: undefined,
  bounds: undefined,
  counts: undefined,
})

function readPoint(reader: Reader, kind: Kind): Point {
  reader.bounds.item()
  const point = pointOf()
  const known: Fields = fieldsOf[kind]
  message(reader, (tag) => {
    const take = known[tag]
    take?.(reader, point)
    return take !== undefined
  })
  return point
}

export function metricIn(json: Json, bounds: Bounds, { items, bad }: Sink<MetricPoint>): void {
  const about = { name: textOf(json.name, 'name'), description: textOf(json.description, 'description'), unit: textOf(json.unit, 'unit') }
  for (const kind of Object.keys(inJson) as Kind[]) {
    const held = objectOf(json[inJson[kind]], inJson[kind])
    const head: Head = {
      ...about,
      kind,
      temporality: temporalities[enumIn(held.aggregationTemporality, temporalities, 'AGGREGATION_TEMPORALITY_')] ?? 'unspecified',
      isMonotonic: booleanOf(held.isMonotonic, 'isMonotonic'),
    }
    for (const point of listOf(held.dataPoints, 'dataPoints')) {
      bounds.item()
      const unfit = attempt(() => items.push({ ...head, ...pointIn(objectOf(point, 'A data point'), bounds) }), bounds)
      if (unfit !== undefined) bad.push({ code: unfit.code, message: unfit.message, value: { ...head, point } })
    }
  }
}

const numbersIn = (value: unknown, name: string): number[] | undefined => {
  const list = listOf(value, name).map((number) => numberIn(number, name) ?? 0)
  return list.length === 0 ? undefined : list
}

function pointIn(json: Json, bounds: Bounds): Point {
  const number = (name: string) => numberIn(json[name], name)
  return {
    start: msIn(json.startTimeUnixNano, 'startTimeUnixNano'),
    time: msIn(json.timeUnixNano, 'timeUnixNano'),
    attributes: attributesIn(json.attributes, bounds),
    value: number('asDouble') ?? number('asInt') ?? number('sum'),
    count: number('count'),
    min: number('min'),
    max: number('max'),
    bounds: numbersIn(json.explicitBounds, 'explicitBounds'),
    counts: numbersIn(json.bucketCounts, 'bucketCounts'),
  }
}

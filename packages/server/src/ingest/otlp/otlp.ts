/** What OTLP says, decoded from either of its encodings into one shape. */
import type { EpochMs } from '@signalbox/model/event.ts'
import type { RefusalCode } from '@signalbox/model/refusals.ts'

/** Integers beyond 2^53 are decimal text, bytes base64, numbers that JSON has no word for "NaN", "Infinity" or "-Infinity". */
export type AttributeValue = string | number | boolean | null | readonly AttributeValue[] | { readonly [key: string]: AttributeValue }
/** Without a prototype: keys are the sender's. */
export type Attributes = Readonly<Record<string, AttributeValue>>

export interface Resource {
  readonly attributes: Attributes
}

export interface InstrumentationScope {
  readonly name: string
  readonly version: string
  readonly attributes: Attributes
}

/** Items of one resource and scope. */
export interface Group<Item> {
  readonly resource: Resource
  readonly scope: InstrumentationScope
  readonly items: readonly Item[]
}

/** An item that cannot be taken, for ever. */
export interface BadItem {
  readonly code: RefusalCode
  readonly message: string
  /** As it was decoded. */
  readonly value: unknown
}

/** Items are spans, log records or data points, as the partial success of the signal counts them. */
export interface Decoded<Item> {
  readonly groups: readonly Group<Item>[]
  readonly bad: readonly BadItem[]
}

export interface Span {
  /** 32 hexadecimal digits, lower case, not all zero. */
  readonly traceId: string
  /** 16 hexadecimal digits, lower case, not all zero. */
  readonly spanId: string
  readonly parentSpanId?: string | undefined
  readonly name: string
  readonly kind: 'unspecified' | 'internal' | 'server' | 'client' | 'producer' | 'consumer'
  /** With a fraction where the sender's clock has one. */
  readonly start: EpochMs
  readonly end: EpochMs
  readonly attributes: Attributes
  readonly events: readonly { readonly name: string; readonly time: EpochMs; readonly attributes: Attributes }[]
  readonly links: readonly { readonly traceId: string; readonly spanId: string; readonly attributes: Attributes }[]
  readonly status: { readonly code: 'unset' | 'ok' | 'error'; readonly message: string }
  /** W3C tracestate; absent or empty for none. */
  readonly traceState?: string
  /** Attributes, events and links that the sender left out; absent or 0 for none. */
  readonly dropped?: number
}

export interface LogRecord {
  /** Of the event, else when it was observed; 0 where neither was told. */
  readonly time: EpochMs
  /** 1 (TRACE) to 24 (FATAL4); 0 unspecified. */
  readonly severity: number
  readonly severityText: string
  /** `event_name`, else the attribute `event.name`; '' when the record is no event. */
  readonly eventName: string
  readonly body: AttributeValue
  readonly attributes: Attributes
  readonly traceId?: string | undefined
  readonly spanId?: string | undefined
  /** Attributes that the sender left out; absent or 0 for none. */
  readonly dropped?: number
}

/** One data point of one metric. */
export interface MetricPoint {
  readonly name: string
  readonly description: string
  readonly unit: string
  readonly kind: 'gauge' | 'sum' | 'histogram' | 'exponential-histogram' | 'summary'
  readonly temporality: 'unspecified' | 'delta' | 'cumulative'
  readonly isMonotonic: boolean
  /** 0 where it was not told. */
  readonly start: EpochMs
  readonly time: EpochMs
  readonly attributes: Attributes
  /** Of gauges and sums; the sum of the values of the others, where told. */
  readonly value?: number | undefined
  /** Of histograms and summaries. */
  readonly count?: number | undefined
  readonly min?: number | undefined
  readonly max?: number | undefined
  /** Of histograms: upper bounds, and one count more than bounds. */
  readonly bounds?: readonly number[] | undefined
  readonly counts?: readonly number[] | undefined
}

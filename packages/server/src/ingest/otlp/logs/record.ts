/** One log record with what it was found in, and what its events keep of it. */
import { createHash } from 'node:crypto'
import type { EpochMs } from '@signalbox/model/event.ts'
import type { Draft } from '@signalbox/model/foreign.ts'
import { isObject, parseObject } from '@signalbox/model/text.ts'
import type { Attributes, AttributeValue, InstrumentationScope, LogRecord } from '../otlp.ts'
import { createKeeper } from '../spans/keeping.ts'

/** A record; `time` is its own, or when it was received where it tells none. */
export interface Told {
  readonly record: LogRecord
  readonly resource: Attributes
  readonly scope: InstrumentationScope
  readonly time: EpochMs
}

/** An event of a record. */
export interface LogDraft extends Pick<Draft, 'type' | 'run' | 'agent' | 'task'> {
  /** Of the record where absent. */
  readonly time?: EpochMs
  /** Tells apart two events of one type. */
  readonly part?: string
  readonly data: Readonly<Record<string, unknown>>
  /** No record says it in these words: it follows from one. */
  readonly derived?: true
}

/** What a vocabulary makes of a record. */
export interface Reading {
  readonly source: string
  readonly drafts: readonly LogDraft[]
}

export const textIn = (attributes: Attributes, key: string): string | undefined => {
  const value = attributes[key]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Senders write numbers as text too. */
export function numberIn(attributes: Attributes, key: string): number | undefined {
  const value = attributes[key]
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

/** A count: never negative, never a fraction. */
export function countIn(attributes: Attributes, key: string): number | undefined {
  const number = numberIn(attributes, key)
  return number !== undefined && number >= 0 && number <= Number.MAX_SAFE_INTEGER ? Math.round(number) : undefined
}

export const isTrue = (value: AttributeValue | undefined): boolean => value === true || value === 'true'
export const isFalse = (value: AttributeValue | undefined): boolean => value === false || value === 'false'

/** An object that a sender wrote as JSON text, or as one. */
export function objectIn(attributes: Attributes, key: string): Readonly<Record<string, unknown>> {
  const value = attributes[key]
  const object = typeof value === 'string' ? parseObject(value) : value
  return isObject(object) ? object : {}
}

/** When a call began that took `duration_ms` until now. */
export function startedAt({ record, time }: Told): { readonly startedAt?: string } {
  const duration = numberIn(record.attributes, 'duration_ms')
  return duration === undefined || duration < 0 || duration > time ? {} : { startedAt: new Date(time - duration).toISOString() }
}

/** All that a record says and where it was found, for its event's data. The body only where it is more than the event's name. */
export function saidBy({ record, resource, scope }: Told): Readonly<Record<string, unknown>> {
  const { attributes, body, dropped = 0 } = record
  const keeper = createKeeper()
  const said = {
    attributes: keeper.attributes(attributes),
    resource: keeper.attributes(resource),
    scope: keeper.attributes({ name: scope.name, version: scope.version, ...scope.attributes }),
    ...(body === null || isName(record) ? {} : { body: keeper.value('body', body) }),
    ...(dropped === 0 ? {} : { dropped }),
  }
  return keeper.clipped.length === 0 ? said : { ...said, clipped: keeper.clipped }
}

const isName = ({ body, eventName }: LogRecord) => typeof body === 'string' && (body === eventName || body.endsWith(`.${eventName}`))

/** The record's own name: OTLP gives it none, so all that it says is it. Sent again it is the same; what says the same at the same time is it. */
export const foreignOf = ({ record, resource, scope }: Told): string => digestOf([record, resource, scope])

/** Of plain values, as text. */
export const digestOf = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('base64url')

/** W3C traceparent of the span that the record was written in. */
export const traceOf = ({ traceId, spanId }: LogRecord): string | undefined =>
  traceId === undefined || spanId === undefined ? undefined : `00-${traceId}-${spanId}-01`

/** A name within a type of ours: `custom.<tool>.<name>`. */
export const typeName = (name: string): string => name.replace(/[^A-Za-z0-9._:/-]/g, '_').slice(0, 80)

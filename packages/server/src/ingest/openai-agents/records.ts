/** What the exporter of OpenAI's Agents SDK sends: `{ data: [trace or span, …] }`, as the JSON says it. */
import type { EpochMs } from '@signalbox/model/event.ts'
import { identifier, instantOf, isObject, type Json, stringOf } from '@signalbox/model/text.ts'

/** Sent when it starts, and never again. It has no time. */
export interface TraceRecord {
  readonly is: 'trace'
  readonly id: string
  readonly name?: string | undefined
  /** Of the conversation. */
  readonly group?: string | undefined
  readonly metadata: Json
}

/** Sent when it ended. */
export interface SpanRecord {
  readonly is: 'span'
  readonly id: string
  readonly trace: string
  readonly parent?: string | undefined
  /** `agent`, `turn`, `generation`, …; whatever the SDK comes to say. */
  readonly kind: string
  readonly start: EpochMs
  readonly end: EpochMs
  readonly error?: string | undefined
  readonly data: Json
}

/** `task` and `turn` travel as custom spans, since the SDK's own backend knows neither. */
function kindOf(data: Json): { readonly kind: string; readonly data: Json } {
  const inner = data.data
  if (data.type === 'custom' && isObject(inner) && (inner.sdk_span_type === 'task' || inner.sdk_span_type === 'turn'))
    return { kind: inner.sdk_span_type, data: inner }
  return { kind: stringOf(data.type) ?? 'unknown', data }
}

function errorOf(error: unknown): string | undefined {
  if (!isObject(error)) return stringOf(error)
  const message = stringOf(error.message) ?? 'failed'
  const detail = isObject(error.data) ? stringOf(error.data.error) : undefined
  return detail === undefined ? message : `${message}: ${detail}`
}

/** The record, or why it is none for ever. */
export function recordOf(value: unknown): TraceRecord | SpanRecord | string {
  if (!isObject(value)) return 'It is not an object.'
  const id = identifier(value.id)
  if (id === undefined) return 'It has no id.'
  if (value.object === 'trace')
    return {
      is: 'trace',
      id,
      name: stringOf(value.workflow_name),
      group: stringOf(value.group_id),
      metadata: isObject(value.metadata) ? value.metadata : {},
    }
  if (value.object !== 'trace.span') return 'Its "object" is neither "trace" nor "trace.span".'
  const trace = identifier(value.trace_id)
  if (trace === undefined) return 'It has no trace_id.'
  const end = instantOf(value.ended_at) ?? instantOf(value.started_at)
  if (end === undefined) return 'It has neither started_at nor ended_at.'
  return {
    is: 'span',
    id,
    trace,
    parent: identifier(value.parent_id),
    start: instantOf(value.started_at) ?? end,
    end,
    error: errorOf(value.error),
    ...kindOf(isObject(value.span_data) ? value.span_data : {}),
  }
}

/** Spans in a few words, their events as the store would take them, and the rows these make. */
import type { EventInput, LoggedEvent } from '@signalbox/model/event.ts'
import { applyEvent, createRows } from '@signalbox/model/fold/fold.ts'
import { inputOf } from '@signalbox/model/foreign.ts'
import type { RowOf, Table } from '@signalbox/model/rows.ts'
import { parseEvent } from '@signalbox/model/validate.ts'
import type { Mapped } from '../../door.ts'
import type { Attributes, Decoded, Span } from '../otlp.ts'
import { createSpanMapping } from './mapping.ts'

export const at = Date.UTC(2026, 5, 1, 12)
export const traceId = '5b8efff798038103d269b633813fc60c'

/** `id` and `parent` are small numbers; times are milliseconds since `at`. */
export interface Sketch {
  readonly id?: number
  readonly parent?: number
  readonly trace?: string
  readonly name?: string
  readonly start?: number
  readonly end?: number
  readonly attributes?: Readonly<Record<string, unknown>>
  readonly error?: string
  readonly exception?: string
}

export const idOf = (id: number) => id.toString(16).padStart(16, '0')

export function span({
  id = 1,
  parent,
  trace = traceId,
  name = 'span',
  start = 0,
  end = start + 100,
  attributes = {},
  error,
  exception,
}: Sketch): Span {
  return {
    traceId: trace,
    spanId: idOf(id),
    parentSpanId: parent === undefined ? undefined : idOf(parent),
    name,
    kind: 'internal',
    start: at + start,
    end: at + end,
    attributes: Object.assign(Object.create(null), attributes) as Attributes,
    events:
      exception === undefined
        ? []
        : [{ name: 'exception', time: at + end, attributes: { 'exception.type': exception, 'exception.message': error ?? '' } }],
    links: [],
    status: error === undefined ? { code: 'unset', message: '' } : { code: 'error', message: error },
  }
}

export interface From {
  readonly service?: string
  readonly scope?: string
}

export const decoded = (spans: readonly Span[], { service = 'shop', scope = '' }: From = {}): Decoded<Span> => ({
  groups: [{ resource: { attributes: { 'service.name': service } }, scope: { name: scope, version: '', attributes: {} }, items: spans }],
  bad: [],
})

export const eventsOf = (mapped: readonly Mapped[]): EventInput[] =>
  mapped.map((one) => {
    if ('refused' in one) throw new Error(`refused: ${one.refused.message}`)
    return inputOf(one.event)
  })

/** All spans at once, and what is said of them when no more come. */
export function told(sketches: readonly Sketch[], from: From = {}): EventInput[] {
  const mapping = createSpanMapping()
  const events = eventsOf(mapping.map(decoded(sketches.map(span), from), 't'))
  return [...events, ...mapping.settle(Number.POSITIVE_INFINITY).flatMap((one) => one.events.map(inputOf))]
}

/** Each event once, as the store takes it. Throws where one is invalid, or an id comes again with other content. */
export function taken(events: readonly EventInput[]): LoggedEvent[] {
  const held = new Map<string, string>()
  const logged: LoggedEvent[] = []
  const limits = { maxDepth: 64, maxKeys: 1_000, maxStringChars: 1_000_000 }
  for (const input of events) {
    const content = JSON.stringify(input)
    const before = held.get(input.id ?? '')
    if (before === content) continue
    if (before !== undefined) throw new Error(`an id again with other content:\n${before}\n${content}`)
    held.set(input.id ?? '', content)
    const parsed = parseEvent(JSON.parse(content), 't', limits, () => '')
    if (!parsed.ok) throw new Error(`${parsed.code}: ${parsed.message}`)
    logged.push({ ...parsed.event, partition: 0, position: logged.length + 1, receivedAt: at })
  }
  return logged
}

export type Rows = { readonly [T in Table]: ReadonlyMap<string, RowOf[T]> }

export function rowsOf(events: readonly EventInput[]): Rows {
  const rows = createRows()
  for (const event of taken(events)) applyEvent(rows, event)
  const tables = { agents: new Map(), runs: new Map(), tasks: new Map(), calls: new Map(), edges: new Map() }
  for (const [table, key, row] of rows.entries()) tables[table].set(key, row)
  return tables
}

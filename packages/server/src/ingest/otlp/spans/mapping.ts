/**
 * Spans as events. What a span says of itself is told when it comes (`record.ts`); what those above it say of it when they have come
 * (`further.ts`), for which traces are remembered (`trace.ts`, `../../trace-memory.ts`).
 */

import type { EpochMs, TenantId } from '@signalbox/model/event.ts'
import type { MadeEvent } from '@signalbox/model/foreign.ts'
import type { Mapped } from '../../door.ts'
import { createTraceMemory } from '../../trace-memory.ts'
import type { Decoded, Span } from '../otlp.ts'
import { createFurther, runOfTop } from './further.ts'
import { senderOf } from './identity.ts'
import { isFit, recordsOf } from './record.ts'
import { type Told, tellOf } from './told.ts'
import { addTo, createTrace, type Node, settleTrace, type Trace, waitingIn } from './trace.ts'

export interface SpanMappingOptions {
  /** Traces and spans remembered of each tenant; the traces that came longest ago are forgotten first. Default 5,000 and 100,000. */
  readonly mostTraces?: number
  readonly mostSpans?: number
  /** Of all tenants together, some 0.9 kB each; the tenant with the most loses its oldest trace first. Default 250,000. */
  readonly mostSpansInAll?: number
  /** Only decides what is forgotten and what is quiet; no event tells of it. Default `Date.now`. */
  readonly now?: () => EpochMs
  /** Told of each trace that had to be forgotten, and how many of its spans still waited for a parent: they stay without an agent. */
  readonly onForgotten?: (waiting: number) => void
}

export interface SpanMapping {
  /** In the order of the spans; `item` counts them over all groups, those that were bad come last. */
  map(decoded: Decoded<Span>, tenant: TenantId): readonly Mapped[]
  /**
   * What can be said of traces that nothing came for since `before`, as if nothing will: calls without an agent are their service's,
   * and the run of a trace whose root never came is over. To be called now and then; each trace is told of once.
   */
  settle(before: EpochMs): readonly { readonly tenant: TenantId; readonly events: readonly MadeEvent[] }[]
}

/** Of a trace nothing came for so long: as long as an agent that is silent is not yet taken for lost. */
export const quietMs = 15 * 60_000

interface Placed {
  readonly item: number
  readonly told: Told
  readonly settled: readonly Node[]
}

export function createSpanMapping(options: SpanMappingOptions = {}): SpanMapping {
  const { mostTraces = 5_000, mostSpans = 100_000, mostSpansInAll = 250_000, now = Date.now, onForgotten = () => {} } = options
  const memory = createTraceMemory<Trace>({
    each: { traces: mostTraces, spans: mostSpans },
    inAll: { traces: Number.POSITIVE_INFINITY, spans: mostSpansInAll },
    spansOf: ({ spans }) => spans.size,
    onForgotten: (trace) => onForgotten(waitingIn(trace)),
  })

  function traceOf(tenant: TenantId, traceId: string, time: EpochMs): Trace {
    const trace = memory.of(tenant, traceId, () => createTrace(time))
    trace.touchedAt = time
    trace.isSettled = false
    return trace
  }

  /** Traces that nothing came for since `before` and that were not settled since; each tenant's, oldest first. */
  function* quiet(before: EpochMs): Generator<readonly [TenantId, string, Trace]> {
    for (const [tenant, { traces }] of memory.tenants)
      for (const [traceId, trace] of traces.oldestFirst()) {
        if (trace.touchedAt >= before) break
        if (!trace.isSettled) yield [tenant, traceId, trace]
      }
  }

  /** All spans of a document take their places before any is told of, so that their order in it does not matter. */
  function place(decoded: Decoded<Span>, tenant: TenantId, mapped: Mapped[]): Placed[] {
    const placed: Placed[] = []
    const time = now()
    let item = -1
    let added = 0
    let traceId: string | undefined
    let trace: Trace | undefined
    for (const group of decoded.groups) {
      const sender = senderOf(group)
      for (const span of group.items) {
        item += 1
        if (!isFit(span.start) || !isFit(span.end)) {
          const message = `The span ${span.spanId} has no times that an event can have.`
          mapped.push({ item, refused: { code: 'INVALID_EVENT', message }, value: span })
          continue
        }
        const told = tellOf(span, sender)
        if (trace === undefined || span.traceId !== traceId) trace = traceOf(tenant, span.traceId, time)
        traceId = span.traceId
        const known = trace.spans.get(span.spanId)
        // Sent again: it is told as it was, and so is what it made certain, for the store may have neither.
        if (known !== undefined)
          placed.push({ item, told: { ...told, node: { ...told.node, isCounted: known.isCounted } }, settled: known.brought })
        else {
          placed.push({ item, told, settled: addTo(trace, told.node) })
          added += 1
        }
      }
    }
    memory.grew(tenant, added)
    return placed
  }

  return {
    map(decoded, tenant) {
      const mapped: Mapped[] = []
      const placed = place(decoded, tenant, mapped)
      for (const { item, told } of placed) {
        for (const event of recordsOf(told)) mapped.push({ item, event })
        told.node.isTold = true
      }
      const further = createFurther()
      for (const { item, told, settled } of placed) for (const one of settled) further.add(told.span.traceId, one, item)
      for (const one of further.told()) mapped.push(one)
      const good = decoded.groups.reduce((sum, { items }) => sum + items.length, 0)
      for (const [index, { code, message, value }] of decoded.bad.entries())
        mapped.push({ item: good + index, refused: { code, message }, value })
      return mapped
    },
    settle(before) {
      const told = new Map<TenantId, MadeEvent[]>()
      for (const [tenant, traceId, trace] of quiet(before)) {
        const { settled, top } = settleTrace(trace)
        const events = told.get(tenant) ?? []
        told.set(tenant, events)
        const further = createFurther()
        for (const one of settled) further.add(traceId, one, 0)
        events.push(...further.told().map(({ event }) => event))
        if (top !== undefined && top.first.run === traceId) events.push(...runOfTop(traceId, top))
      }
      return [...told].filter(([, events]) => events.length > 0).map(([tenant, events]) => ({ tenant, events }))
    },
  }
}

/**
 * The traces of all tenants that spans may still come for; bounded by tenant, so that one tenant's traces cost no other's, and in all, where
 * the tenant with the most spans loses first: a server of many tenants is not as large as all of them together may be.
 */
import type { EpochMs, TenantId } from '@signalbox/model/event.ts'
import { createTrace, type Trace, waitingIn } from './trace.ts'

export interface MemoryOptions {
  /** Of one tenant; what came longest ago is forgotten first. */
  readonly mostTraces: number
  readonly mostSpans: number
  readonly mostSpansInAll: number
  /** Told of a trace that had to be forgotten, with how many of its spans still waited for a parent. */
  readonly onForgotten: (waiting: number) => void
}

export interface Memory {
  trace(tenant: TenantId, traceId: string, now: EpochMs): Trace
  /** So many spans were added to traces of the tenant. Even the newest trace is forgotten when it alone is too large. */
  grew(tenant: TenantId, spans: number): void
  /** Traces that nothing came for since `before` and that were not settled since; each tenant's, oldest first. */
  quiet(before: EpochMs): Iterable<readonly [TenantId, string, Trace]>
}

interface Held {
  /** In the order in which they were touched. */
  readonly traces: Map<string, Trace>
  spans: number
}

export function createMemory({ mostTraces, mostSpans, mostSpansInAll, onForgotten }: MemoryOptions): Memory {
  const tenants = new Map<TenantId, Held>()
  let inAll = 0

  function forgetOldest(tenant: TenantId, held: Held) {
    const [oldest] = held.traces
    if (oldest === undefined) return
    const [traceId, trace] = oldest
    held.traces.delete(traceId)
    held.spans -= trace.spans.size
    inAll -= trace.spans.size
    if (held.traces.size === 0) tenants.delete(tenant)
    onForgotten(waitingIn(trace))
  }

  const largest = () => [...tenants].reduce((most, one) => (one[1].spans > most[1].spans ? one : most))

  return {
    trace(tenant, traceId, now) {
      const held = tenants.get(tenant) ?? { traces: new Map(), spans: 0 }
      tenants.set(tenant, held)
      const trace = held.traces.get(traceId) ?? createTrace(now)
      held.traces.delete(traceId)
      held.traces.set(traceId, trace)
      trace.touchedAt = now
      trace.isSettled = false
      return trace
    },
    grew(tenant, spans) {
      const held = tenants.get(tenant)
      if (held === undefined) return
      held.spans += spans
      inAll += spans
      while (held.traces.size > mostTraces || held.spans > mostSpans) forgetOldest(tenant, held)
      while (inAll > mostSpansInAll) forgetOldest(...largest())
    },
    *quiet(before) {
      for (const [tenant, { traces }] of tenants)
        for (const [traceId, trace] of traces) {
          if (trace.touchedAt >= before) break
          if (!trace.isSettled) yield [tenant, traceId, trace]
        }
    },
  }
}

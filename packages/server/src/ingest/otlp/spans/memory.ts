/** The traces of all tenants that spans may still come for; bounded, by tenant, so that one tenant's traces cost no other's. */
import type { EpochMs, TenantId } from '@signalbox/model/event.ts'
import { createTrace, type Trace, waitingIn } from './trace.ts'

export interface MemoryOptions {
  /** Of one tenant; what came longest ago is forgotten first. */
  readonly mostTraces: number
  readonly mostSpans: number
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

export function createMemory({ mostTraces, mostSpans, onForgotten }: MemoryOptions): Memory {
  const tenants = new Map<TenantId, Held>()

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
      for (const [traceId, trace] of held.traces) {
        if (held.traces.size <= mostTraces && held.spans <= mostSpans) return
        held.traces.delete(traceId)
        held.spans -= trace.spans.size
        onForgotten(waitingIn(trace))
      }
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

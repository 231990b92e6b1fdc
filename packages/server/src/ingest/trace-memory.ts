/**
 * What is remembered of traces that spans may still come for, by tenant. Bounded for each, so that one tenant's traces cost no other's, and in
 * all, where the tenant with the most spans loses first: a server of many tenants is not as large as all of them together may be.
 */
import type { TenantId } from '@signalbox/model/event.ts'
import { type ByAge, createByAge } from './by-age.ts'

interface Bound {
  readonly traces: number
  readonly spans: number
}

export interface TraceMemoryOptions<Trace> {
  /** Of one tenant. */
  readonly each: Bound
  /** Of all tenants together. */
  readonly inAll: Bound
  readonly spansOf: (trace: Trace) => number
  /** Of each tenant what was touched longest ago is forgotten first. */
  readonly onForgotten: (trace: Trace) => void
}

export interface TraceMemory<Trace> {
  /** Touches the trace, or makes it. */
  of(tenant: TenantId, traceId: string, make: () => Trace): Trace
  /** So many spans were added to traces of the tenant, or a trace was made. Even the newest trace is forgotten when it alone is too large. */
  grew(tenant: TenantId, spans: number): void
  /** Each tenant's traces, what was touched longest ago first. */
  readonly tenants: ReadonlyMap<TenantId, { readonly traces: Pick<ByAge<Trace>, 'oldestFirst'> }>
}

interface Held<Trace> {
  readonly traces: ByAge<Trace>
  spans: number
}

const isPast = (held: Bound, most: Bound) => held.traces > most.traces || held.spans > most.spans

export function createTraceMemory<Trace>({ each, inAll, spansOf, onForgotten }: TraceMemoryOptions<Trace>): TraceMemory<Trace> {
  const tenants = new Map<TenantId, Held<Trace>>()
  const all = { traces: 0, spans: 0 }

  function forgetOldest(tenant: TenantId, held: Held<Trace>) {
    const oldest = held.traces.takeOldest()
    if (oldest === undefined) return
    const [, trace] = oldest
    const spans = spansOf(trace)
    held.spans -= spans
    all.traces -= 1
    all.spans -= spans
    if (held.traces.size() === 0) tenants.delete(tenant)
    onForgotten(trace)
  }

  const largest = () => [...tenants].reduce((most, one) => (one[1].spans > most[1].spans ? one : most))

  return {
    tenants,
    of(tenant, traceId, make) {
      const held = tenants.get(tenant) ?? { traces: createByAge<Trace>(), spans: 0 }
      tenants.set(tenant, held)
      const known = held.traces.get(traceId)
      if (known === undefined) all.traces += 1
      const trace = known ?? make()
      held.traces.put(traceId, trace)
      return trace
    },
    grew(tenant, spans) {
      const held = tenants.get(tenant)
      if (held === undefined) return
      held.spans += spans
      all.spans += spans
      while (isPast({ traces: held.traces.size(), spans: held.spans }, each)) forgetOldest(tenant, held)
      while (isPast(all, inAll)) forgetOldest(...largest())
    },
  }
}

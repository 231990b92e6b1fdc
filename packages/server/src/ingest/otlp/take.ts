/** An export request, from its bytes to what became of its items: decoded, mapped to events, stored. The same for every way in. */
import type { EpochMs, TenantId } from '@signalbox/model/event.ts'
import type { ItemRefusal } from '@signalbox/model/live.ts'
import { Unavailable } from '../../broker/broker.ts'
import { Refused } from '../../http/problem.ts'
import { type Delivered, type DoorDeps, deliver, type Mapped } from '../door.ts'
import type { Taken } from './answer.ts'
import { decodeLogs, decodeMetrics, decodeTraces, type Encoding } from './decode.ts'
import type { Decoded, LogRecord, MetricPoint, Span } from './otlp.ts'
import type { Signal } from './signals.ts'

/** What items become. `Mapped.item` counts the items of all groups in their order, then those that are bad. */
export interface Mappings {
  readonly traces: (decoded: Decoded<Span>, tenant: TenantId) => readonly Mapped[]
  readonly logs: (decoded: Decoded<LogRecord>, observedAt: EpochMs) => readonly Mapped[]
  readonly metrics: (decoded: Decoded<MetricPoint>) => readonly Mapped[]
}

export interface Export {
  readonly signal: Signal
  readonly encoding: Encoding
  readonly tenant: TenantId
  readonly backfill: boolean
}

/** Throws `Refused` when nothing can be taken; rejects with `Unavailable`, or `Refused`, when it has to be sent again. */
export type Take = (body: Uint8Array, request: Export) => Promise<Taken>

export const createTake = (deps: DoorDeps, mappings: Mappings): Take => {
  function mapped(body: Uint8Array, { signal, encoding, tenant }: Export): { readonly events: readonly Mapped[]; readonly items: number } {
    try {
      switch (signal) {
        case 'traces': {
          const decoded = decodeTraces(body, encoding)
          return { events: mappings.traces(decoded, tenant), items: countOf(decoded) }
        }
        case 'logs': {
          const decoded = decodeLogs(body, encoding)
          return { events: mappings.logs(decoded, deps.clock.now()), items: countOf(decoded) }
        }
        case 'metrics': {
          const decoded = decodeMetrics(body, encoding)
          return { events: mappings.metrics(decoded), items: countOf(decoded) }
        }
      }
    } catch (error) {
      if (error instanceof Refused) deps.onRefused(error.init.code)
      throw error
    }
  }
  /** `items`: how many the request had. */
  async function settled(delivered: Promise<Delivered>, items: number): Promise<Taken> {
    try {
      const { refused } = await delivered
      return { rejected: refused.size, message: messageOf(refused, items) }
    } catch (error) {
      if (error instanceof Unavailable) throw error
      deps.onFault(error)
      throw new Refused({ code: 'INTERNAL', detail: 'The request failed in Signalbox; what was stored of it is not known.' })
    }
  }
  // Not `async`: what was mapped would be held while its events wait for their commit.
  return (body, request) => {
    const { events, items } = mapped(body, request)
    if (events.length === 0) return Promise.resolve({ rejected: 0, message: '' })
    return settled(deliver(events, deps, { ...request, door: `otlp-${request.signal}` }), items)
  }
}

const countOf = ({ groups, bad }: Decoded<unknown>): number => groups.reduce((sum, { items }) => sum + items.length, bad.length)

const mostNamed = 3
function messageOf(refused: ReadonlyMap<number, ItemRefusal>, items: number): string {
  if (refused.size === 0) return ''
  const named = [...refused].slice(0, mostNamed).map(([item, { code, message }]) => `item ${item}: ${code}: ${message}`)
  return `${refused.size} of ${items} were refused for good (see /v1/quarantine). ${named.join(' ')}`
}

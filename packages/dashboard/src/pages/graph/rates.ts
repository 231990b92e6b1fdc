/** How often edges are used now: counted from one look at them to the next, over the last minute. */
import type { GraphEdge } from './model.ts'

const windowMs = 60_000
const mostSamples = 32

export interface Use {
  readonly perMinute: number
  /** When it was last seen to be used, by the looking clock; undefined: not while it was looked at. */
  readonly seenAt: number | undefined
}

interface Held {
  samples: { readonly at: number; readonly count: number }[]
  seenAt: number | undefined
}

export interface Rates {
  /** What of the edges is now; `now` only grows. */
  note(edges: readonly GraphEdge[], now: number): ReadonlyMap<string, Use>
}

export function createRates(): Rates {
  let held = new Map<string, Held>()
  return {
    note(edges, now) {
      const next = new Map<string, Held>()
      const uses = new Map<string, Use>()
      // Of the first look nothing is new but what it was to see already.
      const isFirst = held.size === 0
      for (const { id, count } of edges) {
        const before = held.get(id) ?? { samples: isFirst ? [] : [{ at: now, count: 0 }], seenAt: undefined }
        const last = before.samples.at(-1)
        const grew = last !== undefined && count > last.count
        const samples = last?.count === count ? before.samples : [...before.samples.slice(1 - mostSamples), { at: now, count }]
        // The newest of those that are too old is where counting begins.
        while (samples.length > 1 && (samples[1]?.at ?? now) <= now - windowMs) samples.shift()
        const entry = { samples, seenAt: grew ? now : before.seenAt }
        next.set(id, entry)
        if (entry.seenAt === undefined || entry.seenAt <= now - windowMs) continue
        uses.set(id, { perMinute: count - (samples[0]?.count ?? count), seenAt: entry.seenAt })
      }
      held = next
      return uses
    },
  }
}

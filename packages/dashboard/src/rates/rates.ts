/**
 * How much each agent does lately. The server tells it once; from then on it is kept by looking, once a second, at how far the
 * counters of the page's rows have come: no work for each event, and a look at ten thousand agents takes a millisecond or two.
 */
import type { AgentRow } from '@signalbox/model/rows.ts'
import { createWindow } from './window.ts'

/** What `/v1/fleet/rates` answers, in columns by agent. */
export interface RatesSeed {
  readonly at: string
  readonly ids: readonly string[]
  readonly tokensLastMinute: readonly number[]
  readonly costMicrosLastHour: readonly number[]
  readonly errorsLast5Minutes: readonly number[]
  /** Events of each of the last sixty seconds, oldest first. */
  readonly spark: readonly (readonly number[])[] | null
}

interface Rate {
  readonly tokensPerMinute: number
  readonly costMicrosPerHour: number
  /** Calls that failed in the last five minutes, and all that began or ended. */
  readonly errors: number
  readonly calls: number
}

export interface Rates {
  /** Counts what changed since the last look, as of now (epoch ms). */
  look(agents: readonly AgentRow[], now: number): void
  /** Replaces what was counted; the next look begins from the rows as they then are. An agent that it does not name did nothing lately. */
  seed(seed: RatesSeed): void
  of(id: string): Rate | undefined
  /** Events of each of the last sixty seconds, oldest first, the last under way; `into` is filled and answered. */
  spark(id: string, into: number[]): readonly number[]
  /** Sums over all agents. */
  all(): FleetRate
}

export interface FleetRate extends Rate {
  /** Over the last ten seconds that are whole, or as many as there were, as they came. */
  readonly eventsPerSecond: number
}

export const sparkSeconds = 60
const minute = 60_000
const fleetSeconds = 10

export function createRates(): Rates {
  const subjects = new Map<string, number>()
  const events = createWindow(sparkSeconds, 1_000)
  const tokens = createWindow(60, 1_000)
  const cost = createWindow(60, minute)
  const errors = createWindow(30, 10_000)
  const calls = createWindow(30, 10_000)
  const windows = [events, tokens, cost, errors, calls]
  /** What came of all, as one subject. */
  const came = createWindow(fleetSeconds + 1, 1_000)
  /** The counters as they were at the last look, five a subject. */
  let counters = new Float64Array(5 * 256)
  /** Known by a look, not by the seed alone. */
  let looked = new Uint8Array(256)
  let lookedAt = 0
  /** Of the first look. */
  let since = 0
  /** Who stood where at the last look, for most stand there again: comparing is cheaper than looking up. */
  const order: { readonly id: string; readonly subject: number }[] = []

  function subjectOf(id: string): number {
    const held = subjects.get(id)
    if (held !== undefined) return held
    const subject = subjects.size
    subjects.set(id, subject)
    if (subject >= looked.length) {
      const wider = new Float64Array(counters.length * 2)
      wider.set(counters)
      counters = wider
      const more = new Uint8Array(looked.length * 2)
      more.set(looked)
      looked = more
    }
    return subject
  }

  return {
    look(agents, now) {
      for (const window of windows) window.advance(now)
      came.advance(now)
      let all = 0
      for (let i = 0; i < agents.length; i += 1) {
        const agent = agents[i]
        if (agent === undefined) continue
        const stood = order[i]
        const subject = stood?.id === agent.id ? stood.subject : subjectOf(agent.id)
        if (stood?.subject !== subject) order[i] = { id: agent.id, subject }
        const place = 5 * subject
        const { totals } = agent
        const used = totals.inputTokens + totals.outputTokens
        const called = totals.llmCalls + totals.toolCalls
        // Who is first seen now, and began since the last look, did all that it did since.
        if (looked[subject] === 1 || (lookedAt > 0 && agent.firstSeenAt >= lookedAt)) {
          // Old events that come late are not of now: what came is as new as the agent's newest event.
          const at = Math.min(now, agent.lastSeenAt)
          const more = agent.events - (counters[place] ?? 0)
          if (more > 0) {
            all += more
            events.add(subject, more, at)
            tokens.add(subject, used - (counters[place + 1] ?? 0), at)
            cost.add(subject, totals.costMicros - (counters[place + 2] ?? 0), at)
            errors.add(subject, totals.errors - (counters[place + 3] ?? 0), at)
            calls.add(subject, called - (counters[place + 4] ?? 0), at)
          }
        } else if (errors.sum(subject) > 0) {
          // Of how many calls the errors are that the server told of it does not say: of as many as usual.
          calls.add(subject, (errors.sum(subject) * called) / Math.max(1, totals.errors), now)
        }
        looked[subject] = 1
        counters[place] = agent.events
        counters[place + 1] = used
        counters[place + 2] = totals.costMicros
        counters[place + 3] = totals.errors
        counters[place + 4] = called
      }
      came.add(0, all, now)
      if (since === 0) since = now
      lookedAt = now
    },
    seed(seed) {
      const at = Date.parse(seed.at)
      for (const window of windows) {
        window.advance(at)
        // Too many events to be told of: those counted here go on.
        if (window !== events || seed.spark !== null) window.clear()
      }
      looked.fill(0)
      lookedAt = 0
      if (seed.spark !== null) {
        came.advance(at)
        came.clear()
        since = at - sparkSeconds * 1_000
      }
      seed.ids.forEach((id, i) => {
        const subject = subjectOf(id)
        const spark = seed.spark?.[i]
        for (const [second, count] of (spark ?? []).entries()) {
          const then = at - (sparkSeconds - 1 - second) * 1_000
          events.add(subject, count, then)
          came.add(0, count, then)
        }
        // When within the time it was is not told: it leaves the sum evenly.
        spread(seed.tokensLastMinute[i] ?? 0, 60, (part, back) => tokens.add(subject, part, at - back * 1_000))
        spread(seed.costMicrosLastHour[i] ?? 0, 60, (part, back) => cost.add(subject, part, at - back * minute))
        spread(seed.errorsLast5Minutes[i] ?? 0, 30, (part, back) => errors.add(subject, part, at - back * 10_000))
      })
    },
    of(id) {
      const subject = subjects.get(id)
      if (subject === undefined) return undefined
      return {
        tokensPerMinute: tokens.sum(subject),
        costMicrosPerHour: cost.sum(subject),
        errors: errors.sum(subject),
        calls: calls.sum(subject),
      }
    },
    spark(id, into) {
      return events.read(subjects.get(id) ?? Number.MAX_SAFE_INTEGER, into)
    },
    all: () => ({
      tokensPerMinute: tokens.total(),
      costMicrosPerHour: cost.total(),
      errors: errors.total(),
      calls: calls.total(),
      eventsPerSecond:
        came
          .read(0, [])
          .slice(0, fleetSeconds)
          .reduce((a, b) => a + b, 0) / Math.min(fleetSeconds, Math.max(1, Math.floor((lookedAt - since) / 1_000))),
    }),
  }
}

/** A whole number in so many whole parts, none more than one greater than another; `back` counts from the newest. */
function spread(total: number, parts: number, add: (part: number, back: number) => void) {
  if (total <= 0) return
  for (let back = 0; back < parts; back += 1) {
    const part = Math.floor(((back + 1) * total) / parts) - Math.floor((back * total) / parts)
    if (part > 0) add(part, back)
  }
}

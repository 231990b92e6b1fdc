/**
 * Carries one batch to the server and brings back what it said. Adapters: wire-rest.ts, wire-socket.ts, and wire-best.ts over both.
 * Promises: `send` never rejects; after `retry` the same events may be sent again, because their ids make them duplicates.
 */
import type { EventInput } from '@signalbox/model/event.ts'
import type { ItemRefusal } from '@signalbox/model/live.ts'

export interface Answer {
  readonly kind: 'answer'
  readonly accepted: number
  readonly duplicates: number
  /** `index` is the event's place in the batch. */
  readonly refused: readonly ItemRefusal[]
}

/** Nothing is known to be taken: send it again, not before `afterMs`. */
export interface Retry {
  readonly kind: 'retry'
  readonly why: string
  readonly afterMs: number
}

/** This wire cannot carry the batch, whatever the time; another may. */
export interface Unusable {
  readonly kind: 'unusable'
  readonly why: string
}

export interface Wire<Outcome = Answer | Retry> {
  send(events: readonly EventInput[]): Promise<Outcome>
  close(): void
}

/** Sends halves one after the other. The first half is sent again with the second if that one fails, and is a duplicate then. */
export async function inHalves<Failure extends { readonly kind: string }>(
  events: readonly EventInput[],
  send: (part: readonly EventInput[]) => Promise<Answer | Failure>,
): Promise<Answer | Failure> {
  const half = Math.ceil(events.length / 2)
  const first = await send(events.slice(0, half))
  if (!isAnswer(first)) return first
  const second = await send(events.slice(half))
  if (!isAnswer(second)) return second
  return {
    kind: 'answer',
    accepted: first.accepted + second.accepted,
    duplicates: first.duplicates + second.duplicates,
    refused: [...first.refused, ...second.refused.map((item) => ({ ...item, index: item.index + half }))],
  }
}

const isAnswer = (outcome: { readonly kind: string }): outcome is Answer => outcome.kind === 'answer'

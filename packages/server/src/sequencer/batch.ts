/** What becomes of each event of a batch, decided before and while it commits. */
import { isDeepStrictEqual } from 'node:util'
import { type EpochMs, type Event, limits } from '@signalbox/model/event.ts'
import { type Touch, touchOf } from '@signalbox/model/fold/keys.ts'
import { firstIdOf, foreignId, idTime } from '@signalbox/model/ids.ts'
import { toWire } from '@signalbox/model/wire.ts'
import type { Outcome, Submission } from '../broker/broker.ts'
import type { QuarantineRow } from '../store/log-write.ts'

export interface Item {
  readonly event: Event
  readonly touch: Touch
  readonly receivedAt: EpochMs
  /** The item of this batch that had the id before, once that was looked at; this one is decided by what becomes of it. */
  first: Item | undefined
  outcome: Outcome | undefined
  /** The event that holds the id; with ID_REUSED it is kept beside the refused one. */
  holder: Event | undefined
}

const duplicate: Outcome = { kind: 'duplicate' }

/** Same id and same content, however often sent: one event. */
export function sameContent(a: Event, b: Event): boolean {
  return (
    a.source === b.source &&
    a.type === b.type &&
    a.time === b.time &&
    a.run === b.run &&
    a.agent === b.agent &&
    a.task === b.task &&
    a.cause === b.cause &&
    a.seq === b.seq &&
    a.epoch === b.epoch &&
    a.trace === b.trace &&
    (a.dataJson === b.dataJson || isDeepStrictEqual(a.data, b.data))
  )
}

export function judge(item: Item, holder: Event): void {
  item.holder = holder
  if (sameContent(item.event, holder)) {
    item.outcome = duplicate
    return
  }
  item.outcome = {
    kind: 'refused',
    code: 'ID_REUSED',
    message: `Event ${item.event.id} was refused: its id was used at ${new Date(holder.time).toISOString()} by ${holder.source} with other content. Send it with a new id.`,
  }
}

/** The event cannot be applied: a fault of ours, kept for people. It costs no other event. */
export function refuseAsFault(item: Item, cause: unknown): void {
  const why = cause instanceof Error ? cause.message : String(cause)
  item.holder = undefined
  item.outcome = {
    kind: 'refused',
    code: 'INTERNAL',
    message: `Event ${item.event.id} was not applied: ${why}.`,
  }
}

export const keyOf = (event: Event): string => `${event.tenant}\u0000${event.id}`

/** Undecided, and the first of its id in the batch: to be stored. */
export const isFresh = (item: Item): boolean => item.outcome === undefined && item.first === undefined

const itemOf = (event: Event, receivedAt: EpochMs, outcome?: Outcome): Item => ({
  event,
  receivedAt,
  touch: touchOf(event),
  first: undefined,
  outcome,
  holder: undefined,
})

/**
 * Items of a batch, with what needs no database decided: too old, from the future. An id begins with its time: as text they compare alike.
 * What is the future was decided when it came in: by a clock set back since, an id made here would be refused too.
 */
export function openBatch(submissions: readonly Submission[], retainedFrom: EpochMs): Item[] {
  const firstRetained = firstIdOf(retainedFrom)
  const items: Item[] = []
  for (const { events, backfill, receivedAt } of submissions) {
    const firstOfFuture = firstIdOf(receivedAt + limits.futureMs + 1)
    for (const event of events) {
      const { id } = event
      if (id >= firstOfFuture) {
        const message = `Event ${id} was refused: its id says ${new Date(idTime(id)).toISOString()}, more than five minutes ahead of the server.`
        items.push(itemOf(event, receivedAt, { kind: 'refused', code: 'EVENT_FROM_FUTURE', message }))
        continue
      }
      if (id < firstRetained && !backfill) {
        const message = `Event ${id} was refused: its id says ${new Date(idTime(id)).toISOString()}, before the retention's ${new Date(retainedFrom).toISOString()}. Send history with ?backfill=true.`
        items.push(itemOf(event, receivedAt, { kind: 'refused', code: 'EVENT_TOO_OLD', message }))
        continue
      }
      items.push(itemOf(event, receivedAt))
    }
  }
  return items
}

/**
 * Finds the items whose id came before in the batch; false when there are none. Only once the log said that an id is taken: it finds
 * these too, and a set of all ids was a twentieth of what a batch takes (measured).
 */
export function markRepeats(items: readonly Item[]): boolean {
  const seen = new Map<string, Item>()
  let found = false
  for (const item of items) {
    if (!isFresh(item)) continue
    const key = keyOf(item.event)
    const first = seen.get(key)
    if (first === undefined) seen.set(key, item)
    else {
      item.first = first
      found = true
    }
  }
  return found
}

/** Decides the items whose id came twice in the batch. The first of them, where it is still undecided, is about to be stored. */
export function decideRepeats(items: readonly Item[]): void {
  for (const item of items) {
    const { first } = item
    if (first === undefined) continue
    if (first.outcome?.kind !== 'refused' || first.holder !== undefined) judge(item, first.holder ?? first.event)
    else if (sameContent(item.event, first.event)) item.outcome = first.outcome
    else refuseAsFault(item, 'its id was used in the same batch by an event that could not be applied')
  }
}

/** Rows for what is to be kept of refused items. The same refusal has the same id, so that a sender's retries are kept once. */
export function quarantineRows(items: readonly Item[], at: EpochMs): Map<Item, QuarantineRow> {
  const rows = new Map<Item, QuarantineRow>()
  for (const item of items) {
    const { event, holder, outcome } = item
    if (outcome?.kind !== 'refused' || (outcome.code !== 'ID_REUSED' && outcome.code !== 'INTERNAL')) continue
    const body = wireOf(event)
    rows.set(item, {
      id: foreignId('quarantine', `${event.tenant}/${event.id}/${body}`, outcome.code, idTime(event.id)),
      tenant: event.tenant,
      at,
      door: 'sequencer',
      code: outcome.code,
      message: outcome.message,
      eventId: event.id,
      source: event.source,
      body,
      otherBody: holder === undefined ? undefined : wireOf(holder),
    })
  }
  return rows
}

/** What the sender is told of the quarantine. */
export function tellKept(item: Item, kept: boolean): void {
  if (item.outcome?.kind !== 'refused') return
  const where = item.holder === undefined ? 'It is' : 'Both are'
  const more = kept ? `${where} in /v1/quarantine.` : 'Its content was not kept: the quarantine is full.'
  item.outcome = { ...item.outcome, kept, message: `${item.outcome.message} ${more}` }
}

/** The event as it was sent. */
function wireOf(event: Event): string {
  const {
    partition: _partition,
    position: _position,
    receivedAt: _receivedAt,
    ...sent
  } = JSON.parse(toWire({ ...event, partition: 0, position: 0, receivedAt: 0 })) as Record<string, unknown>
  return JSON.stringify(sent)
}

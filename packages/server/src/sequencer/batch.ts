/** What becomes of each event of a batch, decided before and while it commits. */
import { isDeepStrictEqual } from 'node:util'
import { type EpochMs, type Event, limits } from '@signalbox/model/event.ts'
import { idTime } from '@signalbox/model/ids.ts'
import type { Outcome, Submission } from '../broker/broker.ts'

export interface Item {
  readonly event: Event
  readonly receivedAt: EpochMs
  outcome: Outcome | undefined
  /** ID_REUSED: the event that holds the id, as JSON. */
  holder?: Event
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
  if (sameContent(item.event, holder)) {
    item.outcome = duplicate
    return
  }
  item.holder = holder
  item.outcome = {
    kind: 'refused',
    code: 'ID_REUSED',
    message: `Event ${item.event.id} was refused: its id was used at ${new Date(holder.time).toISOString()} by ${holder.source} with other content. Send it with a new id; both are in /v1/quarantine.`,
  }
}

export const keyOf = (event: Event): string => `${event.tenant}\u0000${event.id}`

/** Items of a batch, with what needs no database decided: too old, from the future, twice in the batch (the first wins). */
export function openBatch(submissions: readonly Submission[], retainedFrom: EpochMs, now: EpochMs): Item[] {
  const items: Item[] = []
  const seen = new Map<string, Event>()
  for (const { events, backfill, receivedAt } of submissions) {
    for (const event of events) {
      const item: Item = { event, receivedAt, outcome: undefined }
      items.push(item)
      const time = idTime(event.id)
      if (time > now + limits.futureMs) {
        const message = `Event ${event.id} was refused: its id says ${new Date(time).toISOString()}, more than five minutes ahead of the server.`
        item.outcome = { kind: 'refused', code: 'EVENT_FROM_FUTURE', message }
        continue
      }
      if (time < retainedFrom && !backfill) {
        const message = `Event ${event.id} was refused: its id says ${new Date(time).toISOString()}, before the retention's ${new Date(retainedFrom).toISOString()}. Send history with ?backfill=true.`
        item.outcome = { kind: 'refused', code: 'EVENT_TOO_OLD', message }
        continue
      }
      const key = keyOf(event)
      const first = seen.get(key)
      if (first === undefined) seen.set(key, event)
      else judge(item, first)
    }
  }
  return items
}

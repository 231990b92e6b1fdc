/** Events of a batch as the log has them. */
import type { EpochMs, Event, EventId, LoggedEvent, LoggedText } from '@signalbox/model/event.ts'
import { idTime } from '@signalbox/model/ids.ts'
import type { Item } from './batch.ts'

const dayMs = 86_400_000

/** The least id and the greatest; both empty where there is none. */
export function idBounds(events: readonly Pick<Event, 'id'>[]): readonly [EventId, EventId] {
  let least = events[0]?.id ?? ''
  let most = least
  for (const { id } of events) {
    if (id < least) least = id
    if (id > most) most = id
  }
  return [least, most]
}

/** Of the ids, one a day at least: nearly always all are of one day. */
export function timesOf(items: readonly Item[]): readonly EpochMs[] {
  const [least, most] = idBounds(items.map(({ event }) => event))
  if (most === '') return []
  const times = [idTime(least), idTime(most)]
  const [from = 0, to = 0] = times.map((time) => Math.floor(time / dayMs))
  return from === to ? times : items.map(({ event }) => idTime(event.id))
}

/** Field by field: a copy by spread takes several times as long (measured). */
export const logged = ({ event, receivedAt }: Item, partition: number, position: number): LoggedEvent => ({
  id: event.id,
  tenant: event.tenant,
  source: event.source,
  type: event.type,
  time: event.time,
  run: event.run,
  agent: event.agent,
  task: event.task,
  cause: event.cause,
  seq: event.seq,
  epoch: event.epoch,
  trace: event.trace,
  data: event.data,
  dataJson: event.dataJson,
  partition,
  position,
  receivedAt,
})

/** Nothing to read, in the shape of the parsed data. */
const letGo: LoggedEvent['data'] = {}

/**
 * What is told of it once it is committed and folded. It lets go of the parsed data in place: it is held for long, and another object
 * an event would be a tenth of what young collections copy (measured).
 */
export function asText(event: LoggedEvent): LoggedText {
  ;(event as { data: LoggedEvent['data'] }).data = letGo
  return event
}

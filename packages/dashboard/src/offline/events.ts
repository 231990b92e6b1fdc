/** The newest events that any tail of this page has shown, for a tail that is opened without network. */
import type { StoredEvent } from '@signalbox/model/event.ts'
import type { Filter } from '@signalbox/model/live.ts'
import { held, hold, openPlace, type Place } from './place.ts'

const mostEvents = 2_000

const seen = new Map<string, StoredEvent>()
let isNew = false

/** In the order in which they came. Cheap: nothing is written now. */
export function noteEvents(events: readonly StoredEvent[]): void {
  for (const event of events.slice(-mostEvents)) seen.set(event.id, event)
  for (const id of seen.keys()) {
    if (seen.size <= mostEvents) break
    seen.delete(id)
  }
  isNew ||= events.length > 0
}

async function read(place: Place): Promise<readonly StoredEvent[]> {
  return JSON.parse((await held(place, 'events')) ?? '[]') as StoredEvent[]
}

/** Oldest first. */
export async function heldEvents(): Promise<readonly StoredEvent[]> {
  const place = await openPlace()
  return place === undefined ? [] : read(place).catch(() => [])
}

/** With those of pages before. */
export async function saveEvents(place: Place): Promise<void> {
  if (!isNew) return
  isNew = false
  const all = new Map((await read(place)).map((event) => [event.id, event]))
  for (const [id, event] of seen) all.set(id, event)
  const newest = [...all.values()].sort((a, b) => (a.id < b.id ? -1 : 1)).slice(-mostEvents)
  await hold(place, 'events', JSON.stringify(newest))
}

const passes = (values: readonly string[] | undefined, value: string | undefined) =>
  values === undefined ||
  values.some((wanted) => (wanted.endsWith('.*') ? value?.startsWith(wanted.slice(0, -1)) === true : wanted === value))

/** Those of them that pass the filter, oldest first. */
export async function keptEvents({ run, agent, task, type }: Filter): Promise<readonly StoredEvent[]> {
  return (await heldEvents()).filter(
    (event) => passes(run, event.run) && passes(agent, event.agent) && passes(task, event.task) && passes(type, event.type),
  )
}

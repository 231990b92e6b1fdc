/** Items of the exporter's requests as events. A request that comes again gives the same events. */
import type { EpochMs, TenantId } from '@signalbox/model/event.ts'
import type { Draft } from '@signalbox/model/foreign.ts'
import type { Mapped } from '../door.ts'
import { eventOf } from '../event-of.ts'
import { createFirstSeen } from '../first-seen.ts'
import { eventsOf, startOf } from './events.ts'
import { createFamilies, type FamilyBounds } from './family.ts'
import { recordOf } from './records.ts'

const source = 'openai-agents'

/** `onForgotten`: told how many calls of a trace that is forgotten are still nobody's. */
export function createMapping(bounds?: FamilyBounds, onForgotten?: (waiting: number) => void) {
  const families = createFamilies(bounds, onForgotten)
  const firstSeen = createFirstSeen()

  function drafts(value: unknown, tenant: TenantId, now: EpochMs): readonly Draft[] | string {
    const record = recordOf(value)
    if (typeof record === 'string') return record
    if (record.is === 'trace') return [startOf(record, firstSeen(`${tenant} ${record.id}`, now))]
    return [...eventsOf(record), ...families.learn(tenant, record)]
  }

  /** `now`: the time of a trace that is heard of for the first time. */
  return (items: readonly unknown[], tenant: TenantId, now: EpochMs): Mapped[] => {
    const told = new Set<string>()
    return items.flatMap((value, item): Mapped[] => {
      const made = drafts(value, tenant, now)
      if (typeof made === 'string') return [{ item, refused: { code: 'INVALID_EVENT', message: `Item ${item}: ${made}` }, value }]
      return (
        made
          // Programs may make span ids of their own.
          .map((draft) => eventOf(source, { ...draft, foreign: `${draft.run} ${draft.foreign}` }))
          // What a span tells of its family its relatives tell too, once all of them are known.
          .filter(({ id }) => !told.has(id) && told.add(id))
          .map((event) => ({ item, event }))
      )
    })
  }
}

import { type KeptChange, type KeptThing, keyOf } from './kept.ts'
import type { Box } from './kept-sync.ts'
import { held, hold, type Place } from './place.ts'

/** In the browser's database: for the pages to come, and the other tabs. */
export const placeBox = (place: Place): Box => ({
  async load() {
    const [things, changes] = await Promise.all([held(place, 'kept'), place.getAll('outbox')])
    return { things: things ?? [], changes }
  },
  async put(change) {
    await place.put('outbox', change, keyOf(change))
  },
  async settle(change) {
    const { store, done } = place.transaction('outbox', 'readwrite')
    const waiting = await store.get(keyOf(change))
    if (waiting?.at === change.at) await store.delete(keyOf(change))
    await done
  },
  async keep(things) {
    await hold(place, 'kept', things)
  },
})

/** As long as the page lives, where the browser keeps nothing. */
export function memoryBox(): Box {
  const changes = new Map<string, KeptChange>()
  let things: readonly KeptThing[] = []
  return {
    load: async () => ({ things, changes: [...changes.values()] }),
    async put(change) {
      changes.set(keyOf(change), change)
    },
    async settle(change) {
      if (changes.get(keyOf(change))?.at === change.at) changes.delete(keyOf(change))
    },
    async keep(kept) {
      things = kept
    },
  }
}

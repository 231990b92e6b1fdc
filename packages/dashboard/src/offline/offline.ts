/** What this browser keeps of the fleet: read before the page goes live, written while it is. One tab writes for all. */
import { useConnection } from '../live/connection.ts'
import { heldKey } from '../live/key.ts'
import { startLive, store } from '../live/live.ts'
import { liveSnapshot, seedLive } from '../live/seed.ts'
import { saveEvents } from './events.ts'
import { forgetHeld, nameOf, openPlace, type Place } from './place.ts'
import { loadRows, saveRows } from './rows.ts'

const saveEveryMs = 15_000
/** A large fleet is written more seldom: a disk that is written to all day wears out. 10,000 agents are 7 MB. */
const mostBytesEachMs = 100
/** Soon, for who looks in and leaves; when the page has settled. */
const firstSaveMs = 4_000
/** The page goes live after so long at most, whatever is kept. */
const seedWithinMs = 1_000

const isForbidden = () => {
  const { refused } = useConnection.getState()
  return refused === 'UNAUTHENTICATED' || refused === 'FORBIDDEN'
}

/** Shows the rows of the last time, then goes live after them. */
export async function startPage(): Promise<void> {
  const place = await openPlace()
  let isLate = false
  const seeded = (place === undefined ? Promise.resolve(undefined) : loadRows(place)).then(
    (saved) => {
      // Once anything came it is newer.
      if (saved === undefined || store.ready() || useConnection.getState().heardAt > 0) return
      const { rows, head } = saved
      seedLive({ rows, cursor: head.cursor, truncated: head.truncated ?? [] }, head.savedAt, head.whole && !isLate)
    },
    () => undefined,
  )
  await Promise.race([seeded, new Promise((resume) => setTimeout(resume, seedWithinMs))])
  isLate = true
  startLive()
  if (place !== undefined) await keep(place)
}

let isCleared = false
/** Nothing is written any more: all of it is about to be removed. */
export const stopKeeping = (): void => {
  isCleared = true
}

async function keep(place: Place): Promise<void> {
  useConnection.subscribe(() => {
    if (!isForbidden() || isCleared) return
    isCleared = true
    void forgetHeld(place).catch(() => undefined)
  })
  // Only in secure contexts, as pages without network are.
  if (navigator.locks === undefined) return
  await navigator.locks.request(`${await nameOf(heldKey())}.keeper`, () => {
    let savedCursor: string | undefined
    let isSaving = false
    let restsUntil = 0
    const save = async () => {
      if (isSaving || isCleared) return
      isSaving = true
      try {
        await saveEvents(place)
        const snapshot = liveSnapshot()
        if (snapshot !== undefined && snapshot.cursor !== savedCursor) {
          const { bytes } = await saveRows(place, snapshot, useConnection.getState().heardAt)
          restsUntil = performance.now() + bytes / mostBytesEachMs
          savedCursor = snapshot.cursor
          // Refused, or cleared, while it was written.
          if (isCleared) await forgetHeld(place)
        }
      } catch {
        // No room, or all was cleared: the page goes on without.
      } finally {
        isSaving = false
      }
    }
    setTimeout(() => void save(), firstSaveMs)
    setInterval(() => void (performance.now() >= restsUntil && save()), saveEveryMs)
    document.addEventListener('visibilitychange', () => void (document.hidden && save()))
    addEventListener('pagehide', () => void save())
    // Held as long as the tab lives.
    return new Promise(() => {})
  })
}

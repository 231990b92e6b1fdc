/** What this browser keeps of the fleet, for the settings; and how all of it is removed. */
import { heldEvents } from './events.ts'
import { stopKeeping } from './offline.ts'
import { held, openPlace, removePlaces } from './place.ts'

const cachePrefix = 'signalbox-'
const storagePrefix = 'signalbox.'

export interface Usage {
  /** Of everything that the browser keeps for this server, as it tells; undefined where it does not. */
  readonly usedBytes: number | undefined
  readonly quotaBytes: number | undefined
  /** Rows of the fleet: when they were true (epoch ms), and their size. */
  readonly rows: { readonly savedAt: number; readonly bytes: number; readonly whole: boolean } | undefined
  readonly events: number
  /** Files of the page. */
  readonly files: number
  /** False in an insecure context: the page cannot be opened without network. */
  readonly worksOffline: boolean
}

async function cacheNames(): Promise<readonly string[]> {
  // Only in secure contexts.
  return globalThis.caches === undefined ? [] : (await caches.keys()).filter((name) => name.startsWith(cachePrefix))
}

export async function readUsage(): Promise<Usage> {
  const [place, names, estimate] = await Promise.all([openPlace(), cacheNames(), navigator.storage?.estimate()])
  const newest = names.at(-1)
  const files = newest === undefined ? [] : await (await caches.open(newest)).keys()
  const registration = await navigator.serviceWorker?.getRegistration()
  return {
    usedBytes: estimate?.usage,
    quotaBytes: estimate?.quota,
    rows: place === undefined ? undefined : await held(place, 'head'),
    events: (await heldEvents()).length,
    files: files.length,
    worksOffline: registration?.active !== undefined && registration.active !== null,
  }
}

/** Everything, of every key, the settings and this tab's key too; then loads the page anew. The server keeps what it has. */
export async function clearLocalData(): Promise<void> {
  stopKeeping()
  await removePlaces()
  for (const name of await cacheNames()) await caches.delete(name)
  for (const registration of (await navigator.serviceWorker?.getRegistrations()) ?? []) await registration.unregister()
  for (const storage of [localStorage, sessionStorage])
    for (const name of Object.keys(storage)) if (name.startsWith(storagePrefix)) storage.removeItem(name)
  location.reload()
}

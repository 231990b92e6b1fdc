/**
 * Where this browser keeps things: a database for each key, named by a hash of it, so that one key never shows what another one saw.
 * A tab without key has the one of a server that asks for none.
 */
import type { Table } from '@signalbox/model/rows.ts'
import { type DBSchema, deleteDB, type IDBPDatabase, openDB } from 'idb'
import { heldKey } from '../live/key.ts'
import type { KeptChange, KeptThing } from './kept.ts'

/** Which rows there are, written when all of them are. */
export interface RowsHead {
  /** Of the parts in `rows`. */
  readonly generation: string
  readonly parts: number
  readonly cursor: string
  /** When the page last heard from the server, epoch ms by this machine's clock. */
  readonly savedAt: number
  /** False when there was no room for all. */
  readonly whole: boolean
  readonly bytes: number
  /** Tables of which the server had more rows than it gave; absent where an older page wrote it. */
  readonly truncated?: readonly Table[]
}
interface Held {
  readonly kept: readonly KeptThing[]
  readonly head: RowsHead
  /** JSON of the newest events. */
  readonly events: string
}
interface Places extends DBSchema {
  /** Changes that the server does not have yet: one for each thing, the last. */
  readonly outbox: { readonly key: string; readonly value: KeptChange }
  readonly held: { readonly key: keyof Held; readonly value: Held[keyof Held] }
  /** JSON of rows, in parts small enough to be written between two frames. */
  readonly rows: { readonly key: [generation: string, part: number]; readonly value: string }
}
const stores = ['outbox', 'held', 'rows'] as const
export type Place = IDBPDatabase<Places>

const prefix = 'signalbox.'

/** Undefined where nothing can be kept: a page with a key needs https or this machine, where browsers hash. */
export async function nameOf(key: string | undefined): Promise<string | undefined> {
  if (key === undefined) return `${prefix}open`
  // Only in secure contexts.
  const subtle: SubtleCrypto | undefined = globalThis.crypto.subtle
  if (subtle === undefined) return undefined
  const hash = new Uint8Array(await subtle.digest('SHA-256', new TextEncoder().encode(key)))
  return `${prefix}${Array.from(hash.subarray(0, 12), (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}

/** Undefined where the browser keeps nothing, as in some private windows. */
export function openPlace(): Promise<Place | undefined> {
  opened ??= open(heldKey())
  return opened
}
/** A page has one key as long as it lives. */
let opened: Promise<Place | undefined> | undefined

async function open(key: string | undefined): Promise<Place | undefined> {
  const name = await nameOf(key)
  if (name === undefined || globalThis.indexedDB === undefined) return undefined
  try {
    const place: Place = await openDB<Places>(name, 2, {
      upgrade(db) {
        for (const store of stores) if (!db.objectStoreNames.contains(store)) db.createObjectStore(store)
      },
      // Another tab clears, or has a newer version.
      blocking: () => place.close(),
    })
    return place
  } catch {
    return undefined
  }
}

export const held = async <N extends keyof Held>(place: Place, name: N): Promise<Held[N] | undefined> =>
  (await place.get('held', name)) as Held[N] | undefined
export const hold = async <N extends keyof Held>(place: Place, name: N, value: Held[N]): Promise<void> =>
  void (await place.put('held', value, name))

/** What the server told; changes made here stay. For a key that may not read any more. */
export async function forgetHeld(place: Place): Promise<void> {
  await Promise.all([place.clear('held'), place.clear('rows')])
}

/** All of them, of every key. */
export async function removePlaces(): Promise<void> {
  const found = await indexedDB.databases()
  await Promise.all(found.flatMap(({ name }) => (name?.startsWith(prefix) === true ? [deleteDB(name)] : [])))
}

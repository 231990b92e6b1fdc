/**
 * Where this browser keeps things: a database for each key, named by a hash of it, so that one key never shows what another one saw.
 * A tab without key has the one of a server that asks for none.
 */
import { type DBSchema, deleteDB, type IDBPDatabase, openDB } from 'idb'
import type { KeptChange, KeptThing } from './kept.ts'

/** What is held under one name each. */
export interface Held {
  readonly kept: readonly KeptThing[]
}
interface Places extends DBSchema {
  /** Changes that the server does not have yet: one for each thing, the last. */
  readonly outbox: { readonly key: string; readonly value: KeptChange }
  readonly held: { readonly key: keyof Held; readonly value: Held[keyof Held] }
}
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
export async function openPlace(key: string | undefined): Promise<Place | undefined> {
  const name = await nameOf(key)
  if (name === undefined || globalThis.indexedDB === undefined) return undefined
  try {
    const place: Place = await openDB<Places>(name, 1, {
      upgrade(db) {
        db.createObjectStore('outbox')
        db.createObjectStore('held')
      },
      // Another tab clears, or has a newer version.
      blocking: () => place.close(),
    })
    return place
  } catch {
    return undefined
  }
}

/** All of them, of every key. */
export async function removePlaces(): Promise<void> {
  const found = await indexedDB.databases()
  await Promise.all(found.flatMap(({ name }) => (name?.startsWith(prefix) === true ? [deleteDB(name)] : [])))
}

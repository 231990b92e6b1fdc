/**
 * The page's rows as they were, for when it is opened without network, or must go on where it was. Written in parts, each within a few
 * milliseconds; the head comes last, so that a page that ends midway leaves those of before.
 */
import type { LiveRow } from '@signalbox/model/live.ts'
import type { Table } from '@signalbox/model/rows.ts'
import type { LiveSnapshot } from '../live/store.ts'
import { held, hold, type Place, type RowsHead } from './place.ts'

/** Of JSON, about. What is past it is left out: calls first, agents last. */
const mostBytes = 20_000_000
const rowsInPart = 200

const order: readonly Table[] = ['agents', 'runs', 'tasks', 'calls']

const idle = (): Promise<void> =>
  new Promise((resume) => {
    // Not in every browser; and a hidden page is idle.
    if (document.hidden || globalThis.requestIdleCallback === undefined) setTimeout(resume)
    else requestIdleCallback(() => resume(), { timeout: 2_000 })
  })

export async function saveRows(place: Place, { rows, cursor, truncated }: LiveSnapshot, savedAt: number): Promise<RowsHead> {
  const generation = `${Date.now()}-${Math.random()}`
  const sorted = order.flatMap((table) => rows.filter((row) => row.table === table))
  let bytes = 0
  let parts = 0
  let from = 0
  for (; from < sorted.length && bytes < mostBytes; from += rowsInPart) {
    await idle()
    const part = JSON.stringify(sorted.slice(from, from + rowsInPart))
    bytes += part.length
    await place.put('rows', part, [generation, parts++])
  }
  const head = { generation, parts, cursor, savedAt, whole: from >= sorted.length, bytes, truncated }
  await hold(place, 'head', head)
  const { store, done } = place.transaction('rows', 'readwrite')
  for (const key of await store.getAllKeys()) if (key[0] !== generation) void store.delete(key)
  await done
  return head
}

export interface SavedRows {
  readonly rows: readonly LiveRow[]
  readonly head: RowsHead
}

export async function loadRows(place: Place): Promise<SavedRows | undefined> {
  const head = await held(place, 'head')
  if (head === undefined) return undefined
  const parts = await place.getAll('rows', IDBKeyRange.bound([head.generation, 0], [head.generation, head.parts]))
  if (parts.length !== head.parts) return undefined
  // Written by a page of this origin.
  return { rows: parts.flatMap((part) => JSON.parse(part) as LiveRow[]), head }
}

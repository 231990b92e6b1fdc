/** The page's live connections and the hooks that read them. */
import type { RowOf, Table } from '@signalbox/model/rows.ts'
import { useEffect, useSyncExternalStore } from 'react'
import { useBuffered } from '../pause.ts'
import { noteFrame, noteRefusal, noteStatus, useConnection, watchNetwork } from './connection.ts'
import { fetchWithKey, openKeyedFeed } from './key.ts'
import { createLiveStore, type LiveStore } from './store.ts'

/** A hidden page gets no animation frames; its rows are applied once a second instead. */
export const schedule = (flush: () => void) => (document.hidden ? setTimeout(flush, 1_000) : requestAnimationFrame(flush))
export const store = createLiveStore(schedule)

export const serverUrl = location.origin
let started = false

export function startLive(): void {
  if (started) return
  started = true
  watchNetwork()
  const feed = openKeyedFeed({
    url: serverUrl,
    feed: 'state',
    onFrame(frame) {
      store.push(frame)
      noteFrame(frame, feed.status().clockOffsetMs)
    },
    onStatus: noteStatus,
    onRefused: noteRefusal,
  })
}

export function useRow<T extends Table>(table: T, key: string | undefined): RowOf[T] | undefined {
  return useSyncExternalStore(
    (listener) => (key === undefined ? () => {} : store.watchKey(table, key, listener)),
    () => (key === undefined ? undefined : store.get(table, key)),
  )
}

/** Freezes the page's rows (or another store's) while paused, once there is a snapshot to look at. */
export function useFrozen(paused: boolean, of: LiveStore = store): void {
  const ready = useSyncExternalStore(
    (listener) => of.watchTable('agents', listener),
    () => of.ready(),
  )
  useEffect(() => {
    if (!paused || !ready) return
    of.freeze((buffered) => useBuffered.setState({ buffered }))
    return () => {
      of.thaw()
      useBuffered.setState({ buffered: 0 })
    }
  }, [paused, ready, of])
}

/** All rows of a table, renewed at most every quarter of a second: lists need no frame rate. */
export function useTable<T extends Table>(table: T): readonly RowOf[T][] {
  return useSyncExternalStore(slowly(table), () => store.all(table))
}
const slow = new Map<Table, (listener: () => void) => () => void>()
function slowly(table: Table) {
  const held = slow.get(table)
  if (held !== undefined) return held
  const made = (listener: () => void) => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const stop = store.watchTable(table, () => {
      timer ??= setTimeout(() => {
        timer = undefined
        listener()
      }, 250)
    })
    return () => {
      clearTimeout(timer)
      stop()
    }
  }
  slow.set(table, made)
  return made
}

/** One clock for every relative time on the page: the server's, a tick a second. */
const ticks = new Set<() => void>()
/** The server's time, as far as its heartbeats told. */
export const serverNow = (): number => Date.now() + useConnection.getState().status.clockOffsetMs
let now = Date.now()
setInterval(() => {
  now = serverNow()
  for (const tick of ticks) tick()
}, 1_000)
export const useNow = (): number =>
  useSyncExternalStore(
    (listener) => {
      ticks.add(listener)
      return () => ticks.delete(listener)
    },
    () => now,
  )

export async function fetchJson<T>(path: string): Promise<T> {
  const response = await fetchWithKey(path)
  if (!response.ok) throw new Error(`${path} answered ${response.status}`)
  return (await response.json()) as T
}

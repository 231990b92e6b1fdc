/** The page's live connections and the hooks that read them. */
import type { RowOf, Table } from '@signalbox/model/rows.ts'
import { useEffect, useSyncExternalStore } from 'react'
import { create } from 'zustand'
import { useBuffered } from '../pause.ts'
import { noteFrame, noteRefusal, noteStatus, startCursor, useConnection, watchNetwork } from './connection.ts'
import { openPageFeed } from './feeds.ts'
import { fetchWithKey } from './key.ts'
import { schedule, watchVisibility } from './schedule.ts'
import { createLiveStore, type LiveStore } from './store.ts'

/** With the page's next changes: schedule.ts. */
export { schedule }
/** The rows of now, whatever moment the page shows. */
export const store = createLiveStore(schedule)

interface Shown {
  readonly store: LiveStore
  /** The past moment that it holds, epoch ms by the server's clock; undefined: it is live. */
  readonly at: number | undefined
}
/** The rows that the page shows: those of now, or of a past moment. */
export const useShown = create<Shown>(() => ({ store, at: undefined }))

let started = false

export function startLive(): void {
  if (started) return
  started = true
  watchNetwork()
  watchVisibility()
  const feed = openPageFeed({
    feed: 'state',
    cursor: startCursor(),
    onFrame(frame) {
      store.push(frame)
      noteFrame(frame, feed.status().clockOffsetMs)
    },
    onStatus: noteStatus,
    onRefused: noteRefusal,
  })
}

export function useRow<T extends Table>(table: T, key: string | undefined): RowOf[T] | undefined {
  const { store } = useShown()
  return useSyncExternalStore(
    (listener) => (key === undefined ? () => {} : store.watchKey(table, key, listener)),
    () => (key === undefined ? undefined : store.get(table, key)),
  )
}

/** Freezes the page's rows (or another store's) while paused, once there is a snapshot to look at. */
export function useFrozen(paused: boolean, own?: LiveStore): void {
  const { store: shown } = useShown()
  const of = own ?? shown
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

/** Tables of which the page (or another store) has only the rows that changed last. */
export function useTruncated(own?: LiveStore): readonly Table[] {
  const { store: shown } = useShown()
  const of = own ?? shown
  return useSyncExternalStore((listener) => of.watchTable('agents', listener), of.truncated)
}

/** Lists need no frame rate: they are made anew every quarter of a second, long ones more seldom, so that it takes a small share of the time. */
const listEveryMs = (rows: number): number => Math.max(250, rows / 10)

/** All rows of a table, renewed on the lists' clock. */
export function useTable<T extends Table>(table: T): readonly RowOf[T][] {
  const { store } = useShown()
  return useSyncExternalStore(slowly(store, table), () => store.all(table))
}
const slow = new WeakMap<LiveStore, Map<Table, (listener: () => void) => () => void>>()
function slowly(store: LiveStore, table: Table) {
  const ofStore = slow.get(store) ?? new Map<Table, (listener: () => void) => () => void>()
  slow.set(store, ofStore)
  const held = ofStore.get(table)
  if (held !== undefined) return held
  const made = (listener: () => void) => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const stop = store.watchTable(table, () => {
      timer ??= setTimeout(
        () => {
          timer = undefined
          listener()
        },
        listEveryMs(store.size(table)),
      )
    })
    return () => {
      clearTimeout(timer)
      stop()
    }
  }
  ofStore.set(table, made)
  return made
}

/** One clock for every relative time on the page: the server's, a tick a second; it stands still in the past. */
const ticks = new Set<() => void>()
/** The server's time, as far as its heartbeats told. */
export const serverNow = (): number => Date.now() + useConnection.getState().status.clockOffsetMs
/** The moment that the page shows: now, or the past one. */
export const shownNow = (): number => useShown.getState().at ?? serverNow()
let now = Date.now()
useShown.subscribe(() => {
  now = shownNow()
  for (const tick of ticks) tick()
})
setInterval(() => {
  if (useShown.getState().at !== undefined) return
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

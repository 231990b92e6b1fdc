/** The page's live connections and the hooks that read them. */
import type { StoredEvent } from '@signalbox/model/event.ts'
import type { RowOf, Table } from '@signalbox/model/rows.ts'
import { useEffect, useSyncExternalStore } from 'react'
import { useBuffered } from '../pause.ts'
import { noteFrame, noteRefusal, noteStatus, useConnection, watchNetwork } from './connection.ts'
import { fetchWithKey, openKeyedFeed } from './key.ts'
import { createLiveStore } from './store.ts'

/** A hidden page gets no animation frames; its rows are applied once a second instead. */
const schedule = (flush: () => void) => (document.hidden ? setTimeout(flush, 1_000) : requestAnimationFrame(flush))
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

/** Freezes the page's rows while paused, once there is a snapshot to look at. */
export function useFrozen(paused: boolean): void {
  const ready = useSyncExternalStore(
    (listener) => store.watchTable('agents', listener),
    () => store.ready(),
  )
  useEffect(() => {
    if (!paused || !ready) return
    store.freeze((buffered) => useBuffered.setState({ buffered }))
    return () => {
      store.thaw()
      useBuffered.setState({ buffered: 0 })
    }
  }, [paused, ready])
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
let now = Date.now()
setInterval(() => {
  now = Date.now() + useConnection.getState().status.clockOffsetMs
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

/** Events of a filter while the component is shown. */
export function useEvents(
  options: { readonly run?: string | undefined; readonly type?: readonly string[] },
  onEvents: (events: readonly StoredEvent[]) => void,
): void {
  const { run, type } = options
  const types = type?.join(',') ?? ''
  // biome-ignore lint/correctness/useExhaustiveDependencies: the handler is the caller's latest; a new one must not reconnect
  useEffect(() => {
    const opened = openKeyedFeed({
      url: serverUrl,
      feed: 'events',
      filter: { ...(run === undefined ? {} : { run: [run] }), ...(types === '' ? {} : { type: types.split(',') }) },
      onFrame: (frame) => frame.kind === 'events' && onEvents(frame.items),
    })
    return () => opened.close()
  }, [run, types])
}

export async function fetchJson<T>(path: string): Promise<T> {
  const response = await fetchWithKey(path)
  if (!response.ok) throw new Error(`${path} answered ${response.status}`)
  return (await response.json()) as T
}

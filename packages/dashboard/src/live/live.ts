/** The page's live connections and the hooks that read them. */
import { type FeedStatus, openFeed } from '@signalbox/client/feed.ts'
import type { StoredEvent } from '@signalbox/model/event.ts'
import type { RowOf, Table } from '@signalbox/model/rows.ts'
import { useEffect, useSyncExternalStore } from 'react'
import { create } from 'zustand'
import { createLiveStore } from './store.ts'

/** A hidden page gets no animation frames; its rows are applied once a second instead. */
const schedule = (flush: () => void) => (document.hidden ? setTimeout(flush, 1_000) : requestAnimationFrame(flush))
export const store = createLiveStore(schedule)

interface ConnectionState {
  readonly status: FeedStatus
  /** When a frame last came, by this machine's clock. */
  readonly heardAt: number
  /** Producer time of the newest change, epoch ms; 0 before any. */
  readonly newestAt: number
}

export const useConnection = create<ConnectionState>(() => ({
  status: { state: 'connecting', transport: 'ws', clockOffsetMs: 0, attempts: 0 },
  heardAt: 0,
  newestAt: 0,
}))

export const serverUrl = location.origin
let started = false

export function startLive(): void {
  if (started) return
  started = true
  openFeed({
    url: serverUrl,
    feed: 'state',
    onFrame(frame) {
      store.push(frame)
      const newest =
        frame.kind === 'snapshot' || frame.kind === 'delta'
          ? frame.rows.reduce((at, { row }) => ('lastSeenAt' in row ? Math.max(at, row.lastReceivedAt) : at), 0)
          : 0
      useConnection.setState(({ newestAt }) => ({ heardAt: Date.now(), newestAt: Math.max(newestAt, newest) }))
    },
    onStatus: (status) => useConnection.setState({ status }),
  })
}

export function useRow<T extends Table>(table: T, key: string | undefined): RowOf[T] | undefined {
  return useSyncExternalStore(
    (listener) => (key === undefined ? () => {} : store.watchKey(table, key, listener)),
    () => (key === undefined ? undefined : store.get(table, key)),
  )
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
    const opened = openFeed({
      url: serverUrl,
      feed: 'events',
      filter: { ...(run === undefined ? {} : { run: [run] }), ...(types === '' ? {} : { type: types.split(',') }) },
      onFrame: (frame) => frame.kind === 'events' && onEvents(frame.items),
    })
    return () => opened.close()
  }, [run, types])
}

export async function fetchJson<T>(path: string): Promise<T> {
  const response = await fetch(path)
  if (!response.ok) throw new Error(`${path} answered ${response.status}`)
  return (await response.json()) as T
}

/** One run's rows, from a feed of its own while its page is shown, or as they were at the moment shown; renewed at most ten times a second. */
import type { FeedRefused } from '@signalbox/client/feed.ts'
import { type CallRow, type RowOf, type Table, tables } from '@signalbox/model/rows.ts'
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react'
import { create } from 'zustand'
import { openPageFeed } from './feeds.ts'
import { schedule, useShown } from './live.ts'
import { createSeeker, pastStore } from './past.ts'
import { createLiveStore, type LiveStore } from './store.ts'

export type RunRows = { readonly [T in Table]: readonly RowOf[T][] } & { readonly ready: boolean }

/** What is made of a run's rows is made anew this often at most, large runs more seldom; open bars grow by the clock, not by this. */
const renewMs = (rows: number): number => Math.max(100, rows / 50)

interface ShownRun {
  readonly store?: LiveStore | undefined
  /** Calls that its feed left out, by key. */
  readonly older?: ReadonlyMap<string, CallRow> | undefined
}
/** The run that is shown, for who is not handed it: the inspector knows ended calls only from here, the header what is not all. */
export const useShownRun = create<ShownRun>(() => ({}))

export function useRunStore(run: string): { readonly store: LiveStore; readonly refused: FeedRefused | undefined } {
  const at = useShown(({ at }) => at)
  const isPast = at !== undefined
  const [refused, setRefused] = useState<FeedRefused>()
  const live = useMemo(() => {
    void run
    return createLiveStore(schedule)
  }, [run])
  useEffect(() => {
    if (isPast) return
    setRefused(undefined)
    const feed = openPageFeed({
      feed: 'state',
      filter: { run: [run] },
      onFrame: (frame) => live.push(frame),
      onRefused: setRefused,
    })
    return () => feed.close()
  }, [run, live, isPast])

  const past = useMemo(() => {
    void run
    return pastStore()
  }, [run])
  const [hasPast, setHasPast] = useState<LiveStore>()
  const seeker = useRef<ReturnType<typeof createSeeker>>(undefined)
  useEffect(() => {
    if (!isPast) return
    seeker.current = createSeeker(
      { run },
      past,
      () => setHasPast(past),
      // The bar of time says what is wrong: it asks for the same moment.
      () => setHasPast(past),
    )
    const { at } = useShown.getState()
    if (at !== undefined) seeker.current.seek(at)
    return () => {
      seeker.current?.stop()
      setHasPast(undefined)
    }
  }, [run, past, isPast])
  useEffect(() => {
    if (at !== undefined) seeker.current?.seek(at)
  }, [at])

  // What is shown stays until the moment's rows are here.
  const store = isPast && (hasPast === past || !live.ready()) ? past : live
  useEffect(() => {
    useShownRun.setState({ store })
    return () => useShownRun.setState({ store: undefined, older: undefined })
  }, [store])
  return { store, refused }
}

export function useRunRows(store: LiveStore): RunRows {
  const view = useMemo(() => viewOf(store), [store])
  return useSyncExternalStore(view.subscribe, view.read)
}

function viewOf(store: LiveStore) {
  const read = (): RunRows => ({
    agents: store.all('agents'),
    runs: store.all('runs'),
    tasks: store.all('tasks'),
    calls: store.all('calls'),
    edges: store.all('edges'),
    ready: store.ready(),
  })
  let shown = read()
  return {
    read: () => shown,
    subscribe(listener: () => void) {
      let timer: ReturnType<typeof setTimeout> | undefined
      let behind = false
      const renew = () => {
        shown = read()
        listener()
      }
      const told = () => {
        if (timer !== undefined) {
          behind = true
          return
        }
        timer = setTimeout(
          () => {
            timer = undefined
            if (!behind) return
            behind = false
            told()
          },
          renewMs(tables.reduce((sum, table) => sum + store.size(table), 0)),
        )
        // After the whole flush: it tells table by table.
        queueMicrotask(renew)
      }
      const stops = tables.map((table) => store.watchTable(table, told))
      told()
      return () => {
        clearTimeout(timer)
        for (const stop of stops) stop()
      }
    },
  }
}

/** A task, also one that ended: those are not among the page's rows, so it is asked for by itself while it is looked at. */
import type { TaskRow } from '@signalbox/model/rows.ts'
import { useEffect, useRef, useState } from 'react'
import { openPageFeed } from './feeds.ts'
import { schedule, useRow, useShown } from './live.ts'
import { createSeeker, pastStore } from './past.ts'
import { createLiveStore, type LiveStore } from './store.ts'

const filterOf = (key: string) => {
  const [run = '', task = ''] = key.split('\u001f')
  return run === '' ? { task } : { run, task }
}

/** `key` is that of its row. Now it has a feed, in the past it is sought at each moment that the page shows. */
export function useTask(key: string): TaskRow | undefined {
  const { at } = useShown()
  const shown = useRow('tasks', key)
  const isPast = at !== undefined
  const last = useRef<readonly [key: string, isPast: boolean, task: TaskRow | undefined]>(undefined)
  const [, renew] = useState(0)
  if (shown !== undefined) last.current = [key, isPast, shown]
  const isShown = shown !== undefined
  useEffect(() => {
    if (isShown || isPast) return
    const rows = createLiveStore(schedule)
    const { run, task } = filterOf(key)
    const filter = { ...(run === undefined ? {} : { run: [run] }), task: [task] }
    const feed = openPageFeed({ feed: 'state', filter, onFrame: rows.push })
    const stop = rows.watchKey('tasks', key, () => {
      const found = rows.get('tasks', key)
      if (found !== undefined) last.current = [key, false, found]
      renew((times) => times + 1)
    })
    return () => {
      stop()
      feed.close()
    }
  }, [isShown, isPast, key])

  const seeker = useRef<ReturnType<typeof createSeeker>>(undefined)
  useEffect(() => {
    if (isShown || !isPast) return
    const rows: LiveStore = pastStore()
    const told = () => {
      last.current = [key, true, rows.get('tasks', key)]
      renew((times) => times + 1)
    }
    // The bar of time says what is wrong: it asks for the same moment.
    seeker.current = createSeeker(filterOf(key), rows, told, () => {})
    return () => seeker.current?.stop()
  }, [isShown, isPast, key])
  useEffect(() => {
    if (!isShown && at !== undefined) seeker.current?.seek(at)
  }, [isShown, at])

  if (shown !== undefined) return shown
  const [heldKey, heldPast, held] = last.current ?? []
  return heldKey === key && heldPast === isPast ? held : undefined
}

/** Fills a buffer with the events of a filter: those before the page was opened, then each as it is stored. */
import type { FeedRefused } from '@signalbox/client/feed.ts'
import type { StoredEvent } from '@signalbox/model/event.ts'
import { useEffect, useMemo, useState } from 'react'
import { openPageFeed } from '../../live/feeds.ts'
import { fetchJson, schedule } from '../../live/live.ts'
import { type Buffer, createBuffer, mostEvents } from './buffer.ts'

/** Events from before the page was opened. */
const historyEvents = 200

export interface TailFilter {
  readonly type: string
  readonly agent: string
  readonly run: string
  readonly task: string
}
const fields = ['type', 'agent', 'run', 'task'] as const

export interface Tailed {
  readonly buffer: Buffer
  /** Grows when the buffer has changed, once a frame at most. */
  readonly version: number
  readonly loaded: boolean
  readonly problem: string | undefined
}

const why = { slow: 'this page was too slow for them', expired: 'they left with the retention' } as const

export function useTail(filter: TailFilter): Tailed {
  const key = JSON.stringify(fields.map((name) => filter[name]))
  const buffer = useMemo(() => {
    void key
    return createBuffer(mostEvents)
  }, [key])
  const [version, setVersion] = useState(0)
  const [loaded, setLoaded] = useState(false)
  const [problem, setProblem] = useState<string>()
  useEffect(() => {
    let shown = true
    let asked = false
    let waiting = false
    setLoaded(false)
    setProblem(undefined)
    const wanted = fields.flatMap((name, i) => {
      const value = (JSON.parse(key) as readonly string[])[i] ?? ''
      return value === '' ? [] : [[name, value] as const]
    })
    const renew = () => {
      if (waiting) return
      waiting = true
      schedule(() => {
        waiting = false
        if (shown) setVersion((n) => n + 1)
      })
    }
    const readHistory = async () => {
      const query = new URLSearchParams([
        ...wanted.map(([name, value]) => [name, value]),
        ['order', 'desc'],
        ['limit', String(historyEvents)],
      ])
      const { items } = await fetchJson<{ readonly items: StoredEvent[] }>(`/v1/events?${query}`)
      if (!shown) return
      buffer.before(items.reverse())
      setLoaded(true)
      renew()
    }
    buffer.clear()
    const feed = openPageFeed({
      feed: 'events',
      filter: Object.fromEntries(wanted.map(([name, value]) => [name, [value]])),
      onStatus({ state }) {
        // Only now: what is stored between the history and the feed would be in neither.
        if (state !== 'open' || asked) return
        asked = true
        readHistory().catch((error: Error) => {
          asked = false
          if (shown) setProblem(`Earlier events could not be read: ${error.message}`)
        })
      },
      onFrame(frame) {
        if (frame.kind === 'events') buffer.push(frame.items)
        else if (frame.kind === 'gap') buffer.gap(`Some events are not shown: ${why[frame.reason]}.`)
        else if (frame.kind === 'resync') buffer.gap('The log is another one, or what was missed is gone: it goes on from here.')
        else return
        renew()
      },
      onRefused: ({ message }: FeedRefused) => shown && setProblem(message),
    })
    return () => {
      shown = false
      feed.close()
    }
  }, [buffer, key])
  return { buffer, version, loaded, problem }
}

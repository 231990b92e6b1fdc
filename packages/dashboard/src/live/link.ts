/** The page's end of its worker: opens feeds there, applies the batches it is given, and asks for the next one when that is done. */
import { type Feed, FeedRefused, type FeedStatus, openFeed } from '@signalbox/client/feed.ts'
import type { ServerFrame } from '@signalbox/model/live.ts'
import { noteDropped, noteGap, noteRole } from './connection.ts'
import type { PageFeed, PageFeedOptions } from './feeds.ts'
import { heldKey } from './key.ts'
import { schedule } from './schedule.ts'
import type { FromPage, ToPage } from './worker/messages.ts'

interface Opened {
  readonly options: PageFeedOptions
  cursor: string | undefined
  status: FeedStatus
  /** Without a worker. */
  direct?: Feed
}

const unopened: FeedStatus = { state: 'connecting', transport: 'ws', clockOffsetMs: 0, attempts: 0 }

function startWorker(hear: (message: ToPage) => void, onFailed: () => void): Worker | undefined {
  try {
    const worker = new Worker(new URL('./worker/live.worker.ts', import.meta.url), { type: 'module' })
    worker.addEventListener('message', ({ data }: MessageEvent<ToPage>) => hear(data))
    worker.addEventListener('error', onFailed)
    return worker
  } catch {
    return undefined
  }
}

export function createLink(): (options: PageFeedOptions) => PageFeed {
  const opened = new Map<number, Opened>()
  let isUp = false
  let ids = 0
  let applied: number[] = []

  let worker = startWorker(hear, () => {
    // Once it is up an error is one of a moment.
    if (isUp) return
    worker?.terminate()
    worker = undefined
    for (const [id, feed] of opened) openDirectly(id, feed)
  })
  const say = (message: FromPage) => worker?.postMessage(message)

  function openDirectly(id: number, feed: Opened) {
    noteRole({ role: 'alone', tabs: 1, silent: false })
    const { options, cursor } = feed
    feed.direct = openFeed({
      url: location.origin,
      key: heldKey(),
      ...options,
      cursor,
      onRefused(refusal) {
        opened.delete(id)
        options.onRefused?.(refusal)
      },
    })
  }

  function take(feed: Opened, frame: ServerFrame) {
    if ('cursor' in frame && (frame.kind !== 'snapshot' || frame.last)) feed.cursor = frame.cursor
    if (frame.kind === 'gap') noteGap()
    try {
      feed.options.onFrame(frame)
    } catch (error) {
      reportError(error)
    }
  }

  function hear(message: ToPage) {
    if (message.kind === 'up') isUp = true
    else if (message.kind === 'role') noteRole(message.role)
    else {
      const feed = opened.get(message.id)
      if (feed === undefined) return
      if (message.kind === 'status') {
        feed.status = message.status
        feed.options.onStatus?.(message.status)
      } else if (message.kind === 'refused') {
        opened.delete(message.id)
        feed.status = { ...feed.status, state: 'closed', reason: `${message.code}: ${message.message}` }
        feed.options.onStatus?.(feed.status)
        feed.options.onRefused?.(new FeedRefused(message.code, message.message))
      } else {
        if (feed.status.clockOffsetMs !== message.clockOffsetMs) feed.status = { ...feed.status, clockOffsetMs: message.clockOffsetMs }
        if (message.dropped > 0) noteDropped(message.dropped)
        for (const frame of message.frames) take(feed, frame)
        if (applied.length === 0)
          schedule(() => {
            say({ kind: 'applied', ids: applied })
            applied = []
          })
        applied.push(message.id)
      }
    }
  }

  say({ kind: 'start', url: location.origin, key: heldKey(), visible: !document.hidden })
  document.addEventListener('visibilitychange', () => say({ kind: 'visible', visible: !document.hidden }))
  // A page that is put away for a while must not be what others wait for.
  for (const [target, name, kind] of [
    [window, 'pagehide', 'leave'],
    [window, 'pageshow', 'return'],
    [document, 'freeze', 'leave'],
    [document, 'resume', 'return'],
    [window, 'online', 'online'],
  ] as const)
    target.addEventListener(name, () => say({ kind }))

  return (options) => {
    ids += 1
    const id = ids
    const feed: Opened = { options, cursor: options.cursor, status: unopened }
    opened.set(id, feed)
    if (worker === undefined) openDirectly(id, feed)
    else say({ kind: 'open', id, wish: { feed: options.feed, filter: options.filter ?? {} }, cursor: options.cursor })
    return {
      status: () => feed.direct?.status() ?? feed.status,
      close() {
        if (!opened.delete(id)) return
        feed.direct?.close()
        say({ kind: 'close', id })
      },
    }
  }
}

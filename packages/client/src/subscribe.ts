/**
 * Watch a fleet as an async iterator.
 *
 * ```ts
 * for await (const item of subscribe({ url: 'http://127.0.0.1:4400', filter: { type: ['tool.*'] } })) {
 *   if (item.kind === 'event') console.log(item.event.agent, item.event.type)
 * }
 * ```
 */
import type { StoredEvent } from '@signalbox/model/event.ts'
import type { ServerFrame } from '@signalbox/model/live.ts'
import { createLiveState, type LiveState } from '@signalbox/model/live-state.ts'
import type { Table } from '@signalbox/model/rows.ts'
import { type FeedOptions, FeedRefused, openFeed } from './feed.ts'

export { FeedRefused }

export type Item =
  | { readonly kind: 'event'; readonly event: StoredEvent }
  /** feed "state": the whole state after a change, and which keys changed. */
  | { readonly kind: 'state'; readonly state: LiveState; readonly changed: ReadonlyMap<Table, ReadonlySet<string>> }
  | Extract<ServerFrame, { kind: 'gap' | 'resync' }>

export interface SubscribeOptions extends Omit<FeedOptions, 'onFrame' | 'onRefused'> {
  readonly signal?: AbortSignal
}

/** `next` rejects with a `FeedRefused`, once and after what came before it, when the server refuses the feed for good. */
export interface Subscription extends AsyncIterableIterator<Item> {
  /** For a later `subscribe`: everything yielded so far is before it. */
  readonly cursor: () => string | undefined
}

/** Items held for a consumer that is slow; past it the feed is closed and taken up again from its cursor. */
const mostWaiting = 50_000

export function subscribe(options: SubscribeOptions): Subscription {
  const state = createLiveState()
  const seen = new Map<number, number>()
  let waiting: Item[] = []
  let cursors: (string | undefined)[] = []
  let yielded = options.cursor
  const wakes = new Set<() => void>()
  let done = false
  let refused: FeedRefused | undefined

  const wakeAll = () => {
    for (const wake of wakes) wake()
    wakes.clear()
  }
  const put = (item: Item, cursor: string | undefined) => {
    waiting.push(item)
    cursors.push(cursor)
    wakeAll()
  }
  const start = (cursor: string | undefined) =>
    openFeed({
      ...options,
      cursor,
      onFrame(frame) {
        if (frame.kind === 'events') {
          frame.items.forEach((event, i) => {
            // A feed never goes back within a partition; what does is a double.
            if (event.position <= (seen.get(event.partition) ?? 0)) return
            seen.set(event.partition, event.position)
            put({ kind: 'event', event }, i === frame.items.length - 1 ? frame.cursor : undefined)
          })
        } else if (frame.kind === 'gap' || frame.kind === 'resync') {
          if (frame.kind === 'resync') {
            seen.clear()
            state.apply(frame)
          }
          put(frame, frame.cursor)
        } else if (frame.kind === 'snapshot' || frame.kind === 'delta') {
          const changed = state.apply(frame)
          if (frame.kind === 'delta' || frame.last) put({ kind: 'state', state, changed }, frame.cursor)
        }
        if (waiting.length > mostWaiting) {
          feed.close()
          paused = true
        }
      },
      onRefused(refusal) {
        refused = refusal
        finish()
      },
    })
  let paused = false
  let feed = start(options.cursor)
  const finish = () => {
    done = true
    feed.close()
    options.signal?.removeEventListener('abort', finish)
    wakeAll()
  }
  if (options.signal?.aborted === true) finish()
  else options.signal?.addEventListener('abort', finish, { once: true })

  return {
    cursor: () => yielded,
    async next() {
      for (;;) {
        const item = waiting.shift()
        const cursor = cursors.shift()
        if (item !== undefined) {
          if (cursor !== undefined) yielded = cursor
          return { value: item, done: false }
        }
        if (refused !== undefined) {
          const error = refused
          refused = undefined
          throw error
        }
        if (done) return { value: undefined, done: true }
        if (paused) {
          paused = false
          waiting = []
          cursors = []
          feed = start(feed.cursor())
        }
        await new Promise<void>((resume) => wakes.add(resume))
      }
    },
    async return() {
      finish()
      return { value: undefined, done: true }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

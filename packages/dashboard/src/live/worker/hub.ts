/**
 * What the leading tab does for all: one feed for each name that any reader wants, its frames for all of them.
 * Readers hold cursors of their own. One that is behind the feed has it taken up again from there, and the others leave out what they have;
 * of a state feed it is given the rows that are held, once the hub holds all of them.
 */
import type { Feed, FeedOptions, FeedStatus } from '@signalbox/client/feed.ts'
import type { ServerFrame } from '@signalbox/model/live.ts'
import { earlier, isWithin, later } from '@signalbox/model/live-cursor.ts'
import { createHeldRows, type HeldRows } from './held.ts'
import { type FromLeader, nameOf, type Reader, type ToLeader, type Wish } from './messages.ts'

/** The client's, or a test's. */
export type OpenFeed = (options: Pick<FeedOptions, 'feed' | 'filter' | 'cursor' | 'onFrame' | 'onStart' | 'onStatus' | 'onRefused'>) => Feed

interface Shared {
  readonly name: string
  readonly wish: Wish
  /** By `keyOf`. */
  readonly readers: Map<string, { readonly reader: Reader; readonly cursor: string | undefined }>
  feed?: Feed | undefined
  /** Up to where its frames have been passed on. */
  cursor?: string | undefined
  /** events: the furthest it ever was. */
  head?: string | undefined
  /** state: the rows, when all of them are here. */
  rows?: HeldRows | undefined
  pages: (ServerFrame & { readonly kind: 'snapshot' })[]
}

type WithoutTerm<M> = M extends unknown ? Omit<M, 'term'> : never
type Said = WithoutTerm<Exclude<FromLeader, { readonly kind: 'lead' }>>

export interface Hub {
  take(message: ToLeader): void
  /** Opens what has been asked for until now; before, it only listens. */
  begin(): void
  /** Forgets the readers of other tabs than these. */
  keepOnly(tabs: ReadonlySet<string>): void
  /** Feeds that wait to connect do so now, and those that were silent for so long. */
  hurry(silentMs: number): void
  close(): void
}

const keyOf = ({ tab, id }: Reader) => `${tab} ${id}`
/** A reader of another tab, or of this one: what is said of a name goes to all of them. */
export function createHub(open: OpenFeed, say: (message: Said, tabs: ReadonlySet<string>) => void): Hub {
  const all = new Map<string, Shared>()
  let begun = false

  const tabsOf = ({ readers }: Shared) => new Set([...readers.values()].map(({ reader }) => reader.tab))
  const tell = (shared: Shared, message: Said, to?: Reader) =>
    say(to === undefined ? message : { ...message, to }, to === undefined ? tabsOf(shared) : new Set([to.tab]))
  const pass = (shared: Shared, frames: readonly ServerFrame[], to?: Reader) =>
    tell(shared, { kind: 'frames', name: shared.name, frames, clockOffsetMs: shared.feed?.status().clockOffsetMs ?? 0 }, to)
  const tellStatus = (shared: Shared, status: FeedStatus, to?: Reader) => tell(shared, { kind: 'status', name: shared.name, status }, to)

  /** Where a feed has to begin so that none of its readers misses anything; undefined: with a snapshot, or now. */
  function beginningOf({ wish, readers }: Shared): string | undefined {
    let least: string | undefined
    for (const { cursor } of readers.values()) {
      if (cursor === undefined) {
        if (wish.feed === 'state') return undefined
        continue
      }
      // Of two logs one is gone; its readers are told when they come again.
      least = least === undefined ? cursor : (earlier(least, cursor) ?? cursor)
    }
    return least
  }

  /** Nothing is heard of a feed that is left, not even that it closed. */
  function leave(shared: Shared) {
    const { feed } = shared
    shared.feed = undefined
    feed?.close()
  }

  function start(shared: Shared, cursor: string | undefined) {
    leave(shared)
    shared.cursor = cursor
    shared.pages = []
    if (cursor === undefined) shared.rows = undefined
    else shared.head ??= cursor
    const { feed, filter } = shared.wish
    // What an earlier feed of it still says, and what this one says before it is known, is not heard.
    const isCurrent = () => shared.feed === opened
    let opened: Feed | undefined
    const whenKnown = (run: () => void) => (opened === undefined ? queueMicrotask(() => isCurrent() && run()) : isCurrent() && run())
    opened = shared.feed = open({
      feed,
      filter,
      cursor,
      onStart: (at) => whenKnown(() => begins(shared, at)),
      onFrame: (frame) => whenKnown(() => take(shared, frame)),
      onStatus: (status) => whenKnown(() => tellStatus(shared, status)),
      onRefused: (refusal) =>
        whenKnown(() => {
          // A cursor that was kept for long may be none any more; the rows are.
          if (refusal.code === 'BAD_CURSOR' && feed === 'state' && cursor !== undefined) return start(shared, undefined)
          all.delete(shared.name)
          tell(shared, { kind: 'refused', name: shared.name, code: refusal.code, message: refusal.message })
        }),
    })
    tellStatus(shared, opened.status())
  }

  function begins(shared: Shared, at: string) {
    shared.cursor ??= at
    shared.head ??= at
    tell(shared, { kind: 'begin', name: shared.name, cursor: shared.head })
    // Who asked for more while it was not known where it would begin.
    for (const asked of [...shared.readers.values()]) if (asked.cursor !== undefined) serve(shared, asked)
  }

  function take(shared: Shared, frame: ServerFrame) {
    if (frame.kind === 'snapshot') {
      if (shared.pages[0]?.cursor !== frame.cursor) shared.pages = []
      shared.pages.push(frame)
      if (!frame.last) return
      shared.rows = createHeldRows(
        shared.pages.flatMap(({ rows }) => rows),
        frame.truncated,
      )
      shared.cursor = frame.cursor
      pass(shared, shared.pages)
      shared.pages = []
      return
    }
    if (frame.kind === 'resync') {
      shared.rows = undefined
      shared.head = undefined
    }
    if (frame.kind === 'delta') shared.rows?.apply(frame)
    if ('cursor' in frame) {
      shared.cursor = frame.cursor
      shared.head = shared.head === undefined ? frame.cursor : (later(shared.head, frame.cursor) ?? frame.cursor)
    }
    pass(shared, [frame])
  }

  function serve(shared: Shared, { reader, cursor }: { readonly reader: Reader; readonly cursor: string | undefined }) {
    const { feed, wish } = shared
    if (feed === undefined) return start(shared, beginningOf(shared))
    tellStatus(shared, feed.status(), reader)
    if (wish.feed === 'state') {
      // All of them come with the snapshot that is on its way.
      if (shared.cursor === undefined) return
      if (shared.rows !== undefined) {
        if (cursor !== shared.cursor) pass(shared, shared.rows.snapshot(shared.cursor), reader)
      } else if (cursor === undefined) start(shared, undefined)
      else if (!isWithin(shared.cursor, cursor)) start(shared, earlier(shared.cursor, cursor))
      return
    }
    if (cursor === undefined) {
      if (shared.head !== undefined) tell(shared, { kind: 'begin', name: shared.name, cursor: shared.head }, reader)
      return
    }
    if (shared.cursor === undefined || isWithin(shared.cursor, cursor)) return
    const both = earlier(shared.cursor, cursor)
    // The reader's log is gone.
    if (both === undefined) pass(shared, [{ kind: 'resync', sub: '', cursor: shared.head ?? shared.cursor, reason: 'epoch' }], reader)
    else start(shared, both)
  }

  function forget(shared: Shared, key: string) {
    shared.readers.delete(key)
    if (shared.readers.size > 0) return
    all.delete(shared.name)
    leave(shared)
  }

  return {
    take(message) {
      const key = keyOf(message.reader)
      if (message.kind === 'drop') {
        for (const shared of all.values()) if (shared.readers.has(key)) forget(shared, key)
        return
      }
      const name = nameOf(message.wish)
      const shared = all.get(name) ?? { name, wish: message.wish, readers: new Map(), pages: [] }
      all.set(name, shared)
      const asked = { reader: message.reader, cursor: message.cursor }
      shared.readers.set(key, asked)
      if (begun) serve(shared, asked)
    },
    begin() {
      if (begun) return
      begun = true
      for (const shared of [...all.values()]) {
        const cursors = [...shared.readers.values()].flatMap(({ cursor }) => (cursor === undefined ? [] : [cursor]))
        shared.head = cursors.reduce<string | undefined>((most, one) => (most === undefined ? one : (later(most, one) ?? one)), undefined)
        start(shared, beginningOf(shared))
        for (const { reader, cursor } of shared.readers.values())
          if (shared.wish.feed === 'events' && cursor === undefined && shared.head !== undefined)
            tell(shared, { kind: 'begin', name: shared.name, cursor: shared.head }, reader)
      }
    },
    keepOnly(tabs) {
      for (const shared of [...all.values()])
        for (const [key, { reader }] of [...shared.readers]) if (!tabs.has(reader.tab)) forget(shared, key)
    },
    hurry(silentMs) {
      for (const { feed } of all.values()) feed?.hurry(silentMs)
    },
    close() {
      for (const shared of all.values()) leave(shared)
      all.clear()
    },
  }
}

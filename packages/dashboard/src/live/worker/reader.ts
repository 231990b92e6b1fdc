/**
 * One feed of this tab: takes what continues it out of what the leading tab says, wherever that begins, and leaves out what it has.
 * Whichever tab leads, and from wherever it went on, a page is given each event once, and rows up to the newest.
 */
import type { ServerFrame } from '@signalbox/model/live.ts'
import { decodeCursor, earlier, isWithin, later } from '@signalbox/model/live-cursor.ts'
import { nameOf, type Wish } from './messages.ts'
import { type Batch, createOutbox, type Outbox } from './outbox.ts'

export interface FeedReader {
  readonly name: string
  readonly wish: Wish
  readonly outbox: Outbox
  cursor(): string | undefined
  /** Where it begins, if it has not begun. */
  begin(cursor: string): void
  /** Answers whether something is missing between what it has and the frames. */
  take(frames: readonly ServerFrame[]): boolean
}

export function createReader(wish: Wish, from: string | undefined, give: (batch: Batch) => void, mostEvents?: number): FeedReader {
  let cursor = from
  const outbox = createOutbox(give, wish.filter, mostEvents)

  /** What it does not have of events that it has in part. */
  function rest(frame: Extract<ServerFrame, { readonly from: string }>, held: string) {
    if (frame.from === held) return frame
    // Rows are newest ones, of whatever moment: those of a partition that goes back come again.
    if (frame.kind === 'delta') return { ...frame, from: held }
    const reach = { from: held, cursor: later(held, frame.cursor) ?? frame.cursor }
    if (frame.kind !== 'events') return { ...frame, ...reach }
    const { positions } = decodeCursor(held) ?? { positions: [] }
    return { ...frame, ...reach, items: frame.items.filter(({ partition, position }) => position > (positions[partition] ?? 0)) }
  }

  /** Whether it is another reader of the feed whose cursor was of no use. */
  function isOfAnother(frame: Extract<ServerFrame, { kind: 'resync' }>, held: string): boolean {
    // Rows come whole after it, for all readers.
    if (wish.feed === 'state' || earlier(frame.cursor, held) === undefined) return false
    if (frame.reason === 'expired') return isWithin(frame.cursor, held)
    return frame.reason === 'epoch' || isWithin(held, frame.cursor)
  }

  /** Answers whether the frame continues what is held. */
  function takeOne(frame: ServerFrame): boolean {
    if (frame.kind === 'snapshot') {
      if (wish.feed !== 'state') return true
      if (frame.last) cursor = frame.cursor
      outbox.put(frame)
      return true
    }
    if (frame.kind === 'resync') {
      if (cursor !== undefined && isOfAnother(frame, cursor)) return isWithin(frame.cursor, cursor)
      cursor = wish.feed === 'events' ? frame.cursor : undefined
      outbox.put(frame)
      return true
    }
    if (!('from' in frame)) return true
    // A snapshot or the beginning is still to come.
    if (cursor === undefined) return true
    if (frame.from !== cursor && !isWithin(frame.from, cursor)) return false
    if (frame.from !== cursor && isWithin(frame.cursor, cursor)) {
      if (frame.kind === 'heartbeat') outbox.put({ ...frame, from: cursor, cursor })
      return true
    }
    const next = rest(frame, cursor)
    cursor = next.cursor
    outbox.put(next)
    return true
  }

  return {
    name: nameOf(wish),
    wish,
    outbox,
    cursor: () => cursor,
    begin(at) {
      if (wish.feed === 'events') cursor ??= at
    },
    take: (frames) => !frames.every(takeOne),
  }
}

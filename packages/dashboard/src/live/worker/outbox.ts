/**
 * What a page has not been given yet of one feed. It is given a batch when it asks for one, which it does when the last is applied:
 * a busy page gets fewer and larger batches, and what waits for it is bounded by the number of rows, or by `mostEvents`.
 */
import type { Filter, ServerFrame } from '@signalbox/model/live.ts'
import { compact } from './merge.ts'

/** Past it the oldest are left out, and the gap is announced in their place. */
const mostEvents = 10_000
/** Frames after which those that wait are merged, so that rows are held once. */
const compactFrom = 64

export interface Batch {
  readonly frames: readonly ServerFrame[]
  /** Events left out of it because the page did not ask in time. */
  readonly dropped: number
}

export interface Outbox {
  put(frame: ServerFrame): void
  /** The page has applied what it was given. */
  ready(): void
  /** Gives what waits now, whether the page has asked or not: nothing will follow. */
  flush(): void
}

export function createOutbox(give: (batch: Batch) => void, filter: Filter = {}, most = mostEvents): Outbox {
  let waiting: ServerFrame[] = []
  let events = 0
  let dropped = 0
  let asked = true
  /** Length after the last merge: what cannot be merged is not tried again each time. */
  let merged = 0

  function send() {
    if (!asked || waiting.length === 0) return
    asked = false
    const frames = compact(waiting)
    // A whole snapshot at once would hold the page up: it comes page by page.
    const first = frames.findIndex((frame) => frame.kind === 'snapshot')
    const now = first < 0 ? frames : frames.splice(0, first + 1)
    waiting = first < 0 ? [] : frames
    if (first < 0) events = 0
    merged = waiting.length
    give({ frames: now, dropped })
    dropped = 0
  }

  function shorten() {
    let i = 0
    while (events > most && i < waiting.length - 1) {
      const frame = waiting[i]
      if (frame?.kind === 'events') {
        events -= frame.items.length
        dropped += frame.items.length
        const { sub, from, cursor } = frame
        const query = new URLSearchParams([['feed', 'events'], ['cursor', from], ['until', cursor], ...pairsOf(filter)])
        waiting[i] = { kind: 'gap', sub, from, cursor, reason: 'slow', fetch: `/v1/poll?${query}` }
      }
      i += 1
    }
  }

  return {
    put(frame) {
      // A snapshot's first page and a resync of rows make what came before them void.
      const of = waiting.at(-1)
      const isNew = frame.kind === 'snapshot' && (of?.kind !== 'snapshot' || of.last || of.cursor !== frame.cursor)
      if (isNew) waiting = waiting.filter(({ kind }) => kind === 'resync')
      waiting.push(frame)
      if (frame.kind === 'events') events += frame.items.length
      if (events > most) shorten()
      if (waiting.length >= merged + compactFrom) {
        waiting = events > 0 ? gathered(waiting) : compact(waiting)
        merged = waiting.length
      }
      send()
    },
    ready() {
      asked = true
      send()
    },
    flush() {
      asked = true
      send()
    },
  }
}

/** Events stay in the frames they came in, of which the oldest can be left out one by one; gaps between them are merged. */
function gathered(frames: readonly ServerFrame[]): ServerFrame[] {
  const first = frames.findIndex(({ kind }) => kind === 'events')
  return [...compact(frames.slice(0, first)), ...frames.slice(first)]
}

const pairsOf = (filter: Filter) =>
  Object.entries(filter).flatMap(([name, values]) => (values as readonly string[]).map((value) => [name, value] as [string, string]))

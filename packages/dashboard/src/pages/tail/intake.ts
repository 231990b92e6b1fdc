/**
 * Fills a buffer with the events of a filter: those before the page was opened, then each as it is stored.
 *
 * Outside React, and as cheap for an event as it can be: at ten thousand a second all are counted, what could not be read is not held.
 * Whoever draws is told at most ten times a second that something has changed.
 */
import type { FeedStatus } from '@signalbox/client/feed.ts'
import type { StoredEvent } from '@signalbox/model/event.ts'
import type { Filter } from '@signalbox/model/live.ts'
import { openPageFeed } from '../../live/feeds.ts'
import { fetchJson, schedule } from '../../live/live.ts'
import { keptEvents, noteEvents } from '../../offline/events.ts'
import { levelOf } from './brief.ts'
import { createBuffer, type Line, mostLines } from './buffer.ts'
import { createHistory } from './history.ts'
import type { Test } from './language/evaluate.ts'
import { createSampler, type Sampler } from './sample.ts'
import { createView, type View } from './view.ts'

/** Events from before the page was opened. */
const historyEvents = 200
const tellEveryMs = 100
/** While more comes than anybody reads. */
const tellSeldomMs = 250
/** Pages looked through in one go for a line that matches, or for a moment. */
const mostPages = 40

export interface Counters {
  /** Events that came live. */
  readonly received: number
  /** Of them, those that pass the page's part of the filter. */
  readonly wanted: number
  /** Not held, so that the others can be read. */
  readonly skipped: number
  /** Within gaps that the server announced, or refused. */
  readonly gaps: number
}

export interface Intake {
  readonly view: View
  readonly left: () => number
  readonly held: () => number
  readonly sampler: Sampler
  readonly counters: () => Counters
  /** What the page looks for: those lines have their own share of what is held. */
  want(test: Test): void
  /** The first page of history is there. */
  readonly isLoaded: () => boolean
  readonly problem: () => string | undefined
  readonly state: () => FeedStatus['state'] | undefined
  readonly isReading: () => boolean
  readonly isAtStart: () => boolean
  /** Reads older pages until a line matches; or, with `since` (epoch ms), until that moment. */
  older(since?: number): Promise<void>
  watch(listener: () => void): () => void
  close(): void
}

const why = { slow: 'this page was too slow for them', expired: 'they left with the retention' } as const

/**
 * `at`: the past moment that is shown, epoch ms; then nothing comes live. Without network it shows what the browser kept, and says by
 * `onBack` that the server is there: begin again.
 */
export function openIntake(filter: Filter, at: number | undefined, onBack: () => void): Intake {
  const buffer = createBuffer(mostLines)
  const view = createView(buffer)
  const history = createHistory(filter, at, fetchJson)
  const sampler = createSampler(() => performance.now())
  const listeners = new Set<() => void>()
  let test: Test = () => true
  let received = 0
  let wanted = 0
  let skipped = 0
  let gaps = 0
  let isOpen = true
  let isLoaded = false
  let problem: string | undefined
  let state: FeedStatus['state'] | undefined
  let reading: Promise<void> | undefined

  let toldAt = 0
  let isTelling = false
  /** At once where it has been quiet. */
  const tell = () => {
    if (isTelling || !isOpen) return
    isTelling = true
    const say = () =>
      schedule(() => {
        isTelling = false
        toldAt = performance.now()
        if (isOpen) for (const listener of listeners) listener()
      })
    const wait = toldAt + (sampler.oneIn('wanted') > 1 ? tellSeldomMs : tellEveryMs) - performance.now()
    if (wait > 0) setTimeout(say, wait)
    else say()
  }

  const take = (event: StoredEvent) => {
    const level = levelOf(event)
    const isWanted = test(event)
    received += 1
    if (isWanted) wanted += 1
    if (sampler.take(isWanted ? (level === 'error' ? 'errors' : 'wanted') : 'others')) buffer.push(event, level)
    else skipped += 1
  }

  const matches = () => view.lines().filter(({ kind }) => kind === 'event').length
  const timeOf = (line: Line | undefined) => (line?.kind === 'event' ? Date.parse(line.event.time) : Number.POSITIVE_INFINITY)

  async function readOlder(since: number | undefined) {
    const top = view.all().find(({ kind }) => kind === 'event')
    // What was in between has left the buffer since.
    if (buffer.left() > 0 && top?.kind === 'event') history.from(top.event)
    const before = matches()
    for (let page = 0; page < mostPages && isOpen && !history.isDone() && !view.isFull(); page += 1) {
      const events = await history.next()
      if (!isOpen) return
      view.before(events)
      tell()
      if (since === undefined ? matches() > before : timeOf(view.all()[0]) <= since) return
    }
  }
  const failed = (what: string) => (error: Error) => {
    problem = `${what}: ${error.message}`
    tell()
  }
  const readFirst = async () => {
    const events = await history.next(historyEvents)
    view.before(events)
    noteEvents(events)
    problem = undefined
    isLoaded = true
    tell()
  }
  const cannotRead = failed('Earlier events could not be read')

  let asked = false
  const readOnce = () => {
    if (asked) return
    asked = true
    readFirst().catch((error: Error) => {
      asked = false
      cannotRead(error)
    })
  }
  let isKept = false
  const showKept = async () => {
    if (asked || isKept) return
    isKept = true
    view.before(await keptEvents(filter))
    isLoaded = true
    tell()
  }

  const feed =
    at === undefined
      ? openPageFeed({
          feed: 'events',
          filter,
          onStatus(status) {
            state = status.state
            // Only now: what is stored between the history and the feed would be in neither.
            if (state === 'open' && isKept) return onBack()
            if (state === 'open') readOnce()
            else if (state === 'waiting') void showKept()
            tell()
          },
          onFrame(frame) {
            if (frame.kind === 'events') {
              for (const event of frame.items) take(event)
              noteEvents(frame.items)
            } else if (frame.kind === 'gap') {
              gaps += 1
              buffer.gap(`Some events are not shown: ${why[frame.reason]}.`)
            } else if (frame.kind === 'resync') {
              gaps += 1
              buffer.gap('The log is another one, or what was missed is gone: it goes on from here.')
            } else return
            tell()
          },
          onRefused({ message }) {
            problem = message
            tell()
          },
        })
      : undefined
  if (at !== undefined) readOnce()

  return {
    view,
    left: buffer.left,
    held: () => buffer.lines().length,
    sampler,
    counters: () => ({ received, wanted, skipped, gaps }),
    want(next) {
      test = next
    },
    isLoaded: () => isLoaded,
    problem: () => problem,
    state: () => state,
    isReading: () => reading !== undefined,
    isAtStart: () => isLoaded && (history.isDone() || view.isFull()),
    older(since) {
      reading ??= readOlder(since)
        .catch(cannotRead)
        .finally(() => {
          reading = undefined
          tell()
        })
      return reading
    },
    watch(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close() {
      isOpen = false
      feed?.close()
    },
  }
}

/** Events from before, page by page, newest page first. */
import type { StoredEvent } from '@signalbox/model/event.ts'
import type { Filter } from '@signalbox/model/live.ts'

const pageEvents = 500

interface Page {
  readonly items: readonly StoredEvent[]
  readonly next: string | null
}

/** The server bounds by the time of the commit; what an event's commit brought with it was received a little earlier. */
const commitWithinMs = 1_000

export interface History {
  /** The next older ones, oldest first. A page may be empty and not the last: the server looks at a bounded part of the log for each. */
  next(limit?: number): Promise<readonly StoredEvent[]>
  /** There are none before. */
  isDone(): boolean
  /** Begins again with what was received no later than this event. */
  from(event: StoredEvent): void
}

/** `until`: what was committed by then, epoch ms; absent: from the newest on. */
export function createHistory(filter: Filter, until: number | undefined, read: (path: string) => Promise<Page>): History {
  let cursor: string | null | undefined
  let upTo = until
  let newest: string | undefined
  return {
    async next(limit = pageEvents) {
      if (cursor === null) return []
      const query = new URLSearchParams([
        ...Object.entries(filter).flatMap(([name, values]) => (values as readonly string[]).map((value) => [name, value])),
        ['order', 'desc'],
        ['limit', String(limit)],
        ...(upTo === undefined ? [] : [['until', new Date(upTo).toISOString()]]),
        ...(cursor === undefined ? [] : [['cursor', cursor]]),
      ])
      const { items, next } = await read(`/v1/events?${query}`)
      cursor = next
      // Both are RFC 3339 with milliseconds, UTC.
      return items.filter(({ receivedAt }) => newest === undefined || receivedAt <= newest).reverse()
    },
    isDone: () => cursor === null,
    from({ receivedAt }) {
      cursor = undefined
      newest = receivedAt
      upTo = Date.parse(receivedAt) + commitWithinMs
    },
  }
}

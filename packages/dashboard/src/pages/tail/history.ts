/** Events from before, page by page, newest page first. */
import type { StoredEvent } from '@signalbox/model/event.ts'
import type { Filter } from '@signalbox/model/live.ts'

const pageEvents = 500

interface Page {
  readonly items: readonly StoredEvent[]
  readonly next: string | null
}

export interface History {
  /** The next older ones, oldest first. A page may be empty and not the last: the server looks at a bounded part of the log for each. */
  next(limit?: number): Promise<readonly StoredEvent[]>
  /** There are none before. */
  isDone(): boolean
  /** Begins again with what was received until then, epoch ms. */
  from(until: number): void
}

/** `until`: by when it was received, epoch ms; absent: from the newest on. */
export function createHistory(filter: Filter, until: number | undefined, read: (path: string) => Promise<Page>): History {
  let cursor: string | null | undefined
  let upTo = until
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
      return items.toReversed()
    },
    isDone: () => cursor === null,
    from(until) {
      cursor = undefined
      upTo = until
    },
  }
}

/** Feeds of the page's own filters. Screens open them here and nowhere else: how many connections stand behind them is not theirs to know. */
import type { FeedRefused, FeedStatus } from '@signalbox/client/feed.ts'
import type { FeedKind, Filter, ServerFrame } from '@signalbox/model/live.ts'
import { createLink } from './link.ts'

export interface PageFeedOptions {
  readonly feed: FeedKind
  readonly filter?: Filter
  /** Go on after this; absent: a snapshot (state), or from now (events). */
  readonly cursor?: string | undefined
  /** Every frame that continues the feed, in order. */
  readonly onFrame: (frame: ServerFrame) => void
  readonly onStatus?: (status: FeedStatus) => void
  readonly onRefused?: (refusal: FeedRefused) => void
}

export interface PageFeed {
  readonly status: () => FeedStatus
  close(): void
}

let link: ReturnType<typeof createLink> | undefined

export function openPageFeed(options: PageFeedOptions): PageFeed {
  link ??= createLink()
  return link(options)
}

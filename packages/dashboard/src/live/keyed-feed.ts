/** A feed with the read key that its page holds, if any. */
import { type Feed, type FeedOptions, openFeed } from '@signalbox/client/feed.ts'

/** A browser's WebSocket takes no headers: with a key the feed goes over fetch. */
export const openKeyedFeed = (options: FeedOptions, key: string | undefined): Feed =>
  openFeed(key === undefined ? options : { ...options, key, transports: ['sse', 'poll'] })

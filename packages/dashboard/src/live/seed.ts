/** The fleet's rows as they were when the page was last open, shown until the server's come; and the rows of now, to be kept for then. */
import { noteSeed } from './connection.ts'
import { store } from './live.ts'
import type { LiveSnapshot } from './store.ts'

/**
 * Call it before `startLive`: shows the rows at once, and the feed goes on after their cursor instead of asking for all of them again.
 * `savedAt`, epoch ms by this machine's clock: until a frame comes the badge says of when the data is.
 * Rows that are not whole are shown, and the feed asks for all of them.
 */
export function seedLive({ rows, cursor, truncated }: LiveSnapshot, savedAt: number, isWhole = true): void {
  store.push({ kind: 'snapshot', sub: '', cursor, rows, last: true, truncated })
  noteSeed({ cursor: isWhole ? cursor : undefined, savedAt })
}

/** The rows that the page's main feed has brought, and their cursor; undefined before the first snapshot is applied. */
export const liveSnapshot = (): LiveSnapshot | undefined => store.snapshot()

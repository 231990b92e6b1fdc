/** What the connection badge says: a pure function of what is known of the feed and the view. */
import { age, clock } from '../text.ts'
import type { Connection } from './connection.ts'

export interface Badge {
  readonly state: 'live' | 'paused' | 'catching up' | 'connecting' | 'reconnecting' | 'offline' | 'draining' | 'unauthorised' | 'refused'
  readonly tone: 'good' | 'wait' | 'bad'
  /** Changes with the state only: it is spoken. */
  readonly words: string
  /** May change each second. */
  readonly detail: string
  /** In absolute time. */
  readonly hover: string
}

const names = { ws: 'WebSocket', sse: 'SSE', poll: 'long poll' } as const
/** Behind by less than this is live. */
const behindFromMs = 3_000

export function badgeOf(connection: Connection, view: { readonly paused: boolean; readonly buffered: number }, now: number): Badge {
  const { status, heardAt, newestAt, refused, since } = connection
  const newest = newestAt === 0 ? 'no events yet' : `newest event ${age(now - newestAt)} ago`
  const hover = `${newestAt === 0 ? 'no events yet' : `newest event at ${new Date(newestAt).toISOString()}`}${status.reason === undefined ? '' : ` · ${status.reason}`}`
  const data = () => (heardAt === 0 ? 'nothing received yet' : `showing data of ${clock(heardAt)}`)
  if (refused === 'UNAUTHENTICATED' || refused === 'FORBIDDEN')
    return { state: 'unauthorised', tone: 'bad', words: 'unauthorised', detail: 'the server asks for a read key', hover }
  if (refused !== undefined) return { state: 'refused', tone: 'bad', words: 'refused', detail: status.reason ?? refused, hover }
  if (!connection.online) return { state: 'offline', tone: 'bad', words: 'offline', detail: data(), hover }
  if (status.state !== 'open') {
    if (status.reason?.includes('DRAINING') === true)
      return { state: 'draining', tone: 'wait', words: 'server draining, moving', detail: data(), hover }
    if (heardAt === 0 && status.attempts === 0)
      return { state: 'connecting', tone: 'wait', words: 'connecting …', detail: names[status.transport], hover }
    return { state: 'reconnecting', tone: 'bad', words: 'reconnecting', detail: `since ${clock(since)} · ${data()}`, hover }
  }
  if (view.paused)
    return {
      state: 'paused',
      tone: 'wait',
      words: 'paused',
      detail: `${view.buffered.toLocaleString('en')} buffered · space resumes`,
      hover,
    }
  // Old changes that came just now; after a quiet while nothing is known to be missing.
  if (connection.behindMs >= behindFromMs && now - status.clockOffsetMs - heardAt < behindFromMs)
    return {
      state: 'catching up',
      tone: 'wait',
      words: 'catching up',
      detail: `${Math.round(connection.behindMs / 1_000)} s behind`,
      hover,
    }
  return { state: 'live', tone: 'good', words: `live · ${names[status.transport]}`, detail: newest, hover }
}

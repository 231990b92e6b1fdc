/** What the connection badge says: a pure function of what is known of the feed and the view. */
import { heartbeatMs } from '@signalbox/model/live.ts'
import { age, clock, dateTime } from '../text.ts'
import type { Connection } from './connection.ts'
import { rates } from './pace.ts'

export interface Badge {
  readonly state:
    | 'live'
    | 'via another tab'
    | 'reduced rate'
    | 'past'
    | 'paused'
    | 'catching up'
    | 'silent'
    | 'connecting'
    | 'reconnecting'
    | 'offline'
    | 'draining'
    | 'unauthorised'
    | 'refused'
  readonly tone: 'good' | 'wait' | 'bad'
  /** Changes with the state only: it is spoken. */
  readonly words: string
  /** May change each second. */
  readonly detail: string
  /** In absolute time. */
  readonly hover: string
}

/** What the page does with what comes. */
export interface View {
  readonly paused: boolean
  readonly buffered: number
  /** How often a second changes are shown, and how often at best. */
  readonly rate: number
  /** The past moment that is shown, epoch ms. */
  readonly at: number | undefined
}

const names = { ws: 'WebSocket', sse: 'SSE', poll: 'long poll' } as const
/** Behind by less than this is live. */
const behindFromMs = 3_000
/** An idle server says so every `heartbeatMs`; without a word for so much longer it is not known to be there. */
const silentFromMs = heartbeatMs + 10_000
const dayMs = 86_400_000
const [fullRate] = rates

export function badgeOf(connection: Connection, view: View, now: number): Badge {
  const { status, heardAt, newestAt, refused, since, role } = connection
  const newest = newestAt === 0 ? 'no events yet' : `newest event ${age(now - newestAt)} ago`
  const hover = hoverOf(connection)
  const heardMsAgo = now - status.clockOffsetMs - heardAt
  // What was kept may be of another day.
  const heard = () => (heardMsAgo < dayMs ? clock(heardAt) : dateTime(heardAt).slice(0, 16))
  const data = () => (heardAt === 0 ? 'nothing received yet' : `showing data of ${heard()} (${age(heardMsAgo)} ago)`)
  const badge = (state: Badge['state'], tone: Badge['tone'], detail: string, words: string = state): Badge => ({
    state,
    tone,
    words,
    detail,
    hover,
  })
  if (refused === 'UNAUTHENTICATED' || refused === 'FORBIDDEN') return badge('unauthorised', 'bad', 'the server asks for a read key')
  if (refused !== undefined) return badge('refused', 'bad', status.reason ?? refused)
  if (view.at !== undefined) return badge('past', 'wait', dateTime(view.at), 'viewing the past')
  if (!connection.online) return badge('offline', 'bad', `since ${clock(since)} · ${data()}`)
  if (status.state !== 'open') {
    if (status.reason?.includes('DRAINING') === true) return badge('draining', 'wait', data(), 'server draining, moving')
    if (status.attempts === 0 && !role.silent && heardAt === 0) return badge('connecting', 'wait', names[status.transport], 'connecting …')
    return badge('reconnecting', 'bad', `since ${clock(since)} · ${data()}`)
  }
  if (heardAt > 0 && heardMsAgo >= silentFromMs)
    return badge('silent', 'bad', `for ${Math.round(heardMsAgo / 1_000)} s · ${data()}`, 'no word from the server')
  if (view.paused) return badge('paused', 'wait', `${view.buffered.toLocaleString('en')} buffered · space resumes`)
  // Old changes that came just now; after a quiet while nothing is known to be missing.
  if (connection.behindMs >= behindFromMs && heardMsAgo < behindFromMs)
    return badge('catching up', 'wait', `${Math.round(connection.behindMs / 1_000)} s behind`)
  const gaps =
    connection.gaps === 0 ? '' : ` · ${connection.gaps === 1 ? '1 gap' : `${connection.gaps.toLocaleString('en')} gaps`} in events`
  if (view.rate < fullRate) return badge('reduced rate', 'wait', `${view.rate}/s · ${newest}${gaps}`, 'live · reduced rate')
  if (role.role === 'follower') return badge('via another tab', 'good', `${newest}${gaps}`, 'live · via another tab')
  return badge('live', 'good', `${newest}${gaps}`, `live · ${names[status.transport]}`)
}

function hoverOf({ status, newestAt, role, dropped }: Connection): string {
  const parts = [newestAt === 0 ? 'no events yet' : `newest event at ${new Date(newestAt).toISOString()}`]
  if (role.role === 'follower') parts.push(`${names[status.transport]} of another tab`)
  if (role.tabs > 1) parts.push(`${role.tabs} tabs share one connection`)
  if (dropped > 0) parts.push(`${dropped.toLocaleString('en')} events left out because this page was busy`)
  if (status.reason !== undefined) parts.push(status.reason)
  return parts.join(' · ')
}

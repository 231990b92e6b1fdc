/** What is known of the page's main feed, for the badge, the clock and the settings. */
import type { FeedRefused, FeedStatus } from '@signalbox/client/feed.ts'
import type { ServerFrame } from '@signalbox/model/live.ts'
import { create } from 'zustand'
import type { Role } from './worker/messages.ts'

export interface Connection {
  readonly status: FeedStatus
  readonly online: boolean
  /** Since when the state is what it is, by this machine's clock. */
  readonly since: number
  /** When a frame last came, by this machine's clock; 0 before any. */
  readonly heardAt: number
  /** Server time of the newest event, epoch ms; 0 before any. */
  readonly newestAt: number
  /** How old the newest change was when it came, ms; 0 until the server's clock is known. */
  readonly behindMs: number
  /** This tab's part in the connection that the tabs share. */
  readonly role: Role
  /** Events left out of feeds of this page because it was too busy for them; the gap is shown where they are missing. */
  readonly dropped: number
  /** Times that events were left out, here or by the server. */
  readonly gaps: number
  /** The code of a refusal for good. */
  readonly refused?: string | undefined
}

export const useConnection = create<Connection>(() => ({
  status: { state: 'connecting', transport: 'ws', clockOffsetMs: 0, attempts: 0 },
  online: navigator.onLine,
  since: Date.now(),
  heardAt: 0,
  newestAt: 0,
  behindMs: 0,
  role: { role: 'alone', tabs: 1, silent: false },
  dropped: 0,
  gaps: 0,
}))

/** The server is not reached now. */
export const useAway = (): boolean => useConnection(({ status, online }) => !online || status.state !== 'open')

/** Where the main feed goes on, when rows were saved. */
let seededCursor: string | undefined
export const startCursor = (): string | undefined => seededCursor

export function noteSeed({ cursor, savedAt }: { readonly cursor: string | undefined; readonly savedAt: number }): void {
  seededCursor = cursor
  seen = { ...seen, heardAt: savedAt }
  useConnection.setState({ heardAt: savedAt })
}

let knowsClock = false
/** Told to the page at once, then at most so often: what is shown of it has whole seconds. */
const tellEveryMs = 250
let seen: Pick<Connection, 'heardAt' | 'newestAt' | 'behindMs'> & { readonly clockOffsetMs: number } = {
  heardAt: 0,
  newestAt: 0,
  behindMs: 0,
  clockOffsetMs: 0,
}
let telling: ReturnType<typeof setTimeout> | undefined

export function noteFrame(frame: ServerFrame, clockOffsetMs: number): void {
  if (frame.kind === 'heartbeat') knowsClock = true
  let newest = 0
  if (frame.kind === 'snapshot' || frame.kind === 'delta')
    // The server's own word that an agent is lost is not an event of the agent.
    for (const { row } of frame.rows) if ('lastReceivedAt' in row) newest = Math.max(newest, row.lastReceivedAt, row.status?.at ?? 0)
  const heardAt = Date.now()
  const late = frame.kind === 'delta' && newest > 0 && knowsClock
  seen = {
    heardAt,
    newestAt: Math.max(seen.newestAt, newest),
    behindMs: late ? Math.max(0, heardAt + clockOffsetMs - newest) : 0,
    clockOffsetMs,
  }
  if (telling === undefined) tell()
}

function tell() {
  const { clockOffsetMs, ...rest } = seen
  const told = seen
  useConnection.setState(({ status }) => ({
    ...rest,
    status: status.clockOffsetMs === clockOffsetMs ? status : { ...status, clockOffsetMs },
  }))
  telling = setTimeout(() => {
    telling = undefined
    if (seen !== told) tell()
  }, tellEveryMs)
}

export const noteStatus = (status: FeedStatus) => useConnection.setState({ status, since: Date.now() })
export const noteRefusal = ({ code }: FeedRefused) => useConnection.setState({ refused: code })

export const noteRole = (role: Role) => useConnection.setState({ role })
export const noteDropped = (events: number) => useConnection.setState(({ dropped }) => ({ dropped: dropped + events }))
export const noteGap = () => useConnection.setState(({ gaps }) => ({ gaps: gaps + 1 }))

export function watchNetwork(): void {
  for (const name of ['online', 'offline'])
    addEventListener(name, () => useConnection.setState({ online: navigator.onLine, since: Date.now() }))
}

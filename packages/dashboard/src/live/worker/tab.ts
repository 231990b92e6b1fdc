/**
 * One tab's worker. All tabs of a key share the feeds of the one that leads; this one keeps cursors of its own, so that whoever leads next
 * can go on from where it is. Ports are passed in: browsers bring locks and a channel, and where they do not, the tab leads itself.
 */
import type { Clock } from '@signalbox/client/clock.ts'
import type { FeedStatus } from '@signalbox/client/feed.ts'
import { heartbeatMs } from '@signalbox/model/live.ts'
import { createElection, type Locks } from './election.ts'
import { createHub, type Hub, type OpenFeed } from './hub.ts'
import { beatMs, type FromPage, type Peer, type Role, type ToLeader, type ToPage } from './messages.ts'
import { createReader, type FeedReader } from './reader.ts'

interface Channel {
  post(message: Peer): void
  close(): void
}

/** What tabs share: absent where a browser has no locks or no channels. */
interface Shared {
  readonly locks: Locks
  /** Of the lock and the channel; tabs of another key have another. */
  readonly name: string
  readonly openChannel: (hear: (message: Peer) => void) => Channel
}

export interface TabPorts {
  readonly id: string
  readonly shared?: Shared | undefined
  readonly give: (message: ToPage) => void
  readonly open: OpenFeed
  readonly clock: Clock
  readonly visible: boolean
  /** Default that of the outbox. */
  readonly mostEvents?: number | undefined
}

export interface Tab {
  take(message: Exclude<FromPage, { kind: 'start' }>): void
}

/** For the tabs that are there to say from where they go on, before a new leader opens feeds. */
const settleMs = 100
/** Hidden for so long: going through tabs does not move the connection with each step. */
const yieldAfterMs = 2_000
/** Beats without a word of the leader after which a page is told, and after which the lead is taken from it. */
const silentBeats = 3
const stolenBeats = 8

/** After the network was away a connection that says nothing for so long is not believed in. */
const onlineSilentMs = 5_000
/** A heartbeat should have come: the machine may have slept until somebody looked. */
const seenSilentMs = heartbeatMs + 5_000

interface Held {
  readonly reader: FeedReader
  status?: FeedStatus | undefined
  clockOffsetMs: number
  /** It has asked for what is missing, and waits. */
  asked: boolean
}

export function createTab({ id, shared, give, open, clock, visible: begunVisible, mostEvents }: TabPorts): Tab {
  const held = new Map<number, Held>()
  /** The other tabs, and whether they are seen. */
  const peers = new Map<string, boolean>()
  let visible = begunVisible
  let hub: Hub | undefined
  /** Of who leads. */
  let term: string | undefined
  let terms = 0
  let leaderTabs = 1
  let missed = 0
  let channel: Channel | undefined
  let releaseOwn = () => {}
  let cancelTick = () => {}
  let cancelYield: (() => void) | undefined
  let told = ''

  const lockOf = (tab: string) => `${shared?.name} ${tab}`
  const post = (message: Peer) => channel?.post(message)

  function tellRole() {
    const tabs = hub === undefined ? leaderTabs : peers.size + 1
    const role: Role = {
      role: hub === undefined ? 'follower' : tabs === 1 ? 'alone' : 'leader',
      tabs,
      silent: hub === undefined && missed >= silentBeats,
    }
    const text = JSON.stringify(role)
    if (text === told) return
    told = text
    give({ kind: 'role', role })
  }

  const tellStatus = (one: number, entry: Held, status: FeedStatus) => {
    const known = entry.status
    entry.status = status
    if (known !== undefined && (['state', 'transport', 'reason', 'attempts'] as const).every((name) => known[name] === status[name])) return
    give({ kind: 'status', id: one, status })
  }

  function toLeader(message: ToLeader) {
    const mine = hub
    // Later: the hub may be in the middle of telling.
    if (mine !== undefined) queueMicrotask(() => hub === mine && mine.take(message))
    else if (term !== undefined) post(message)
  }
  const want = (one: number, { reader }: Held) =>
    toLeader({ kind: 'want', reader: { tab: id, id: one }, wish: reader.wish, cursor: reader.cursor() })
  const wantAll = () => {
    for (const [one, entry] of held) want(one, entry)
  }

  function lead() {
    const mine: Hub = createHub(open, (said, tabs) => {
      if (hub !== mine || term === undefined) return
      const message = { ...said, term }
      if (tabs.size > 1 || !tabs.has(id)) post(message)
      if (tabs.has(id)) queueMicrotask(() => hear(message))
    })
    hub = mine
    terms += 1
    term = `${id} ${terms}`
    missed = 0
    post({ kind: 'lead', term, tab: id, tabs: peers.size + 1 })
    wantAll()
    // After what was just wanted.
    if (peers.size === 0) queueMicrotask(() => mine.begin())
    else clock.after(settleMs, () => hub === mine && mine.begin())
    tellRole()
    considerYield()
  }

  const election =
    shared &&
    createElection(
      shared.locks,
      shared.name,
      () => {
        if (!mayPassOn()) return lead()
        const at = channel
        void passOn().then((passed) => !passed && channel === at && hub === undefined && lead())
      },
      () => {
        hub?.close()
        hub = undefined
        term = undefined
        tellRole()
      },
    )

  /** A tab that nobody sees leaves the lead to one that somebody does. */
  const mayPassOn = () => !visible && [...peers.values()].includes(true)
  async function passOn(): Promise<boolean> {
    if (shared === undefined || !mayPassOn()) return false
    const { held: locked = [], pending = [] } = await shared.locks.query()
    const living = new Set(locked.map(({ name }) => name))
    const seen = [...peers].some(([tab, isSeen]) => isSeen && living.has(lockOf(tab)))
    if (visible || channel === undefined || !seen || !pending.some(({ name }) => name === shared.name)) return false
    election?.withdraw()
    election?.stand()
    return true
  }

  function considerYield() {
    if (hub === undefined || !mayPassOn()) {
      cancelYield?.()
      cancelYield = undefined
      return
    }
    cancelYield ??= clock.after(yieldAfterMs, () => {
      cancelYield = undefined
      if (hub !== undefined) void passOn()
    })
  }

  function heard() {
    const wasSilent = missed >= silentBeats
    missed = 0
    if (!wasSilent) return
    tellRole()
    wantAll()
  }

  function hear(message: Peer) {
    switch (message.kind) {
      case 'here':
        peers.set(message.tab, message.visible)
        if (message.visible) hub?.hurry(seenSilentMs)
        if (message.asks) {
          post({ kind: 'here', tab: id, visible, asks: false })
          if (hub !== undefined && term !== undefined) post({ kind: 'lead', term, tab: id, tabs: peers.size + 1 })
        }
        considerYield()
        return tellRole()
      case 'gone':
        peers.delete(message.tab)
        hub?.keepOnly(new Set([id, ...peers.keys()]))
        return tellRole()
      case 'lead':
        if (hub !== undefined) return
        if (!peers.has(message.tab)) peers.set(message.tab, false)
        leaderTabs = message.tabs
        if (message.term === term) heard()
        else {
          term = message.term
          missed = 0
          wantAll()
        }
        return tellRole()
      case 'want':
        if (!peers.has(message.reader.tab)) peers.set(message.reader.tab, false)
        return hub?.take(message)
      case 'drop':
        return hub?.take(message)
      default:
    }
    if (message.term !== term) return
    heard()
    for (const [one, entry] of [...held]) {
      const { reader } = entry
      if (reader.name !== message.name || (message.to !== undefined && (message.to.tab !== id || message.to.id !== one))) continue
      if (message.kind === 'begin') reader.begin(message.cursor)
      else if (message.kind === 'status') tellStatus(one, entry, message.status)
      else if (message.kind === 'refused') {
        reader.outbox.flush()
        held.delete(one)
        give({ kind: 'refused', id: one, code: message.code, message: message.message })
      } else {
        entry.clockOffsetMs = message.clockOffsetMs
        const isMissing = reader.take(message.frames)
        if (!isMissing) entry.asked = false
        else if (!entry.asked) {
          entry.asked = true
          want(one, entry)
        }
      }
    }
  }

  function beat() {
    cancelTick = clock.after(beatMs, beat, true)
    // What was asked for and never came is asked for again.
    for (const [one, entry] of held) {
      entry.asked = false
      if (entry.status === undefined || entry.reader.cursor() === undefined) want(one, entry)
    }
    if (hub !== undefined && term !== undefined) {
      post({ kind: 'lead', term, tab: id, tabs: peers.size + 1 })
      return void prune()
    }
    missed += 1
    if (missed === silentBeats)
      for (const [one, entry] of held) {
        const last = entry.status ?? { transport: 'ws', clockOffsetMs: 0, attempts: 0 }
        tellStatus(one, entry, { ...last, state: 'waiting', reason: 'the tab that is connected does not answer' })
      }
    if (missed === stolenBeats) {
      missed = 0
      election?.stand(true)
    }
    tellRole()
  }

  /** A tab that crashed says nothing; its lock is free. */
  async function prune() {
    if (shared === undefined || peers.size === 0) return
    const { held: locked = [] } = await shared.locks.query()
    const living = new Set(locked.map(({ name }) => name))
    for (const tab of [...peers.keys()]) if (!living.has(lockOf(tab))) peers.delete(tab)
    hub?.keepOnly(new Set([id, ...peers.keys()]))
    tellRole()
  }

  function join() {
    if (shared === undefined) return hub === undefined ? lead() : undefined
    if (channel !== undefined) return
    const mine = shared.openChannel((message) => channel === mine && hear(message))
    channel = mine
    told = ''
    void shared.locks.request(
      lockOf(id),
      {},
      () =>
        new Promise<void>((resolve) => {
          if (channel !== mine) return resolve()
          releaseOwn = resolve
          post({ kind: 'here', tab: id, visible, asks: true })
          election?.stand()
          cancelTick()
          cancelTick = clock.after(beatMs, beat, true)
        }),
    )
  }

  function leave() {
    if (channel === undefined) return
    post({ kind: 'gone', tab: id })
    election?.withdraw()
    cancelTick()
    releaseOwn()
    channel.close()
    channel = undefined
    term = undefined
    peers.clear()
  }

  join()
  return {
    take(message) {
      switch (message.kind) {
        case 'open': {
          const entry: Held = {
            reader: createReader(
              message.wish,
              message.cursor,
              (batch) => give({ kind: 'batch', id: message.id, clockOffsetMs: entry.clockOffsetMs, ...batch }),
              mostEvents,
            ),
            clockOffsetMs: 0,
            asked: false,
          }
          held.set(message.id, entry)
          return want(message.id, entry)
        }
        case 'close':
          if (held.delete(message.id)) toLeader({ kind: 'drop', reader: { tab: id, id: message.id } })
          return
        case 'applied':
          for (const one of message.ids) held.get(one)?.reader.outbox.ready()
          return
        case 'visible':
          visible = message.visible
          if (visible) hub?.hurry(seenSilentMs)
          post({ kind: 'here', tab: id, visible, asks: false })
          return considerYield()
        case 'leave':
          return leave()
        case 'return':
          return join()
        case 'online':
          return hub?.hurry(onlineSilentMs)
      }
    },
  }
}

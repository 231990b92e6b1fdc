/**
 * One tab's worker. All tabs of a key share the feeds of the one that leads; this one keeps cursors of its own, so that whoever leads next
 * can go on from where it is. Ports are passed in: browsers bring locks and a channel, and where they do not, the tab leads itself.
 */
import type { Clock } from '@signalbox/client/clock.ts'
import { heartbeatMs } from '@signalbox/model/live.ts'
import type { Locks } from './election.ts'
import type { OpenFeed } from './hub.ts'
import { createLeadership } from './leadership.ts'
import { beatMs, type FromPage, type Peer, type Role, type ToLeader, type ToPage } from './messages.ts'
import { createPeers, lockOf } from './peers.ts'
import { createReaders } from './readers.ts'

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

/** Beats without a word of the leader after which a page is told, and after which the lead is taken from it. */
const silentBeats = 3
const stolenBeats = 8

/** After the network was away a connection that says nothing for so long is not believed in. */
const onlineSilentMs = 5_000
/** A heartbeat should have come: the machine may have slept until somebody looked. */
const seenSilentMs = heartbeatMs + 5_000

export function createTab({ id, shared, give, open, clock, visible: begunVisible, mostEvents }: TabPorts): Tab {
  let visible = begunVisible
  /** Of who leads. */
  let term: string | undefined
  let leaderTabs = 1
  let missed = 0
  let channel: Channel | undefined
  let releaseOwn = () => {}
  let cancelTick = () => {}
  let told = ''

  const post = (message: Peer) => channel?.post(message)
  const peers = createPeers(shared)
  const readers = createReaders({ tab: id, give, toLeader, mostEvents })
  const leadership = createLeadership({
    id,
    shared,
    peers,
    open,
    clock,
    post,
    hear,
    isVisible: () => visible,
    joined: () => channel,
    onLead(mine) {
      term = mine
      missed = 0
      readers.wantAll()
    },
    onLost() {
      term = undefined
    },
    onRole: tellRole,
  })
  const { hub } = leadership

  function tellRole() {
    const leads = hub() !== undefined
    const tabs = leads ? peers.count() + 1 : leaderTabs
    const role: Role = { role: !leads ? 'follower' : tabs === 1 ? 'alone' : 'leader', tabs, silent: !leads && missed >= silentBeats }
    const text = JSON.stringify(role)
    if (text === told) return
    told = text
    give({ kind: 'role', role })
  }

  function toLeader(message: ToLeader) {
    const mine = hub()
    // Later: the hub may be in the middle of telling.
    if (mine !== undefined) queueMicrotask(() => hub() === mine && mine.take(message))
    else if (term !== undefined) post(message)
  }
  const keepOnlyThose = () => hub()?.keepOnly(new Set([id, ...peers.tabs()]))

  function heard() {
    const wasSilent = missed >= silentBeats
    missed = 0
    if (!wasSilent) return
    tellRole()
    readers.wantAll()
  }

  function hear(message: Peer) {
    switch (message.kind) {
      case 'here':
        peers.note(message.tab, message.visible)
        if (message.visible) hub()?.hurry(seenSilentMs)
        if (message.asks) {
          post({ kind: 'here', tab: id, visible, asks: false })
          leadership.announce()
        }
        leadership.considerYield()
        return tellRole()
      case 'gone':
        peers.forget(message.tab)
        keepOnlyThose()
        return tellRole()
      case 'lead':
        if (hub() !== undefined) return
        peers.spoke(message.tab)
        leaderTabs = message.tabs
        if (message.term === term) heard()
        else {
          term = message.term
          missed = 0
          readers.wantAll()
        }
        return tellRole()
      case 'want':
        peers.spoke(message.reader.tab)
        return hub()?.take(message)
      case 'drop':
        return hub()?.take(message)
      default:
        if (message.term !== term) return
        heard()
        readers.hear(message)
    }
  }

  function beat() {
    cancelTick = clock.after(beatMs, beat, true)
    readers.askAgain()
    if (hub() !== undefined) {
      leadership.announce()
      return void prune()
    }
    missed += 1
    if (missed === silentBeats) readers.tellSilent()
    if (missed === stolenBeats) {
      missed = 0
      leadership.stand(true)
    }
    tellRole()
  }

  async function prune() {
    if (peers.count() === 0) return
    await peers.prune()
    keepOnlyThose()
    tellRole()
  }

  function join() {
    if (shared === undefined) return hub() === undefined ? leadership.lead() : undefined
    if (channel !== undefined) return
    const mine = shared.openChannel((message) => channel === mine && hear(message))
    channel = mine
    told = ''
    void shared.locks.request(
      lockOf(shared.name, id),
      {},
      () =>
        new Promise<void>((resolve) => {
          if (channel !== mine) return resolve()
          releaseOwn = resolve
          post({ kind: 'here', tab: id, visible, asks: true })
          leadership.stand()
          cancelTick()
          cancelTick = clock.after(beatMs, beat, true)
        }),
    )
  }

  function leave() {
    if (channel === undefined) return
    post({ kind: 'gone', tab: id })
    leadership.withdraw()
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
        case 'open':
          return readers.open(message.id, message.wish, message.cursor)
        case 'close':
          return readers.close(message.id)
        case 'applied':
          return readers.applied(message.ids)
        case 'visible':
          visible = message.visible
          if (visible) hub()?.hurry(seenSilentMs)
          post({ kind: 'here', tab: id, visible, asks: false })
          return leadership.considerYield()
        case 'leave':
          return leave()
        case 'return':
          return join()
        case 'online':
          return hub()?.hurry(onlineSilentMs)
      }
    },
  }
}

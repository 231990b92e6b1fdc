/** This tab's turn to lead: the hub that it then has, and when it leaves the lead to a tab that somebody sees. */
import type { Clock } from '@signalbox/client/clock.ts'
import { createElection, type Locks } from './election.ts'
import { createHub, type Hub, type OpenFeed } from './hub.ts'
import type { FromLeader, Peer } from './messages.ts'
import type { Peers } from './peers.ts'

/** For the tabs that are there to say from where they go on, before a new leader opens feeds. */
const settleMs = 100
/** Hidden for so long: going through tabs does not move the connection with each step. */
const yieldAfterMs = 2_000

export interface Leadership {
  /** Undefined while another tab leads. */
  hub(): Hub | undefined
  /** At once: there is nobody to stand against. */
  lead(): void
  /** Stands in the queue, or takes the lead of one that does not answer. */
  stand(steal?: boolean): void
  withdraw(): void
  /** Says that it leads, if it does. */
  announce(): void
  /** After what is seen has changed. */
  considerYield(): void
}

export interface LeadershipPorts {
  readonly id: string
  readonly shared: { readonly locks: Locks; readonly name: string } | undefined
  readonly peers: Peers
  readonly open: OpenFeed
  readonly clock: Clock
  readonly post: (message: Peer) => void
  /** What it says of a feed that it reads itself. */
  readonly hear: (message: FromLeader) => void
  readonly isVisible: () => boolean
  /** Of the channel that is joined now; undefined while the tab is put away. */
  readonly joined: () => object | undefined
  readonly onLead: (term: string) => void
  readonly onLost: () => void
  readonly onRole: () => void
}

export function createLeadership(ports: LeadershipPorts): Leadership {
  const { id, shared, peers, open, clock, post, hear, isVisible, joined, onLead, onLost, onRole } = ports
  let leading: { readonly hub: Hub; readonly term: string } | undefined
  let terms = 0
  let cancelYield: (() => void) | undefined

  function announce() {
    if (leading !== undefined) post({ kind: 'lead', term: leading.term, tab: id, tabs: peers.count() + 1 })
  }

  function lead() {
    terms += 1
    const term = `${id} ${terms}`
    const hub = createHub(open, (said, tabs) => {
      if (leading !== mine) return
      const message = { ...said, term }
      if (tabs.size > 1 || !tabs.has(id)) post(message)
      if (tabs.has(id)) queueMicrotask(() => hear(message))
    })
    const mine = { hub, term }
    leading = mine
    announce()
    onLead(term)
    // After what was just wanted.
    if (peers.count() === 0) queueMicrotask(() => hub.begin())
    else clock.after(settleMs, () => leading === mine && hub.begin())
    onRole()
    considerYield()
  }

  const election =
    shared &&
    createElection(
      shared.locks,
      shared.name,
      () => {
        if (!mayPassOn()) return lead()
        const at = joined()
        void passOn().then((passed) => !passed && joined() === at && leading === undefined && lead())
      },
      () => {
        leading?.hub.close()
        leading = undefined
        onLost()
        onRole()
      },
    )

  const mayPassOn = () => !isVisible() && peers.anySeen()
  async function passOn(): Promise<boolean> {
    if (!mayPassOn()) return false
    const can = await peers.canTakeOver()
    if (isVisible() || joined() === undefined || !can) return false
    election?.withdraw()
    election?.stand()
    return true
  }

  function considerYield() {
    if (leading === undefined || !mayPassOn()) {
      cancelYield?.()
      cancelYield = undefined
      return
    }
    cancelYield ??= clock.after(yieldAfterMs, () => {
      cancelYield = undefined
      if (leading !== undefined) void passOn()
    })
  }

  return {
    hub: () => leading?.hub,
    lead,
    stand: (steal) => election?.stand(steal),
    withdraw: () => election?.withdraw(),
    announce,
    considerYield,
  }
}

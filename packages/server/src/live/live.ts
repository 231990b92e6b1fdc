/**
 * Live: tails commits and serves feeds, the same over every transport.
 *
 * In: commits from the bus, subscriptions from transports. Out: frames. Promises: what a reader gets is the log's order, without
 * doubles; what it does not get is announced (`gap`, `resync`); a reader that does not read costs its place in the log and a bounded
 * buffer, and delays nobody.
 */
import type { FeedKind, Filter, ServerFrame } from '@signalbox/model/live.ts'
import type { Heads } from '../store/store.ts'
import type { Encoded, Framing } from './frames.ts'
import type { Limits, Page, Pages, Range } from './pages.ts'
import type { Place } from './place.ts'
import type { Outlet } from './session.ts'
import type { Snapshot } from './snapshots.ts'

export interface HubConfig {
  readonly ringBytes: number
  readonly flushMs: number
  readonly socketBytes: number
  readonly maxLagEvents: number
  readonly slowCloseMs: number
  readonly heartbeatMs: number
  readonly maxConnections: number
}

export interface Subscription {
  readonly tenant: string
  readonly feed: FeedKind
  readonly filter: Filter
  readonly framing: Framing
  /** Positions to go on after; absent: from a snapshot (state) or from now (events). */
  readonly cursor?: Heads | undefined
  /** Events from the oldest kept. */
  readonly fromStart?: boolean | undefined
}

export interface Subscribed {
  readonly sub: string
  /** The transport can take more, or the client credited bytes. */
  drained(): void
  close(): void
}

/** A feed read by asking, not pushed. */
export interface Reading {
  readonly pages: Pages
  place(): Promise<Place>
  snapshot(): Promise<Snapshot>
  readonly heads: () => readonly number[]
  readonly cursorOf: (positions: readonly number[]) => string
  /** Counts what was sent. */
  delivered(frames: readonly Encoded[]): void
  /** From memory where it is there, else from the store. */
  next(range: Range, limits: Limits): Promise<Page>
  close(): void
}

export type Transport = 'websocket' | 'sse' | 'poll'

export interface Hub {
  start(): Promise<void>
  stop(): void
  /** Undefined when there is no room for another connection. `leave` gives the room back. */
  enter(transport: Transport, onDrain: (goaway: ServerFrame) => void): { leave(): void } | undefined
  subscribe(subscription: Subscription, outlet: Outlet): Subscribed
  read(subscription: Subscription): Reading
  /** Calls after each flush that follows commits. */
  onFlush(listener: () => void): () => void
  /** Cursor of the newest commit known here. */
  cursor(): string
  /** Tells every connection to come back later, spread so that they do not come at once. */
  drain(): void
  readonly socketBytes: number
  /** For transports that see more of their peer than the bytes that wait for it. */
  readonly slow: { readonly closeMs: number; closed(): void }
}

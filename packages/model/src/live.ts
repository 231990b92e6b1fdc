/**
 * The live protocol, shared by both ends: one feed, three transports (WebSocket `/v1/live`, SSE `/v1/stream`, long poll `/v1/poll`).
 *
 * Continuity: a client holds a cursor; each frame that moves it carries `from` (must equal the client's) and `cursor` (the new one).
 * Every intended omission is a `gap`; lost history is a `resync`, followed by a `snapshot` (state),
 * or by events after the resync's `cursor` (events): from the oldest kept where history expired, from now on where the log is another.
 */

import type { StoredEvent } from './event.ts'
import type { ChangedRow, RowKey, Table } from './rows.ts'

export type FeedKind = 'events' | 'state'

/** Values of one field are alternatives, fields are combined. A type ending in `.*` is a prefix. */
export interface Filter {
  readonly run?: readonly string[]
  readonly agent?: readonly string[]
  readonly type?: readonly string[]
  readonly task?: readonly string[]
}

/** A changed row with the partition it belongs to: agents are joined by the reader. */
export interface LiveRow extends ChangedRow {
  readonly partition: number
}

/** A row that no longer passes the filter, or, on a feed without `run`, a call or task that ended (a task stays where `task` names it): forget it. It may be one that was never sent. */
export interface RemovedRow extends RowKey {
  readonly partition: number
}

export type ServerFrame =
  /** State feed: rows as of `cursor` that pass the filter; of agents with a filter by `run` who takes part in it; of calls and tasks the open ones, with a filter by `run` its newest closed calls, all its tasks and its edges too, with one by `task` that task. Pages share one `cursor`; `last` ends it, and names what is `truncated`: tables of which only the rows that changed last are sent. */
  | {
      readonly kind: 'snapshot'
      readonly sub: string
      readonly cursor: string
      readonly rows: readonly LiveRow[]
      readonly last: boolean
      readonly truncated?: readonly Table[]
    }
  /** State feed: newest row of each key that changed in (from, cursor] and passes the filter; `removed`: keys that did and no longer do. */
  | {
      readonly kind: 'delta'
      readonly sub: string
      readonly from: string
      readonly cursor: string
      readonly rows: readonly LiveRow[]
      readonly removed?: readonly RemovedRow[]
    }
  /** Event feed: every matching event in (from, cursor], ordered within each partition. */
  | {
      readonly kind: 'events'
      readonly sub: string
      readonly from: string
      readonly cursor: string
      readonly items: readonly StoredEvent[]
    }
  /** Matching events in (from, cursor] that are not sent; `fetch` is the path that returns them while retained. `expired`: the day of their ids was dropped; whether any matched is not known. */
  | {
      readonly kind: 'gap'
      readonly sub: string
      readonly from: string
      readonly cursor: string
      readonly reason: 'slow' | 'expired'
      readonly fetch: string
    }
  /** The client's cursor is of no use (epoch changed, history gone): forget state. */
  | { readonly kind: 'resync'; readonly sub: string; readonly cursor: string; readonly reason: 'epoch' | 'expired' | 'future' }
  /** Nothing matched up to `cursor`. */
  | { readonly kind: 'heartbeat'; readonly sub: string; readonly from: string; readonly cursor: string; readonly serverTime: number }
  /** WebSocket: answer to `subscribe`; later frames of it carry `sub`. Clients with the same feed, filter and codec share a `sub`. */
  | { readonly kind: 'subscribed'; readonly ref: string; readonly sub: string; readonly cursor: string }
  /** WebSocket: answer to `auth`. What is subscribed from now on is the key's. */
  | { readonly kind: 'welcome' }
  /** WebSocket: with `ref` that subscription is refused and the others go on; without one the socket closes. `code`: see refusals.ts. */
  | { readonly kind: 'error'; readonly ref?: string; readonly code: string; readonly message: string }
  /** The server stops: reconnect after a random time within `reconnectInMs`. */
  | { readonly kind: 'goaway'; readonly reason: 'drain'; readonly reconnectInMs: readonly [number, number] }

/**
 * WebSocket, client to server. A connection whose URL has `feed` in its query is subscribed at once (with `auth`, once it is welcome) with
 * ref "url".
 * `credit` in the URL query (bytes) turns the credit window on: the server has at most that many frame bytes unacknowledged.
 */
export type ClientFrame =
  /** First of all and alone, until `welcome`: the key of who could not send it on the upgrade. */
  | { readonly kind: 'auth'; readonly key: string }
  | {
      readonly kind: 'subscribe'
      readonly ref: string
      readonly feed: FeedKind
      readonly filter?: Filter
      readonly cursor?: string
      /** Events without a cursor: from the oldest kept. */
      readonly from?: 'start'
    }
  | { readonly kind: 'unsubscribe'; readonly sub: string }
  | { readonly kind: 'ack'; readonly bytes: number }
  | { readonly kind: 'ping' }

export const heartbeatMs = 20_000
/** Without a frame for this long a peer is dead. */
export const deadAfterMs = 45_000

/** Longest that a WebSocket without a key may wait for its `auth`. */
export const authWithinMs = 5_000

export const closeCodes = {
  restart: 1012,
  tryLater: 1013,
  unauthenticated: 4001,
  slowConsumer: 4008,
  protocol: 4010,
  tooLarge: 4013,
} as const

/** WebSocket ingest on `/v1/ingest`, in the codec of the subprotocol: JSON, MessagePack or Protobuf. */
export type IngestClientFrame = { readonly kind: 'batch'; readonly n: number; readonly events: readonly unknown[] }
export type IngestServerFrame =
  /** First frame: how many events may be unacknowledged; `zstd`: a batch may come compressed, as a binary message. */
  | {
      readonly kind: 'welcome'
      readonly credit: number
      readonly maxBatchEvents: number
      readonly maxFrameBytes: number
      readonly zstd?: boolean
    }
  /** Cumulative: every batch up to and including `n` is committed. Counts are of the batches since the last ack. */
  | {
      readonly kind: 'ack'
      readonly n: number
      readonly accepted: number
      readonly duplicates: number
      readonly refused: readonly (ItemRefusal & { readonly n: number })[]
      readonly durability: Durability
      readonly cursor: string
      readonly credit: number
    }
  /** Batch `n` and all after it are not acknowledged; send them again, with the same ids, after `retryAfterMs`. */
  | { readonly kind: 'retry'; readonly n: number; readonly code: string; readonly message: string; readonly retryAfterMs: number }
  | { readonly kind: 'error'; readonly code: string; readonly message: string }
  | { readonly kind: 'goaway'; readonly reason: 'drain'; readonly reconnectInMs: readonly [number, number] }

export type Durability = 'durable' | 'replicated' | 'volatile'

export interface ItemRefusal {
  readonly index: number
  readonly id?: string | undefined
  readonly code: string
  readonly message: string
}

/**
 * What every client, observer and injector of a run saw, one JSON line each, in the order in which it was written down.
 *
 * An operation is `invoke` and then one of `ok` (it happened), `fail` (it surely did not) or `info` (nobody knows: a timeout, a reset).
 * Checks read nothing else: what is not in the history did not count.
 */

/** ms since the run began, of one monotonic clock: all writers are in one process, so that "before" means before. */
export type Instant = number

export type Durability = 'durable' | 'replicated' | 'volatile'
type Door = 'rest' | 'ws' | 'sdk'
/** `pages` are queries of `/v1/events`, in whatever order: they have to agree with the log, and are no stream that goes on. */
type Transport = 'ws' | 'sse' | 'poll' | 'pages'

/** An event as a sender made it. `hash` is of its content (`contentHash`), so that content can be compared without being kept. */
export interface Sent {
  readonly id: string
  readonly source: string
  readonly run?: string
  readonly seq?: number
  readonly epoch?: number
  readonly hash: string
  /** Made wrong on purpose: has to be refused, and quarantined where its door says so. */
  readonly poison?: true
  /** What it adds to the totals of its run, where that is known of the event alone: it is the only one of its call. */
  readonly adds?: { readonly inputTokens: number; readonly outputTokens: number; readonly costMicros: number }
}

/** Where an event stands: `[partition, position, id, hash]`. */
export type Place = readonly [partition: number, position: number, id: string, hash: string]

/**
 * One call of a sender; `call` is unique in its process. A call sent again has another number and the same events.
 * Where one answer is of several calls (a WebSocket's `ack`) each of them ends, and any of them has the counts: they are summed by process.
 */
export type SendEntry =
  | { readonly op: 'send'; readonly type: 'invoke'; readonly call: number; readonly door: Door; readonly events: readonly Sent[] }
  | {
      readonly op: 'send'
      readonly type: 'ok'
      readonly call: number
      readonly accepted: number
      readonly duplicates: number
      readonly refused: readonly { readonly index: number; readonly id?: string; readonly code: string }[]
      readonly durability: Durability
      readonly cursor?: string
    }
  | { readonly op: 'send'; readonly type: 'fail' | 'info'; readonly call: number; readonly error: string }

/** An observer of the events feed. After `connect` the stream goes on from `cursor` (null: from now on). */
export type ObserveEntry =
  | {
      readonly op: 'observe'
      readonly type: 'invoke'
      readonly transport: Transport
      /** Position per partition after which the stream begins; null: where the server says. */
      readonly after: Readonly<Record<number, number>> | null
      readonly epoch?: number | string
    }
  | { readonly op: 'observe'; readonly type: 'ok'; readonly places: readonly Place[] }
  /** Announced: positions `from..to` of a partition are not sent. */
  | {
      readonly op: 'observe'
      readonly type: 'ok'
      readonly gap: { readonly partition: number; readonly from: number; readonly to: number }
    }
  /** Announced: go on from here, whatever was before. */
  | {
      readonly op: 'observe'
      readonly type: 'ok'
      readonly resync: { readonly reason: string; readonly at: Readonly<Record<number, number>>; readonly epoch?: number | string }
    }
  | { readonly op: 'observe'; readonly type: 'info'; readonly error: string }

/** An injector. `fired` is what shows that it struck, e.g. the signal that ended the process; a fault without it did not happen. */
type FaultEntry =
  | { readonly op: 'fault'; readonly type: 'invoke'; readonly fault: string; readonly detail?: unknown }
  | { readonly op: 'fault'; readonly type: 'ok'; readonly fault: string; readonly fired: string }
  | { readonly op: 'fault'; readonly type: 'fail'; readonly fault: string; readonly error: string }

/**
 * What was read after healing and quiescence. Rows are the projections' bodies in canonical JSON (`canonicalJson`), by `table/key`, an
 * agent's joined over its partitions. What is long may be told in several entries of one `what` and process, which are taken together.
 * `live` is of one state reader a process.
 */
type FinalEntry =
  | { readonly op: 'final'; readonly type: 'ok'; readonly what: 'log'; readonly places: readonly Place[] }
  | {
      readonly op: 'final'
      readonly type: 'ok'
      /** Events of the log that the server made itself (source `signalbox`): nobody sent them. */
      readonly what: 'own'
      readonly events: readonly Sent[]
    }
  /** Positions that events of other tenants hold, as the server's own canary: in the log, and shown to nobody here. */
  | {
      readonly op: 'final'
      readonly type: 'ok'
      readonly what: 'foreign'
      readonly positions: readonly (readonly [partition: number, position: number])[]
    }
  /** First position that the retention left, by partition; not told: all are there. */
  | { readonly op: 'final'; readonly type: 'ok'; readonly what: 'retained'; readonly from: Readonly<Record<number, number>> }
  /** What an acknowledgement is worth by the store's own settings (`fsync`, `synchronous_commit`, standbys); not told: `durable`. */
  | { readonly op: 'final'; readonly type: 'ok'; readonly what: 'durability'; readonly worth: Durability }
  /** Refused items whose content the server says it could not keep: no room, or the store away. */
  | { readonly op: 'final'; readonly type: 'ok'; readonly what: 'not-kept'; readonly items: number }
  | {
      readonly op: 'final'
      readonly type: 'ok'
      readonly what: 'quarantine'
      readonly items: readonly { readonly id?: string; readonly code: string }[]
    }
  | {
      readonly op: 'final'
      readonly type: 'ok'
      readonly what: 'projection' | 'refold' | 'live'
      readonly rows: Readonly<Record<string, string>>
    }
  /** One life of the server, from its last `/metrics` before it ended or was asked: events by door and fate. Killed lives end before their last scrape, so only lives that ended in peace are conserved. */
  | {
      readonly op: 'final'
      readonly type: 'ok'
      readonly what: 'fates'
      readonly door: string
      readonly received: number
      readonly stored: number
      readonly duplicate: number
      readonly refused: number
      readonly quarantined: number
    }
  | { readonly op: 'final'; readonly type: 'ok'; readonly what: 'chain'; readonly intact: boolean; readonly detail?: string }
  | {
      readonly op: 'final'
      readonly type: 'ok'
      readonly what: 'health'
      readonly ackMs: number
      readonly lag: number
      readonly locks: number
      readonly rssMiB: number
    }

/** What a run must have seen to count: how often. Written by whoever saw it. */
export interface SightEntry {
  readonly op: 'sight'
  readonly type: 'ok'
  readonly sight: 'duplicate-suppressed' | 'ambiguous-ack' | 'fence-rejection' | 'resync' | 'late-event'
  readonly times: number
}

export type HistoryEntry = { readonly t: Instant; readonly process: string } & (
  | SendEntry
  | ObserveEntry
  | FaultEntry
  | FinalEntry
  | SightEntry
)

export type Told = HistoryEntry extends infer E ? (E extends HistoryEntry ? Omit<E, 't' | 'process'> : never) : never

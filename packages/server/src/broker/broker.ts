/**
 * Broker: carries batches of valid events to the sequencer of their partition.
 *
 * In: `Submission`s from the doors. Out: batches to the partition's handler. Promises: order within a partition,
 * at least once; `publish` settles when the events are as safe as `durability` says; it refuses instead of growing.
 * `direct` is the default: in process, settled by the sequencer's commit. `kafka` and `redis` come as siblings and owe `brokerLaws`.
 */
import type { Event, Partition } from '@signalbox/model/event.ts'
import type { Durability } from '@signalbox/model/live.ts'

/** Events of one tenant from one request, all of one partition. */
export interface Submission {
  readonly partition: Partition
  readonly events: readonly Event[]
  /** Accept ids older than the retention and make log partitions for them. */
  readonly backfill: boolean
  /** When the door received it (epoch ms), for the end-to-end latency histogram, and to judge the times of its events by. */
  readonly receivedAt: number
}

/** What became of each event, in the submission's order. */
export type Outcome =
  | { readonly kind: 'stored'; readonly position: number }
  | { readonly kind: 'duplicate' }
  | {
      readonly kind: 'refused'
      readonly code: 'ID_REUSED' | 'EVENT_TOO_OLD' | 'EVENT_FROM_FUTURE' | 'INTERNAL'
      readonly message: string
      /** Of those that people should see: whether the quarantine had room. Absent for others. */
      readonly kept?: boolean
    }

export interface Ack {
  readonly durability: Durability
  readonly outcomes: readonly Outcome[]
  /** The partition's last position after the commit. */
  readonly head: number
}

/** The broker's bound is reached, or the store is away: nothing of the submission was taken, or its fate is unknown (`mayBeStored`). */
export class Unavailable extends Error {
  readonly code: 'OVERLOADED' | 'STORE_UNAVAILABLE' | 'DRAINING'
  readonly retryAfterMs: number
  readonly mayBeStored: boolean
  constructor(code: Unavailable['code'], retryAfterMs: number, mayBeStored: boolean, cause?: unknown) {
    super(code, { cause })
    this.code = code
    this.retryAfterMs = retryAfterMs
    this.mayBeStored = mayBeStored
  }
}

/**
 * Settles every submission it was given, in order: one outcome list each. Rejects with `Unavailable`. `waitedMs`: how long the oldest of
 * them has waited for it, whatever the wall clock did meanwhile.
 */
export type BatchHandler = (batch: readonly Submission[], waitedMs: number) => Promise<readonly Ack[]>

export interface Broker {
  publish(submission: Submission): Promise<Ack>
  /** Calls `handle` with one batch at a time per partition, as large as what has gathered (bounded); the next when it settled. Ends when `signal` aborts and what was taken is settled. */
  consume(partitions: readonly Partition[], handle: BatchHandler, signal: AbortSignal): Promise<void>
  /** Events waiting, of all partitions. */
  readonly depth: () => number
}

/**
 * Sequencer: one writer per partition, fenced by a number in `heads`.
 *
 * In: batches from the broker. Out: one transaction a batch, then a `Commit` on the bus, then the senders' outcomes.
 * Promises: an id takes effect once; positions are dense and in commit order; an outcome is told only after COMMIT;
 * while the database is away senders are told to come back, and work goes on by itself when it returns.
 */
import type { Logger } from 'pino'
import { type Ack, type Broker, type Submission, Unavailable } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'
import type { Metrics } from '../ops/metrics.ts'
import type { LogDays } from '../store/days.ts'
import { type Item, openBatch } from './batch.ts'
import type { CommitBus } from './commit.ts'
import { createWriter, Fenced, type Writer } from './writer.ts'

export interface SequencerOptions {
  readonly store: { readonly url: string; readonly days: LogDays; readonly meta: { readonly partitions: number } }
  readonly broker: Broker
  readonly bus: CommitBus
  readonly config: { readonly commitTimeoutMs: number }
  readonly metrics: Metrics
  readonly log: Logger
  readonly clock: Clock
}

export interface Sequencers {
  /** Settles what was taken, then lets the partitions go. */
  stop(): Promise<void>
}

const firstRetryMs = 20
const longestRetryMs = 1_000
const unavailableRetryMs = 1_000

export function startSequencers({ store, broker, bus, config, metrics, log, clock }: SequencerOptions): Sequencers {
  const stopping = new AbortController()
  const wait = (ms: number) => new Promise<void>((resume) => clock.after(ms, resume))

  const acksOf = (submissions: readonly Submission[], items: readonly Item[], head: number): Ack[] => {
    let next = 0
    return submissions.map(({ events }) => {
      const outcomes = items.slice(next, next + events.length).map(({ outcome, event }) => {
        if (outcome === undefined) throw new Error(`Event ${event.id} left the sequencer undecided.`)
        return outcome
      })
      next += events.length
      return { durability: 'durable', outcomes, head }
    })
  }

  async function commitBatch(writer: Writer, partition: number, submissions: readonly Submission[]): Promise<readonly Ack[]> {
    const deadline = Math.min(...submissions.map(({ receivedAt }) => receivedAt)) + config.commitTimeoutMs
    const backfill = submissions.some((submission) => submission.backfill)
    for (let retryMs = firstRetryMs; ; retryMs = Math.min(retryMs * 2, longestRetryMs)) {
      const items = openBatch(submissions, store.days.retainedFrom(), clock.now())
      const startedAt = performance.now()
      try {
        const commit = await writer.commit(items, backfill)
        if (commit !== undefined) {
          metrics.commitSeconds.observe({ partition }, (performance.now() - startedAt) / 1_000)
          metrics.batchEvents.observe(commit.events.length)
          metrics.head.set({ partition }, commit.to)
          bus.announce(commit)
        }
        const now = clock.now()
        for (const { receivedAt } of submissions) metrics.ackSeconds.observe(Math.max(0, now - receivedAt) / 1_000)
        metrics.queueEvents.set(broker.depth())
        return acksOf(submissions, items, writer.head())
      } catch (error) {
        if (error instanceof Fenced) metrics.fencedCommits.inc()
        log.warn(
          { err: error, partition },
          error instanceof Fenced ? 'fenced: another writer took the partition' : 'a commit failed; trying again',
        )
        await writer.reset()
        if (clock.now() + retryMs > deadline) throw new Unavailable('STORE_UNAVAILABLE', unavailableRetryMs, true, error)
        await wait(retryMs)
      }
    }
  }

  const done = Array.from({ length: store.meta.partitions }, async (_, partition) => {
    const writer = createWriter({
      partition,
      url: store.url,
      days: store.days,
      now: () => clock.now(),
      log,
      statementTimeoutMs: config.commitTimeoutMs,
    })
    await broker.consume([partition], (batch) => commitBatch(writer, partition, batch), stopping.signal)
    await writer.reset()
  })

  return {
    async stop() {
      stopping.abort()
      await Promise.all(done)
    },
  }
}

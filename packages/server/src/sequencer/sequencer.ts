/**
 * Sequencer: the one writer of each partition.
 *
 * In: batches from the broker. Out: durable commits, told to the bus; an outcome for each event. Promises: positions are dense and in
 * commit order; an event takes effect once; what is acknowledged is on disk; a batch that cannot be committed leaves no trace in memory
 * and is tried again until its senders' time is up. It resumes by itself.
 */
import type { Logger } from 'pino'
import { type Ack, type Broker, type Submission, Unavailable } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'
import type { Metrics } from '../ops/metrics.ts'
import type { NewClient } from '../store/connect.ts'
import type { LogDays } from '../store/days.ts'
import type { Projections } from '../store/projections.ts'
import type { Quarantine } from '../store/quarantine.ts'
import type { LogReader } from '../store/store.ts'
import { type Item, openBatch } from './batch.ts'
import type { CommitBus } from './commit.ts'
import { createWriter, Fenced, type Writer } from './writer.ts'

export interface SequencerOptions {
  readonly store: {
    readonly newClient: NewClient
    readonly days: LogDays
    readonly projections: Pick<Projections, 'bringUpBy'>
    readonly reader: Pick<LogReader, 'heads' | 'folded'>
    readonly quarantine: Quarantine
    readonly meta: { readonly partitions: number }
  }
  readonly broker: Broker
  readonly bus: CommitBus
  readonly config: { readonly commitTimeoutMs: number }
  readonly metrics: Metrics
  readonly log: Logger
  readonly clock: Clock
}

export interface Sequencers {
  /** Settles what was taken, then lets the partitions go. With the store away it gives up after `stopMs`. */
  stop(): Promise<void>
}

const firstRetryMs = 20
const longestRetryMs = 1_000
/** Rows are written once a second at least: those that do not move for this long have no writer. */
const patrolMs = 10_000
const unavailableRetryMs = 1_000
/** Longest that a stop waits for commits in flight, and then for connections that do not close. */
const stopMs = 4_000
const lastMs = 500

function acksOf(submissions: readonly Submission[], items: readonly Item[], head: number): Ack[] {
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

export function startSequencers({ store, broker, bus, config, metrics, log, clock }: SequencerOptions): Sequencers {
  const stopping = new AbortController()
  let stopBy = Number.POSITIVE_INFINITY

  async function commitBatch(
    writer: Writer,
    partition: number,
    submissions: readonly Submission[],
    waitedMs: number,
  ): Promise<readonly Ack[]> {
    const until = clock.monotonic() + config.commitTimeoutMs - waitedMs
    const backfill = submissions.some((submission) => submission.backfill)
    const leftMs = () => Math.min(until, stopBy) - clock.monotonic()
    let tried: { readonly error: unknown } | undefined
    for (let retryMs = firstRetryMs; leftMs() > 0; retryMs = Math.min(retryMs * 2, longestRetryMs)) {
      const items = openBatch(submissions, store.days.retainedFrom())
      const startedAt = performance.now()
      let cancel = () => {}
      // A dead network answers nothing: without this the partition would wait for TCP to give up.
      const late = new Promise<never>((_, reject) => {
        cancel = clock.after(Math.min(leftMs(), config.commitTimeoutMs), () => reject(new Error('The store did not answer in time.')))
      })
      try {
        await Promise.race([writer.commit(items, backfill), late])
        metrics.commitSeconds.observe({ partition }, (performance.now() - startedAt) / 1_000)
        const now = clock.now()
        for (const { receivedAt } of submissions) metrics.ackSeconds.observe(Math.max(0, now - receivedAt) / 1_000)
        return acksOf(submissions, items, writer.head())
      } catch (error) {
        tried = { error }
        // The fence keeps what was on its way over the old connection from committing.
        writer.reset()
        if (error instanceof Fenced) {
          metrics.fencedCommits.inc()
          log.warn({ err: error, partition }, 'fenced: another writer took the partition; taking it back')
        } else log.warn({ err: error, partition }, 'a commit failed; trying again')
      } finally {
        cancel()
      }
      await new Promise<void>((resume) => clock.after(Math.min(retryMs, Math.max(0, leftMs())), resume))
    }
    throw new Unavailable('STORE_UNAVAILABLE', unavailableRetryMs, tried !== undefined, tried?.error)
  }

  const partitions = Array.from({ length: store.meta.partitions }, (_, partition) => {
    const writer = createWriter({
      partition,
      newClient: store.newClient,
      days: store.days,
      quarantine: store.quarantine,
      clock,
      log,
      timeoutMs: config.commitTimeoutMs,
      onCommit(commit) {
        metrics.batchEvents.observe(commit.events.length)
        metrics.head.set({ partition }, commit.to)
        metrics.queueEvents.set(broker.depth())
        bus.announce(commit)
      },
      onFenced: () => metrics.fencedCommits.inc(),
      metrics,
    })
    store.projections.bringUpBy(writer.catchUp)
    const done = broker.consume([partition], (batch, waitedMs) => commitBatch(writer, partition, batch, waitedMs), stopping.signal)
    return { writer, done }
  })

  /** A writer that was killed while another server goes on leaves rows behind its log, and nobody else knows of it. */
  async function patrol(before: readonly number[]): Promise<readonly number[]> {
    const [heads, folded] = [await store.reader.heads(), await store.reader.folded()]
    for (const [partition, { writer }] of partitions.entries()) {
      const stoodAt = folded.positions[partition]
      if (stoodAt !== undefined && stoodAt === before[partition] && stoodAt < (heads.positions[partition] ?? 0)) await writer.takeOver()
    }
    return folded.positions
  }
  let cancelPatrol = () => {}
  const patrolAfter = (before: readonly number[]) => {
    cancelPatrol = clock.after(patrolMs, () => {
      patrol(before)
        .catch((error: unknown) => {
          log.warn({ err: error }, 'the sequencers could not ask the store how far its rows are')
          return []
        })
        .then((now) => stopping.signal.aborted || patrolAfter(now))
    })
  }
  patrolAfter([])

  return {
    async stop() {
      cancelPatrol()
      stopBy = clock.monotonic() + stopMs
      stopping.abort()
      let cancel = () => {}
      // A commit in flight started with its senders' patience; a stop has less.
      const late = new Promise<void>((resume) => {
        cancel = clock.after(stopMs, () => {
          for (const { writer } of partitions) writer.reset()
          clock.after(lastMs, resume)
        })
      })
      await Promise.race([Promise.all(partitions.map(({ writer, done }) => done.then(writer.stop))), late])
      cancel()
    },
  }
}

/**
 * The in-process broker. Group commit by nature: what gathers while one batch commits is the next batch, so idle adds no wait and load
 * grows the batch. Where several senders meet, batches begin a few milliseconds apart.
 */
import type { Partition } from '@signalbox/model/event.ts'
import { type Clock, systemClock } from '../clock.ts'
import { type Ack, type BatchHandler, type Broker, type Submission, Unavailable } from './broker.ts'

interface Waiting {
  readonly submission: Submission
  readonly bytes: number
  /** Monotonic. */
  readonly since: number
  readonly settle: (ack: Ack) => void
  readonly fail: (reason: unknown) => void
}

interface Queue {
  waiting: Waiting[]
  events: number
  bytes: number
  wake: (() => void) | undefined
  /** Cancels the look for submissions whose time is up. */
  watch: (() => void) | undefined
}

export interface DirectBrokerConfig {
  /** Bounds of each partition's queue. */
  readonly queueEvents: number
  readonly queueBytes: number
  readonly batchEvents: number
  /** Of a partition that several submissions share, batches begin at least so far apart. Without it, as they come. */
  readonly gatherMs?: number
  /** Longest a submission waits to be taken. Without it, for ever. */
  readonly commitTimeoutMs?: number
}

const overloadedRetryMs = 1_000
/** Rough size of an event beside its data. */
const envelopeBytes = 200
/** Of a full batch: with as much there is nothing to wait for. */
const enoughShare = 0.25
/** A batch of large events ends here, so that one commit's buffers stay small. */
const batchBytes = 8 * 1024 * 1024

export function createDirectBroker(config: DirectBrokerConfig, clock: Clock = systemClock): Broker {
  const queues = new Map<Partition, Queue>()
  const waitMs = config.commitTimeoutMs ?? Number.POSITIVE_INFINITY
  const gatherMs = config.gatherMs ?? 0
  let closed = false
  const queueOf = (partition: Partition): Queue => {
    const held = queues.get(partition)
    if (held !== undefined) return held
    const made: Queue = { waiting: [], events: 0, bytes: 0, wake: undefined, watch: undefined }
    queues.set(partition, made)
    return made
  }

  function remove(queue: Queue, count: number): Waiting[] {
    const taken = queue.waiting.splice(0, count)
    for (const { submission, bytes } of taken) {
      queue.events -= submission.events.length
      queue.bytes -= bytes
    }
    return taken
  }

  /** As many whole submissions as one commit takes; at least one. */
  function take(queue: Queue): Waiting[] {
    let events = 0
    let bytes = 0
    let count = 0
    for (const waiting of queue.waiting) {
      events += waiting.submission.events.length
      bytes += waiting.bytes
      if (count > 0 && (events > config.batchEvents || bytes > batchBytes)) break
      count += 1
    }
    return remove(queue, count)
  }

  /** While the handler hangs, those behind are told in time. One timer a queue, for its oldest. */
  function watch(queue: Queue) {
    const oldest = queue.waiting[0]
    if (queue.watch !== undefined || oldest === undefined || !Number.isFinite(waitMs)) return
    queue.watch = clock.after(Math.max(1, oldest.since + waitMs - clock.monotonic()), () => {
      queue.watch = undefined
      const bound = clock.monotonic() - waitMs
      let count = 0
      while ((queue.waiting[count]?.since ?? Number.POSITIVE_INFINITY) <= bound) count += 1
      for (const { fail } of remove(queue, count)) fail(new Unavailable('STORE_UNAVAILABLE', overloadedRetryMs, false))
      watch(queue)
    })
  }

  async function consumeOne(partition: Partition, handle: BatchHandler, signal: AbortSignal) {
    const queue = queueOf(partition)
    const wake = () => queue.wake?.()
    let beganAt = Number.NEGATIVE_INFINITY
    /** Whoever waits for each answer, alone, must not wait longer for it. */
    let wasShared = false
    signal.addEventListener('abort', wake)
    try {
      for (;;) {
        if (queue.waiting.length === 0) {
          if (signal.aborted) return
          await new Promise<void>((resume) => {
            queue.wake = resume
          })
          queue.wake = undefined
          continue
        }
        const leftMs = beganAt + gatherMs - clock.monotonic()
        if (wasShared && leftMs > 0 && queue.events < config.batchEvents * enoughShare)
          await new Promise<void>((resume) => clock.after(leftMs, resume))
        const batch = take(queue)
        // They were told while it gathered that their time was up.
        if (batch.length === 0) continue
        beganAt = clock.monotonic()
        wasShared = batch.length > 1
        try {
          const acks = await handle(
            batch.map(({ submission }) => submission),
            clock.monotonic() - (batch[0]?.since ?? 0),
          )
          batch.forEach(({ settle, fail }, i) => {
            const ack = acks[i]
            if (ack === undefined) fail(new Error('The batch handler settled fewer submissions than it was given.'))
            else settle(ack)
          })
        } catch (reason) {
          for (const { fail } of batch) fail(reason)
        }
      }
    } finally {
      signal.removeEventListener('abort', wake)
      queue.watch?.()
      queue.watch = undefined
    }
  }

  return {
    publish(submission) {
      if (closed) return Promise.reject(new Unavailable('DRAINING', overloadedRetryMs, false))
      const queue = queueOf(submission.partition)
      let bytes = envelopeBytes
      for (const event of submission.events) bytes += event.dataJson.length + envelopeBytes
      const full = queue.events + submission.events.length > config.queueEvents || queue.bytes + bytes > config.queueBytes
      // A submission larger than the whole queue is taken alone rather than refused for ever.
      if (full && queue.waiting.length > 0) return Promise.reject(new Unavailable('OVERLOADED', overloadedRetryMs, false))
      return new Promise((settle, fail) => {
        queue.waiting.push({ submission, bytes, since: clock.monotonic(), settle, fail })
        queue.events += submission.events.length
        queue.bytes += bytes
        queue.wake?.()
        watch(queue)
      })
    },
    async consume(partitions, handle, signal) {
      const close = () => {
        closed = true
      }
      if (signal.aborted) close()
      else signal.addEventListener('abort', close, { once: true })
      await Promise.all(partitions.map((partition) => consumeOne(partition, handle, signal)))
    },
    depth: () => {
      let events = 0
      for (const queue of queues.values()) events += queue.events
      return events
    },
  }
}

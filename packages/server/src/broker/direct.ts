/** The in-process broker. Group commit by nature: what gathers while one batch commits is the next batch, so idle adds no wait and load grows the batch. */
import type { Partition } from '@signalbox/model/event.ts'
import { type Ack, type BatchHandler, type Broker, type Submission, Unavailable } from './broker.ts'

interface Waiting {
  readonly submission: Submission
  readonly bytes: number
  readonly settle: (ack: Ack) => void
  readonly fail: (reason: unknown) => void
}

interface Queue {
  waiting: Waiting[]
  events: number
  bytes: number
  wake: (() => void) | undefined
}

export interface DirectBrokerConfig {
  readonly queueEvents: number
  readonly queueBytes: number
  readonly batchEvents: number
}

const overloadedRetryMs = 1_000
/** Rough size of an event beside its data. */
const envelopeBytes = 200

export function createDirectBroker(config: DirectBrokerConfig): Broker {
  const queues = new Map<Partition, Queue>()
  let closed = false
  const queueOf = (partition: Partition): Queue => {
    const held = queues.get(partition)
    if (held !== undefined) return held
    const made: Queue = { waiting: [], events: 0, bytes: 0, wake: undefined }
    queues.set(partition, made)
    return made
  }

  /** As many whole submissions as one commit takes; at least one. */
  function take(queue: Queue): Waiting[] {
    let events = 0
    let count = 0
    for (const { submission } of queue.waiting) {
      if (count > 0 && events + submission.events.length > config.batchEvents) break
      events += submission.events.length
      count += 1
    }
    const taken = queue.waiting.splice(0, count)
    queue.events -= events
    for (const { bytes } of taken) queue.bytes -= bytes
    return taken
  }

  async function consumeOne(partition: Partition, handle: BatchHandler, signal: AbortSignal) {
    const queue = queueOf(partition)
    const wake = () => queue.wake?.()
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
        const batch = take(queue)
        try {
          const acks = await handle(batch.map(({ submission }) => submission))
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
    }
  }

  return {
    publish(submission) {
      if (closed) return Promise.reject(new Unavailable('DRAINING', overloadedRetryMs, false))
      const queue = queueOf(submission.partition)
      let bytes = 0
      for (const event of submission.events) bytes += event.dataJson.length + envelopeBytes
      const full = queue.events + submission.events.length > config.queueEvents || queue.bytes + bytes > config.queueBytes
      if (full && queue.events > 0) return Promise.reject(new Unavailable('OVERLOADED', overloadedRetryMs, false))
      return new Promise((settle, fail) => {
        queue.waiting.push({ submission, bytes, settle, fail })
        queue.events += submission.events.length
        queue.bytes += bytes
        queue.wake?.()
      })
    },
    async consume(partitions, handle, signal) {
      signal.addEventListener('abort', () => {
        closed = true
      })
      await Promise.all(partitions.map((partition) => consumeOne(partition, handle, signal)))
    },
    depth: () => [...queues.values()].reduce((sum, queue) => sum + queue.events, 0),
  }
}

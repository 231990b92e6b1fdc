/** Sends what is on disk, oldest first, before anything newer. */
import { batchEvents } from './queue.ts'
import type { Spool } from './spool.ts'
import type { Answer, Retry, Wire } from './wire.ts'

interface Told {
  onAnswer(answer: Answer): void
  onRemoved(events: number): void
}

/** Undefined once the disk is empty. A segment is removed only when the server has answered for all of it. */
export async function replay(spool: Spool, wire: Wire, told: Told): Promise<Retry | undefined> {
  for (;;) {
    const segment = await spool.oldest()
    if (segment === undefined) return undefined
    for (let i = 0; i < segment.events.length; i += batchEvents) {
      const outcome = await wire.send(segment.events.slice(i, i + batchEvents))
      if (outcome.kind === 'retry') return outcome
      told.onAnswer(outcome)
      segment.answered(Math.min(i + batchEvents, segment.events.length))
    }
    await segment.remove()
    told.onRemoved(segment.events.length)
  }
}

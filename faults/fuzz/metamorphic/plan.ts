/** One of the many ways in which the same events can come: in any order that keeps each producer's, in any batches, some of them again. */
import type { Dice } from '@signalbox/cli/demo/dice.ts'
import type { EventInput } from '@signalbox/model/event.ts'

export interface Plan {
  readonly batches: readonly (readonly EventInput[])[]
  /** Events that come a second time and later. */
  readonly repeated: number
}

const longestBatch = 25

export function planOf(dice: Dice, producers: readonly (readonly EventInput[])[], againShare: number): Plan {
  const waiting = producers.map((events) => [...events])
  const sent: EventInput[] = []
  const batches: EventInput[][] = []
  let repeated = 0
  const again = () => {
    if (sent.length === 0 || !dice.chance(againShare)) return []
    const from = dice.count(0, sent.length - 1)
    const events = sent.slice(from, from + dice.count(1, 10))
    repeated += events.length
    return events
  }
  while (waiting.some((events) => events.length > 0)) {
    const batch = again()
    for (let parts = dice.count(1, 3); parts > 0; parts -= 1) {
      const [taken = []] = [dice.pick(waiting).splice(0, dice.count(1, longestBatch))]
      sent.push(...taken)
      batch.push(...taken, ...again())
    }
    if (batch.length > 0) batches.push(batch)
  }
  return { batches, repeated }
}

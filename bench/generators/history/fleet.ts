/** One partition's part of a fleet's history: some runs at a time, event by event, in the order of time. */
import type { LoggedEvent } from '@signalbox/model/event.ts'
import { createIdSource, partitionKey, partitionOf } from '@signalbox/model/ids.ts'
import { createChance } from './chance.ts'
import { createProse } from './prose.ts'
import { type Draft, runEvents } from './run.ts'

export interface Part {
  readonly partition: number
  readonly partitions: number
  readonly events: number
  /** Epoch ms of the first event and after the last one. */
  readonly from: number
  readonly until: number
  /** Days before are sealed. */
  readonly sealedUntil: number
}

export interface Told {
  readonly event: LoggedEvent
  /** Nothing of its run follows. */
  readonly isLast: boolean
}

/** What a server without keys takes its senders for. */
export const tenant = 'default'
const runsAtOnce = 24
const hosts = 16
/** From the time that its sender gives an event to its being received, ms. */
const onTheWayMs = 12

interface Running {
  readonly run: string
  readonly source: string
  readonly drafts: Generator<Draft>
}

export function* fleetEvents({ partition, partitions, events, from, until }: Part): Generator<Told> {
  const chance = createChance(partition + 1)
  const prose = createProse(chance)
  let time = from
  const stage = { chance, prose, nextId: createIdSource(() => time) }
  let begun = 0
  const begin = (): Running => {
    let run: string
    do {
      begun += 1
      run = `run-${begun.toString(36).padStart(4, '0')}-${partition}`
    } while (partitionOf(tenant, partitionKey({ run }), partitions) !== partition)
    return { run, source: `host-${partition}-${chance.between(1, hosts)}`, drafts: runEvents(stage) }
  }
  const running = Array.from({ length: runsAtOnce }, begin)
  const told = new Map<string, number>()
  const meanMs = (until - from) / events
  for (let position = 1; position <= events; position += 1) {
    time = from + (position - 1) * meanMs
    const at = chance.between(0, runsAtOnce - 1)
    const own = running[at]
    const next = own?.drafts.next()
    if (own === undefined || next === undefined || next.done === true) throw new Error('A run has ended and was not replaced.')
    const draft = next.value
    const seq = (told.get(own.source) ?? 0) + 1
    told.set(own.source, seq)
    const isLast = draft.type === 'run.finished' || draft.type === 'run.failed'
    const place = { tenant, source: own.source, run: own.run, seq, epoch: from, partition, position }
    yield {
      event: {
        ...draft,
        ...place,
        time: Math.trunc(time),
        receivedAt: Math.trunc(time) + onTheWayMs,
        dataJson: JSON.stringify(draft.data),
      },
      isLast,
    }
    if (isLast) running[at] = begin()
  }
}

/** The numbers that one life of a producer counted its events by: which came, which are missing, which came twice. The order of arrival does not matter. */
import type { EpochMs } from '@signalbox/model/event.ts'

/** Numbers `from..to` that have not come. */
export interface Missing {
  from: number
  to: number
  /** Server time of the event that showed it. */
  since: EpochMs
  /** Events of this life that had come by then. */
  after: number
}

/** One epoch of one producer. Mutable: it is the hot path of the consumer. */
export interface Life {
  epoch: number
  low: number
  high: number
  received: number
  /** In order, apart. */
  missing: Missing[]
  /** Below this it is no longer known which numbers came. */
  knownFrom: number
}

export type Verdict = 'new' | 'clone' | 'unknown'

const mostMissing = 1_000

export const openLife = (epoch: number, seq: number): Life => ({ epoch, low: seq, high: seq, received: 1, missing: [], knownFrom: 0 })

function add(life: Life, at: number, from: number, to: number, receivedAt: EpochMs) {
  if (from > to) return
  life.missing.splice(at, 0, { from, to, since: receivedAt, after: life.received })
  if (life.missing.length > mostMissing) life.knownFrom = (life.missing.shift()?.to ?? 0) + 1
}

/** Index of the first missing range that ends at or after `seq`. */
function find(missing: readonly Missing[], seq: number): number {
  let low = 0
  let high = missing.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((missing[middle]?.to ?? 0) < seq) low = middle + 1
    else high = middle
  }
  return low
}

export function include(life: Life, seq: number, receivedAt: EpochMs): Verdict {
  life.received += 1
  if (seq > life.high) {
    add(life, life.missing.length, life.high + 1, seq - 1, receivedAt)
    life.high = seq
    return 'new'
  }
  if (seq < life.knownFrom) return 'unknown'
  if (seq < life.low) {
    add(life, 0, seq + 1, life.low - 1, receivedAt)
    life.low = seq
    return 'new'
  }
  const at = find(life.missing, seq)
  const hole = life.missing[at]
  if (hole === undefined || seq < hole.from) return 'clone'
  if (hole.from === hole.to) life.missing.splice(at, 1)
  else if (seq === hole.from) hole.from += 1
  else if (seq === hole.to) hole.to -= 1
  else {
    life.missing.splice(at, 1, { ...hole, to: seq - 1 }, { ...hole, from: seq + 1 })
    if (life.missing.length > mostMissing) life.knownFrom = (life.missing.shift()?.to ?? 0) + 1
  }
  return 'new'
}

/** How long, or past how many further events, a number must be missing before it counts as lost: partitions and retries deliver out of order. */
export const patienceMs = 2_000
const patienceEvents = 1_000

export const isLost = (life: Life, missing: Missing, now: EpochMs): boolean =>
  now - missing.since >= patienceMs || life.received - missing.after >= patienceEvents

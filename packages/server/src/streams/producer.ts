/** What is known of one producer: its lives, and from them what `/v1/producers` shows. */
import type { EpochMs, LoggedEvent } from '@signalbox/model/event.ts'
import { include, isLost, type Life, openLife } from './sequence.ts'

export interface Gap {
  readonly epoch: number
  readonly from: number
  readonly to: number
  /** Server time (RFC 3339) of the event that showed it. */
  readonly detectedAt: string
}

/** A row of `producers`: what is shown, and `lives`, from which it goes on. Mutable: it is the hot path of the consumer. */
export interface ProducerBody {
  source: string
  /** Newest epoch, and its highest number. */
  epoch: number
  high: number
  /** Events with a number, of all epochs. */
  received: number
  /** At most 100, the newest; a number that comes after all leaves again. */
  gaps: Gap[]
  /** Events with a number that another event has in the same epoch. */
  clones: number
  /** Epochs after the first. */
  restarts: number
  lastSeenAt: string
  /** The same in a sentence. */
  report: string
  /** In order of epoch, the newest ones: late events of a former life still fill its gaps. */
  lives: Life[]
}

const mostLives = 4
const mostGaps = 100
const mostGapsSaid = 5

export type Numbered = Pick<LoggedEvent, 'source' | 'seq' | 'epoch' | 'receivedAt'>

export const openProducer = (source: string): ProducerBody => ({
  source,
  epoch: 0,
  high: 0,
  received: 0,
  gaps: [],
  clones: 0,
  restarts: 0,
  lastSeenAt: '',
  report: '',
  lives: [],
})

/** One event with a number. Each event of the log is observed once; their order does not matter. */
export function observe(body: ProducerBody, { seq = 0, epoch = 0, receivedAt }: Numbered): void {
  body.received += 1
  const { lives } = body
  let at = lives.length
  while (at > 0 && (lives[at - 1]?.epoch ?? 0) > epoch) at -= 1
  const life = lives[at - 1]
  if (life?.epoch === epoch) {
    if (include(life, seq, receivedAt) === 'clone') body.clones += 1
    return
  }
  if (body.received > 1) {
    // Of an epoch before those that are kept nothing is known: it may have been counted.
    if (at === 0 && lives.length === mostLives) return
    body.restarts += 1
  }
  lives.splice(at, 0, openLife(epoch, seq))
  if (lives.length > mostLives) lives.shift()
}

/** Brings what is shown up to date. Answers whether a number is missing that may yet come. */
export function show(body: ProducerBody, lastSeenAt: EpochMs, now: EpochMs): boolean {
  const newest = body.lives.at(-1)
  body.epoch = newest?.epoch ?? 0
  body.high = newest?.high ?? 0
  const seen = new Date(lastSeenAt).toISOString()
  if (seen > body.lastSeenAt) body.lastSeenAt = seen
  let isWaiting = false
  const gaps: Gap[] = []
  for (const life of body.lives) {
    for (const missing of life.missing) {
      if (isLost(life, missing, now))
        gaps.push({ epoch: life.epoch, from: missing.from, to: missing.to, detectedAt: new Date(missing.since).toISOString() })
      else isWaiting = true
    }
  }
  body.gaps = gaps.slice(-mostGaps)
  body.report = report(body)
  return isWaiting
}

function report({ source, gaps, clones, high }: ProducerBody): string {
  const said = gaps.slice(-mostGapsSaid).map(({ from, to }) => (from === to ? `${from}` : `${from} to ${to}`))
  const parts: string[] = []
  if (said.length > 0)
    parts.push(`${source} lost ${said.join(', ')}${gaps.length > said.length ? ` and ${gaps.length - said.length} earlier ranges` : ''}`)
  if (clones > 0)
    parts.push(
      `${clones} ${clones === 1 ? 'number' : 'numbers'} of ${source} came twice with different events: two producers may share its name`,
    )
  return parts.length === 0 ? `${source} is complete up to ${high}` : parts.join('; ')
}

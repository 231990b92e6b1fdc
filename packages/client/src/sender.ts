/**
 * Brings events from the queue to the server, over the disk where the server is away. One batch at a time, in order, the same ids again
 * after a failure. Nothing here throws; problems are told.
 */
import type { EventInput } from '@signalbox/model/event.ts'
import type { ItemRefusal } from '@signalbox/model/live.ts'
import { backoffMs, type Clock } from './clock.ts'
import { type DeliveryState, type DeliveryStep, deliveryAfter } from './delivery.ts'
import { batchEvents, createQueue } from './queue.ts'
import { replay } from './replay.ts'
import type { Spool } from './spool.ts'
import type { Answer, Retry, Wire } from './wire.ts'

export const firstRetryMs = 400
export const longestRetryMs = 15_000

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

export interface Problem {
  readonly message: string
  readonly refused?: readonly ItemRefusal[]
}

export interface SenderParts {
  readonly wire: Wire
  readonly spool: Promise<Spool | undefined>
  readonly clock: Clock
  readonly flushMs: number
  readonly queueEvents: number
  /** What messages call the server. */
  readonly server: string
  readonly tell: (problem: Problem) => void
  /** The event that tells of `lost` events. */
  readonly lossEvent: (lost: number) => EventInput
}

export interface Sender {
  /** A queue push; the rest happens later. */
  push(event: EventInput): void
  /** Counts an event that could not even be queued. */
  lose(): void
  /** Starts what is queued now instead of in `flushMs`. */
  hurry(): void
  flush(timeoutMs: number): Promise<void>
  /** Why something is still queued, if it is. */
  end(): { readonly unsent: number; readonly why: string }
  stats(): { queued: number; sent: number; duplicates: number; refused: number; dropped: number; spooled: number }
}

export function createSender({ wire, spool, clock, flushMs, queueEvents, server, tell, lossEvent }: SenderParts): Sender {
  let state: DeliveryState = 'idle'
  let cancelTimer: (() => void) | undefined
  let failures = 0
  let afterMs = 0
  let away = ''
  /** What was told of the disk. */
  let diskTrouble = ''
  let sent = 0
  let duplicates = 0
  let refused = 0
  let dropped = 0
  let spooled = 0
  let unreported = 0
  let disk: Spool | undefined
  const settled = new Set<() => void>()
  const queue = createQueue(queueEvents, ({ type, id }, error) =>
    tell({ message: `The data of ${type} ${id} cannot be written as JSON and was left out: ${String(error)}` }),
  )

  const busy = () => state === 'replaying' || state === 'sending' || state === 'spilling'
  const move = (by: DeliveryStep): boolean => {
    const next = deliveryAfter(state, by)
    if (next === undefined) return false
    state = next
    return state !== 'ended'
  }

  function schedule(ms: number) {
    if (busy() || state === 'ended' || cancelTimer !== undefined) return
    cancelTimer = clock.after(
      ms,
      () => {
        cancelTimer = undefined
        void run('wake')
      },
      // A server that is away must not keep a finished process alive; a first attempt may.
      failures > 0,
    )
  }

  function hurry() {
    if (state !== 'idle') return
    cancelTimer?.()
    cancelTimer = undefined
    void run('wake')
  }

  async function run(by: 'wake' | 'spill') {
    if (!move(by)) return
    disk = await spool
    while (busy()) {
      try {
        if (state === 'replaying') await replayDisk()
        else if (state === 'sending') await sendFront()
        else await spill()
      } catch (error) {
        failed({ why: messageOf(error), afterMs: 0 })
      }
    }
    for (const done of settled) done()
    if (state === 'waiting') schedule(afterMs + backoffMs(clock, Math.max(1, failures), firstRetryMs, longestRetryMs))
    else if (queue.length() > 0) schedule(0)
  }

  async function replayDisk() {
    try {
      const outcome = disk === undefined ? undefined : await replay(disk, wire, { onAnswer: take, onRemoved })
      if (outcome !== undefined) return failed(outcome)
      diskTrouble = ''
    } catch (error) {
      // What cannot be read must not hold back what is in memory.
      if (diskTrouble !== messageOf(error)) tell({ message: `The spool failed: ${messageOf(error)}` })
      diskTrouble = messageOf(error)
    }
    move('emptied')
  }

  function onRemoved(events: number) {
    // An earlier process may have left some of them.
    spooled = Math.max(0, spooled - events)
  }

  async function sendFront() {
    const batch = queue.front()
    if (batch.length > 0) {
      const outcome = await wire.send(batch)
      if (outcome.kind === 'retry') return failed(outcome)
      queue.forget()
      take(outcome)
    }
    reportLoss()
    move(queue.length() > 0 ? 'sent' : 'drained')
  }

  async function spill() {
    try {
      for (let batch = queue.front(); disk !== undefined && batch.length > 0; batch = queue.front()) {
        await disk.append(batch)
        spooled += batch.length
        queue.forget()
        // Beside what is left: the process may end before the server is back.
        if (queue.length() === 0) reportLoss()
      }
    } catch (error) {
      tell({ message: `The spool failed: ${messageOf(error)}` })
    }
    queue.putBack()
    move('spilled')
  }

  function take(answer: Answer) {
    failures = 0
    away = ''
    sent += answer.accepted
    duplicates += answer.duplicates
    refused += answer.refused.length
    if (answer.refused.length > 0)
      tell({ message: `${answer.refused.length} events were refused: ${answer.refused[0]?.message}`, refused: answer.refused })
  }

  function failed(outcome: Pick<Retry, 'why' | 'afterMs'>) {
    queue.putBack()
    if (state === 'ended') return
    failures += 1
    afterMs = outcome.afterMs
    if (away === '') tell({ message: `${server} does not take events: ${outcome.why}. They are kept and sent again.` })
    away = outcome.why
    move('failed')
  }

  /** Loss is never silent: the log itself says how many are missing. */
  function reportLoss() {
    const spoolLost = disk?.takeDropped() ?? 0
    dropped += spoolLost
    unreported += spoolLost
    if (unreported === 0) return
    const lost = unreported
    unreported = 0
    count(queue.push(lossEvent(lost)))
    tellLoss(lost)
  }

  const tellLoss = (lost: number) => tell({ message: `${lost} events were dropped: the queue or the spool was full.` })

  function count(lost: boolean) {
    if (!lost) return
    dropped += 1
    unreported += 1
  }

  return {
    push(event) {
      count(queue.push(event))
      if (state === 'waiting' && queue.length() > queueEvents / 2) void run('spill')
      else schedule(queue.length() >= batchEvents ? 0 : flushMs)
    },
    lose: () => count(true),
    hurry,
    async flush(timeoutMs) {
      const until = clock.monotonic() + timeoutMs
      // Between two attempts the disk is nearer than the server.
      if (state === 'waiting') await run('spill')
      while ((queue.length() > 0 || busy()) && clock.monotonic() < until) {
        hurry()
        await new Promise<void>((resume) => {
          const finish = () => {
            settled.delete(finish)
            cancel()
            resume()
          }
          const cancel = clock.after(Math.max(1, until - clock.monotonic()), finish)
          settled.add(finish)
        })
      }
    },
    end() {
      if (state !== 'ended' && unreported > 0) tellLoss(unreported)
      move('end')
      cancelTimer?.()
      wire.close()
      return { unsent: queue.length(), why: away === '' ? 'no time was left' : away }
    },
    stats: () => ({ queued: queue.length(), sent, duplicates, refused, dropped, spooled: spooled }),
  }
}

/** A producer on the SDK's own delivery: its queue, its spool on disk, its WebSocket with REST behind it. The events are the fleet's, whose ids we know. */
import { type Clock, systemClock } from '@signalbox/client/clock.ts'
import { shareIngestLine } from '@signalbox/client/ingest-lines.ts'
import { createSender } from '@signalbox/client/sender.ts'
import { openSpool } from '@signalbox/client/spool-disk.ts'
import { createBestWire } from '@signalbox/client/wire-best.ts'
import { createRestWire } from '@signalbox/client/wire-rest.ts'
import type { Told } from '../history/history.ts'
import type { Made } from './fleet.ts'
import { itemOf } from './poison.ts'
import { type Sender, type SenderSeen, sleep } from './sender.ts'

export interface SdkParts {
  readonly name: string
  readonly url: string
  readonly spoolFolder: string
  readonly next: () => Made
  readonly eventsPerSecond: number
  readonly tell: (entry: Told) => void
  readonly onAcknowledged: (events: number) => void
}

const tickMs = 200
const spoolBytes = 64 * 1_048_576
const queueEvents = 20_000
/** Waits are so many times shorter than an agent's, which gives a server half a minute to come back. */
const haste = 5

export const hastyClock = (): Clock => ({
  ...systemClock,
  after: (ms, run, background) => systemClock.after(ms / haste, run, background),
})

export function startSdkSender({ name, url, spoolFolder, next, eventsPerSecond, tell, onAcknowledged }: SdkParts): Sender {
  // One of its own: with a shared one its WebSocket were shared too, and its counts.
  const clock = hastyClock()
  const seen: SenderSeen = { acknowledged: 0, duplicates: 0, ambiguous: 0, late: 0 }
  /** Calls whose events are in the queue, on disk or under way, with how many they are. */
  let open: { readonly call: number; readonly events: number }[] = []
  let calls = 0
  let going = true
  let abandoned = false

  function invoke(events: readonly Made[]) {
    calls += 1
    open.push({ call: calls, events: events.length })
    tell({ op: 'send', type: 'invoke', call: calls, door: 'sdk', events: events.map((made) => itemOf(made).sent) })
  }
  const sender = createSender({
    wire: createBestWire(shareIngestLine(url, undefined, clock), createRestWire(url, undefined), clock),
    spool: openSpool(spoolFolder, spoolBytes, () => undefined),
    clock,
    flushMs: 50,
    queueEvents,
    server: url,
    tell: () => undefined,
    lossEvent() {
      const made = next()
      invoke([made])
      return made.event
    },
  })

  /** The SDK tells no batches apart: when nothing is left, all of it was answered. */
  function settle() {
    const { queued, spooled, refused, dropped, duplicates } = sender.stats()
    if (queued > 0 || spooled > 0 || open.length === 0) return
    const isWhole = refused === 0 && dropped === 0
    const fresh = duplicates - seen.duplicates
    seen.duplicates = duplicates
    const last = open.at(-1)?.call
    for (const { call, events } of open) {
      if (!isWhole) tell({ op: 'send', type: 'info', call, error: `${refused} were refused and ${dropped} dropped` })
      else
        tell({
          op: 'send',
          type: 'ok',
          call,
          accepted: call === last ? events - fresh : events,
          duplicates: call === last ? fresh : 0,
          refused: [],
          durability: 'durable',
        })
      if (isWhole) seen.acknowledged += events
      if (isWhole) onAcknowledged(events)
    }
    open = []
  }

  async function run() {
    while (going) {
      const events = Array.from({ length: Math.ceil((eventsPerSecond * tickMs) / 1_000) }, next)
      // A server that is away is not answered with a flood later: half of the queue is enough to reach the disk.
      if (sender.stats().queued + sender.stats().spooled < queueEvents / 2) {
        invoke(events)
        for (const { event } of events) sender.push(event)
      }
      await sender.flush(tickMs)
      settle()
      await sleep(tickMs)
    }
    while (open.length > 0 && !abandoned) {
      await sender.flush(tickMs)
      settle()
      if (open.length > 0) await sleep(tickMs)
    }
    sender.end()
  }
  const running = run()

  return {
    name,
    seen,
    finish() {
      going = false
      return running
    },
    owes: () => open.length,
    abandon() {
      going = false
      abandoned = true
    },
  }
}

/** Sends recorded events as if they happened now: same order, gaps divided by the speed, long silences cut short. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { EpochMs, EventInput } from '@signalbox/model/event.ts'
import type { Server } from '../connect.ts'
import { add, batches, nothing, type SendOptions, type Sent } from './send.ts'

export type Speed = number | 'max'

/** `10x` or `10`: ten times as fast as it was. `max`: as fast as the server takes it. */
export function parseSpeed(text: string): Speed | undefined {
  if (text === 'max') return 'max'
  const speed = /^(\d+(?:\.\d+)?)x?$/.exec(text)?.[1]
  return speed === undefined || Number(speed) <= 0 ? undefined : Number(speed)
}

/** Milliseconds after the start at which each event is due. `times` ascend. */
export function schedule(times: readonly EpochMs[], speed: Speed, maxGapMs: number): number[] {
  let due = 0
  return times.map((time, index) => {
    const before = times[index - 1] ?? time
    // What was later stays later by at least a millisecond: of two statuses of one moment neither would be the last.
    if (time > before) due += Math.max(1, speed === 'max' ? 1 : Math.min((time - before) / speed, maxGapMs))
    return Math.floor(due)
  })
}

export interface PaceOptions extends SendOptions {
  readonly speed: Speed
  readonly maxGapMs: number
  /** Makes the event to send from the recorded one and the moment it is due. */
  readonly restage: (event: EventInput, time: EpochMs) => EventInput
  readonly now?: () => EpochMs
  readonly sleep?: (ms: number) => Promise<unknown>
}

export async function sendPaced(server: Server, events: readonly EventInput[], options: PaceOptions): Promise<Sent> {
  const now = options.now ?? Date.now
  const wait = options.sleep ?? ((ms) => sleep(ms, undefined, { signal: options.signal }).catch(() => undefined))
  const due = schedule(
    events.map((event) => Date.parse(event.time)),
    options.speed,
    options.maxGapMs,
  )
  const start = now()
  let total = nothing
  let next = 0
  while (next < events.length && !options.signal.aborted) {
    const first = due[next] ?? 0
    const early = start + first - now()
    if (early > 0) {
      await wait(early)
      continue
    }
    const ready: EventInput[] = []
    for (let event = events[next]; event !== undefined && start + (due[next] ?? 0) <= now(); event = events[next]) {
      ready.push(options.restage(event, start + (due[next] ?? 0)))
      next += 1
    }
    for (const batch of batches(ready)) total = add(total, batch.count, await server.post('/v1/events', batch.body))
    options.onProgress(total)
  }
  return total
}

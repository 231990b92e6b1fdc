/** Tells of traces that have fallen silent, now and then: that they are over, and whose their calls are. */

import type { TenantId } from '@signalbox/model/event.ts'
import type { MadeEvent } from '@signalbox/model/foreign.ts'
import { Unavailable } from '../../../broker/broker.ts'
import { type DoorDeps, deliver } from '../../door.ts'
import { quietMs, type SpanMapping } from './mapping.ts'

const everyMs = 60_000

/** `mapping` has to go by the monotonic clock of `deps`: a wall clock that is set makes no trace silent. */
export function startSettling(mapping: Pick<SpanMapping, 'settle'>, deps: DoorDeps): { stop(): Promise<void> } {
  const { clock, onFault } = deps
  /** Said once by the mapping, so kept until it is stored. At most an event of each of few kinds for every span remembered. */
  let waiting: { readonly tenant: TenantId; readonly events: readonly MadeEvent[] }[] = []
  let isStopped = false
  let cancel = () => {}
  let running: Promise<void> = Promise.resolve()

  async function settle() {
    waiting.push(...mapping.settle(clock.monotonic() - quietMs))
    const now = waiting
    waiting = []
    for (const [index, { tenant, events }] of now.entries()) {
      try {
        const mapped = events.map((event, item) => ({ item, event }))
        await deliver(mapped, deps, { tenant, door: 'otlp-traces' })
      } catch (error) {
        if (error instanceof Unavailable) {
          waiting.push(...now.slice(index))
          return
        }
        onFault(error)
      }
    }
  }

  function next() {
    if (isStopped) return
    cancel = clock.after(everyMs, () => {
      running = settle().then(next)
    })
  }
  next()
  return {
    async stop() {
      isStopped = true
      cancel()
      await running
    },
  }
}

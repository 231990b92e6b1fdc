/** The WebSocket where it works, REST where it does not, and after a while the WebSocket again. */
import type { EventInput } from '@signalbox/model/event.ts'
import { type Clock, withinMs } from './clock.ts'
import type { Answer, Retry, Unusable, Wire } from './wire.ts'

/** REST is left for the WebSocket again after a time within this, each agent another. */
export const reprobeMs: readonly [number, number] = [150_000, 300_000]

export function createBestWire(socket: Wire<Answer | Retry | Unusable>, rest: Wire, clock: Clock): Wire {
  let restUntil = 0
  return {
    async send(events: readonly EventInput[]) {
      if (clock.monotonic() < restUntil) return rest.send(events)
      const outcome = await socket.send(events)
      if (outcome.kind !== 'unusable') return outcome
      const answer = await rest.send(events)
      // A server that is away proves nothing against its WebSocket.
      if (answer.kind === 'answer') restUntil = clock.monotonic() + withinMs(clock, reprobeMs)
      return answer
    },
    close() {
      socket.close()
      rest.close()
    },
  }
}

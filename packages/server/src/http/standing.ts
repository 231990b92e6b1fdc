/** Connections that outlive their request: their key is asked for again and again, so that a revoked one stops on them too. */
import type { IncomingMessage } from 'node:http'
import type { Clock } from '../clock.ts'

export interface Standing {
  /** Ends what `request` opened once its caller may no longer have it. Answers how to forget it. */
  add(request: IncomingMessage, end: () => void): () => void
  stop(): void
}

/** With the time that a key's answer is remembered for, a revoked key ends within ten seconds. */
const recheckMs = 5_000

interface StandingOptions {
  readonly mayStay: (request: IncomingMessage) => Promise<boolean>
  readonly clock: Clock
  /** The key could not be asked for: the connection stays, and is asked about again. */
  readonly onFault: (error: unknown) => void
}

export function createStanding({ mayStay, clock, onFault }: StandingOptions): Standing {
  const open = new Map<IncomingMessage, () => void>()
  async function check() {
    for (const [request, end] of [...open]) {
      try {
        if (await mayStay(request)) continue
        open.delete(request)
        end()
      } catch (error) {
        onFault(error)
        break
      }
    }
    if (!stopped) cancel = clock.after(recheckMs, check)
  }
  let stopped = false
  let cancel = clock.after(recheckMs, check)
  return {
    add(request, end) {
      open.set(request, end)
      return () => open.delete(request)
    },
    stop() {
      stopped = true
      cancel()
    },
  }
}

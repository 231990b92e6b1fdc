/** Our own bound on a peer that takes nothing: TCP alone would wait for it a quarter of an hour, or for ever. */
import type { ServerResponse } from 'node:http'
import type { Clock } from '../clock.ts'
import type { Hub } from './live.ts'

/** Looks in one bound's time. */
const looks = 2

/**
 * Ends the response when bytes of it wait and no write of it was taken whole within the hub's bound (and up to half of it again), also where
 * too few wait for its session to be blocked. Counted as a slow close.
 */
export function endWhenStuck(raw: ServerResponse, { slow }: Pick<Hub, 'slow'>, clock: Clock): void {
  const { socket } = raw
  if (socket === null) return
  const taken = () => socket.bytesWritten - socket.writableLength
  let last = taken()
  let movedAt = clock.monotonic()
  let cancel = () => {}
  const look = () => {
    if (raw.destroyed) return
    const now = clock.monotonic()
    const moved = taken()
    if (raw.writableLength === 0 || moved > last) {
      last = moved
      movedAt = now
    } else if (now - movedAt >= slow.closeMs) {
      slow.closed()
      raw.destroy()
      return
    }
    cancel = clock.after(slow.closeMs / looks, look)
  }
  cancel = clock.after(slow.closeMs / looks, look)
  raw.once('close', () => cancel())
}

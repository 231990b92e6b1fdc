/** Tells at a steady pace that the agent lives, without keeping its process alive. */
import type { Clock } from './clock.ts'

/** 0 is never. The returned function stops it. */
export function startHeartbeat(clock: Clock, everyMs: number, beat: () => void): () => void {
  if (everyMs <= 0) return () => {}
  let cancel = () => {}
  const next = () => {
    cancel = clock.after(
      everyMs,
      () => {
        beat()
        next()
      },
      true,
    )
  }
  next()
  return () => cancel()
}

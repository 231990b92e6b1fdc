/** One process from its start to its end. Whatever it does to the world outside goes through here, and a crash may come at any of it. */
import type { Clock as ClientClock } from '@signalbox/client/clock.ts'
import type { Clock } from '@signalbox/server/clock.ts'
import type { Random } from '../world/world.ts'
import type { Time } from './time.ts'

export interface Life {
  readonly name: string
  readonly isAlive: () => boolean
  /** Stands still with the process. */
  readonly clock: Clock & ClientClock
  /** False when the process is dead, or dies of it: nothing of what it was about to do happens. */
  acts(): boolean
  /** At its so many next act from now on it dies. */
  crashAfter(acts: number): void
  kill(): void
  onDeath(run: () => void): void
  /** `run` unless it is dead by then. */
  after(ms: number, run: () => void): () => void
}

/** `skewMs`: what its clock is ahead of the others. */
export function createLife(name: string, time: Time, random: Random, skewMs = 0): Life {
  let alive = true
  let actsLeft = Number.POSITIVE_INFINITY
  const deaths: (() => void)[] = []
  const after = (ms: number, run: () => void) => time.after(ms, () => alive && run())
  const life: Life = {
    name,
    isAlive: () => alive,
    clock: { now: () => time.now() + skewMs, monotonic: time.now, after, random: random.next },
    acts() {
      if (!alive) return false
      actsLeft -= 1
      if (actsLeft < 0) life.kill()
      return alive
    },
    crashAfter(acts) {
      actsLeft = acts
    },
    kill() {
      if (!alive) return
      alive = false
      for (const run of deaths.splice(0)) run()
    },
    onDeath: (run) => void deaths.push(run),
    after,
  }
  return life
}

/** Plays steps at their times, until it is stopped or its time is over; then ends what is open. */
import type { Clock } from '@signalbox/client/clock.ts'
import { createClosing } from './closing.ts'
import type { Step } from './stage.ts'
import type { Played, Troupe } from './troupe.ts'

export interface PlayOptions {
  readonly clock: Clock
  /** 2: twice as fast. */
  readonly speed: number
  /** Longest it plays; Infinity for as long as there are steps. */
  readonly forMs: number
  readonly signal: AbortSignal
  readonly onStep?: () => void
}

/** A machine that slept does not catch up: what was missed moves all that comes. */
const mostLateMs = 3_000

/** Resolves when what was begun is ended and acknowledged, or cannot be. */
export async function play(steps: Iterable<Step>, troupe: Troupe, { clock, speed, forMs, signal, onStep }: PlayOptions): Promise<Played> {
  const closing = createClosing()
  let begin = clock.now()
  const end = begin + forMs
  const perform = (step: Step) => {
    closing.saw(step)
    troupe.perform(step)
  }
  for (const step of steps) {
    const due = begin + step.atMs / speed
    if (due > clock.now()) await until(Math.min(due, end), clock, signal)
    if (signal.aborted || clock.now() >= end) break
    const late = clock.now() - due
    if (late > mostLateMs) begin += late
    perform(step)
    onStep?.()
  }
  closing.steps().forEach(perform)
  await troupe.settled()
  return troupe.figures()
}

function until(time: number, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      cancel()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const cancel = clock.after(Math.max(0, time - clock.now()), done)
    signal.addEventListener('abort', done)
    if (signal.aborted) done()
  })
}

/** Layouts one at a time, in a worker that is ended when it takes too long: a layout cannot be interrupted otherwise. */
import type { Places, Shape } from './places.ts'

/** A worker that lays out what it is given, and tells the places; undefined when it cannot. */
export interface LayoutWorker {
  layOut(shape: Shape): void
  end(): void
}
export type StartWorker = (told: (places: Places | undefined) => void) => LayoutWorker

const deadlineMs = 4_000

export interface Layouter {
  /** `answer` is told the places, or undefined when they were not there in time. A newer question takes an older one's place. */
  ask(shape: Shape, answer: (places: Places | undefined) => void): void
  stop(): void
}

interface Asked {
  readonly answer: (places: Places | undefined) => void
  readonly timer: ReturnType<typeof setTimeout>
}

export function createLayouter(start: StartWorker, withinMs = deadlineMs): Layouter {
  let worker: LayoutWorker | undefined
  let asked: Asked | undefined
  const end = () => {
    clearTimeout(asked?.timer)
    asked = undefined
    worker?.end()
    worker = undefined
  }
  const told = (places: Places | undefined) => {
    const { answer, timer } = asked ?? {}
    clearTimeout(timer)
    asked = undefined
    if (places === undefined) end()
    answer?.(places)
  }
  return {
    ask(shape, answer) {
      // Still busy with the one before.
      if (asked !== undefined) end()
      worker ??= start(told)
      asked = { answer, timer: setTimeout(() => told(undefined), withinMs) }
      worker.layOut(shape)
    },
    stop: end,
  }
}

/**
 * When changes are applied to what is shown: once a frame, more seldom where frames take too long, once a second while nobody looks.
 * Everything that applies changes waits for the same moment, so that a frame is made once for all of them.
 */
/** Times a second; each step halves what the page has to do. */
export const rates = [60, 30, 15, 8, 4, 2] as const
/** A frame that takes longer is felt, ms. */
const longFrameMs = 12
const longFramesInRow = 30
/** Less than so many long frames in a row are not the page's load. */
const chanceFrames = 3
/** So long frames are short enough, or few, before the next rate is tried. */
const calmMs = 10_000
/** A rate that did not hold for so long is tried again more seldom. */
const heldMs = 30_000
const mostPatience = 16
const hiddenMs = 1_000

/** Of the browser what is used here. */
export interface Frames {
  readonly now: () => number
  readonly request: (run: () => void) => () => void
  readonly after: (ms: number, run: () => void) => () => void
  /** Calls once the frame that is being made has been painted. */
  readonly painted: (run: () => void) => void
  readonly hidden: () => boolean
}

export interface Pace {
  /** Calls with the next changes that are applied. */
  next(run: () => void): void
  /** The page was hidden, or is seen again. */
  reconsider(): void
}

export function createPace(frames: Frames, onRate: (rate: number) => void): Pace {
  let queue: (() => void)[] = []
  let cancel: (() => void) | undefined
  let step = 0
  let long = 0
  let calmSince = 0
  let patience = 1
  let appliedAt = Number.NEGATIVE_INFINITY
  /** When the last frame that changed something was ready. */
  let readyAt = Number.NEGATIVE_INFINITY
  let raisedAt = Number.NEGATIVE_INFINITY
  const rate = () => rates[step] ?? 60

  function arm() {
    if (frames.hidden()) {
      cancel = frames.after(hiddenMs, apply)
      return
    }
    const request = () => {
      cancel = frames.request(apply)
    }
    // A frame comes up to one of the screen's later than it is asked for.
    const waitMs = step === 0 ? 0 : appliedAt + 1_000 / rate() - 8 - frames.now()
    if (waitMs > 0) cancel = frames.after(waitMs, request)
    else request()
  }

  function apply() {
    cancel = undefined
    const now = queue
    queue = []
    appliedAt = frames.now()
    const idleMs = appliedAt - readyAt
    const isSeen = !frames.hidden()
    for (const run of now) {
      try {
        run()
      } catch (error) {
        // The others are not to wait for it.
        reportError(error)
      }
    }
    if (isSeen) {
      const begun = appliedAt
      frames.painted(() => measure(begun, idleMs))
    }
  }

  function measure(begun: number, idleMs: number) {
    const now = frames.now()
    readyAt = now
    // One long frame now and then is felt by nobody: where little comes a lesser rate would only delay it.
    const isBusy = idleMs < 2_000 / rate()
    long = now - begun > longFrameMs && isBusy ? long + 1 : 0
    if (long >= chanceFrames) calmSince = now
    if (long >= longFramesInRow && step < rates.length - 1) {
      patience = now - raisedAt < heldMs ? Math.min(mostPatience, patience * 2) : 1
      turn(1)
    } else if (step > 0 && now - calmSince >= calmMs * patience) {
      raisedAt = now
      turn(-1)
    }
  }

  function turn(by: 1 | -1) {
    step += by
    long = 0
    calmSince = frames.now()
    onRate(rate())
  }

  return {
    next(run) {
      queue.push(run)
      if (cancel === undefined) arm()
    },
    reconsider() {
      if (cancel === undefined) return
      cancel()
      arm()
    },
  }
}

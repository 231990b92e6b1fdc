/**
 * Nobody reads ten thousand lines a second, and lines that nobody could read push those out that somebody wants to scroll back to.
 * So past a rate one in so many is held. Errors and what the filter asks for have a share of their own each: the rest cannot crowd them out.
 */

/** Lines a second held of each kind. */
const mostPerSecond = 800
const windowMs = 500

type Lane = 'errors' | 'wanted' | 'others'

interface Counted {
  came: number
  oneIn: number
}

export interface Sampler {
  /** Whether to hold this one. */
  take(lane: Lane): boolean
  /** One in how many is held now. */
  oneIn(lane: Lane): number
}

/** `now`: ms of a clock that does not go back. */
export function createSampler(now: () => number, perSecond = mostPerSecond): Sampler {
  const lanes: Readonly<Record<Lane, Counted>> = {
    errors: { came: 0, oneIn: 1 },
    wanted: { came: 0, oneIn: 1 },
    others: { came: 0, oneIn: 1 },
  }
  const bound = (perSecond * windowMs) / 1_000
  let since = now()
  /** By what came in the last window: a burst is held whole for at most one. */
  const turn = () => {
    const windows = Math.floor((now() - since) / windowMs)
    if (windows < 1) return
    since += windows * windowMs
    for (const lane of Object.values(lanes)) {
      lane.oneIn = windows > 1 ? 1 : Math.max(1, Math.ceil(lane.came / bound))
      lane.came = 0
    }
  }
  return {
    take(name) {
      turn()
      const lane = lanes[name]
      lane.came += 1
      return lane.came % lane.oneIn === 0
    },
    oneIn(name) {
      turn()
      return lanes[name].oneIn
    },
  }
}

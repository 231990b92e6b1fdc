/** Counts what is acknowledged, and waits for more of it. */
export interface Acknowledged {
  readonly count: () => number
  add(events: number): void
  /** Resolves when so many more are acknowledged than now; rejects when none is for `patienceMs`. */
  more(events: number, patienceMs: number): Promise<void>
}

export function createAcknowledged(): Acknowledged {
  let count = 0
  const waiting = new Set<() => void>()
  return {
    count: () => count,
    add(events) {
      count += events
      if (events > 0) for (const look of waiting) look()
    },
    more(events, patienceMs) {
      const target = count + events
      return new Promise((resolve, reject) => {
        let patience: NodeJS.Timeout | undefined
        const end = (settle: () => void) => {
          clearTimeout(patience)
          waiting.delete(look)
          settle()
        }
        const look = () => {
          if (count >= target) return end(resolve)
          clearTimeout(patience)
          patience = setTimeout(() => end(() => reject(new Error(`No event was acknowledged for ${patienceMs} ms.`))), patienceMs)
        }
        waiting.add(look)
        look()
      })
    },
  }
}

/** What the heatmap of durations holds. */
import type { Explored } from './figures.ts'
import { duration } from './words.ts'

/** `1 s to 1.5 s`. */
export function bucketName(boundsMs: readonly number[], i: number): string {
  const [low, high] = [boundsMs[i - 1], boundsMs[i]]
  if (low === undefined) return `up to ${duration(high ?? 0)}`
  return high === undefined ? `over ${duration(low)}` : `${duration(low)} to ${duration(high)}`
}

interface Counted {
  readonly byTime: ReadonlyMap<number, readonly number[]>
  readonly most: number
  /** Buckets that hold anything: the others above and below are left out. */
  readonly low: number
  readonly high: number
}

export function countedOf({ cells, boundsMs }: Explored['latency']): Counted {
  let [most, low, high] = [0, boundsMs.length, 0]
  for (const [, ...counts] of cells) {
    for (const [i, count] of counts.entries()) {
      if (count <= 0) continue
      most = Math.max(most, count)
      low = Math.min(low, i)
      high = Math.max(high, i)
    }
  }
  return {
    byTime: new Map(cells.map(([at = 0, ...counts]) => [at, counts])),
    most,
    low: Math.max(0, low - 1),
    high: Math.min(boundsMs.length, high + 1),
  }
}

/** Which bounds are written at the side: about six. */
export function boundsOf({ low, high }: Counted): number[] {
  const every = Math.ceil((high - low + 1) / 6)
  return Array.from({ length: high - low + 1 }, (_, i) => low + i).filter((i) => i > 0 && (i - low) % every === (every === 1 ? 0 : 1))
}

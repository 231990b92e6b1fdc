/** Which stretch of time the bar shows. */
export const spans = {
  '1m': 60_000,
  '15m': 900_000,
  '1h': 3_600_000,
  '6h': 21_600_000,
  '24h': 86_400_000,
  '7d': 604_800_000,
  /** All that is kept. */
  all: undefined,
} as const
export type Span = keyof typeof spans
export const spanNames = Object.keys(spans) as readonly Span[]
export const isSpan = (text: string): text is Span => Object.hasOwn(spans, text)

export interface TimeWindow {
  readonly since: number
  readonly until: number
}

/** How much of the window is kept ahead of a moment that it follows. */
const aheadShare = 0.25

/**
 * The window that shows the moment: the newest stretch where it is in there, else one around it. `held` stays as long as the moment is in it,
 * so that the picture does not move under the hand.
 */
export function windowFor(
  span: Span,
  at: number | undefined,
  { now, oldest, held }: { readonly now: number; readonly oldest?: number | undefined; readonly held?: TimeWindow | undefined },
): TimeWindow {
  const length = spans[span]
  if (length === undefined) return { since: Math.min(oldest ?? now - spans['24h'], now - 1_000), until: now }
  const newest = { since: now - length, until: now }
  if (at === undefined) return newest
  if (held !== undefined && held.until - held.since === length && at >= held.since && at <= held.until) return held
  if (at >= newest.since) return newest
  const until = Math.min(now, Math.round(at + length * aheadShare))
  return { since: until - length, until }
}

/** Even times for the axis, at most so many, in the reader's time zone. */
export function ticksOf({ since, until }: TimeWindow, most: number, offsetMs = new Date(since).getTimezoneOffset() * 60_000): number[] {
  const steps = [1, 5, 10, 15, 30, 60, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000]
  const step = (steps.find((seconds) => (until - since) / (seconds * 1_000) <= most) ?? 31_536_000) * 1_000
  const first = Math.ceil((since - offsetMs) / step) * step + offsetMs
  return Array.from({ length: Math.max(0, Math.floor((until - first) / step) + 1) }, (_, i) => first + i * step)
}

/** The time that the figures are of: what was brushed, or how far back from now (or from the past moment that the page shows). */
import type { Search } from '../../search.ts'

const minuteMs = 60_000
export const presets = [
  { name: '15m', about: '15 minutes', ms: 15 * minuteMs },
  { name: '1h', about: 'hour', ms: 60 * minuteMs },
  { name: '6h', about: '6 hours', ms: 360 * minuteMs },
  { name: '24h', about: '24 hours', ms: 1_440 * minuteMs },
  { name: '7d', about: '7 days', ms: 10_080 * minuteMs },
] as const
export const usual = presets[1]

export type Span =
  | { readonly kind: 'fixed'; readonly from: number; readonly to: number }
  /** Ends now. */
  | { readonly kind: 'live'; readonly lengthMs: number }

export function spanOf({ from, to, since }: Pick<Search, 'from' | 'to' | 'since'>, at: number | undefined): Span {
  if (from !== undefined && to !== undefined && from < to) return { kind: 'fixed', from, to }
  const { ms } = presets.find(({ name }) => name === since) ?? usual
  if (at === undefined) return { kind: 'live', lengthMs: ms }
  // Figures are of whole minutes: of the one that the moment is in, some have not happened.
  const end = at - (at % minuteMs)
  return { kind: 'fixed', from: end - ms, to: end }
}

/** Figures are of whole minutes; a brush of less is one. */
export function brushed(a: number, b: number): { readonly from: number; readonly to: number } {
  const from = Math.floor(Math.min(a, b) / minuteMs) * minuteMs
  return { from, to: Math.max(from + minuteMs, Math.ceil(Math.max(a, b) / minuteMs) * minuteMs) }
}

/** What the overview shows, and what its brush does to the shown window. Pure; times are drawn ones. */
import { type Extent, fitted, panned, shortestMs, type Window } from './window.ts'

export type Part = 'from' | 'whole' | 'to'

/** The whole run, and as far as one has gone beyond it. */
export function overviewOf(extent: Extent, shown: Window): Window {
  const whole = fitted(extent)
  return { from: Math.min(whole.from, shown.from), to: Math.max(whole.to, shown.to) }
}

/** One of its ends, or all of it, moved by so many ms; an end stops at the other one and at the edge of the overview. */
export function brushed(window: Window, part: Part, by: number, extent: Extent): Window {
  if (part === 'whole') return panned(window, by / (window.to - window.from), extent)
  const within = overviewOf(extent, window)
  return part === 'from'
    ? { from: Math.max(within.from, Math.min(window.to - shortestMs, window.from + by)), to: window.to }
    : { from: window.from, to: Math.min(within.to, Math.max(window.from + shortestMs, window.to + by)) }
}

/** As long as it is, around a time. */
export const centred = (window: Window, at: number, extent: Extent): Window =>
  brushed(window, 'whole', at - (window.from + window.to) / 2, extent)

const steps: Readonly<Record<string, number>> = {
  ArrowLeft: -0.01,
  ArrowDown: -0.01,
  ArrowRight: 0.01,
  ArrowUp: 0.01,
  PageDown: -0.1,
  PageUp: 0.1,
  Home: -1,
  End: 1,
}
/** How far a key moves it, as a share of what the overview shows. */
export const stepOf = (key: string): number | undefined => steps[key]

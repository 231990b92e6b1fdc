/** The part of a run's time that is shown, as pure functions. Times are epoch ms; `at` is a place in the window, 0 its left edge and 1 its right. */

export interface Window {
  readonly from: number
  readonly to: number
}

/** When the run began, and its end or now. */
export interface Extent {
  readonly begin: number
  readonly end: number
  /** It goes on: its end is now. */
  readonly live: boolean
}

/** Shorter windows are not shown: events carry whole milliseconds. */
export const shortestMs = 20
/** Following live shows no more than this of a long run. */
export const followMs = 30 * 60_000
/** How much wider than the run a window may be. */
const widest = 3
const margin = 0.02

const lengthOf = ({ begin, end }: Extent) => Math.max(1_000, end - begin)

/** The window keeps its length and its middle stays within the run: nobody pans into the void. */
function bounded({ from, to }: Window, { begin, end }: Extent): Window {
  const middle = (from + to) / 2
  const move = Math.max(begin, Math.min(end, middle)) - middle
  return { from: from + move, to: to + move }
}

/** A factor below 1 zooms in. The time under `at` stays where it is. */
export function zoomed(window: Window, factor: number, at: number, extent: Extent): Window {
  const length = window.to - window.from
  const wanted = Math.max(shortestMs, Math.min(widest * lengthOf(extent), length * factor))
  const from = window.from + (length - wanted) * at
  return bounded({ from, to: from + wanted }, extent)
}

/** By a share of its length; positive is later. */
export function panned({ from, to }: Window, share: number, extent: Extent): Window {
  const by = (to - from) * share
  return bounded({ from: from + by, to: to + by }, extent)
}

/** The whole run. */
export function fitted(extent: Extent): Window {
  const room = lengthOf(extent) * margin
  return { from: extent.begin - room, to: extent.begin + lengthOf(extent) + room }
}

/** What a page without a window in its address shows: the newest part of a live run, now near its right edge; the whole of one that ended. */
export function followed(extent: Extent): Window {
  const whole = fitted(extent)
  return extent.live ? { from: Math.max(whole.from, whole.to - followMs), to: whole.to } : whole
}

/** What took no time is not shown alone. */
const leastAroundMs = 2_000

/** Around something, with room on both sides. */
export function around(from: number, to: number, extent: Extent): Window {
  const length = Math.max(leastAroundMs, (to - from) * 1.5)
  const middle = (from + to) / 2
  return bounded({ from: middle - length / 2, to: middle + length / 2 }, extent)
}

/** Moved as little as needed to show the time; the same window when it does already. */
export function showing(window: Window, time: number, extent: Extent): Window {
  const length = window.to - window.from
  if (time >= window.from && time <= window.to) return window
  return bounded({ from: time - length / 2, to: time + length / 2 }, extent)
}

/** As it stands in the address: whole milliseconds. */
export const written = ({ from, to }: Window) => ({ from: Math.floor(from), to: Math.ceil(to) })

/** A window from the address; undefined where it has none or a wrong one: then the page follows. */
export function parseWindow(from: number | undefined, to: number | undefined): Window | undefined {
  return from === undefined || to === undefined || to - from < shortestMs ? undefined : { from, to }
}

/** Which part of the graph is seen, as pure functions. A place of the graph is at `x + k * place` on the screen, CSS pixels. */
export interface Viewport {
  readonly x: number
  readonly y: number
  /** Pixels to a unit of the graph. */
  readonly k: number
}

export interface Size {
  readonly width: number
  readonly height: number
}

export interface Bounds {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

const zooms = { least: 0.04, most: 2.5 } as const
/** A small graph is enlarged a little, not to a poster. */
const fitMost = 1.35
const margin = 28
/** A narrow screen has no room to lose. */
const narrow = { width: 600, margin: 12 } as const
/** So much of the graph stays in sight. */
const leastSeen = 48

export function boundsOf(places: Iterable<{ readonly x: number; readonly y: number }>, half: Size): Bounds {
  const bounds = {
    left: Number.POSITIVE_INFINITY,
    top: Number.POSITIVE_INFINITY,
    right: Number.NEGATIVE_INFINITY,
    bottom: Number.NEGATIVE_INFINITY,
  }
  for (const { x, y } of places) {
    bounds.left = Math.min(bounds.left, x - half.width)
    bounds.right = Math.max(bounds.right, x + half.width)
    bounds.top = Math.min(bounds.top, y - half.height)
    bounds.bottom = Math.max(bounds.bottom, y + half.height)
  }
  return bounds.left > bounds.right ? { left: 0, top: 0, right: 1, bottom: 1 } : bounds
}

export function fit({ left, top, right, bottom }: Bounds, { width, height }: Size): Viewport {
  const side = width < narrow.width ? narrow.margin : margin
  const wanted = Math.min((width - 2 * side) / (right - left), (height - 2 * margin) / (bottom - top))
  const k = Math.max(zooms.least, Math.min(fitMost, wanted))
  return { k, x: width / 2 - (k * (left + right)) / 2, y: height / 2 - (k * (top + bottom)) / 2 }
}

/** What is under the point stays there. */
export function zoomed({ x, y, k }: Viewport, factor: number, at: { readonly x: number; readonly y: number }): Viewport {
  const next = Math.max(zooms.least, Math.min(zooms.most, k * factor))
  const by = next / k
  return { k: next, x: at.x - (at.x - x) * by, y: at.y - (at.y - y) * by }
}

/** Never so far that nothing is seen. */
export function panned({ x, y, k }: Viewport, right: number, down: number, bounds: Bounds, { width, height }: Size): Viewport {
  const within = (value: number, least: number, most: number) => Math.max(least, Math.min(most, value))
  return {
    k,
    x: within(x + right, leastSeen - k * bounds.right, width - leastSeen - k * bounds.left),
    y: within(y + down, leastSeen - k * bounds.bottom, height - leastSeen - k * bounds.top),
  }
}

/** Moved as little as is needed to see the box whole; the same when it is. */
export function showing(viewport: Viewport, box: Bounds, { width, height }: Size): Viewport {
  const { x, y, k } = viewport
  const shift = (low: number, high: number, room: number) =>
    low < margin ? margin - low : high > room - margin ? Math.max(room - margin - high, margin - low) : 0
  const right = shift(x + k * box.left, x + k * box.right, width)
  const down = shift(y + k * box.top, y + k * box.bottom, height)
  return right === 0 && down === 0 ? viewport : { k, x: x + right, y: y + down }
}

export const toGraph = ({ x, y, k }: Viewport, at: { readonly x: number; readonly y: number }) => ({ x: (at.x - x) / k, y: (at.y - y) / k })

export function seen(viewport: Viewport, { width, height }: Size): Bounds {
  const [a, b] = [toGraph(viewport, { x: 0, y: 0 }), toGraph(viewport, { x: width, y: height })]
  return { left: a.x, top: a.y, right: b.x, bottom: b.y }
}

/** Where the nodes and the reader are, outside React: both move with every frame of a drag or of a new layout. */
import { nodeSize, type Place, type Places } from './places.ts'
import { type Bounds, boundsOf, fit, panned, type Size, showing, type Viewport, zoomed } from './viewport.ts'

const tweenMs = 320
const halfNode: Size = { width: nodeSize.width / 2, height: nodeSize.height / 2 }

interface Moment {
  readonly places: Places
  readonly viewport: Viewport
  /** A later frame shows it otherwise. */
  readonly moving: boolean
}

export interface Stage {
  at(time: number): Moment
  /** Where the nodes are or will be. */
  places(): Places
  bounds(): Bounds
  size(): Size
  /** `moved`: how far its corner went on the page; what is seen stays where it is. */
  resize(size: Size, moved: Place): void
  /** New places; the reader goes along as long as he has not moved himself. */
  place(places: Places, moves: boolean): void
  pan(right: number, down: number): void
  zoom(factor: number, at?: Place): void
  fit(moves: boolean): void
  /** As little as is needed to see a node. */
  show(node: string): void
  /** With a place of the graph in the middle. */
  centre(on: Place): void
  watch(listener: () => void): () => void
}

const between = (from: number, to: number, share: number) => from + (to - from) * share
/** Fast, then slow. */
const eased = (share: number) => 1 - (1 - share) ** 3

export function createStage(clock: () => number): Stage {
  const listeners = new Set<() => void>()
  let size: Size = { width: 0, height: 0 }
  let places: Places = new Map()
  let before: Places = places
  let bounds = boundsOf([], halfNode)
  let viewport: Viewport = { x: 0, y: 0, k: 1 }
  let viewportBefore = viewport
  let since = Number.NEGATIVE_INFINITY
  /** Fitted, and not moved by hand since. */
  let untouched = true
  const tell = () => {
    for (const listener of listeners) listener()
  }
  const shareAt = (time: number) => Math.min(1, (time - since) / tweenMs)
  function placesAt(share: number): Places {
    if (share >= 1) return places
    const moved = new Map<string, Place>()
    for (const [node, to] of places) {
      const from = before.get(node)
      moved.set(node, from === undefined ? to : { x: between(from.x, to.x, share), y: between(from.y, to.y, share) })
    }
    return moved
  }
  function viewportAt(share: number): Viewport {
    if (share >= 1) return viewport
    const { x, y, k } = viewportBefore
    return { x: between(x, viewport.x, share), y: between(y, viewport.y, share), k: between(k, viewport.k, share) }
  }
  const begin = (moves: boolean) => {
    const share = eased(shareAt(clock()))
    before = placesAt(share)
    viewportBefore = viewportAt(share)
    since = moves ? clock() : Number.NEGATIVE_INFINITY
  }
  /** A hand on it ends what moves by itself. */
  const take = (next: (held: Viewport) => Viewport) => {
    const held = viewportAt(eased(shareAt(clock())))
    viewportBefore = viewport = next(held)
    untouched = false
    tell()
  }
  return {
    at(time) {
      const share = shareAt(time)
      return { places: placesAt(eased(share)), viewport: viewportAt(eased(share)), moving: share < 1 }
    },
    places: () => places,
    bounds: () => bounds,
    size: () => size,
    resize(next, moved) {
      const first = size.width === 0
      size = next
      const still = (held: Viewport) => ({ k: held.k, x: held.x - moved.x, y: held.y - moved.y })
      if (first) viewportBefore = viewport = fit(bounds, size)
      else [viewport, viewportBefore] = [still(viewport), still(viewportBefore)]
      tell()
    },
    place(next, moves) {
      const isFirst = places.size === 0
      begin(moves && !isFirst)
      places = next
      bounds = boundsOf(next.values(), halfNode)
      if (untouched && size.width > 0) viewport = fit(bounds, size)
      if (isFirst) viewportBefore = viewport
      tell()
    },
    pan: (right, down) => take((held) => panned(held, right, down, bounds, size)),
    zoom: (factor, at = { x: size.width / 2, y: size.height / 2 }) => take((held) => panned(zoomed(held, factor, at), 0, 0, bounds, size)),
    fit(moves) {
      begin(moves)
      viewport = fit(bounds, size)
      untouched = true
      tell()
    },
    show(node) {
      const place = places.get(node)
      if (place === undefined) return
      const next = showing(viewport, boundsOf([place], halfNode), size)
      if (next !== viewport) take(() => next)
    },
    centre: ({ x, y }) => take(({ k }) => panned({ k, x: size.width / 2 - k * x, y: size.height / 2 - k * y }, 0, 0, bounds, size)),
    watch(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

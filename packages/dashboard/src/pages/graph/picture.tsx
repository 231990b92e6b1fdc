import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { useBindings } from '../../keys.ts'
import { later } from '../../live/schedule.ts'
import { fitTo } from '../lanes/canvas.ts'
import { useFrames } from '../lanes/frames.ts'
import { paletteOf } from '../lanes/scene.ts'
import { Buttons } from './buttons.tsx'
import { type Hit, hitAt } from './curve.ts'
import { isMoving, type Scene } from './draw.ts'
import type { Lit } from './findings.ts'
import { useHand } from './hand.ts'
import { createLayers } from './layers.ts'
import { MiniMap } from './mini-map.tsx'
import { type Graph, type GraphNode, pairOf } from './model.ts'
import type { Place } from './places.ts'
import type { Stage } from './stage.ts'
import { Tip } from './tip.tsx'
import { seen, toGraph } from './viewport.ts'

/** Buttons are there for so many nodes in sight at most; more are too small to be met. */
const mostButtons = 240
/** They follow the picture after this long. */
const buttonsMs = 120
const reach = 7
/** How much longer than a frame takes the page rests until the next one that nobody asked for. */
const restShare = 4
const panStep = 80
const zoomStep = 1.25
const calmly = matchMedia('(prefers-reduced-motion: reduce)')

interface PictureProps extends Pick<Scene, 'circles' | 'marks' | 'uses' | 'selected'> {
  readonly graph: Graph
  readonly stage: Stage
  readonly lit: Lit | undefined
  readonly about: (node: GraphNode) => string
  readonly press: (hit: Hit | undefined) => void
  /** The node that Tab reaches first, and keys that ask for one mean. */
  readonly current: string
  readonly reachNode: (node: string) => void
  readonly nameOf: (node: string) => string
  /** The shown time. */
  readonly clock: () => number
}

/** A frame costs one drawing, however many nodes there are; React hears of a drag when it rests. */
export function Picture({ graph, stage, lit, about, press, current, reachNode, nameOf, clock, ...rest }: PictureProps) {
  const box = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const layer = useRef<HTMLDivElement>(null)
  const [over, setOver] = useState<{ readonly hit: Hit; readonly at: Place }>()
  const hover = over?.hit
  const ties = useMemo(() => tiesOf(graph), [graph])
  const hovered = hover === undefined ? undefined : 'node' in hover ? hover.node.id : hover.edge.id
  const near = useMemo(() => (hover === undefined ? undefined : around(hover, graph, ties)), [hover, graph, ties])

  const [layers] = useState(createLayers)
  /** How long the last frame took until it was painted, ms. */
  const took = useRef(0)
  const ask = useFrames(() => {
    const [element, picture, buttons] = [box.current, canvas.current, layer.current]
    const context = picture?.getContext('2d')
    if (!element || !picture || !buttons || !context) return undefined
    const time = performance.now()
    const { places, viewport, moving } = stage.at(time)
    const size = stage.size()
    fitTo(picture, size.width, size.height)
    const scene = { ...rest, graph, places, viewport, size, hover: hovered, lit: near ?? lit, time, calm: calmly.matches }
    const begun = performance.now()
    layers(context, { ...scene, palette: paletteOf(element) })
    later(() => {
      took.current = performance.now() - begun
    })
    buttons.style.transform = `translate(${viewport.x}px, ${viewport.y}px) scale(${viewport.k})`
    const pace = isMoving(scene)
    // What moves by itself leaves most of the time to the rest of the page.
    return moving ? 0 : pace === undefined ? undefined : Math.max(pace === 'fast' ? 30 : 250, restShare * took.current)
  })
  useLayoutEffect(ask)
  useEffect(() => {
    const element = box.current
    if (element === null) return
    let corner = element.getBoundingClientRect()
    const sizes = new ResizeObserver(() => {
      const { left, top } = corner
      corner = element.getBoundingClientRect()
      stage.resize({ width: element.clientWidth, height: element.clientHeight }, { x: corner.left - left, y: corner.top - top })
    })
    sizes.observe(element)
    const themes = new MutationObserver(ask)
    themes.observe(document.documentElement, { attributeFilter: ['data-theme'] })
    return () => {
      sizes.disconnect()
      themes.disconnect()
    }
  }, [stage, ask])
  const inSight = useInSight(graph, stage, current, ask)

  const hitOf = (at: Place) => {
    const { places, viewport } = stage.at(performance.now())
    return hitAt(graph, places, toGraph(viewport, at), reach / viewport.k)
  }
  const hand = useHand({
    box,
    stage,
    onHover(at) {
      const hit = at && hitOf(at)
      setOver((held) => (sameHit(held?.hit, hit) ? held : hit && at && { hit, at }))
    },
    onClick: (at) => press(hitOf(at)),
  })
  const pan = (right: number, down: number) => () => stage.pan(right * panStep, down * panStep)
  useBindings([
    { keys: 'w', about: 'Up', run: pan(0, 1) },
    { keys: 's', about: 'Down', run: pan(0, -1) },
    { keys: 'a', about: 'Left', run: pan(1, 0) },
    { keys: 'd', about: 'Right', run: pan(-1, 0) },
    { keys: 'ArrowUp', about: 'Up; from a node, to the next one there', run: pan(0, 1) },
    { keys: 'ArrowDown', about: 'Down; from a node, to the next one there', run: pan(0, -1) },
    { keys: 'ArrowLeft', about: 'Left; from a node, to the next one there', run: pan(1, 0) },
    { keys: 'ArrowRight', about: 'Right; from a node, to the next one there', run: pan(-1, 0) },
    { keys: '+', about: 'Zoom in', run: () => stage.zoom(zoomStep) },
    { keys: '-', about: 'Zoom out', run: () => stage.zoom(1 / zoomStep) },
    { keys: 'f', about: 'Fit the whole graph', run: () => stage.fit(!calmly.matches) },
  ])
  const select = (node: string) => {
    const found = graph.nodes.find(({ id }) => id === node)
    press(found && { node: found })
  }
  return (
    <div
      ref={box}
      data-testid="graph"
      {...hand}
      className={`relative min-h-0 flex-1 touch-none select-none overflow-hidden ${hover === undefined ? 'cursor-grab active:cursor-grabbing' : 'cursor-pointer'}`}
    >
      <div aria-hidden="true">
        <canvas ref={canvas} className="absolute left-0 top-0" />
      </div>
      <div ref={layer} className="absolute left-0 top-0 origin-top-left">
        <Buttons
          nodes={inSight}
          places={stage.places()}
          about={about}
          selected={rest.selected}
          current={current}
          tiedTo={(node) => ties.get(node) ?? none}
          reach={(node) => {
            stage.show(node)
            reachNode(node)
          }}
          press={select}
        />
      </div>
      <MiniMap graph={graph} stage={stage} />
      {over !== undefined && <Tip {...over} box={stage.size()} nameOf={nameOf} uses={rest.uses} now={clock} />}
    </div>
  )
}

const none: ReadonlySet<string> = new Set()

const sameHit = (a: Hit | undefined, b: Hit | undefined) =>
  a === b ||
  (a !== undefined && b !== undefined && ('node' in a ? 'node' in b && a.node.id === b.node.id : 'edge' in b && a.edge.id === b.edge.id))

function tiesOf({ edges }: Graph): ReadonlyMap<string, ReadonlySet<string>> {
  const ties = new Map<string, Set<string>>()
  const tie = (a: string, b: string) => {
    const held = ties.get(a)
    if (held === undefined) ties.set(a, new Set([b]))
    else held.add(b)
  }
  for (const { from, to } of edges) {
    tie(from, to)
    tie(to, from)
  }
  return ties
}

/** What is under the pointer, with the other ends of its edges. */
function around(hit: Hit, { edges }: Graph, ties: ReadonlyMap<string, ReadonlySet<string>>): Lit {
  if ('edge' in hit) return { nodes: new Set([hit.edge.from, hit.edge.to]), pairs: new Set([pairOf(hit.edge)]) }
  const { id } = hit.node
  const pairs = edges.flatMap((edge) => (edge.from === id || edge.to === id ? [pairOf(edge)] : []))
  return { nodes: new Set([id, ...(ties.get(id) ?? [])]), pairs: new Set(pairs) }
}

/** The nodes that have a button now. */
function useInSight(graph: Graph, stage: Stage, current: string, ask: () => void): readonly GraphNode[] {
  const find = useCallback(() => {
    const { viewport, places } = stage.at(Number.POSITIVE_INFINITY)
    const view = seen(viewport, stage.size())
    const isSeen = ({ id }: GraphNode) => {
      const place = places.get(id)
      return place !== undefined && place.x > view.left && place.x < view.right && place.y > view.top && place.y < view.bottom
    }
    const some = graph.nodes.filter((node) => node.id !== current && isSeen(node)).slice(0, mostButtons)
    // What has the focus keeps its button.
    return [...graph.nodes.filter(({ id }) => id === current), ...some]
  }, [graph, stage, current])
  const [, renew] = useState(0)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const stop = stage.watch(() => {
      ask()
      timer ??= setTimeout(() => {
        timer = undefined
        renew((times) => times + 1)
      }, buttonsMs)
    })
    return () => {
      stop()
      clearTimeout(timer)
    }
  }, [stage, ask])
  return find()
}

/** Keeps the stage's places up with the graph: nothing moves for a new node if there is room; all is laid out anew when asked, or when much is new. */
import { useEffect, useMemo, useRef, useState } from 'react'
import { gridOf } from './block.ts'
import { kept } from './keep.ts'
import { createLayouter, type StartWorker } from './layouter.ts'
import { type Graph, pairOf } from './model.ts'
import type { Place, Shape } from './places.ts'
import type { Stage } from './stage.ts'

const startWorker: StartWorker = (told) => {
  const worker = new Worker(new URL('./layout.worker.ts', import.meta.url), { type: 'module' })
  worker.addEventListener('message', ({ data }: MessageEvent<readonly (readonly [string, Place])[]>) => told(new Map(data)))
  worker.addEventListener('error', () => told(undefined))
  return { layOut: (shape) => worker.postMessage(shape), end: () => worker.terminate() }
}

/** Who gives weighs more than who tells. */
const weights = { delegation: 3, part: 3, handoff: 2, message: 1 } as const

function shapeOf({ nodes, edges }: Graph): Shape {
  const pairs = new Map<string, { readonly from: string; readonly to: string; readonly weight: number }>()
  for (const edge of edges) {
    const held = pairs.get(pairOf(edge))
    if (held === undefined || held.weight < weights[edge.kind])
      pairs.set(pairOf(edge), { from: edge.from, to: edge.to, weight: weights[edge.kind] })
  }
  return { nodes: nodes.map(({ id }) => id), edges: [...pairs.values()] }
}

const nameOf = ({ nodes, edges }: Shape) => `${nodes.join('\u001e')}\u001d${edges.map((edge) => pairOf(edge)).join('\u001e')}`

export type Placing = 'placing' | 'placed' | 'late'

interface Options {
  readonly graph: Graph
  readonly stage: Stage
  /** Another one: the reader wants another picture, so that all may move. */
  readonly wish: string
  /** Nothing glides. */
  readonly calm: () => boolean
}

/** `late`: they were not laid out in time, and stand in rows. */
export function usePlaces({ graph, stage, wish, calm }: Options): Placing {
  const [state, setState] = useState<Placing>('placing')
  const made = useMemo(() => shapeOf(graph), [graph])
  const name = useMemo(() => nameOf(made), [made])
  const shape = useRef(made)
  shape.current = made
  const [layouter] = useState(() => createLayouter(startWorker))
  useEffect(() => layouter.stop, [layouter])
  const wished = useRef<string>(undefined)
  useEffect(() => {
    void name
    const asked = shape.current
    if (asked.nodes.length === 0) return
    const stays = wished.current === wish ? kept(stage.places(), asked) : undefined
    wished.current = wish
    if (stays !== undefined) return stage.place(stays, !calm())
    setState((held) => (held === 'placed' ? held : 'placing'))
    layouter.ask(asked, (places) => {
      stage.place(places ?? gridOf(asked.nodes), !calm())
      setState(places === undefined ? 'late' : 'placed')
    })
  }, [name, wish, stage, layouter, calm])
  return state
}

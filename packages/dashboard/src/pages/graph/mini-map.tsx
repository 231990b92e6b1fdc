import { type PointerEvent, useEffect, useLayoutEffect, useRef } from 'react'
import { fitTo } from '../lanes/canvas.ts'
import { useFrames } from '../lanes/frames.ts'
import { paletteOf } from '../lanes/scene.ts'
import type { Graph } from './model.ts'
import { nodeSize } from './places.ts'
import type { Stage } from './stage.ts'
import { type Bounds, seen } from './viewport.ts'

const size = { width: 168, height: 108 } as const

/** The whole graph, small, with what is seen of it; dragging in it moves that. The keys fit and pan instead. */
export function MiniMap({ graph, stage }: { readonly graph: Graph; readonly stage: Stage }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const ask = useFrames(() => {
    const context = canvas.current?.getContext('2d')
    if (!canvas.current || !context) return undefined
    const { places, viewport, moving } = stage.at(performance.now())
    // Where all is seen it says nothing.
    canvas.current.hidden = !moving && isWhole(seen(viewport, stage.size()), stage.bounds())
    const palette = paletteOf(canvas.current)
    fitTo(canvas.current, size.width, size.height)
    context.clearRect(0, 0, size.width, size.height)
    const { k, x, y } = scaleOf(stage)
    for (const { id, look } of graph.nodes) {
      const place = places.get(id)
      if (place === undefined) continue
      context.fillStyle = palette[look.tone]
      const [wide, tall] = [Math.max(2, nodeSize.width * k), Math.max(1.5, nodeSize.height * k)]
      context.fillRect(x + place.x * k - wide / 2, y + place.y * k - tall / 2, wide, tall)
    }
    const view = seen(viewport, stage.size())
    context.strokeStyle = palette.accent
    context.lineWidth = 1.5
    context.strokeRect(x + view.left * k, y + view.top * k, (view.right - view.left) * k, (view.bottom - view.top) * k)
    return moving ? 0 : undefined
  })
  useLayoutEffect(ask)
  useEffect(() => stage.watch(ask), [stage, ask])
  const go = (event: PointerEvent) => {
    event.stopPropagation()
    if (event.buttons !== 1) return
    event.currentTarget.setPointerCapture(event.pointerId)
    const edge = event.currentTarget.getBoundingClientRect()
    const { k, x, y } = scaleOf(stage)
    stage.centre({ x: (event.clientX - edge.left - x) / k, y: (event.clientY - edge.top - y) / k })
  }
  return (
    <div aria-hidden="true">
      <canvas
        ref={canvas}
        onPointerDown={go}
        onPointerMove={go}
        onPointerUp={(event) => event.stopPropagation()}
        className="absolute bottom-3 right-3 cursor-crosshair rounded-md border border-line bg-panel/90 max-md:hidden"
      />
    </div>
  )
}

const isWhole = (view: Bounds, all: Bounds) =>
  view.left <= all.left && view.right >= all.right && view.top <= all.top && view.bottom >= all.bottom

function scaleOf(stage: Stage) {
  const { left, top, right, bottom } = stage.bounds()
  const k = Math.min((size.width - 12) / (right - left), (size.height - 12) / (bottom - top), 0.2)
  return { k, x: size.width / 2 - (k * (left + right)) / 2, y: size.height / 2 - (k * (top + bottom)) / 2 }
}

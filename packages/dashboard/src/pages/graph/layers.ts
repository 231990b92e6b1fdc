/** A frame of the graph: what stands still is drawn again only when it is another, and what moves by itself below it each time. */
import { fitTo } from '../lanes/canvas.ts'
import { drawMoving, drawStill, type Scene } from './draw.ts'

/** All but the clock, by which only what moves goes. */
const stillParts = ['graph', 'places', 'viewport', 'size', 'selected', 'hover', 'lit', 'circles', 'marks', 'uses'] as const

const isSame = (a: Scene, b: Scene): boolean =>
  stillParts.every((part) => a[part] === b[part]) &&
  Object.entries(a.palette).every(([ink, color]) => b.palette[ink as keyof Scene['palette']] === color)

export function createLayers(): (context: CanvasRenderingContext2D, scene: Scene) => void {
  const canvas = document.createElement('canvas')
  const still = canvas.getContext('2d')
  let held: Scene | undefined
  return (context, scene) => {
    drawMoving(context, scene)
    if (still === null) return
    const { size } = scene
    if (held === undefined || !isSame(held, scene)) {
      fitTo(canvas, size.width, size.height)
      drawStill(still, scene)
      held = scene
    }
    // The page may not have laid it out yet.
    if (canvas.width > 0 && canvas.height > 0) context.drawImage(canvas, 0, 0, size.width, size.height)
  }
}

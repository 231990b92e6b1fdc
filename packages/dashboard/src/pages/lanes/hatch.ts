/** Patterns that tell states apart without their colours: slanted lines, crossed lines, dots. */
export type Hatch = 'slanted' | 'crossed' | 'dotted'

const side = 6
const made = new Map<string, HTMLCanvasElement>()

function tile(hatch: Hatch, ink: string): HTMLCanvasElement {
  const held = made.get(`${hatch} ${ink}`)
  if (held !== undefined) return held
  const canvas = document.createElement('canvas')
  canvas.width = side
  canvas.height = side
  const context = canvas.getContext('2d')
  if (context !== null) {
    context.strokeStyle = ink
    context.fillStyle = ink
    context.lineWidth = 1.2
    context.beginPath()
    // A line and its neighbours, so that tiles meet.
    for (const by of [-side, 0, side]) {
      if (hatch === 'dotted') continue
      context.moveTo(by - 1, side + 1)
      context.lineTo(by + side + 1, -1)
      if (hatch === 'slanted') continue
      context.moveTo(by - 1, -1)
      context.lineTo(by + side + 1, side + 1)
    }
    context.stroke()
    if (hatch === 'dotted') context.fillRect(2, 2, 2, 2)
  }
  made.set(`${hatch} ${ink}`, canvas)
  return canvas
}

export const hatched = (context: CanvasRenderingContext2D, hatch: Hatch, ink: string): CanvasPattern | string =>
  context.createPattern(tile(hatch, ink), 'repeat') ?? ink

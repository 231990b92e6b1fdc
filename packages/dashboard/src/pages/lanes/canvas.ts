/** Sharp on any screen, and emptied only when its size is another. CSS pixels. */
export function fitTo(canvas: HTMLCanvasElement, width: number, height: number): void {
  const scale = devicePixelRatio
  const [wide, tall] = [Math.round(width * scale), Math.round(height * scale)]
  if (canvas.width !== wide || canvas.height !== tall) {
    canvas.width = wide
    canvas.height = tall
    canvas.style.width = `${width}px`
    canvas.style.height = `${height}px`
  }
  canvas.getContext('2d')?.setTransform(scale, 0, 0, scale, 0, 0)
}

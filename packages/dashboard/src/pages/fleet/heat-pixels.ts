/** A picture that is put together from small square ones, in memory. All sizes are device pixels. */
export interface Pixels {
  readonly image: ImageData
  /** Nothing anywhere. */
  clear(): void
  /** A square of `side` at a place; what of it lies outside is left out. */
  put(square: Uint32Array, side: number, left: number, top: number): void
  /** The rows in which something changed since the last time that it was asked; undefined: in none. */
  changed(): { readonly top: number; readonly bottom: number } | undefined
}

export function createPixels(width: number, height: number, image = new ImageData(width, height)): Pixels {
  // Four bytes a pixel, which are only copied.
  const pixels = new Uint32Array(image.data.buffer)
  let [first, end] = [0, 0]
  const touch = (top: number, bottom: number) => {
    ;[first, end] = first === end ? [top, bottom] : [Math.min(first, top), Math.max(end, bottom)]
  }
  return {
    image,
    clear() {
      pixels.fill(0)
      touch(0, height)
    },
    put(square, side, left, top) {
      const [fromX, toX] = [Math.max(0, left), Math.min(width, left + side)]
      const [fromY, toY] = [Math.max(0, top), Math.min(height, top + side)]
      if (fromX >= toX || fromY >= toY) return
      for (let y = fromY; y < toY; y += 1) {
        const from = (y - top) * side - left
        const to = y * width
        for (let x = fromX; x < toX; x += 1) pixels[to + x] = square[from + x] ?? 0
      }
      touch(fromY, toY)
    },
    changed() {
      if (first === end) return undefined
      const rows = { top: first, bottom: end }
      first = end = 0
      return rows
    },
  }
}

import { expect, test } from 'vitest'
import { createPixels } from './heat-pixels.ts'

/** Where no browser is. */
const imageOf = (width: number, height: number) =>
  ({ width, height, data: new Uint8ClampedArray(4 * width * height), colorSpace: 'srgb' }) as unknown as ImageData
const seen = ({ data, width, height }: ImageData) => {
  const all = new Uint32Array(data.buffer)
  return Array.from({ length: height }, (_, y) => all.subarray(y * width, (y + 1) * width).join(''))
}

test('squares stand where they are put, also those that lie across an edge', () => {
  const pixels = createPixels(5, 4, imageOf(5, 4))
  const square = Uint32Array.of(1, 2, 3, 4)
  pixels.put(square, 2, 1, 1)
  pixels.put(square, 2, 4, 3)
  pixels.put(square, 2, -1, -1)
  pixels.put(square, 2, 5, 0)
  pixels.put(square, 2, 0, -2)
  expect(seen(pixels.image)).toEqual(['40000', '01200', '03400', '00001'])
})

test('only rows that changed are told, once', () => {
  const pixels = createPixels(3, 9, imageOf(3, 9))
  expect(pixels.changed()).toBeUndefined()
  pixels.put(Uint32Array.of(1), 1, 0, 5)
  pixels.put(Uint32Array.of(1), 1, 2, 3)
  pixels.put(Uint32Array.of(1), 1, 7, 8)
  expect(pixels.changed()).toEqual({ top: 3, bottom: 6 })
  expect(pixels.changed()).toBeUndefined()
  pixels.clear()
  expect(pixels.changed()).toEqual({ top: 0, bottom: 9 })
  expect(seen(pixels.image)).toEqual(Array(9).fill('000'))
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { boundsOf, fit, panned, showing, toGraph, zoomed } from './viewport.ts'

const size = { width: 1_000, height: 600 }
const bounds = { left: 0, top: 0, right: 3_000, bottom: 900 }
const half = { width: 100, height: 30 }

test('fitted, everything is seen and in the middle; little is enlarged a little', () => {
  const { x, y, k } = fit(bounds, size)
  expect(x).toBeGreaterThanOrEqual(0)
  expect(x + k * bounds.right).toBeLessThanOrEqual(size.width)
  expect(y + (k * bounds.bottom) / 2).toBeCloseTo(size.height / 2)
  expect(fit(boundsOf([{ x: 0, y: 0 }], half), size)).toEqual({ k: 1.35, x: 500, y: 300 })
  expect(fit(boundsOf([], half), size).k).toBe(1.35)
})

test('a narrow screen gives the graph all of its width but a finger’s', () => {
  const { x, k } = fit({ left: 0, top: 0, right: 528, bottom: 300 }, { width: 390, height: 500 })
  expect([x, x + k * 528]).toEqual([expect.closeTo(12), expect.closeTo(378)])
})

test('zoomed, what is under the pointer stays there', () => {
  const viewport = fc.record({
    x: fc.integer({ min: -999, max: 999 }),
    y: fc.integer({ min: -999, max: 999 }),
    k: fc.double({ min: 0.1, max: 2, noNaN: true }),
  })
  fc.assert(
    fc.property(viewport, fc.double({ min: 0.2, max: 5, noNaN: true }), (held, factor) => {
      const at = { x: 300, y: 200 }
      const [before, after] = [toGraph(held, at), toGraph(zoomed(held, factor, at), at)]
      expect(after.x).toBeCloseTo(before.x, 3)
      expect(after.y).toBeCloseTo(before.y, 3)
    }),
  )
})

test('nobody pans so far that nothing is seen', () => {
  const far = panned({ x: 0, y: 0, k: 1 }, 1e6, -1e6, bounds, size)
  expect(far.x).toBeLessThan(size.width)
  expect(far.y + bounds.bottom).toBeGreaterThan(0)
})

test('a box that is seen moves nothing; one that is not comes in sight by the shortest way', () => {
  const held = { x: 0, y: 0, k: 1 }
  expect(showing(held, boundsOf([{ x: 500, y: 300 }], half), size)).toBe(held)
  const moved = showing(held, boundsOf([{ x: 1_400, y: 300 }], half), size)
  expect(moved.y).toBe(0)
  expect(moved.x + 1_500).toBeLessThanOrEqual(size.width)
})

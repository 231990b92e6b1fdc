import fc from 'fast-check'
import { expect, test } from 'vitest'
import { brushed, centred, overviewOf, type Part } from './brush.ts'
import { type Extent, fitted, shortestMs, type Window } from './window.ts'

const extent: Extent = { begin: 0, end: 100_000, live: false }
const window: Window = { from: 20_000, to: 40_000 }

test.each<readonly [string, Window, Window]>([
  ['its start moves alone', brushed(window, 'from', 5_000, extent), { from: 25_000, to: 40_000 }],
  ['its start stops before its end', brushed(window, 'from', 90_000, extent), { from: 40_000 - shortestMs, to: 40_000 }],
  ['its end stops where the overview does', brushed(window, 'to', 900_000, extent), { from: 20_000, to: 102_000 }],
  ['the whole keeps its length', brushed(window, 'whole', 5_000, extent), { from: 25_000, to: 45_000 }],
  ['a press jumps', centred(window, 80_000, extent), { from: 70_000, to: 90_000 }],
  ['the overview shows the run', overviewOf(extent, window), fitted(extent)],
  ['and what is beyond it, when that is shown', overviewOf(extent, { from: -50_000, to: 10 }), { from: -50_000, to: 102_000 }],
])('%s', (_, made, wanted) => expect(made).toEqual(wanted))

test('whatever is done to it, the brush stays a window that touches the run', () => {
  const move = fc.tuple(fc.constantFrom<Part>('from', 'whole', 'to'), fc.integer({ min: -300_000, max: 300_000 }))
  fc.assert(
    fc.property(fc.array(move), (moves) => {
      let shown = window
      for (const [part, by] of moves) {
        shown = brushed(shown, part, by, extent)
        const within = overviewOf(extent, shown)
        expect(shown.to - shown.from).toBeGreaterThanOrEqual(shortestMs - 1e-6)
        expect(shown.from).toBeGreaterThanOrEqual(within.from)
        expect(shown.to).toBeLessThanOrEqual(within.to)
      }
    }),
  )
})

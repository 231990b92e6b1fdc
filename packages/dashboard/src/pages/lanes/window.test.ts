import { expect, test } from 'vitest'
import {
  around,
  type Extent,
  fitted,
  followed,
  followMs,
  panned,
  parseWindow,
  shortestMs,
  showing,
  type Window,
  written,
  zoomed,
} from './window.ts'

const ended: Extent = { begin: 10_000, end: 110_000, live: false }
const live: Extent = { ...ended, live: true }
const middle: Window = { from: 50_000, to: 70_000 }

test.each<readonly [string, Window, Window]>([
  ['in at the middle', zoomed(middle, 0.5, 0.5, ended), { from: 55_000, to: 65_000 }],
  ['in at the left edge', zoomed(middle, 0.5, 0, ended), { from: 50_000, to: 60_000 }],
  ['out at the right edge', zoomed(middle, 2, 1, ended), { from: 30_000, to: 70_000 }],
  [
    'no further in than events can be told apart',
    zoomed({ from: 50_000, to: 50_030 }, 0.1, 0, ended),
    { from: 50_000, to: 50_000 + shortestMs },
  ],
  ['no further out than three runs', zoomed(middle, 1_000, 0.5, ended), { from: -90_000, to: 210_000 }],
  ['later by a fifth', panned(middle, 0.2, ended), { from: 54_000, to: 74_000 }],
  ['earlier, but not into the void', panned(middle, -50, ended), { from: 0, to: 20_000 }],
  ['later, but not into the void', panned(middle, 50, ended), { from: 100_000, to: 120_000 }],
  ['the whole run, with a margin', fitted(ended), { from: 8_000, to: 112_000 }],
  ['a run of one moment', fitted({ begin: 5_000, end: 5_000, live: false }), { from: 4_980, to: 6_020 }],
  ['a run that ended is followed as a whole', followed(ended), fitted(ended)],
  ['so is a short one that goes on', followed(live), fitted(live)],
  ['around a task', around(50_000, 60_000, ended), { from: 47_500, to: 62_500 }],
  ['around what took no time', around(50_000, 50_000, ended), { from: 49_000, to: 51_000 }],
  ['a time in view moves nothing', showing(middle, 60_000, ended), middle],
  ['a time out of view comes to the middle', showing(middle, 90_000, ended), { from: 80_000, to: 100_000 }],
])('%s', (_, made, wanted) => {
  expect(made).toEqual(wanted)
})

test('following a long run shows its newest part, with now in it', () => {
  const long: Extent = { begin: 0, end: 10 * followMs, live: true }
  const { from, to } = followed(long)
  expect(to - from).toBe(followMs)
  expect(to).toBeGreaterThan(long.end)
  expect(from).toBeLessThan(long.end)
})

test.each([
  [1_000, 2_000, { from: 1_000, to: 2_000 }],
  [undefined, 2_000, undefined],
  [1_000, undefined, undefined],
  [2_000, 1_000, undefined],
  [1_000, 1_001, undefined],
])('an address with from %s and to %s', (from, to, wanted) => {
  expect(parseWindow(from, to)).toEqual(wanted)
})

test('what stands in the address covers what is shown', () => {
  expect(written({ from: 1.2, to: 3.1 })).toEqual({ from: 1, to: 4 })
})

import { expect, test } from 'vitest'
import { barWith, laneWith } from './lanes.testing.ts'
import { endOf, type Swimlanes } from './layout.ts'
import { hitAt, placeLanes, rowHeight, stripHeight, xOf } from './place.ts'

const bar = barWith({ from: 100, to: 200 })
const mark = { call: 'c', label: 'Bash', from: 150, to: 151, failed: false }
const lane = laneWith({
  bars: [bar, { ...bar, task: 'below', row: 1, from: 300, to: undefined }],
  tools: [mark, { ...mark, call: 'd', from: 153, to: 160 }],
  rows: 2,
})
const swimlanes: Swimlanes = { lanes: [{ ...lane, agent: 'other', bars: [], tools: [], rows: 1 }, lane], arrows: [], begin: 0, end: 0 }
const places = placeLanes(swimlanes.lanes)
const window = { from: 0, to: 1_000 }
const at = (x: number, y: number, now = 500) => {
  const hit = hitAt(swimlanes, places, { x, y }, window, 1_000, now)
  return hit?.kind === 'bar' ? hit.bar.task : hit?.mark.call
}

test('lanes stand below each other, strips of calls below the bars', () => {
  const [first, second] = places.lanes
  expect(second?.top).toBe(first?.height)
  expect(first?.tools).toBeUndefined()
  expect(second?.tools).toBe((second?.bars ?? 0) + 2 * rowHeight)
  expect(places.height).toBe((second?.top ?? 0) + (second?.height ?? 0))
})

test.each([
  ['a bar', 150, 0, 't'],
  ['just beside it', 202, 0, 't'],
  ['further beside it', 210, 0, undefined],
  ['a bar of the second row', 400, rowHeight, 'below'],
  ['an open bar ends at now', 510, rowHeight, undefined],
  ['a call', 150, 2 * rowHeight, 'c'],
  ['the nearest of two', 153, 2 * rowHeight, 'd'],
  ['below all', 150, 2 * rowHeight + stripHeight, undefined],
])('under the point: %s', (_, x, down, wanted) => {
  expect(at(x, (places.lanes[1]?.bars ?? 0) + down + 2)).toBe(wanted)
})

test('an open bar grows, until its agent is gone', () => {
  const y = (places.lanes[1]?.bars ?? 0) + rowHeight + 2
  expect([at(700, y, 500), at(700, y, 800)]).toEqual([undefined, 'below'])
  expect([endOf({ from: 300, to: undefined }, 400, 800), endOf({ from: 300, to: undefined }, 200, 800)]).toEqual([400, 300])
})

test('a time has its place', () => {
  expect(xOf(15, { from: 10, to: 20 }, 400)).toBe(200)
})

import { expect, test } from 'vitest'
import { barWith, laneWith } from './lanes.testing.ts'
import { stepTo, stopsOf } from './steps.ts'

const bar = (task: string, from: number) => barWith({ task, from, to: 9 })
const lane = laneWith({
  bars: [bar('one', 1), bar('one', 5), bar('two', 4)],
  models: [{ call: 'm', label: '', from: 3, to: 4, failed: false }],
})

test('a lane is walked in the order of time, each task once, and not beyond its ends', () => {
  const stops = stopsOf(lane)
  expect(stops.map(({ sel }) => sel)).toEqual(['task:one', 'call:m', 'task:two'])
  const from = (sel: string) => [stepTo(stops, sel, -1)?.sel, stepTo(stops, sel, 1)?.sel]
  expect(from('')).toEqual(['task:two', 'task:one'])
  expect(from('task:one')).toEqual(['task:one', 'call:m'])
  expect(from('task:two')).toEqual(['call:m', 'task:two'])
  expect(stepTo([], '', 1)).toBeUndefined()
})

import { expect, test } from 'vitest'
import type { Lane } from './layout.ts'
import { stepTo, stopsOf } from './steps.ts'

const bar = { label: '', state: 'working', worked: true, to: 9, contradicted: false, row: 0, crowded: false } as const
const lane: Lane = {
  agent: 'a',
  label: 'a',
  depth: 0,
  bars: [
    { ...bar, task: 'one', from: 1 },
    { ...bar, task: 'one', from: 5 },
    { ...bar, task: 'two', from: 4 },
  ],
  models: [{ call: 'm', label: '', from: 3, to: 4, failed: false }],
  tools: [],
  rows: 1,
  waits: [],
  workers: 0,
  pinned: false,
  under: undefined,
  goneAt: undefined,
}

test('a lane is walked in the order of time, each task once, and not beyond its ends', () => {
  const stops = stopsOf(lane)
  expect(stops.map(({ sel }) => sel)).toEqual(['task:one', 'call:m', 'task:two'])
  const from = (sel: string) => [stepTo(stops, sel, -1)?.sel, stepTo(stops, sel, 1)?.sel]
  expect(from('')).toEqual(['task:two', 'task:one'])
  expect(from('task:one')).toEqual(['task:one', 'call:m'])
  expect(from('task:two')).toEqual(['call:m', 'task:two'])
  expect(stepTo([], '', 1)).toBeUndefined()
})

import { expect, test } from 'vitest'
import { densityOf } from './density.ts'
import { barWith, laneWith } from './lanes.testing.ts'
import type { Bar } from './layout.ts'

const bar = (from: number, to: number | undefined, state: Bar['state']) => barWith({ from, to, state })
const lane = laneWith({
  bars: [bar(0, 35, 'failed'), bar(50, undefined, 'working'), bar(0, 100, 'submitted')],
  models: [{ call: 'c', label: 'large', from: 20, to: 25, failed: false }],
  tools: [{ call: 'd', label: 'Grep', from: 61, to: 61, failed: true }],
})

test('each pixel counts what goes on in it; a failure stands where it became known, what waits in the queue is nothing', () => {
  const { counts, failed, most } = densityOf({ lanes: [lane], arrows: [], begin: 0, end: 100 }, { from: 0, to: 100 }, 10, 85)
  expect([...counts]).toEqual([1, 1, 2, 1, 0, 1, 2, 1, 1, 0])
  expect([...failed]).toEqual([0, 0, 0, 1, 0, 0, 1, 0, 0, 0])
  expect(most).toBe(2)
})

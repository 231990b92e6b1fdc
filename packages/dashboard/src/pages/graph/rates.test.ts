import { expect, test } from 'vitest'
import type { GraphEdge } from './model.ts'
import { createRates } from './rates.ts'

const edge = (id: string, count: number): GraphEdge => ({
  id,
  from: 'a',
  to: 'b',
  kind: 'message',
  count,
  firstAt: 0,
  lastAt: 0,
  task: undefined,
  open: 0,
})

test('what was there already is not new; what comes is counted over a minute', () => {
  const rates = createRates()
  expect(rates.note([edge('x', 100)], 0).size).toBe(0)
  expect(rates.note([edge('x', 103)], 10_000).get('x')).toEqual({ perMinute: 3, seenAt: 10_000 })
  expect(rates.note([edge('x', 104), edge('y', 1)], 30_000)).toEqual(
    new Map([
      ['x', { perMinute: 4, seenAt: 30_000 }],
      ['y', { perMinute: 1, seenAt: 30_000 }],
    ]),
  )
  expect(rates.note([edge('x', 104)], 75_000).get('x')).toEqual({ perMinute: 1, seenAt: 30_000 })
  expect(rates.note([edge('x', 104)], 91_000).size).toBe(0)
})

import { expect, test } from 'vitest'
import { createTrend, totalsOf } from './totals.ts'

const totals = (agents: number, busy: number) => {
  const none = totalsOf([])
  return { ...none, agents, of: { ...none.of, busy } }
}

test('what changed within a minute is known after a minute, and forgotten by a page that slept', () => {
  const trend = createTrend()
  const start = 1_000_000
  expect(trend.note(totals(5, 1), start)).toBeUndefined()
  expect(trend.note(totals(6, 1), start + 59_000)).toBeUndefined()
  expect(trend.note(totals(8, 4), start + 60_000)).toMatchObject({ agents: 3, of: { busy: 3 } })
  expect(trend.note(totals(8, 2), start + 119_000)).toMatchObject({ agents: 2, of: { busy: 1 } })
  expect(trend.note(totals(9, 2), start + 300_000)).toBeUndefined()
  expect(trend.note(totals(9, 2), start)).toBeUndefined()
})

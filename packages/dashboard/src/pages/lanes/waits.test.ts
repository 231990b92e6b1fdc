import type { TaskRow } from '@signalbox/model/rows.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { givenAway, isWithin, type Span, waitsOf } from './waits.ts'

const task = (id: string, more: Partial<TaskRow>): TaskRow => ({
  id,
  state: 'working',
  openedAt: 0,
  updatedAt: 0,
  contradicted: 0,
  history: [],
  ...more,
})
const to = (value: string, at: number) => ({ value, at, position: 1 }) as unknown as NonNullable<TaskRow['assignee']>

test('a manager waits from when it gave a task away until that ends, but not while it makes a call', () => {
  const given = givenAway([
    task('all', { assignee: to('boss', 0) }),
    task('a', { parent: 'all', createdBy: 'somebody', assignee: to('hand', 10), endedAt: 50 }),
    task('b', { createdBy: 'boss', assignee: to('hand', 40) }),
    task('own', { createdBy: 'boss', assignee: to('boss', 0) }),
  ])
  expect([...given]).toEqual([['boss', [{ from: 10, to: undefined }]]])
  expect(waitsOf(given.get('boss'), [{ from: 20, to: 30 }])).toEqual([
    { from: 10, to: 20 },
    { from: 30, to: undefined },
  ])
  expect(waitsOf(given.get('boss'), [{ from: 60, to: undefined }])).toEqual([{ from: 10, to: 60 }])
  expect(waitsOf(given.get('hand'), [])).toEqual([])
})

test('an agent waits at a time exactly when something is given away then and no call runs', () => {
  const spans = fc.array(
    fc
      .tuple(fc.integer({ min: 0, max: 60 }), fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined, freq: 8 }))
      .map(([from, length]): Span => ({ from, to: length === undefined ? undefined : from + length })),
    { maxLength: 8 },
  )
  fc.assert(
    fc.property(spans, spans, (away, calls) => {
      const given = givenAway(
        away.map(({ from, to: endedAt }, i) => task(`${i}`, { createdBy: 'boss', assignee: to('hand', from), endedAt })),
      )
      const waits = waitsOf(given.get('boss'), calls)
      for (let time = 0; time < 90; time += 1)
        expect(isWithin(waits, time + 0.5)).toBe(isWithin(away, time + 0.5) && !isWithin(calls, time + 0.5))
    }),
  )
})

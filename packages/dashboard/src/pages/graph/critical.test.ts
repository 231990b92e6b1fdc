import fc from 'fast-check'
import { expect, test } from 'vitest'
import { criticalPath } from './critical.ts'
import { rowsOf, type Told } from './rows.testing.ts'

const told = (list: readonly Told[], end: number) => {
  const { steps, took, tookMs } = criticalPath(rowsOf(list).tasks, end)
  return { steps: steps.map(({ task, from, to }) => [task.id, from, to]), took, tookMs }
}

test('a task waits for its part that ended last, and works itself before, between and after them', () => {
  const { steps, took, tookMs } = told(
    [
      ['task.started', 'boss', 0, { task: 'whole' }],
      ['task.created', 'boss', 10, { task: 'early', data: { parent: 'whole', assignee: 'w' } }],
      ['task.completed', 'w', 30, { task: 'early' }],
      ['task.created', 'boss', 20, { task: 'late', data: { parent: 'whole', assignee: 'v' } }],
      ['task.completed', 'v', 70, { task: 'late' }],
      ['task.completed', 'boss', 100, { task: 'whole' }],
    ],
    100,
  )
  expect(steps).toEqual([
    ['whole', 0, 20],
    ['late', 20, 70],
    ['whole', 70, 100],
  ])
  expect(tookMs).toBe(100)
  expect(took.get('agent:boss')).toBe(50)
  expect(took.get('agent:v')).toBe(50)
  expect(took.has('agent:w')).toBe(false)
})

test('before a task without a parent is what its agent, or who gave it, did before; time between is nobody’s', () => {
  const { steps, tookMs } = told(
    [
      ['task.started', 'w', 0, { task: '1' }],
      ['task.completed', 'w', 40, { task: '1' }],
      ['task.started', 'other', 0, { task: 'x' }],
      ['task.completed', 'other', 45, { task: 'x' }],
      ['task.started', 'w', 50, { task: '2' }],
      ['task.completed', 'w', 90, { task: '2' }],
    ],
    100,
  )
  expect(steps).toEqual([
    ['1', 0, 40],
    ['2', 50, 90],
  ])
  expect(tookMs).toBe(80)
})

test('an open task reaches to now', () => {
  expect(told([['task.started', 'w', 10, { task: 'a' }]], 60).steps).toEqual([['a', 10, 60]])
  expect(told([['agent.started', 'w', 10]], 60).steps).toEqual([])
})

test('whatever the tasks, the steps follow each other within the time, and end', () => {
  const task = fc.record({
    id: fc.constantFrom(...'abcdefg'),
    parent: fc.constantFrom(...'abcdefg'),
    agent: fc.constantFrom('u', 'v', 'w'),
    at: fc.integer({ min: 0, max: 50 }),
    took: fc.option(fc.integer({ min: 0, max: 50 })),
  })
  fc.assert(
    fc.property(fc.array(task, { minLength: 1, maxLength: 12 }), (list) => {
      const events = list.flatMap(({ id, parent, agent, at, took }): Told[] => [
        ['task.created', agent, at, { task: id, data: { parent, assignee: agent } }],
        ...(took === null ? [] : [['task.completed', agent, at + took, { task: id }] as const]),
      ])
      const { steps, tookMs } = criticalPath(rowsOf(events).tasks, 100)
      steps.forEach(({ from, to }, i) => {
        expect(to).toBeGreaterThan(from)
        expect(to).toBeLessThanOrEqual(steps[i + 1]?.from ?? 100)
      })
      expect(tookMs).toBe(steps.reduce((sum, { from, to }) => sum + to - from, 0))
    }),
  )
})

import { rowKey } from '@signalbox/model/fold/keys.ts'
import { expect, test } from 'vitest'
import { retriesOf } from './retries.ts'
import { rowsOf } from './rows.testing.ts'

const key = (task: string) => `task:${rowKey.task('r', task)}`

test('a task of the same name after one that failed is a retry, and so is one given out anew', () => {
  const { tasks } = rowsOf([
    ['task.assigned', 'boss', 1, { task: '1', data: { to: 'w', title: 'Build' } }],
    ['task.failed', 'w', 2, { task: '1' }],
    ['task.assigned', 'boss', 3, { task: '2', data: { to: 'v', title: 'Build' } }],
    ['task.started', 'v', 4, { task: '2' }],
    ['task.assigned', 'boss', 5, { task: '2', data: { to: 'w' } }],
    ['task.assigned', 'boss', 6, { task: '3', data: { to: 'w', title: 'Test' } }],
  ])
  const counts = retriesOf(tasks)
  expect(counts.get(key('1'))).toBe(undefined)
  expect(counts.get(key('2'))).toBe(tasks.find(({ id }) => id === '2')?.history.filter(({ state }) => state === 'submitted').length)
  expect(counts.get(key('3'))).toBe(undefined)
  expect(counts.get('agent:w')).toBe(counts.get(key('2')))
})

test('what is done again and again without failing, or was ended twice, is no retry', () => {
  const { tasks } = rowsOf([
    ['task.assigned', 'boss', 1, { task: '1', data: { to: 'w', title: 'Patrol' } }],
    ['task.completed', 'w', 2, { task: '1' }],
    ['task.failed', 'boss', 3, { task: '1' }],
    ['task.assigned', 'boss', 4, { task: '2', data: { to: 'w', title: 'Patrol' } }],
  ])
  expect(retriesOf(tasks).size).toBe(0)
})

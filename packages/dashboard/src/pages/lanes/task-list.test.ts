import type { CallRow, TaskRow, TaskState } from '@signalbox/model/rows.ts'
import { expect, test } from 'vitest'
import { matchingTasks, nextTaskSort, orderedTasks, spendOf, tookMs } from './task-list.ts'

const task = (id: string, state: TaskState, openedAt: number, more: Partial<TaskRow> = {}): TaskRow => ({
  id,
  run: 'r',
  state,
  openedAt,
  updatedAt: openedAt,
  contradicted: 0,
  history: [],
  ...more,
})
const call = (id: string, of: string | undefined, inputTokens: number, costMicros: number): CallRow => ({
  id,
  kind: 'llm',
  name: 'large',
  run: 'r',
  task: of,
  usage: { inputTokens, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 1, reasoningTokens: 0, costMicros },
})

const tasks = [
  task('done', 'completed', 10, { startedAt: 20, endedAt: 50, contradicted: 1 }),
  task('late', 'failed', 10, { startedAt: 30, endedAt: 90 }),
  task('works', 'working', 60, { startedAt: 70 }),
  task('asks', 'input_required', 5, { assignee: { value: 'a-1', at: 5, by: '' } }),
  task('waits', 'submitted', 80),
]
const names = new Map([['a-1', 'Anna']])
const spends = spendOf([call('1', 'done', 100, 5), call('2', 'done', 50, 5), call('3', 'works', 900, 1), call('4', undefined, 7, 7)])
const ids = (sort: string) => orderedTasks(tasks, names, spends, sort).map((line) => line.task.id)

test.each([
  ['', ['asks', 'works', 'waits', 'late', 'done']],
  ['nonsense', ['asks', 'works', 'waits', 'late', 'done']],
  ['task', ['asks', 'done', 'late', 'waits', 'works']],
  ['-task', ['works', 'waits', 'late', 'done', 'asks']],
  ['-tokens', ['works', 'done', 'late', 'waits', 'asks']],
  ['-cost', ['done', 'works', 'late', 'waits', 'asks']],
  ['-time', ['asks', 'works', 'waits', 'late', 'done']],
])('ordered by "%s"', (sort, wanted) => {
  expect(ids(sort)).toEqual(wanted)
})

test('calls that name a task add up; other tasks have no known cost', () => {
  const line = (id: string) => orderedTasks(tasks, names, spends, '').find((found) => found.task.id === id)
  expect(line('done')?.spend).toEqual({ tokens: 152, costMicros: 10 })
  expect(line('waits')?.spend).toBeUndefined()
})

test('how long it took, or takes', () => {
  expect(tasks.map((one) => tookMs(one, 100))).toEqual([30, 60, 30, 95, 20])
})

test('every word has to be found; errors only keeps what failed or was contradicted', () => {
  const found = (q: string, errors: boolean) => matchingTasks(tasks, names, q, errors).map(({ id }) => id)
  expect(found(' NEEDS anna', false)).toEqual(['asks'])
  expect(found('a-1', false)).toEqual(['asks'])
  expect(found('contradicted', false)).toEqual(['done'])
  expect(found('', true)).toEqual(['done', 'late'])
  expect(matchingTasks(tasks, names, '', false)).toBe(tasks)
})

test.each([
  ['task', ['task', '-task', '']],
  ['cost', ['-cost', 'cost', '']],
] as const)('pressing the head of %s again and again', (column, presses) => {
  let now = ''
  expect(presses.map(() => (now = nextTaskSort(column, now)))).toEqual(presses)
})

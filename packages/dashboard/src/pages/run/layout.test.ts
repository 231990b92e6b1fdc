import { applyEvent, createRows } from '@signalbox/model/fold/fold.ts'
import type { AgentRow, CallRow, EdgeRow, TaskRow } from '@signalbox/model/rows.ts'
import { expect, test } from 'vitest'
import { layOut } from './layout.ts'

function fold(
  list: readonly (readonly [type: string, agent: string, at: number, more?: { task?: string; data?: Record<string, unknown> }])[],
) {
  const rows = createRows()
  list.forEach(([type, agent, time, more], i) => {
    const data = more?.data ?? {}
    applyEvent(rows, {
      id: `${i}`,
      tenant: 't',
      source: 's',
      type,
      agent,
      time,
      run: 'r',
      task: more?.task,
      data,
      dataJson: JSON.stringify(data),
      partition: 0,
      position: i + 1,
      receivedAt: time,
    })
  })
  const of = <T>(table: string) => [...rows.entries()].flatMap(([name, , row]) => (name === table ? [row as T] : []))
  return layOut(of<AgentRow>('agents'), of<TaskRow>('tasks'), of<CallRow>('calls'), of<EdgeRow>('edges'))
}

test('a manager stands above its workers, with an arrow for what it gave', () => {
  const { lanes, arrows } = fold([
    ['agent.started', 'worker', 50],
    ['task.assigned', 'boss', 100, { task: 'a', data: { to: 'worker', title: 'Do it' } }],
  ])
  expect(lanes.map(({ agent, depth }) => [agent, depth])).toEqual([
    ['boss', 0],
    ['worker', 1],
  ])
  expect(arrows).toEqual([{ from: 0, to: 1, at: 100, kind: 'delegation' }])
})

test('a task is queued, then worked on, then ended; an open one has no end', () => {
  const { lanes, begin, end } = fold([
    ['task.created', 'boss', 100, { task: 'a', data: { assignee: 'w' } }],
    ['task.started', 'w', 200, { task: 'a' }],
    ['task.failed', 'w', 300, { task: 'a' }],
    ['task.started', 'w', 400, { task: 'b' }],
  ])
  const worker = lanes.find(({ agent }) => agent === 'w')
  expect(worker?.bars.map(({ state, from, to }) => [state, from, to])).toEqual([
    ['submitted', 100, 200],
    ['failed', 200, 300],
    ['working', 400, undefined],
  ])
  expect([begin, end]).toEqual([100, 1_100])
})

test('tasks at the same time stand below each other, and calls are marks', () => {
  const { lanes } = fold([
    ['task.started', 'w', 100, { task: 'a' }],
    ['task.started', 'w', 150, { task: 'b' }],
    ['tool.started', 'w', 160, { data: { call: 'c', name: 'Bash' } }],
    ['tool.failed', 'w', 170, { data: { call: 'c' } }],
  ])
  expect(lanes[0]?.rows).toBe(2)
  expect(lanes[0]?.tools).toMatchObject([{ label: 'Bash', from: 160, to: 170, failed: true }])
  expect(lanes[0]?.models).toEqual([])
})

test('two agents that manage each other are both shown once', () => {
  const { lanes } = fold([
    ['task.assigned', 'a', 1, { task: 'x', data: { to: 'b' } }],
    ['task.assigned', 'b', 2, { task: 'y', data: { to: 'a' } }],
  ])
  expect(lanes.map(({ agent }) => agent).sort()).toEqual(['a', 'b'])
})

test('more overlap than a lane has rows is drawn over the last one, without titles', () => {
  const { lanes } = fold(Array.from({ length: 10 }, (_, i) => ['task.started', 'w', 100 + i, { task: `t${i}` }] as const))
  expect(lanes[0]?.rows).toBe(8)
  expect(lanes[0]?.bars.map(({ row, crowded }) => [row, crowded])).toEqual([
    ...Array.from({ length: 8 }, (_, row) => [row, false]),
    [7, true],
    [7, true],
  ])
})

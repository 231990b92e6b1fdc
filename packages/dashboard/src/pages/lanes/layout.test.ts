import { applyEvent, createRows } from '@signalbox/model/fold/fold.ts'
import { rowKey } from '@signalbox/model/fold/keys.ts'
import type { AgentRow, CallRow, EdgeRow, TaskRow } from '@signalbox/model/rows.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLayout, mostRows } from './layout.ts'

type Told = readonly [type: string, agent: string, at: number, more?: { task?: string; data?: Record<string, unknown> }]

function rowsOf(list: readonly Told[]) {
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
  return [of<AgentRow>('agents'), of<TaskRow>('tasks'), of<CallRow>('calls'), of<EdgeRow>('edges')] as const
}
const fold = (list: readonly Told[]) => createLayout()(...rowsOf(list))

test('a manager stands above its workers, with an arrow for what it gave', () => {
  const { lanes, arrows } = fold([
    ['agent.started', 'worker', 50],
    ['task.assigned', 'boss', 100, { task: 'a', data: { to: 'worker', title: 'Do it' } }],
  ])
  expect(lanes.map(({ agent, depth }) => [agent, depth])).toEqual([
    ['boss', 0],
    ['worker', 1],
  ])
  expect(arrows).toEqual([{ from: 0, to: 1, at: 100, kind: 'delegation', task: rowKey.task('r', 'a') }])
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
  expect([begin, end]).toEqual([100, 400])
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
  const { lanes } = fold(Array.from({ length: mostRows + 2 }, (_, i) => ['task.started', 'w', 100 + i, { task: `t${i}` }] as const))
  expect(lanes[0]?.rows).toBe(mostRows)
  expect(lanes[0]?.bars.map(({ row, crowded }) => [row, crowded])).toEqual([
    ...Array.from({ length: mostRows }, (_, row) => [row, false]),
    [mostRows - 1, true],
    [mostRows - 1, true],
  ])
})

test('a task keeps its row, and who only waits in the queue takes none from who works', () => {
  const { lanes } = fold([
    ['task.created', 'w', 100, { task: 'queued' }],
    ['task.created', 'w', 110, { task: 'a' }],
    ['task.started', 'w', 120, { task: 'b' }],
    ['task.started', 'w', 130, { task: 'a' }],
    ['task.completed', 'w', 140, { task: 'b' }],
  ])
  expect(lanes[0]?.bars.map(({ label, state, row }) => [label, state, row])).toEqual([
    ['a', 'submitted', 0],
    ['a', 'working', 0],
    ['b', 'completed', 1],
    ['queued', 'submitted', 2],
  ])
})

test('a task closed twice is flagged, one closed at once is there, and what an agent left open ends when it stopped', () => {
  const { lanes } = fold([
    ['task.completed', 'w', 100, { task: 'a' }],
    ['task.completed', 'w', 200, { task: 'a' }],
    ['llm.started', 'w', 300, { data: { call: 'c', model: 'large' } }],
    ['agent.stopped', 'w', 400],
  ])
  expect(lanes[0]?.bars).toMatchObject([{ state: 'completed', from: 100, to: 100, contradicted: true }])
  expect(lanes[0]?.models).toMatchObject([{ label: 'large', from: 300, to: undefined }])
  expect(lanes[0]?.goneAt).toBe(400)
})

test('a message is an arrow without a task; hostile names are shown, not obeyed', () => {
  const { lanes, arrows } = fold([
    ['agent.started', 'w', 50, { data: { name: 'a\u202eb' } }],
    ['message.sent', 'boss', 100, { data: { to: 'w' } }],
  ])
  expect(arrows).toEqual([{ from: 1, to: 0, at: 100, kind: 'message', task: undefined }])
  expect(lanes[0]?.label).toBe('a\\u{202e}b')
})

test('laid out again with more rows it is as if laid out at once, and lanes in which nothing changed are the ones from before', () => {
  const agents = ['boss', 'anna', 'carl']
  const told: fc.Arbitrary<Told> = fc
    .tuple(
      fc.constantFrom(
        'agent.started',
        'agent.stopped',
        'task.assigned',
        'task.started',
        'task.completed',
        'tool.started',
        'tool.failed',
        'llm.finished',
      ),
      fc.constantFrom(...agents),
      fc.nat(50),
      fc.nat(4),
      fc.constantFrom(...agents),
    )
    .map(([type, agent, at, n, other]) => {
      if (type.startsWith('agent.')) return [type, agent, at, { data: { manager: agent === 'boss' ? undefined : other } }]
      if (type.startsWith('task.')) return [type, agent, at, { task: `t${n}`, data: { to: other } }]
      return [type, agent, at, { data: { call: `c${n}`, name: 'Bash', model: 'large' } }]
    })
  fc.assert(
    fc.property(fc.array(told, { maxLength: 30 }), fc.nat(30), (list, cut) => {
      const layOut = createLayout()
      layOut(...rowsOf(list.slice(0, cut)))
      const rows = rowsOf(list)
      const made = layOut(...rows)
      expect(made).toEqual(createLayout()(...rows))
      const [people, tasks, calls, edges] = rows
      const again = layOut(
        people,
        tasks,
        calls.map((call) => (call.agent === 'anna' ? { ...call } : call)),
        edges,
      )
      expect(again).toEqual(made)
      for (const [i, lane] of again.lanes.entries())
        if (lane.agent !== 'anna' || calls.every(({ agent }) => agent !== 'anna')) expect(lane).toBe(made.lanes[i])
    }),
  )
})

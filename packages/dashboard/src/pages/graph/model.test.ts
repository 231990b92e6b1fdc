import { rowKey } from '@signalbox/model/fold/keys.ts'
import { expect, test } from 'vitest'
import { agentGraph, roleGraph, taskGraph, teamGraph } from './model.ts'
import { rowsOf, type Told } from './rows.testing.ts'

const crew: readonly Told[] = [
  ['agent.started', 'boss', 0, { data: { role: 'manager', name: 'Boss' } }],
  ['agent.started', 'w1', 1, { data: { role: 'worker' } }],
  ['agent.started', 'w2', 2, { data: { role: 'worker' } }],
  ['task.assigned', 'boss', 10, { task: 'a', data: { to: 'w1', title: 'Do \u202ea' } }],
  ['task.assigned', 'boss', 20, { task: 'b', data: { to: 'w1', parent: 'a' } }],
  ['task.assigned', 'boss', 30, { task: 'c', data: { to: 'w2', parent: 'a' } }],
  ['task.started', 'w1', 40, { task: 'a' }],
  ['task.completed', 'w1', 50, { task: 'b' }],
  ['task.input_required', 'w2', 60, { task: 'c' }],
  ['message.sent', 'w1', 70, { data: { to: 'w2' } }],
]

test('agents: a node each, an edge a pair and kind, with what is open on it and who asks a person', () => {
  const { nodes, edges } = agentGraph(rowsOf(crew))
  expect(nodes.map(({ id, label, tasks, asksPerson }) => [id, label, tasks, asksPerson])).toEqual([
    ['agent:boss', 'Boss', { open: 0, done: 0, failed: 0 }, false],
    ['agent:w1', 'w1', { open: 1, done: 1, failed: 0 }, false],
    ['agent:w2', 'w2', { open: 1, done: 0, failed: 0 }, true],
  ])
  expect(edges.map(({ from, to, kind, count, open, lastAt, task }) => [from, to, kind, count, open, lastAt, task])).toEqual([
    ['agent:boss', 'agent:w1', 'delegation', 2, 1, 20, rowKey.task('r', 'b')],
    ['agent:boss', 'agent:w2', 'delegation', 1, 1, 30, rowKey.task('r', 'c')],
    ['agent:w1', 'agent:w2', 'message', 1, 0, 70, undefined],
  ])
})

test('a worker is under its manager, and shows what it does; text of agents is shown, not obeyed', () => {
  const { nodes } = agentGraph(rowsOf(crew))
  expect(nodes.find(({ id }) => id === 'agent:w1')).toMatchObject({ under: 'agent:boss', detail: 'Do \\u{202e}a', size: 1 })
})

test('after the end of the run nobody waits', () => {
  const { nodes, edges } = agentGraph(rowsOf([...crew, ['run.finished', 'boss', 80]]))
  expect(edges.map(({ open }) => open)).toEqual([0, 0, 0])
  expect(nodes.some(({ asksPerson }) => asksPerson)).toBe(false)
})

test('who is only named by an edge is a node', () => {
  const rows = rowsOf([['handoff', 'a', 1, { data: { to: 'b' } }]])
  expect(agentGraph({ ...rows, agents: [] }).nodes.map(({ id }) => id)).toEqual(['agent:a', 'agent:b'])
})

test('roles: what goes on within one is an edge to itself', () => {
  const { nodes, edges } = roleGraph(rowsOf(crew))
  expect(nodes.map(({ id, label, size, tasks }) => [id, label, size, tasks.open])).toEqual([
    ['group:role:manager', 'managers', 1, 0],
    ['group:role:worker', 'workers', 2, 2],
  ])
  expect(edges.map(({ from, to, kind, count, open }) => [from, to, kind, count, open])).toEqual([
    ['group:role:manager', 'group:role:worker', 'delegation', 3, 2],
    ['group:role:worker', 'group:role:worker', 'message', 1, 0],
  ])
})

test('tasks: a node each, an edge to each part', () => {
  const { nodes, edges } = taskGraph(rowsOf(crew))
  const key = (task: string) => `task:${rowKey.task('r', task)}`
  expect(nodes.map(({ id, look, under }) => [id, look.words, under])).toEqual([
    [key('a'), 'working', 'of:w1'],
    [key('b'), 'completed', key('a')],
    [key('c'), 'needs input', key('a')],
  ])
  expect(edges.map(({ from, to, kind }) => [from, to, kind])).toEqual([
    [key('a'), key('b'), 'part'],
    [key('a'), key('c'), 'part'],
  ])
})

test('teams: those without one stand together, and each is found by its name', () => {
  const { nodes, edges } = teamGraph(
    rowsOf([
      ['agent.started', 'boss', 0, { data: { role: 'manager' } }],
      ['agent.started', 'w1', 1, { data: { role: 'worker', team: 'north' } }],
      ['agent.started', 'w2', 2, { data: { role: 'worker', team: 'north' } }],
      ['task.assigned', 'boss', 3, { task: 'a', data: { to: 'w1' } }],
      ['task.assigned', 'boss', 4, { task: 'b', data: { to: 'w2' } }],
    ]),
  )
  expect(nodes.map(({ id, label, kin, size }) => [id, label, kin, size])).toEqual([
    ['group:team:', 'without a team', '', 1],
    ['group:team:north', 'north', 'north', 2],
  ])
  expect(edges.map(({ from, to, count }) => [from, to, count])).toEqual([['group:team:', 'group:team:north', 2]])
})

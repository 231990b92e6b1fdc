import { expect, test } from 'vitest'
import { curveOf, hitAt, neighbour, pointOn } from './curve.ts'
import { agentGraph } from './model.ts'
import { rowsOf } from './rows.testing.ts'

const places = new Map([
  ['agent:boss', { x: 0, y: 0 }],
  ['agent:near', { x: 400, y: -100 }],
  ['agent:far', { x: 400, y: 100 }],
  ['agent:alone', { x: 0, y: 300 }],
])
const graph = agentGraph(
  rowsOf([
    ['task.assigned', 'boss', 1, { task: '1', data: { to: 'near' } }],
    ['task.assigned', 'boss', 2, { task: '2', data: { to: 'far' } }],
    ['agent.started', 'alone', 3],
  ]),
)

test('under a point is the node, else the nearest edge within reach, else nothing', () => {
  expect(hitAt(graph, places, { x: 10, y: 10 }, 6)).toMatchObject({ node: { id: 'agent:boss' } })
  const on = pointOn(curveOf({ x: 0, y: 0 }, { x: 400, y: 100 }, 'delegation'), 0.5)
  expect(hitAt(graph, places, on, 6)).toMatchObject({ edge: { to: 'agent:far' } })
  expect(hitAt(graph, places, { x: 200, y: 400 }, 6)).toBe(undefined)
})

test('keys go along edges, and to what stands there without one', () => {
  const tied = new Set(['agent:near', 'agent:far'])
  expect(neighbour('agent:boss', 'right', places, tied)).toMatch(/near|far/)
  expect(neighbour('agent:near', 'left', places, new Set(['agent:boss']))).toBe('agent:boss')
  expect(neighbour('agent:near', 'down', places, new Set(['agent:boss']))).toBe('agent:far')
  expect(neighbour('agent:boss', 'down', places, tied)).toBe('agent:alone')
  expect(neighbour('agent:boss', 'left', places, tied)).toBe(undefined)
})

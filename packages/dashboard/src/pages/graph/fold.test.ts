import { expect, test } from 'vitest'
import { fold, parseFold, writeFold } from './fold.ts'
import { agentGraph, type Graph } from './model.ts'
import { rowsOf, type Told } from './rows.testing.ts'

/** A head with `managers`, each with `workers`. */
function tree(managers: number, workers: number): Graph {
  const told: Told[] = []
  for (let m = 0; m < managers; m += 1) {
    told.push(['task.assigned', 'head', m, { task: `m${m}`, data: { to: `m${m}` } }])
    for (let w = 0; w < workers; w += 1) told.push(['task.assigned', `m${m}`, 100 + w, { task: `m${m}w${w}`, data: { to: `m${m}w${w}` } }])
  }
  return agentGraph(rowsOf(told))
}
const ids = ({ nodes }: Graph) => nodes.map(({ id }) => id).sort()
const none = new Set<string>()

test('nothing is collapsed by itself as long as it can be laid out', () => {
  const graph = tree(2, 3)
  const folded = fold(graph, none)
  expect(folded.graph).toBe(graph)
  expect(folded.because).toBe(undefined)
  expect([...folded.foldable].sort()).toEqual(['agent:head', 'agent:m0', 'agent:m1'])
})

test('a manager’s workers are drawn as one, with their edges; all that is below it with them', () => {
  const one = fold(tree(2, 3), new Set(['agent:m0'])).graph
  expect(ids(one)).toEqual(['agent:head', 'agent:m0', 'agent:m1', 'agent:m1w0', 'agent:m1w1', 'agent:m1w2', 'group:agent:m0'])
  expect(one.nodes.find(({ id }) => id === 'group:agent:m0')).toMatchObject({ label: 'under m0', size: 3 })
  expect(one.edges.find(({ to }) => to === 'group:agent:m0')).toMatchObject({ from: 'agent:m0', count: 3 })
  expect(ids(fold(tree(2, 3), new Set(['agent:m0', 'agent:head'])).graph)).toEqual(['agent:head', 'group:agent:head'])
})

test('too many are collapsed by themselves, as few as needed, and opened by choice', () => {
  const most = { nodes: 20, edges: 1_000 }
  const folded = fold(tree(4, 10), none, most)
  expect(folded.because).toBe(45)
  expect(folded.graph.nodes.length).toBeLessThanOrEqual(20)
  expect(ids(folded.graph).filter((id) => id.startsWith('agent:m')).length).toBeGreaterThanOrEqual(4)
  const [group = '', name = ''] = [...folded.folds][0] ?? []
  const opened = fold(tree(4, 10), new Set([name]), most)
  expect(ids(opened.graph)).not.toContain(group)
  expect(opened.graph.nodes.length).toBe(folded.graph.nodes.length + 9)
})

test('many without a manager are gathered by their role', () => {
  const graph = agentGraph(
    rowsOf(Array.from({ length: 30 }, (_, i) => ['agent.started', `a${i}`, i, { data: { role: 'worker' } }] as const)),
  )
  const { graph: shown } = fold(graph, none, { nodes: 20, edges: 1_000 })
  expect(shown.nodes).toMatchObject([{ id: 'group:role:worker', label: 'workers', size: 30 }])
})

test('many without a manager that name a team are gathered by it, the others by their role', () => {
  const told = Array.from({ length: 30 }, (_, i): Told => {
    const team = i < 10 ? { team: 'north' } : i < 20 ? { team: 'south' } : {}
    return ['agent.started', `a${i}`, i, { data: { role: 'worker', ...team } }]
  })
  const { graph: shown } = fold(agentGraph(rowsOf(told)), none, { nodes: 5, edges: 1_000 })
  expect(shown.nodes.map(({ label, size }) => [label, size])).toEqual([
    ['north', 10],
    ['south', 10],
    ['workers', 10],
  ])
})

test('agents that are each other’s manager do not hide each other', () => {
  const graph = agentGraph(
    rowsOf([
      ['agent.started', 'a', 1, { data: { manager: 'b' } }],
      ['agent.started', 'b', 2, { data: { manager: 'a' } }],
      ['agent.started', 'c', 3, { data: { manager: 'a' } }],
    ]),
  )
  expect(ids(fold(graph, new Set(['agent:a', 'agent:b'])).graph)).toContain('agent:a')
})

test('names in the address may hold what divides them', () => {
  const names = ['agent:a,b', 'agent:50%2C', 'role:x']
  expect(parseFold(writeFold(names))).toEqual(names)
})

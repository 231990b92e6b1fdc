/** LangGraph's tasks and roles, as OpenInference's instrumentations tell of its nodes, graphs and calls. */
import { expect, test } from 'vitest'
import { createSpanMapping } from './mapping.ts'
import { at, decoded, eventsOf, idOf, rowsOf, type Sketch, span, told } from './testing.ts'

const js = { scope: '@arizeai/openinference-instrumentation-langchain' }
const python = { scope: 'openinference.instrumentation.langchain' }

const of = (kind: string, ...ns: string[]) => ({
  'openinference.span.kind': kind,
  metadata: JSON.stringify({ langgraph_step: 1, langgraph_checkpoint_ns: ns.join('|') }),
})
const moved = { error: 'ParentCommand\n    at RunnableCallable', exception: 'ParentCommand' }

/** A supervisor that hands over to a mathematician, as it ends: children first, the graph's own span last. A node has two spans. */
const desk: readonly Sketch[] = [
  { id: 5, parent: 4, name: 'ScriptedModel', start: 3, end: 8, attributes: of('LLM', 'boss:1', 'agent:2') },
  { id: 4, parent: 3, name: 'agent', start: 3, end: 9, attributes: of('CHAIN', 'boss:1', 'agent:2') },
  { id: 7, parent: 6, name: 'transfer_to_maths', start: 10, end: 11, attributes: of('TOOL', 'boss:1', 'tools:3') },
  { id: 6, parent: 3, name: 'tools', start: 10, end: 12, attributes: of('CHAIN', 'boss:1', 'tools:3'), ...moved },
  { id: 3, parent: 2, name: 'boss', start: 2, end: 13, attributes: of('CHAIN', 'boss:1'), ...moved },
  { id: 2, parent: 1, name: 'boss', start: 1, end: 14, attributes: of('CHAIN', 'boss:1'), ...moved },
  { id: 12, parent: 11, name: 'add', start: 22, end: 28, attributes: of('TOOL', 'maths:4', 'tools:5'), error: 'overflow' },
  { id: 11, parent: 10, name: 'tools', start: 21, end: 29, attributes: of('CHAIN', 'maths:4', 'tools:5'), error: 'overflow' },
  // The agent's graph need not be called as its node is.
  { id: 10, parent: 9, name: 'LangGraph', start: 20, end: 30, attributes: of('CHAIN', 'maths:4'), error: 'overflow' },
  { id: 9, parent: 1, name: 'maths', start: 19, end: 31, attributes: of('CHAIN', 'maths:4'), error: 'overflow' },
  { id: 15, parent: 14, name: 'check', start: 41, end: 42, attributes: of('LLM', 'review:6') },
  { id: 14, parent: 1, name: 'review', start: 40, end: 43, attributes: of('CHAIN', 'review:6') },
  { id: 1, name: 'team', start: 0, end: 50, attributes: { 'openinference.span.kind': 'CHAIN' } },
]
const tasksIn = (events: Parameters<typeof rowsOf>[0]) =>
  [...rowsOf(events).tasks.values()].map(({ id, assignee, title, state, contradicted }) => [
    id,
    assignee?.value,
    title?.value,
    state,
    contradicted,
  ])
const both = [
  ['boss:1', 'shop/boss', 'boss', 'completed', 0],
  ['maths:4', 'shop/maths', 'maths', 'failed', 0],
]

test('an agent at work is a task, once however many spans its node has; a node that is no graph is none', () => {
  const events = told(desk, js)
  expect(tasksIn(events)).toEqual(both)
  const { tasks, calls } = rowsOf(events)
  const [boss, maths] = [...tasks.values()]
  expect([boss?.startedAt, boss?.endedAt]).toEqual([at + 2, at + 13])
  expect(maths?.error).toBe('overflow')
  expect([...calls.values()].map(({ name, agent, task }) => [name, agent, task])).toEqual([
    ['llm', 'shop/boss', 'boss:1'],
    ['add', 'shop/maths', 'maths:4'],
    ['llm', 'shop', undefined],
  ])
})

test('whoever hands over is the manager of who takes over, at once, and the handoff is an edge as ever', () => {
  const handoff = desk.filter(({ id }) => id === 7)
  const { agents, edges } = rowsOf(eventsOf(createSpanMapping().map(decoded(handoff.map(span), js), 't')))
  expect([...agents.values()].map(({ id, name, role, manager }) => [id, name?.value, role?.value, manager?.value])).toEqual([
    ['shop/boss', 'boss', 'manager', undefined],
    ['shop/maths', 'maths', 'worker', 'shop/boss'],
  ])
  expect([...edges.values()]).toMatchObject([{ kind: 'handoff', from: 'shop/boss', to: 'shop/maths', count: 1 }])
  const all = rowsOf(told(desk, js)).agents
  expect([...all.values()].map(({ id, role }) => [id, role?.value])).toEqual([
    ['shop/boss', 'manager'],
    ['shop/maths', 'worker'],
    ['shop', undefined],
  ])
})

test('a handoff whose agent only those above it tell makes roles when they have come', () => {
  const { agents } = rowsOf(
    told(
      [
        { id: 2, parent: 1, name: 'transfer_to_maths', attributes: { 'openinference.span.kind': 'TOOL' } },
        { id: 1, name: 'boss', attributes: { 'openinference.span.kind': 'AGENT' } },
      ],
      js,
    ),
  )
  expect([...agents.values()].map(({ id, role, manager }) => [id, role?.value, manager?.value])).toEqual([
    ['shop/boss', 'manager', undefined],
    ['shop/maths', 'worker', 'shop/boss'],
  ])
})

test('other frameworks’ handoffs give no roles', () => {
  const handoff = { id: 1, name: 'handoff to maths', attributes: { 'openinference.span.kind': 'TOOL', 'agent.name': 'boss' } }
  expect([...rowsOf(told([handoff])).agents.values()].filter(({ role }) => role !== undefined)).toEqual([])
})

test('a task is told when the agent’s graph has ended, long before the run has', () => {
  expect(tasksIn(eventsOf(createSpanMapping().map(decoded(desk.slice(0, 5).map(span), js), 't')))).toEqual([both[0]])
})

test('one by one, in any order, the tasks are the same, and sent again they are told again', () => {
  for (const order of [desk, desk.toReversed(), [...desk.slice(4), ...desk.slice(0, 4)]]) {
    const mapping = createSpanMapping()
    const send = () => order.flatMap((one) => eventsOf(mapping.map(decoded([span(one)], js), 't')))
    const once = send()
    expect(tasksIn(once).toSorted()).toEqual(both)
    expect(new Set(send().map(({ id }) => id))).toEqual(new Set(once.map(({ id }) => id)))
  }
})

test('calls whose agent’s node is lost leave no task running', () => {
  const left = desk.filter(({ id = 0 }) => ![2, 3, 9, 10].includes(id))
  expect(tasksIn(told(left, js))).toEqual([])
})

test('a graph in which nobody calls anything is no agent at work', () => {
  expect(
    tasksIn(
      told(
        desk.filter(({ id = 0 }) => ![5, 12].includes(id)),
        js,
      ),
    ),
  ).toEqual([])
})

test('an agent within a team of its own is the one whose task it is', () => {
  const nested = [
    { id: 4, parent: 3, name: 'model', attributes: of('LLM', 'team:1', 'writer:2', 'agent:3') },
    { id: 3, parent: 2, name: 'writer', attributes: of('CHAIN', 'team:1', 'writer:2') },
    { id: 2, parent: 1, name: 'team', attributes: of('CHAIN', 'team:1') },
    { id: 1 },
  ]
  expect(tasksIn(told(nested, js))).toEqual([['writer:2', 'shop/writer', 'writer', 'completed', 0]])
})

test('a graph that its node calls once more is the same agent’s, not one of a number', () => {
  const [call] = rowsOf(told([{ id: 1, parent: 9, attributes: of('LLM', 'boss:1', '1', 'agent:2') }], js)).calls.values()
  expect([call?.agent, call?.task]).toEqual(['shop/boss', undefined])
})

test('in Python, where a span with `agent` in its name is an agent’s, its calls are of its task', () => {
  const spans = [
    { id: 4, parent: 3, name: 'model', attributes: of('LLM', 'maths_agent:1', 'call:2') },
    { id: 3, parent: 2, name: 'call', attributes: of('CHAIN', 'maths_agent:1', 'call:2') },
    { id: 2, parent: 1, name: 'maths_agent', attributes: of('AGENT', 'maths_agent:1') },
    { id: 6, parent: 5, name: 'model', attributes: of('LLM', 'maths:5', 'agent:6') },
    { id: 5, parent: 7, name: 'agent', attributes: of('AGENT', 'maths:5', 'agent:6') },
    { id: 7, parent: 1, name: 'maths', attributes: of('CHAIN', 'maths:5') },
    { id: 1 },
  ]
  const { calls, tasks } = rowsOf(told(spans, python))
  expect([...calls.values()].map(({ agent, task }) => [agent, task])).toEqual([
    ['shop/maths_agent', idOf(2)],
    ['shop/maths', 'maths:5'],
  ])
  expect([...tasks.values()].map(({ id }) => id).toSorted()).toEqual([idOf(2), idOf(5), 'maths:5'])
})

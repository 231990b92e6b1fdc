import type { LoggedEvent } from '@signalbox/model/event.ts'
import { applyEvent, createRows } from '@signalbox/model/fold/fold.ts'
import { createIdSource } from '@signalbox/model/ids.ts'
import type { AgentRow, CallRow, EdgeRow, RowOf, RunRow, Table, TaskRow } from '@signalbox/model/rows.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { whole } from '../../live/slices.testing.ts'
import { criticalPath } from './critical.ts'
import { keptBy, linesOf, parseSorting, pathTo } from './lines.ts'
import { labelOf, type Node } from './node.ts'
import { allOpen, isOpenIn } from './open.ts'
import { createTree, type Mode, modes, type TreeRows } from './tree.ts'

type Told = {
  readonly type: string
  readonly agent?: string
  readonly task?: string
  readonly data?: Record<string, unknown>
  readonly at?: number
}

/** Rows as the server folds them from events of one run. */
function folded(events: readonly Told[]): TreeRows {
  const rows = createRows()
  events.forEach((event, i) => {
    const time = event.at ?? 1_000 * i
    const data = event.data ?? {}
    const logged: LoggedEvent = {
      ...event,
      id: createIdSource(() => time)(),
      tenant: 't',
      source: 's',
      time,
      run: 'r',
      data,
      dataJson: JSON.stringify(data),
      partition: 0,
      position: i + 1,
      receivedAt: time,
    }
    applyEvent(rows, logged)
  })
  const made: { runs: RunRow[]; agents: AgentRow[]; tasks: TaskRow[]; calls: CallRow[]; edges: EdgeRow[] } = {
    runs: [],
    agents: [],
    tasks: [],
    calls: [],
    edges: [],
  }
  for (const [table, , row] of rows.entries()) (made[table] as RowOf[Table][]).push(row)
  const [run] = made.runs
  if (run === undefined) throw new Error('No run.')
  return { run, agents: made.agents, tasks: made.tasks, calls: made.calls }
}

const every = (root: Node): readonly Node[] => [root, ...root.children.flatMap(every)]
const leaves = (root: Node) => every(root).filter(({ kind }) => kind === 'call')
const shape = (node: Node): unknown => (node.children.length === 0 ? labelOf(node) : { [labelOf(node)]: node.children.map(shape) })
const treeOf = (rows: TreeRows, mode: Mode = 'task') => whole(createTree()(rows, mode))

const fleet: readonly Told[] = [
  { type: 'run.started', agent: 'boss', data: { name: 'Release' } },
  { type: 'agent.started', agent: 'boss', data: { name: 'Boss', role: 'manager' } },
  { type: 'agent.started', agent: 'hand', data: { manager: 'boss' } },
  { type: 'task.assigned', agent: 'boss', task: 'docs', data: { to: 'hand', title: 'Docs' } },
  { type: 'task.started', agent: 'hand', task: 'docs' },
  { type: 'task.created', agent: 'hand', task: 'part', data: { parent: 'docs', title: 'Part', assignee: 'hand' } },
  {
    type: 'llm.finished',
    agent: 'hand',
    task: 'part',
    data: { call: 'a', model: 'large', usage: { inputTokens: 10, outputTokens: 2, cacheReadTokens: 4 }, costMicros: 7 },
  },
  { type: 'tool.failed', agent: 'hand', task: 'docs', data: { call: 'b', name: 'Grep', error: 'no' } },
  { type: 'tool.finished', agent: 'hand', data: { call: 'c', name: 'Look' } },
  { type: 'tool.finished', agent: 'boss', data: { call: 'd', name: 'Plan' } },
  { type: 'tool.finished', data: { call: 'e', name: 'Nobody' } },
]

test('by task: what was given stands below who gave it, calls below their task, and what an agent did outside tasks below the agent', () => {
  expect(shape(treeOf(folded(fleet)))).toEqual({
    Release: [{ Boss: [{ Docs: [{ Part: ['large'] }, 'Grep'] }, { hand: ['Look'] }, 'Plan'] }, 'Nobody'],
  })
})

test('by agent: who did what, below the agent’s manager', () => {
  expect(shape(treeOf(folded(fleet), 'agent'))).toEqual({
    Release: [{ Boss: [{ hand: [{ Docs: ['Grep'] }, { Part: ['large'] }, 'Look'] }, 'Plan'] }, 'Nobody'],
  })
})

test('by time: one list', () => {
  expect(shape(treeOf(folded(fleet), 'time'))).toEqual({ Release: ['Docs', 'Part', 'large', 'Grep', 'Look', 'Plan', 'Nobody'] })
})

test('sums are those of the calls below', () => {
  const docs = every(treeOf(folded(fleet))).find((node) => node.sel === 'task:r\u001fdocs')
  expect(docs?.sums).toEqual({ calls: 2, errors: 1, inputTokens: 10, cachedTokens: 4, outputTokens: 2, costMicros: 7 })
  expect(docs?.troubles).toBe(1)
})

test('tasks in a circle, and agents that are each other’s manager, are shown all the same', () => {
  const rows = folded([
    { type: 'agent.started', agent: 'x', data: { manager: 'y' } },
    { type: 'agent.started', agent: 'y', data: { manager: 'x' } },
    { type: 'task.created', agent: 'x', task: 'p', data: { parent: 'q' } },
    { type: 'task.created', agent: 'y', task: 'q', data: { parent: 'p' } },
  ])
  for (const mode of modes) {
    const names = every(treeOf(rows, mode)).map(labelOf)
    expect(names).toEqual(expect.arrayContaining(['p', 'q']))
    if (mode === 'agent') expect(names).toEqual(expect.arrayContaining(['x', 'y']))
  }
})

test('a chain of ten thousand tasks, each part of the one before, is shown', () => {
  const { run, agents, tasks } = folded([{ type: 'task.started', agent: 'x', task: '0' }])
  const [first] = tasks
  if (first === undefined) throw new Error('No task.')
  const chain = Array.from({ length: 10_000 }, (_, i) => ({ ...first, id: String(i), ...(i > 0 && { parent: String(i - 1) }) }))
  expect(treeOf({ run, agents, tasks: chain, calls: [] }).size).toBe(10_000)
})

const name = fc.constantFrom('a', 'b', 'c', 'd')
const told: fc.Arbitrary<Told> = fc.oneof(
  fc.record({ type: fc.constant('agent.started'), agent: name, data: fc.record({ manager: name }) }),
  fc.record({
    type: fc.constantFrom('task.created', 'task.assigned'),
    agent: name,
    task: name,
    data: fc.record({ to: name, assignee: name, parent: name }),
  }),
  fc.record({ type: fc.constantFrom('task.started', 'task.completed', 'task.failed'), agent: name, task: name }),
  fc.record(
    {
      type: fc.constantFrom('llm.started', 'llm.finished', 'llm.failed', 'llm.attributed', 'tool.started', 'tool.finished', 'tool.failed'),
      agent: name,
      task: name,
      data: fc.record({
        call: fc.constantFrom('1', '2', '3', '4', '5', '6'),
        usage: fc.record({ inputTokens: fc.nat(99), outputTokens: fc.nat(99), cacheReadTokens: fc.nat(99) }),
        costMicros: fc.nat(99),
      }),
    },
    { requiredKeys: ['type', 'data'] },
  ),
)
const history = fc.array(told, { minLength: 1, maxLength: 60 })

describe('whatever happened,', () => {
  test('the root sums up to the run, every node to its leaves, and nothing is lost or shown twice', () => {
    fc.assert(
      fc.property(history, fc.constantFrom(...modes), (events, mode) => {
        const rows = folded(events)
        const root = treeOf(rows, mode)
        const { totals } = rows.run
        expect(root.sums).toEqual({
          calls: totals.llmCalls + totals.toolCalls,
          errors: totals.errors,
          inputTokens: totals.inputTokens,
          cachedTokens: totals.cacheReadTokens,
          outputTokens: totals.outputTokens,
          costMicros: totals.costMicros,
        })
        const nodes = every(root)
        expect(root.size).toBe(nodes.length - 1)
        expect(new Set(nodes.map(({ id }) => id)).size).toBe(nodes.length)
        expect(new Set(leaves(root).map(({ row }) => row))).toEqual(new Set(rows.calls))
        const tasks = nodes.flatMap((node) => (node.kind === 'task' ? [node.row.id] : []))
        expect(new Set(tasks)).toEqual(new Set(rows.tasks.map(({ id }) => id)))
        if (mode !== 'agent') expect(tasks).toHaveLength(rows.tasks.length)
        for (const node of nodes.filter(({ kind }) => kind !== 'call')) {
          const below = leaves(node)
          expect(node.sums.calls).toBe(below.length)
          expect(node.sums.costMicros).toBe(below.reduce((sum, { sums }) => sum + sums.costMicros, 0))
          expect(node.begin).toBeLessThanOrEqual(Math.min(...node.children.map(({ begin }) => begin)))
          const begins = node.children.map(({ begin }) => begin)
          expect(begins.every((begin, i) => i === 0 || begin >= (begins[i - 1] ?? 0))).toBe(true)
        }
      }),
    )
  })

  test('made from what was before it is the tree made anew, and what did not change is the same node', () => {
    fc.assert(
      fc.property(history, history, fc.constantFrom(...modes), (before, more, mode) => {
        const made = createTree()
        const tree = (rows: TreeRows, mode: Mode) => whole(made(rows, mode))
        const first = folded(before)
        const old = tree(first, mode)
        expect(tree(first, mode)).toBe(old)
        const rows = folded([...before, ...more])
        // Rows that say the same are the same rows, as the live store keeps them.
        const kept = <T>(now: readonly T[], had: readonly T[]) => {
          const texts = new Map(had.map((row) => [JSON.stringify(row), row]))
          return now.map((row) => texts.get(JSON.stringify(row)) ?? row)
        }
        const next = {
          run: rows.run,
          agents: kept(rows.agents, first.agents),
          tasks: kept(rows.tasks, first.tasks),
          calls: kept(rows.calls, first.calls),
        }
        const now = tree(next, mode)
        expect(now).toEqual(treeOf(next, mode))
        const had = new Map(every(old).map((node) => [node.id, node]))
        for (const node of every(now)) {
          const was = had.get(node.id)
          if (
            was !== undefined &&
            was.row === node.row &&
            was.children.every((child, i) => child === node.children[i]) &&
            was.children.length === node.children.length
          )
            expect(node).toBe(was)
        }
      }),
    )
  })

  test('a filter keeps what matches and what stands above it, and nothing else', () => {
    fc.assert(
      fc.property(history, fc.constantFrom('a', 'task', 'failed', 'tool b'), fc.boolean(), (events, q, errors) => {
        const root = treeOf(folded(events))
        const { kept, matches } = keptBy(root, q, errors) ?? { kept: new Set(), matches: -1 }
        const lines = linesOf(root, { isOpen: isOpenIn(allOpen), sorting: undefined, kept: kept as ReadonlySet<Node> })
        expect(lines.map(({ node }) => node)).toEqual(every(root).filter((node) => kept.has(node)))
        expect(matches).toBeLessThanOrEqual(kept.size)
        for (const { node } of lines) expect(pathTo(root, (found) => found === node).every((above) => kept.has(above))).toBe(true)
      }),
    )
  })
})

test('siblings are sorted by what stands below them, and keep their places and levels for who hears them', () => {
  const root = treeOf(folded(fleet))
  const lines = linesOf(root, { isOpen: isOpenIn(allOpen), sorting: parseSorting('-cost'), kept: undefined })
  expect(lines.map(({ node, depth, place, siblings }) => `${depth} ${labelOf(node)} ${place}/${siblings}`)).toEqual([
    '0 Release 1/1',
    '1 Boss 1/2',
    '2 Docs 1/3',
    '3 Part 1/2',
    '4 large 1/1',
    '3 Grep 2/2',
    '2 hand 2/3',
    '3 Look 1/1',
    '2 Plan 3/3',
    '1 Nobody 2/2',
  ])
  expect(linesOf(root, { isOpen: isOpenIn({ level: 1, turned: new Set() }), sorting: undefined }).map(({ node }) => labelOf(node))).toEqual(
    ['Release', 'Boss', 'Nobody'],
  )
})

test('the critical path is what the end had to wait for', () => {
  const call = (id: string, from: number, to: number) => [
    { type: 'tool.started', agent: 'x', at: from, data: { call: id, name: id } },
    { type: 'tool.finished', agent: 'x', at: to, data: { call: id } },
  ]
  const rows = folded([
    ...call('first', 0, 10),
    ...call('beside', 0, 5),
    ...call('second', 12, 30),
    ...call('short', 13, 20),
    { type: 'run.finished', agent: 'x', at: 31 },
  ])
  const root = treeOf(rows)
  const path = criticalPath(root)
  expect(leaves(root).flatMap((node) => (path.has(node.id) ? [labelOf(node)] : []))).toEqual(['first', 'second'])
})

test('fifty thousand rows are a tree within 50 ms, also when some of them changed', () => {
  const { run, agents, tasks } = folded([{ type: 'task.started', agent: 'x', task: '0' }])
  const [task] = tasks
  if (task === undefined) throw new Error('No task.')
  const many = Array.from({ length: 2_000 }, (_, i) => ({ ...task, id: String(i), openedAt: i }))
  const call = (i: number): CallRow => ({
    id: `c${i}`,
    kind: i % 3 === 0 ? 'llm' : 'tool',
    name: 'Read',
    run: 'r',
    agent: 'x',
    task: String(i % 2_000),
    startedAt: (i * 7_919) % 1_000_003,
    endedAt: 2_000_000,
    outcome: 'finished',
    usage: { inputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 1, reasoningTokens: 0, costMicros: 1 },
  })
  const calls = Array.from({ length: 48_000 }, (_, i) => call(i))
  const made = createTree()
  const tree = (rows: TreeRows, mode: Mode) => whole(made(rows, mode))
  tree({ run, agents, tasks: many, calls }, 'task')
  const times = Array.from({ length: 9 }, (_, round) => {
    for (let i = 0; i < 100; i += 1)
      calls[(i * 479 + round) % calls.length] = { ...call((i * 479 + round) % calls.length), costMicros: 2 } as never
    calls.push(call(48_000 + round))
    const before = process.cpuUsage()
    const root = tree({ run: { ...run }, agents, tasks: many, calls: [...calls] }, 'task')
    linesOf(root, { isOpen: isOpenIn(allOpen), sorting: undefined })
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1_000
  })
  // Of the processor's time, and the best of nine: the box may be busy with others.
  expect(Math.min(...times)).toBeLessThan(50)
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LoggedEvent } from '../event.ts'
import type { AgentRow, CallRow, RunRow, TaskRow } from '../rows.ts'
import { joinAgents } from './agent.ts'
import { callState } from './call.ts'
import { applyEvent, createRows } from './fold.ts'
import { othersKeys, touchedKeys, touchOf } from './keys.ts'
import { isOrphaned, isTerminal } from './task.ts'

type Sketch = Pick<LoggedEvent, 'type' | 'agent' | 'run' | 'task' | 'time' | 'source' | 'data'>

// Few names and few times: ties and collisions are what breaks folds.
const name = (prefix: string, most: number) => fc.integer({ min: 1, max: most }).map((i) => `${prefix}${i}`)
const Type = fc.constantFrom(
  'agent.started',
  'agent.status',
  'agent.heartbeat',
  'task.created',
  'task.assigned',
  'task.started',
  'task.completed',
  'task.failed',
  'llm.started',
  'llm.finished',
  'llm.failed',
  'llm.attributed',
  'tool.started',
  'tool.finished',
  'run.finished',
  'log',
  // Legal, unknown, and names that every object inherits.
  'constructor',
  'toString',
)
const Sketched: fc.Arbitrary<Sketch> = fc.record({
  type: Type,
  agent: name('a', 3),
  run: name('r', 2),
  task: name('t', 3),
  time: fc.integer({ min: 100, max: 106 }),
  source: name('a', 3),
  data: fc.record({
    call: name('c', 4),
    name: name('n', 3),
    host: name('h', 3),
    team: name('t', 3),
    model: name('m', 3),
    manager: name('a', 3),
    to: name('a', 3),
    status: fc.constantFrom('idle', 'busy', 'waiting'),
    usage: fc.record({ inputTokens: fc.nat(50), outputTokens: fc.nat(9) }),
    costMicros: fc.nat(20),
    reported: fc.record({ inputTokens: fc.nat(900), costMicros: fc.nat(900) }),
  }),
})

/** Whose a call is may be told by another event of it. */
const SometimesNamed = fc.tuple(Sketched, fc.boolean())

const logged = (sketches: readonly Sketch[]): LoggedEvent[] =>
  sketches.map((sketch, i) => ({
    ...sketch,
    id: `id-${i}`,
    tenant: 't',
    dataJson: '',
    partition: 0,
    position: i + 1,
    receivedAt: sketch.time,
  }))

function fold(events: readonly LoggedEvent[]) {
  const rows = createRows()
  for (const event of events) applyEvent(rows, event)
  const of = <T>(table: string) =>
    new Map([...rows.entries()].flatMap(([held, key, row]) => (held === table ? [[key, row as T] as const] : [])))
  return { rows, agents: of<AgentRow>('agents'), runs: of<RunRow>('runs'), tasks: of<TaskRow>('tasks'), calls: of<CallRow>('calls') }
}

/** Sums that must not depend on order. An agent's own are not among them when several agents report one call: see the law of its own. */
const totals = ({ agents, runs, calls }: ReturnType<typeof fold>) => ({
  runs: new Map([...runs].map(([key, { totals, events }]) => [key, { ...totals, events }] as const).sort()),
  events: new Map([...agents].map(([key, { events }]) => [key, events] as const).sort()),
  calls: new Map([...calls].map(([key, { usage, outcome }]) => [key, { usage, outcome }] as const).sort()),
})

/** Interleaves the producers' streams by the picks; each stream keeps its own order. */
function shuffle(events: readonly LoggedEvent[], picks: readonly number[]): LoggedEvent[] {
  const streams = new Map<string, LoggedEvent[]>()
  for (const event of events) streams.set(event.source, [...(streams.get(event.source) ?? []), event])
  const mixed: LoggedEvent[] = []
  for (let i = 0; streams.size > 0; i += 1) {
    const keys = [...streams.keys()]
    const key = keys[(picks[i % Math.max(1, picks.length)] ?? 0) % keys.length] ?? ''
    const stream = streams.get(key) ?? []
    const next = stream.shift()
    if (next !== undefined) mixed.push({ ...next, position: mixed.length + 1 })
    if (stream.length === 0) streams.delete(key)
  }
  return mixed
}

test('any interleaving that keeps each producer’s order gives the same totals', () => {
  fc.assert(
    fc.property(fc.array(Sketched, { maxLength: 40 }), fc.array(fc.nat(20), { minLength: 1, maxLength: 40 }), (sketches, picks) => {
      const events = logged(sketches)
      expect(totals(fold(shuffle(events, picks)))).toEqual(totals(fold(events)))
    }),
  )
})

test('an agent’s totals do not depend on order either, where each call is one agent’s', () => {
  fc.assert(
    fc.property(fc.array(SometimesNamed, { maxLength: 40 }), fc.array(fc.nat(20), { minLength: 1, maxLength: 40 }), (sketches, picks) => {
      const events = logged(
        sketches.map(([sketch, isNamed]) => ({
          ...sketch,
          agent: isNamed ? sketch.agent : undefined,
          data: { ...sketch.data, call: `${sketch.agent} ${sketch.data.call}` },
        })),
      )
      const ofAgents = ({ agents }: ReturnType<typeof fold>) =>
        new Map([...agents].map(([key, { totals, events }]) => [key, { ...totals, events }] as const).sort())
      expect(ofAgents(fold(shuffle(events, picks)))).toEqual(ofAgents(fold(events)))
    }),
  )
})

test('when an agent was seen does not depend on order, also when others name it before it speaks', () => {
  const seen = ({ agents }: ReturnType<typeof fold>) =>
    new Map([...agents].map(([key, { firstSeenAt, lastSeenAt }]) => [key, [firstSeenAt, lastSeenAt]] as const).sort())
  fc.assert(
    fc.property(fc.array(Sketched, { maxLength: 40 }), fc.array(fc.nat(20), { minLength: 1, maxLength: 40 }), (sketches, picks) => {
      const events = logged(sketches)
      expect(seen(fold(shuffle(events, picks)))).toEqual(seen(fold(events)))
    }),
  )
})

test('every row is JSON: what is stored is what was folded, whatever the type is called', () => {
  fc.assert(
    fc.property(fc.array(Sketched, { maxLength: 30 }), (sketches) => {
      for (const [, , row] of fold(logged(sketches)).rows.entries()) {
        const undefinedDropped = Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined))
        expect(JSON.parse(JSON.stringify(row))).toEqual(undefinedDropped)
      }
    }),
  )
})

test('a type that objects inherit a member of is unknown, not a status', () => {
  for (const type of Object.getOwnPropertyNames(Object.prototype)) {
    const event: Sketch = { type, agent: 'a1', run: 'r1', task: 't1', time: 100, source: 'a1', data: {} }
    const { agents, calls } = fold(logged([event]))
    expect(agents.get('a1')).toMatchObject({ events: 1 })
    expect(agents.get('a1')?.status).toBeUndefined()
    expect(calls.size).toBe(0)
  }
})

test('what an agent last said of itself does not depend on order: the later wins, ties go to the greater id', () => {
  const said = ({ agents }: ReturnType<typeof fold>) =>
    new Map([...agents].map(([key, { name, host, team, model, run }]) => [key, { name, host, team, model, run }] as const).sort())
  fc.assert(
    fc.property(fc.array(Sketched, { maxLength: 40 }), fc.array(fc.nat(20), { minLength: 1, maxLength: 40 }), (sketches, picks) => {
      const events = logged(sketches)
      expect(said(fold(shuffle(events, picks)))).toEqual(said(fold(events)))
    }),
  )
  const start = (value: string): Sketch => ({
    type: 'agent.started',
    agent: 'a1',
    run: 'r1',
    task: undefined,
    time: 100,
    source: 'a1',
    data: { name: value },
  })
  const [low, high] = logged([start('low'), start('high')]) as [LoggedEvent, LoggedEvent]
  for (const events of [
    [low, high],
    [high, low],
  ])
    expect(fold(events).agents.get('a1')?.name?.value).toBe('high')
})

/** One of which only its agent was told has not been seen to start. */
const isOpen = ({ startedAt, outcome }: CallRow) => startedAt !== undefined && outcome === undefined

test('in flight are an agent’s open calls, whoever reports their ends', () => {
  fc.assert(
    fc.property(fc.array(SometimesNamed, { maxLength: 40 }), (sketches) => {
      const { agents, calls } = fold(
        logged(sketches.map(([sketch, isNamed]) => ({ ...sketch, agent: isNamed ? sketch.agent : undefined }))),
      )
      for (const [id, { inFlight }] of agents) {
        const open = [...calls].filter(([, call]) => call.agent === id && isOpen(call)).map(([key]) => key)
        expect(inFlight.map(({ call }) => call).sort()).toEqual(open.sort())
      }
    }),
  )
})

test('a call that failed stays failed, and is one error, in whatever order and however often its ends come', () => {
  const end = (type: string, time: number): Sketch => ({
    type,
    agent: 'a1',
    run: 'r1',
    task: undefined,
    time,
    source: 'a1',
    data: { call: 'c1' },
  })
  const types = ['llm.started', 'llm.finished', 'llm.failed', 'llm.failed']
  fc.assert(
    fc.property(fc.shuffledSubarray(types, { minLength: 4 }), (order) => {
      const { calls, runs, agents } = fold(logged(order.map((type) => end(type, 100))))
      expect([...calls.values()]).toMatchObject([{ outcome: 'failed' }])
      expect(runs.get('r1')?.totals).toMatchObject({ errors: 1, llmCalls: 1 })
      expect(agents.get('a1')?.inFlight).toEqual([])
    }),
  )
})

test('a call reported again changes no sum: usage counts once, at its greatest', () => {
  fc.assert(
    fc.property(fc.array(Sketched, { maxLength: 30 }), (sketches) => {
      const events = logged(
        sketches
          .filter(({ type }) => type.startsWith('llm.') || type.startsWith('tool.'))
          .map((sketch) => ({ ...sketch, data: { ...sketch.data, reported: undefined } })),
      )
      const twice = events
        .flatMap((event) => [event, { ...event, id: `${event.id} again` }])
        .map((event, i) => ({ ...event, position: i + 1 }))
      const sums = ({ runs }: ReturnType<typeof fold>) => new Map([...runs].map(([key, run]) => [key, run.totals]))
      expect(sums(fold(twice))).toEqual(sums(fold(events)))
    }),
  )
})

test('tokens and cost are those of the calls; what parents report is kept apart', () => {
  fc.assert(
    fc.property(fc.array(Sketched, { maxLength: 40 }), (sketches) => {
      const { runs, calls } = fold(logged(sketches))
      for (const [id, run] of runs) {
        const own = [...calls.values()].filter((call) => call.run === id)
        expect(run.totals.inputTokens).toBe(own.reduce((sum, { usage }) => sum + usage.inputTokens, 0))
        expect(run.totals.costMicros).toBe(own.reduce((sum, { usage }) => sum + usage.costMicros, 0))
        expect(run.totals.errors).toBe(own.filter(({ outcome }) => outcome === 'failed').length)
        const reported = sketches
          .filter((sketch) => sketch.run === id)
          .reduce((sum, { data }) => sum + (data.reported as { costMicros: number }).costMicros, 0)
        expect(run.totals.reportedCostMicros).toBe(reported)
      }
    }),
  )
})

test('a terminal task absorbs: its state stays, and a run counts each task once', () => {
  fc.assert(
    fc.property(fc.array(Sketched, { maxLength: 40 }), (sketches) => {
      const rows = createRows()
      const ended = new Map<string, string>()
      for (const event of logged(sketches)) {
        applyEvent(rows, event)
        for (const [table, key, row] of rows.entries()) {
          if (table !== 'tasks') continue
          const { state } = row as TaskRow
          if (ended.has(key)) expect(state).toBe(ended.get(key))
          else if (isTerminal(state)) ended.set(key, state)
        }
      }
      const { runs, tasks } = fold(logged(sketches))
      for (const [id, run] of runs) {
        const counted = Object.values(run.tasks).reduce((a, b) => a + b, 0)
        expect(counted).toBe([...tasks.values()].filter((task) => task.run === id).length)
      }
    }),
  )
})

test('a task closed twice is closed once, with a flag', () => {
  const close = (agent: string, time: number): Sketch => ({
    type: 'task.completed',
    agent,
    run: 'r1',
    task: 't1',
    time,
    source: agent,
    data: {},
  })
  const { tasks } = fold(logged([{ ...close('a1', 100), type: 'task.started' }, close('a1', 101), close('a2', 102)]))
  expect([...tasks.values()]).toMatchObject([{ state: 'completed', endedAt: 101, contradicted: 1, contradictedBy: 'a2' }])
})

const taskEvent = (type: string, agent: string | undefined, time: number, more: Partial<Sketch> = {}): Sketch => ({
  type,
  agent,
  run: 'r1',
  task: 't1',
  time,
  source: agent ?? 'nobody',
  data: {},
  ...more,
})
const doing = ({ agents }: ReturnType<typeof fold>, id: string) => ({
  status: agents.get(id)?.status?.value,
  task: agents.get(id)?.task?.value,
})

test.each(['task.completed', 'task.failed', 'task.canceled', 'task.rejected'])('%s frees whoever was at the task', (end) => {
  for (const closer of ['boss', undefined]) {
    const events = [
      taskEvent('task.assigned', 'boss', 100, { data: { to: 'first' } }),
      taskEvent('task.started', 'first', 101),
      taskEvent('task.assigned', 'boss', 102, { data: { to: 'second' } }),
      taskEvent('task.started', 'second', 103),
      taskEvent('task.progress', 'helper', 104),
      taskEvent('task.started', 'other', 104, { task: 't2' }),
      taskEvent('task.started', 'namesake', 104, { run: 'r2' }),
      taskEvent(end, closer, 105),
    ]
    const rows = fold(logged(events))
    for (const id of ['first', 'second', 'helper']) expect(doing(rows, id)).toEqual({ status: 'idle', task: '' })
    expect(doing(rows, 'other')).toEqual({ status: 'busy', task: 't2' })
    expect(doing(rows, 'namesake')).toEqual({ status: 'busy', task: 't1' })
  }
})

test('an agent whose task another ends is free whenever the end comes, and busy again with its next task', () => {
  const own = [
    taskEvent('task.started', 'a1', 100),
    taskEvent('tool.started', 'a1', 101, { data: { call: 'c1' } }),
    taskEvent('tool.finished', 'a1', 102, { data: { call: 'c1' } }),
  ]
  const end = taskEvent('task.completed', 'a2', 103)
  for (let at = 0; at <= own.length; at += 1) {
    const events = own.toSpliced(at, 0, end)
    expect(doing(fold(logged(events)), 'a1')).toEqual({ status: 'idle', task: '' })
    const next = taskEvent('task.started', 'a1', 103, { task: 't2' })
    expect(doing(fold(logged([...events, next])), 'a1')).toEqual({ status: 'busy', task: 't2' })
    expect(doing(fold(logged(own.toSpliced(3, 0, next).toSpliced(at, 0, end))), 'a1')).toEqual({ status: 'busy', task: 't2' })
  }
  // Its word after the end is its own.
  expect(doing(fold(logged([...own, end, taskEvent('task.progress', 'a1', 104)])), 'a1')).toEqual({ status: 'busy', task: 't1' })
})

test('the end of a task frees nobody who works at another since, in whichever partition', () => {
  const first = fold(logged([taskEvent('task.started', 'a1', 100), taskEvent('task.completed', 'a2', 105)]))
  const second = fold(logged([taskEvent('task.started', 'a1', 102, { run: 'r2', task: 't2' })]))
  const joined = joinAgents([first, second].flatMap(({ agents }) => agents.get('a1') ?? []))
  expect(joined).toMatchObject({ status: { value: 'busy' }, task: { value: 't2', run: 'r2' } })
})

test('nobody is at a task that has ended, unless it said so of a later time', () => {
  fc.assert(
    fc.property(fc.array(Sketched, { maxLength: 40 }), (sketches) => {
      const { agents, tasks } = fold(logged(sketches))
      for (const { task: at } of agents.values()) {
        const task = [...tasks.values()].find(({ id, run }) => id === at?.value && run === at.run)
        if (at !== undefined && task !== undefined && isTerminal(task.state)) expect(at.at).toBeGreaterThan(task.endedAt ?? Infinity)
      }
    }),
    { numRuns: 1_000 },
  )
})

test('an open call of a lost agent is orphaned; a late end closes it; a return opens what is open', () => {
  const at = (type: string, time: number, more: Partial<Sketch> = {}): Sketch => ({
    type,
    agent: 'a1',
    run: 'r1',
    task: undefined,
    time,
    source: 'a1',
    data: { call: 'c1' },
    ...more,
  })
  const lost = at('agent.status', 200, { source: 'signalbox', data: { status: 'lost' } })
  const see = (sketches: readonly Sketch[]) => {
    const { agents, calls } = fold(logged(sketches))
    const [call] = calls.values()
    return call === undefined ? undefined : callState(call, agents.get('a1'), undefined)
  }
  const start = at('tool.started', 100)
  expect(see([start])).toBe('open')
  expect(see([start, lost])).toBe('orphaned')
  expect(see([start, lost, at('agent.heartbeat', 150)])).toBe('open')
  expect(see([start, lost, at('tool.finished', 180)])).toBe('finished')
  expect(see([at('tool.finished', 180), start])).toBe('finished')
})

test('an open call is orphaned when its run has ended since, and closed by a late end', () => {
  const at = (type: string, time: number): Sketch => ({
    type,
    agent: 'a1',
    run: 'r1',
    task: undefined,
    time,
    source: 'a1',
    data: { call: 'c1' },
  })
  const see = (sketches: readonly Sketch[]) => {
    const { agents, calls, runs } = fold(logged(sketches))
    const [call] = calls.values()
    return call === undefined ? undefined : callState(call, agents.get('a1'), runs.get('r1'))
  }
  const [start, ends] = [at('tool.started', 100), at('run.finished', 150)]
  expect(see([start, ends])).toBe('orphaned')
  expect(see([start, ends, at('tool.finished', 180)])).toBe('finished')
  expect(see([ends, at('tool.started', 160)])).toBe('open')
})

test('a task under way is orphaned while its agent is gone, or when its run has ended since; a late end ends it', () => {
  const at = (type: string, time: number, more: Partial<Sketch> = {}): Sketch => ({
    type,
    agent: 'a1',
    run: 'r1',
    task: 't1',
    time,
    source: 'a1',
    data: {},
    ...more,
  })
  const lost = at('agent.status', 200, { task: undefined, source: 'signalbox', data: { status: 'lost' } })
  const ends = at('run.finished', 200, { task: undefined, agent: undefined })
  const see = (sketches: readonly Sketch[]) => {
    const { agents, tasks, runs } = fold(logged(sketches))
    const [task] = tasks.values()
    return task === undefined ? undefined : [task.state, isOrphaned(task, agents.get(task.assignee?.value ?? ''), runs.get('r1'))]
  }
  const start = at('task.started', 100)
  expect(see([start])).toEqual(['working', false])
  for (const end of [lost, ends]) {
    expect(see([start, end])).toEqual(['working', true])
    expect(see([start, end, at('task.progress', 250)])).toEqual(['working', false])
    expect(see([start, end, at('task.completed', 250)])).toEqual(['completed', false])
    expect(see([at('task.created', 100), end])).toEqual(['submitted', false])
  }
})

test('an end may tell its start, and another event whose call it was: the agent then counts all of it, once', () => {
  const at = (type: string, time: number, more: Partial<Sketch> = {}): Sketch => ({
    type,
    agent: 'a1',
    run: 'r1',
    task: undefined,
    time,
    source: 'door',
    data: { call: 'c1' },
    ...more,
  })
  const usage = { inputTokens: 30, outputTokens: 5 }
  const end = at('llm.finished', 200, { agent: undefined, data: { call: 'c1', usage, startedAt: new Date(120).toISOString() } })
  const whose = at('llm.attributed', 200)
  for (const order of [
    [end, whose],
    [whose, end],
    [end, whose, end, whose],
  ]) {
    const { agents, runs, calls } = fold(logged(order))
    const [call] = calls.values()
    expect(call).toMatchObject({ agent: 'a1', startedAt: 120, endedAt: 200, outcome: 'finished' })
    expect(agents.get('a1')).toMatchObject({ totals: { llmCalls: 1, inputTokens: 30, outputTokens: 5 }, inFlight: [] })
    expect(runs.get('r1')?.totals).toMatchObject({ llmCalls: 1, inputTokens: 30, outputTokens: 5 })
  }
})

test('one event that attributes many calls makes of them what one for each makes', () => {
  const Whose = fc.record({ agent: name('a', 3), calls: fc.array(name('c', 4), { minLength: 1, maxLength: 6 }), at: fc.nat(40) })
  fc.assert(
    fc.property(fc.array(SometimesNamed, { maxLength: 40 }), fc.array(Whose, { maxLength: 4 }), (sketches, owners) => {
      const own = sketches.map(([sketch, isNamed]) => ({ ...sketch, agent: isNamed ? sketch.agent : undefined }))
      const told = (dataOf: (calls: readonly string[]) => readonly Sketch['data'][]) => {
        const attributing = ({ agent, calls }: (typeof owners)[number]): Sketch[] =>
          dataOf(calls).map((data) => ({ type: 'llm.attributed', agent, run: 'r1', task: 't1', time: 103, source: 'a1', data }))
        const before = (i: number) => owners.filter(({ at }) => Math.min(at, own.length) === i).flatMap(attributing)
        const all = [...own.flatMap((sketch, i) => [...before(i), sketch]), ...before(own.length)]
        const { agents, runs, calls } = fold(logged(all))
        return {
          calls,
          agents: [...agents].map(([key, { totals, inFlight }]) => [key, totals, inFlight] as const),
          runs: [...runs].map(([key, row]) => [key, row.totals] as const),
        }
      }
      expect(told((calls) => [{ calls }])).toEqual(told((calls) => calls.map((call) => ({ call }))))
    }),
  )
})

test('folding by partition and joining the agents gives what folding whole gives', () => {
  fc.assert(
    fc.property(fc.array(Sketched, { maxLength: 40 }), (sketches) => {
      const events = logged(sketches)
      const whole = fold(events)
      const parts = ['r1', 'r2'].map((run) => fold(events.filter((event) => event.run === run)))
      for (const [id, agent] of whole.agents) {
        const rows = parts.flatMap(({ agents }) => agents.get(id) ?? [])
        const joined = joinAgents(rows)
        expect(joined?.totals).toEqual(agent.totals)
        expect(joined?.events).toBe(agent.events)
        expect(joinAgents([...rows].reverse())).toEqual(joined)
      }
    }),
  )
})

test('joining agents is commutative and associative, to the last field', () => {
  fc.assert(
    fc.property(fc.array(Sketched, { maxLength: 40 }), fc.array(fc.nat(2), { minLength: 40, maxLength: 40 }), (sketches, picks) => {
      // Three partitions by run, as the log has them: what is in one is in no other.
      const events = logged(sketches.map((sketch, i) => ({ ...sketch, run: `r${picks[i] ?? 0}` })))
      const parts = ['r0', 'r1', 'r2'].map((run) => fold(events.filter((event) => event.run === run)).agents)
      for (const id of new Set(parts.flatMap((agents) => [...agents.keys()]))) {
        const [a, b, c] = parts.map((agents) => agents.get(id))
        const join = (...rows: (AgentRow | undefined)[]) => joinAgents(rows.filter((row) => row !== undefined))
        expect(join(join(a, b), c)).toEqual(join(a, join(b, c)))
        expect(join(a, b, c)).toEqual(join(c, a, b))
        expect(join(a, b)).toEqual(join(b, a))
      }
    }),
  )
})

test('the fold reads and writes no row that touchedKeys and othersKeys do not name', () => {
  const Attributing = fc
    .tuple(Sketched, fc.array(name('c', 4)))
    .map(([sketch, calls]) => ({ ...sketch, type: 'llm.attributed', data: { calls } }))
  fc.assert(
    fc.property(fc.array(fc.oneof(Sketched, Attributing), { maxLength: 30 }), (sketches) => {
      const rows = createRows()
      for (const event of logged(sketches)) {
        const named = [...touchedKeys(event, touchOf(event)), ...othersKeys(event, touchOf(event), rows)]
        const allowed = new Set(named.map(({ table, key }) => `${table} ${key}`))
        const check = (table: string, key: string) => expect(allowed).toContain(`${table} ${key}`)
        applyEvent(
          {
            get(table, key) {
              check(table, key)
              return rows.get(table, key)
            },
            set(table, key, row) {
              check(table, key)
              rows.set(table, key, row)
            },
          },
          event,
        )
      }
    }),
  )
})

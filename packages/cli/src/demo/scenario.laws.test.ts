import type { LoggedEvent } from '@signalbox/model/event.ts'
import { applyEvent, createRows } from '@signalbox/model/fold/fold.ts'
import { isTerminal } from '@signalbox/model/fold/task.ts'
import { createIdSource } from '@signalbox/model/ids.ts'
import type { CallRow, RunRow, TaskRow } from '@signalbox/model/rows.ts'
import { parseEvent } from '@signalbox/model/validate.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fewestAgents } from './cast.ts'
import { createClosing } from './closing.ts'
import { type ScenarioOptions, scenario } from './scenario.ts'
import type { Step } from './stage.ts'

const limits = { maxDepth: 64, maxKeys: 1_000, maxStringChars: 1_000_000 }
const nextId = createIdSource(Date.now)
const minutes = 60_000

function stepsOf(options: Partial<ScenarioOptions>, forMs: number): Step[] {
  const steps: Step[] = []
  for (const step of scenario({ seed: 1, agents: 15, play: 'p', ...options })) {
    if (step.atMs > forMs) break
    steps.push(step)
  }
  return steps
}

const endedBy = (steps: readonly Step[]): Step[] => {
  const closing = createClosing()
  for (const step of steps) closing.saw(step)
  return [...steps, ...closing.steps()]
}

/** The rows that a server makes of the steps. Throws for what it would refuse. */
function foldedOf(steps: readonly Step[]) {
  const rows = createRows()
  const told = steps.flatMap((step) => (step.kind === 'tell' ? [step] : []))
  told.forEach(({ atMs, agent, type, data, run, task }, position) => {
    const time = new Date(Date.UTC(2026, 0, 1) + atMs).toISOString()
    const input = {
      source: 'demo',
      type,
      time,
      agent,
      data,
      ...(run === undefined ? {} : { run }),
      ...(task === undefined ? {} : { task }),
    }
    const parsed = parseEvent(input, 't', limits, nextId)
    if (!parsed.ok) throw new Error(`${type}: ${parsed.message}`)
    applyEvent(rows, { ...parsed.event, partition: 0, position, receivedAt: parsed.event.time } satisfies LoggedEvent)
  })
  const all = [...rows.entries()]
  const of = <Row>(table: string) => all.flatMap(([name, , row]) => (name === table ? [row as Row] : []))
  return { runs: of<RunRow>('runs'), tasks: of<TaskRow>('tasks'), calls: of<CallRow>('calls') }
}

const Fleet = fc.record({ seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }), agents: fc.integer({ min: fewestAgents, max: 30 }) })
const holds = (law: (fleet: { seed: number; agents: number }) => void) => fc.assert(fc.property(Fleet, law), { numRuns: 12 })

test('the same seed tells the same story, in the order of time; another seed another', () => {
  holds((fleet) => {
    const steps = stepsOf(fleet, 2 * minutes)
    expect(stepsOf(fleet, 2 * minutes)).toEqual(steps)
    expect(steps.map(({ atMs }) => atMs)).toEqual(steps.map(({ atMs }) => atMs).sort((a, b) => a - b))
    expect(stepsOf({ ...fleet, seed: (fleet.seed + 1) % 2 ** 32 }, 2 * minutes)).not.toEqual(steps)
  })
})

test('only who has begun and not ended says something, and nobody begins twice', () => {
  holds((fleet) => {
    const there = new Set<string>()
    for (const step of endedBy(stepsOf(fleet, 4 * minutes))) {
      expect(there.has(step.agent)).toBe(step.kind !== 'join')
      if (step.kind === 'join') there.add(step.agent)
      if (step.kind === 'leave' || step.kind === 'crash') there.delete(step.agent)
    }
    expect(there.size).toBe(0)
  })
})

test('every event is one of the vocabulary; no task is ended twice; those of an ended run have ended, and runs end', () => {
  holds((fleet) => {
    const { runs, tasks } = foldedOf(stepsOf(fleet, 6 * minutes))
    expect(runs.filter(({ state }) => state !== 'running').length).toBeGreaterThan(0)
    const running = new Set(runs.filter(({ state }) => state === 'running').map(({ id }) => id))
    for (const task of tasks) {
      expect(task.contradicted).toBe(0)
      if (!running.has(task.run ?? '')) expect(isTerminal(task.state)).toBe(true)
    }
    for (const { name, synthetic } of runs) expect([name?.value, synthetic]).toEqual([expect.stringMatching(/^Demo: /), true])
  })
})

test('no run goes on for ever: not with one worker, not when that one dies', () => {
  holds(({ seed }) => {
    const { runs } = foldedOf(stepsOf({ seed, agents: 2 }, 30 * minutes))
    for (const { startedAt, finishedAt, lastEventAt } of runs) expect((finishedAt ?? lastEventAt) - startedAt).toBeLessThan(10 * minutes)
    expect(runs.length).toBeGreaterThan(5)
  })
})

test('cut at any step, the closing ends every task and every run, and contradicts nothing', () => {
  fc.assert(
    fc.property(Fleet, fc.integer({ min: 0, max: 3 * minutes }), (fleet, at) => {
      const { runs, tasks } = foldedOf(endedBy(stepsOf(fleet, at)))
      expect(runs.filter(({ state }) => state === 'running')).toEqual([])
      expect(tasks.filter(({ state, contradicted }) => !isTerminal(state) || contradicted > 0)).toEqual([])
    }),
    { numRuns: 25 },
  )
})

test('who is given a task while it comes back does it once', () => {
  const { tasks } = foldedOf(stepsOf({ seed: 1443443951, agents: 26 }, 3 * minutes))
  expect(tasks.filter(({ contradicted }) => contradicted > 0)).toEqual([])
})

test('a call that begins ends, if its agent lives on', () => {
  holds((fleet) => {
    const { calls } = foldedOf(stepsOf(fleet, 5 * minutes))
    const old = calls.filter(({ startedAt }) => (startedAt ?? 0) < Date.UTC(2026, 0, 1) + 3 * minutes)
    expect(old.filter(({ outcome }) => outcome === undefined)).toEqual([])
  })
})

test('in the first 100 seconds all is seen that a dashboard shows', () => {
  const steps = stepsOf({}, 100_000)
  const seen = new Set(steps.map((step) => (step.kind === 'tell' ? step.type : step.kind)))
  const { runs, tasks, calls } = foldedOf(steps)
  expect([...seen].sort()).toEqual(
    expect.arrayContaining([
      'crash',
      'join',
      'run.started',
      'run.finished',
      'task.assigned',
      'task.input_required',
      'task.auth_required',
      'task.failed',
      'task.completed',
      'approval.requested',
      'approval.decided',
      'handoff',
      'message.sent',
      'agent.status',
      'log',
      'llm.failed',
      'tool.failed',
    ]),
  )
  expect(runs.length).toBeGreaterThan(3)
  expect(tasks.some(({ title }) => title?.value.endsWith('(second try)') === true)).toBe(true)
  expect(calls.reduce((sum, { usage }) => sum + usage.costMicros, 0)).toBeGreaterThan(1_000_000)
})

/**
 * The fold: `(rows, event) -> rows`. Pure but for the `Rows` it is given; no clock, no randomness, no I/O.
 * The sequencer writes projections with it, the API rebuilds the past with it. Events come in log order of one partition.
 */
import type { LoggedEvent } from '../event.ts'
import type { RowOf, Rows, Table, Totals } from '../rows.ts'
import { foldAgent, foldCaller, foldDelegate, foldDelegator, foldFreed } from './agent.ts'
import { type CallChange, foldCall } from './call.ts'
import { foldEdge } from './edge.ts'
import { count, endsTask, named, rowKey, type Touch, touchOf } from './keys.ts'
import { foldRun } from './run.ts'
import { foldTask, isTerminal } from './task.ts'
import { addTotals, callDelta, emptyTotals } from './totals.ts'

/** Changes whenever the same log would give other rows. */
export const FOLD_VERSION = '7'

function reportedTotals(event: LoggedEvent): Totals | undefined {
  const reported = event.data.reported
  if (typeof reported !== 'object' || reported === null) return undefined
  const said = reported as Record<string, unknown>
  return {
    ...emptyTotals,
    reportedInputTokens: count(said.inputTokens),
    reportedOutputTokens: count(said.outputTokens),
    reportedCostMicros: count(said.costMicros),
  }
}

const sumOf = (a: Totals | undefined, b: Totals | undefined) => (a === undefined || b === undefined ? (a ?? b) : addTotals(a, b))

const noCalls: readonly CallChange[] = []

function foldCalls(rows: Rows, event: LoggedEvent, { calls }: Touch): readonly CallChange[] {
  if (calls.length === 0) return noCalls
  return calls.map((call) => {
    const { key } = call
    const before = rows.get('calls', key)
    const after = foldCall(before, call, event)
    rows.set('calls', key, after)
    return { key, before, after, told: callDelta(before, after) }
  })
}

export function applyEvent(rows: Rows, event: LoggedEvent, touch: Touch = touchOf(event)): void {
  const { run, agent } = event
  const { taskKey, relation } = touch
  const reported = 'reported' in event.data ? reportedTotals(event) : undefined

  const calls = foldCalls(rows, event, touch)
  let added = reported
  let own = reported
  for (const { before, after, told } of calls) {
    added = sumOf(added, told)
    // Whose call it is may be told after what it took: until then only its run counts it.
    const isLearned = after.agent !== undefined && before !== undefined && before.agent === undefined
    own = sumOf(own, isLearned ? callDelta(undefined, after) : told)
  }

  const taskBefore = taskKey === undefined ? undefined : rows.get('tasks', taskKey)
  const taskAfter = taskKey === undefined ? undefined : foldTask(taskBefore, event)
  if (taskKey !== undefined && taskAfter !== undefined) rows.set('tasks', taskKey, taskAfter)
  const taskEndedAt = taskAfter !== undefined && isTerminal(taskAfter.state) ? taskAfter.endedAt : undefined

  if (run !== undefined) rows.set('runs', run, foldRun(rows.get('runs', run), run, event, added, taskBefore, taskAfter))
  const ends = taskKey !== undefined && endsTask.has(event.type)
  if (agent !== undefined) {
    const acted = foldAgent(rows.get('agents', agent), agent, event, own, calls, taskEndedAt)
    rows.set('agents', agent, ends ? foldFreed(acted, event) : acted)
  }

  for (const key of (ends && taskAfter?.workers) || []) {
    const worker = key === agent ? undefined : rows.get('agents', key)
    const freed = worker === undefined ? undefined : foldFreed(worker, event)
    if (freed !== undefined && freed !== worker) rows.set('agents', key, freed)
  }

  for (const call of calls) {
    const whose = call.before?.agent
    const caller = whose === undefined || whose === agent ? undefined : rows.get('agents', whose)
    const freed = caller === undefined ? undefined : foldCaller(caller, event, call)
    if (freed !== undefined && freed !== caller) rows.set('agents', freed.id, freed)
  }

  if (relation !== undefined) {
    const key = rowKey.edge(run, relation.from, relation.to, relation.kind)
    rows.set('edges', key, foldEdge(rows.get('edges', key), event, relation))
    if (relation.kind === 'delegation') {
      rows.set('agents', relation.from, foldDelegator(rows.get('agents', relation.from), relation.from, event))
      rows.set('agents', relation.to, foldDelegate(rows.get('agents', relation.to), relation.to, relation.from, event, taskEndedAt))
    }
  } else if (event.type === 'task.assigned') {
    const to = named(event.data.to)
    if (to !== undefined) rows.set('agents', to, foldDelegate(rows.get('agents', to), to, undefined, event, taskEndedAt))
  }
}

/** Applies an event, or throws and leaves no trace of it. */
export function applyWhole(rows: Rows, event: LoggedEvent): void {
  const own = createRows()
  applyEvent({ get: (table, key) => own.get(table, key) ?? rows.get(table, key), set: own.set }, event)
  for (const [table, key, row] of own.entries()) rows.set(table, key, row)
}

/** Rows in memory: for replay, for browsers, for tests. */
export function createRows(): Rows & { entries(): Iterable<readonly [Table, string, RowOf[Table]]>; readonly size: () => number } {
  const held: { [T in Table]: Map<string, RowOf[T]> } = {
    agents: new Map(),
    runs: new Map(),
    tasks: new Map(),
    calls: new Map(),
    edges: new Map(),
  }
  return {
    get: (table, key) => held[table].get(key),
    set: (table, key, row) => void held[table].set(key, row),
    *entries() {
      for (const table of Object.keys(held) as Table[]) for (const [key, row] of held[table]) yield [table, key, row]
    },
    size: () => Object.values(held).reduce((sum, map) => sum + map.size, 0),
  }
}

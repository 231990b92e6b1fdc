import { emptyTotals } from '@signalbox/model/fold/totals.ts'
import type { AgentRow, RunRow, RunState } from '@signalbox/model/rows.ts'
import { expect, test } from 'vitest'
import { isQuiet, listed, nextRunSorting, pacesOf, parseRunSorting, runFiltersIn } from './list.ts'

const tasks = { submitted: 0, working: 1, input_required: 0, auth_required: 0, completed: 2, failed: 0, canceled: 0, rejected: 0 }
const run = (id: string, state: RunState, startedAt: number, more: Partial<RunRow> = {}): RunRow => ({
  ...{ id, state, startedAt, lastEventAt: startedAt, synthetic: false, events: 1, agents: [], tasks, totals: emptyTotals },
  ...more,
})
const now = 10_000_000
const runs = [
  run('b', 'running', 300, { name: { value: 'Nightly build', at: 1, by: '' } }),
  run('a', 'finished', 100, { finishedAt: 900, totals: { ...emptyTotals, costMicros: 7, errors: 1 } }),
  run('c', 'failed', 200, { error: 'out of tokens' }),
  run('d', 'running', 300, { lastEventAt: now }),
]
const paces = new Map([['d', { tokensPerMinute: 9, busy: 1 }]])
const ids = (wanted: Partial<Parameters<typeof listed>[1]>, sort = '') =>
  listed(runs, { q: '', status: '', errors: false, ...wanted }, parseRunSorting(sort), paces, now)

test.each([
  ['', ['b', 'd', 'c', 'a']],
  ['started', ['a', 'c', 'b', 'd']],
  ['-took', ['b', 'd', 'a', 'c']],
  ['-tok/min', ['d', 'b', 'c', 'a']],
  ['-cost', ['a', 'b', 'd', 'c']],
  ['run', ['a', 'c', 'd', 'b']],
  ['toString', ['b', 'd', 'c', 'a']],
])('sorted by "%s", the newest first among equals', (sort, order) => {
  expect(ids({}, sort)).toEqual(order)
})

test.each([
  [{ q: 'NIGHT build' }, ['b'], 1],
  [{ q: 'tokens' }, ['c'], 1],
  [{ status: 'running' }, ['b', 'd'], 1],
  [{ errors: true }, ['c', 'a'], 1],
  [{ errors: true, status: 'finished', q: 'x' }, [], 3],
])('the filter %j keeps %j', (wanted, kept, filters) => {
  expect(ids(wanted)).toEqual(kept)
  expect(runFiltersIn({ q: '', status: '', errors: false, ...wanted })).toBe(filters)
})

test('pressing the same head again turns the order round; the usual order is not in the address', () => {
  let sort = ''
  const press = (column: Parameters<typeof nextRunSorting>[0]) => {
    sort = nextRunSorting(column, parseRunSorting(sort))
    return sort
  }
  expect([press('started'), press('started'), press('cost'), press('cost'), press('run'), press('run')]).toEqual([
    'started',
    '',
    '-cost',
    'cost',
    'run',
    '-run',
  ])
})

test('a run goes as fast as the agents that are at it now', () => {
  const agent = (id: string, at: string, status: 'busy' | 'idle') =>
    ({ id, run: { value: at, at: 1, by: '' }, status: { value: status, at: 1, by: '' } }) as AgentRow
  const rates = {
    of: () => ({ tokensPerMinute: 100, costMicrosPerHour: 0, errors: 0, calls: 0 }),
    spark: () => [],
    all: () => ({ tokensPerMinute: 0, costMicrosPerHour: 0, errors: 0, calls: 0, eventsPerSecond: 0 }),
  }
  const agents = [agent('x', 'a', 'busy'), agent('y', 'a', 'idle'), agent('z', 'b', 'busy')]
  expect([...pacesOf(agents, rates)]).toEqual([
    ['a', { tokensPerMinute: 200, busy: 1 }],
    ['b', { tokensPerMinute: 100, busy: 1 }],
  ])
  expect(pacesOf(agents, undefined).get('a')).toEqual({ tokensPerMinute: 0, busy: 1 })
})

test('a run that goes on without a word is quiet, one that ended is not', () => {
  expect(runs.map((one) => isQuiet(one, now))).toEqual([true, false, false, false])
})

import { emptyTotals } from '@signalbox/model/fold/totals.ts'
import type { AgentRow } from '@signalbox/model/rows.ts'
import { expect, test } from 'vitest'
import { createRoster, naturalKey, nextSorting, parseSorting } from './sort.ts'

const agent = (id: string, tokens: number, name?: string): AgentRow => ({
  id,
  name: name === undefined ? undefined : { value: name, at: 1, by: '' },
  ...{ firstSeenAt: 1, lastSeenAt: 1, lastReceivedAt: 1, events: 1, inFlight: [] },
  totals: { ...emptyTotals, inputTokens: tokens },
})

test.each([
  ['tokens', ['-tokens', 'tokens', '', '-tokens']],
  ['tok/min', ['-tok/min', 'tok/min', '', '-tok/min']],
  ['agent', ['agent', '-agent', '', 'agent']],
] as const)('pressing the head of %s again and again', (column, presses) => {
  let now = ''
  expect(presses.map(() => (now = nextSorting(column, parseSorting(now))))).toEqual(presses)
})

test('names stand as people count: numbers by size, letters without case and accents', () => {
  const names = ['Worker 10', 'worker 9', 'Éva', 'Worker 1', 'eva b', 'Zoë', 'worker 1000']
  expect(names.toSorted((a, b) => (naturalKey(a) < naturalKey(b) ? -1 : 1))).toEqual([
    'Éva',
    'eva b',
    'Worker 1',
    'worker 9',
    'Worker 10',
    'worker 1000',
    'Zoë',
  ])
})

test('a roster keeps its order while only figures change, and makes it anew for who joins, leaves or is renamed', () => {
  const anna = agent('anna', 30)
  const carl = agent('carl', 5)
  const loner = agent('loner', 0)
  const roster = createRoster()
  const order = (...agents: AgentRow[]) => roster(agents).map((row) => `${row.id} ${row.totals.inputTokens}`)
  expect(order(carl, anna)).toEqual(['anna 30', 'carl 5'])
  expect(order(agent('anna', 31), carl)).toEqual(['anna 31', 'carl 5'])
  expect(order(carl, loner, anna)).toEqual(['anna 30', 'carl 5', 'loner 0'])
  expect(order(loner, agent('carl', 5, 'Aaron'))).toEqual(['carl 5', 'loner 0'])
  expect(order(loner, carl, agent('anna', 30, 'Zoë'))).toEqual(['carl 5', 'loner 0', 'anna 30'])
})

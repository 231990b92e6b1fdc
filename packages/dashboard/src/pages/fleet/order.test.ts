import { emptyTotals } from '@signalbox/model/fold/totals.ts'
import type { AgentRow } from '@signalbox/model/rows.ts'
import { expect, test } from 'vitest'
import { createRoster, filtersIn, joinedSince, linesOf, matching, naturalKey, nextSorting, parseSorting, stepped } from './order.ts'

const agent = (id: string, tokens: number, more: Partial<AgentRow> = {}): AgentRow => ({
  id,
  firstSeenAt: 1,
  lastSeenAt: 1,
  lastReceivedAt: 1,
  events: 1,
  totals: { ...emptyTotals, inputTokens: tokens },
  inFlight: [],
  ...more,
})
const of = (value: string) => ({ value, at: 1, by: '' })
const boss = agent('z boss', 1)
const anna = agent('anna', 30, { manager: of('z boss') })
const carl = agent('carl', 5, { manager: of('z boss') })
const loner = agent('loner', 7, { lastSeenAt: 3_600_000, totals: { ...emptyTotals, errors: 1 } })
const all = createRoster()([carl, boss, anna, loner])
const ids = (...of: Parameters<typeof linesOf>) =>
  linesOf(...of).map((line) => (line.kind === 'head' ? `${line.name} ${line.count}` : line.ids))

test('groups that worked lately stand first, and their manager before its workers', () => {
  const grouped = all.map((row) => (row === boss ? { ...boss, role: of('manager') as AgentRow['role'] } : row)) as AgentRow[]
  expect(ids(grouped, 'manager', 2)).toEqual(['no manager 1', ['loner'], 'z boss 3', ['z boss', 'anna'], ['carl']])
})

test.each([
  ['', ['anna', 'carl', 'loner', 'z boss']],
  ['agent', ['anna', 'carl', 'loner', 'z boss']],
  ['-agent', ['z boss', 'loner', 'carl', 'anna']],
  ['-tokens', ['anna', 'carl', 'z boss', 'loner']],
  ['tokens', ['loner', 'z boss', 'carl', 'anna']],
  ['-last event', ['loner', 'anna', 'carl', 'z boss']],
  ['toString', ['anna', 'carl', 'loner', 'z boss']],
])('sorted by "%s"', (by, order) => {
  expect(ids(all, 'none', 1, parseSorting(by)).flat()).toEqual(order)
})

test.each([
  ['tokens', ['-tokens', 'tokens', '', '-tokens']],
  ['agent', ['agent', '-agent', '', 'agent']],
] as const)('pressing the head of %s again and again', (column, presses) => {
  let now = ''
  expect(presses.map(() => (now = nextSorting(column, parseSorting(now))))).toEqual(presses)
})

test('steps go along the lines and stop at the ends; from nothing to the first', () => {
  const lines = linesOf(all, 'none', 3)
  const from = (id: string) => (['next', 'previous', 'down', 'up'] as const).map((to) => stepped(lines, id, to))
  expect(from('')).toEqual(['anna', 'anna', 'anna', 'anna'])
  expect(from('loner')).toEqual(['z boss', 'carl', 'z boss', 'loner'])
  expect(from('z boss')).toEqual(['z boss', 'loner', 'z boss', 'anna'])
  expect(stepped([], 'anna', 'next')).toBeUndefined()
})

const none = { q: '', errors: false, status: '', role: '' }
test.each([
  [{ q: ' ANN  seen' }, 1, ['anna']],
  [{ q: 'nobody' }, 1, []],
  [{ errors: true }, 1, ['loner']],
  [{ status: 'seen' }, 1, ['anna', 'carl', 'loner', 'z boss']],
  [{ status: 'busy' }, 1, []],
  [{ role: 'no role', q: 'a', errors: true }, 3, []],
  [{ q: ' ' }, 0, ['anna', 'carl', 'loner', 'z boss']],
])('the filter %j counts %i and keeps who passes all of it', (wanted, count, kept) => {
  expect(matching(all, { ...none, ...wanted }).map(({ id }) => id)).toEqual(kept)
  expect(filtersIn({ ...none, ...wanted })).toBe(count)
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
  const roster = createRoster()
  const order = (...agents: AgentRow[]) => roster(agents).map((row) => `${row.id} ${row.totals.inputTokens}`)
  expect(order(carl, anna)).toEqual(['anna 30', 'carl 5'])
  expect(order(agent('anna', 31), carl)).toEqual(['anna 31', 'carl 5'])
  expect(order(carl, loner, anna)).toEqual(['anna 30', 'carl 5', 'loner 0'])
  expect(order(loner, { ...carl, name: of('Aaron') })).toEqual(['carl 5', 'loner 0'])
  expect(order(loner, carl, { ...anna, name: of('Zoë') })).toEqual(['carl 5', 'loner 0', 'anna 30'])
})

test('who joined since is counted, whoever left meanwhile', () => {
  const before = linesOf([anna, boss], 'none', 2)
  expect(joinedSince(before, before)).toBe(0)
  expect(joinedSince(before, linesOf([anna, carl, loner], 'manager', 2))).toBe(2)
})

test('a head tells who works and who is in trouble', () => {
  const busy = { ...anna, status: of('busy') } as AgentRow
  const lost = { ...carl, status: of('lost') } as AgentRow
  expect(linesOf([busy, lost], 'manager', 2)[0]).toEqual({ kind: 'head', name: 'z boss', count: 2, busy: 1, troubled: 1 })
})

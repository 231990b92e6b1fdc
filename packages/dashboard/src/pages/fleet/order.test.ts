import { emptyTotals } from '@signalbox/model/fold/totals.ts'
import type { AgentRow } from '@signalbox/model/rows.ts'
import { expect, test } from 'vitest'
import { linesOf, matching, nextSorting, parseSorting, stepped } from './order.ts'

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
const all = [carl, boss, anna, loner]
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

test('every word of the filter has to be found; errors only keeps who is in trouble', () => {
  expect(matching(all, ' ANN  seen', false)).toEqual([anna])
  expect(matching(all, 'nobody', false)).toEqual([])
  expect(matching(all, '', true)).toEqual([loner])
})

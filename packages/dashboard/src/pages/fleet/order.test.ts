import { emptyTotals } from '@signalbox/model/fold/totals.ts'
import type { AgentRow } from '@signalbox/model/rows.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ratesOf } from '../../rates/sums.ts'
import {
  type Arrangement,
  flowingLines,
  foldedText,
  type Grouping,
  groupings,
  groupsOf,
  joinedSince,
  type Line,
  linesOf,
  parseFolded,
  stepped,
} from './order.ts'
import { createRoster, parseSorting, sortableColumns } from './sort.ts'

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
const anna = agent('anna', 30, { manager: of('z boss'), model: of('large') })
const carl = agent('carl', 5, { manager: of('z boss'), host: of('east') })
const loner = agent('loner', 7, { lastSeenAt: 3_600_000, totals: { ...emptyTotals, errors: 1 } })
const all = createRoster()([carl, boss, anna, loner])
const lined = (agents: readonly AgentRow[], grouping: Grouping, columns: number, more: Partial<Arrangement> = {}) =>
  linesOf(groupsOf(agents, { grouping, ...more }), columns, grouping)
const ids = (...of: Parameters<typeof lined>) =>
  lined(...of).map((line) => (line.kind === 'head' ? `${line.name} ${line.count}` : line.ids))

test('groups that worked lately stand first, and their manager before its workers', () => {
  const grouped = all.map((row) => (row === boss ? { ...boss, role: of('manager') as AgentRow['role'] } : row)) as AgentRow[]
  expect(ids(grouped, 'manager', 2)).toEqual(['no manager 1', ['loner'], 'z boss 3', ['z boss', 'anna'], ['carl']])
  expect(ids(grouped, 'manager', 2, { folded: parseFolded('z%20boss') })).toEqual(['no manager 1', ['loner'], 'z boss 3'])
})

test.each([
  ['model', ['no model 3', 'large 1']],
  ['host', ['no host 3', 'east 1']],
  ['team', ['no team 4']],
] as const)('grouped by %s', (grouping, heads) => {
  expect(ids(all, grouping, 9).filter((line) => typeof line === 'string')).toEqual(heads)
})

const figures: Record<string, number> = { anna: 1, carl: 9, loner: 4, 'z boss': 2 }
const rates: Arrangement['rates'] = {
  of: (id) => ({ tokensPerMinute: figures[id] ?? 0, costMicrosPerHour: 10 * (figures[id] ?? 0), errors: 0, calls: 0 }),
  spark: (_, into) => into,
  all: () => ({ tokensPerMinute: 0, costMicrosPerHour: 0, errors: 0, calls: 0, eventsPerSecond: 0 }),
}

test.each([
  ['', ['anna', 'carl', 'loner', 'z boss']],
  ['agent', ['anna', 'carl', 'loner', 'z boss']],
  ['-agent', ['z boss', 'loner', 'carl', 'anna']],
  ['-tokens', ['anna', 'carl', 'z boss', 'loner']],
  ['tokens', ['loner', 'z boss', 'carl', 'anna']],
  ['-tok/min', ['carl', 'loner', 'z boss', 'anna']],
  ['$/h', ['anna', 'z boss', 'loner', 'carl']],
  ['-last event', ['loner', 'anna', 'carl', 'z boss']],
  ['toString', ['anna', 'carl', 'loner', 'z boss']],
])('sorted by "%s"', (by, order) => {
  expect(ids(all, 'none', 1, { sorting: parseSorting(by), rates }).flat()).toEqual(order)
})

test('steps go along the lines and stop at the ends; from nothing to the first', () => {
  const lines = lined(all, 'none', 3)
  const from = (id: string) => (['next', 'previous', 'down', 'up', 'first', 'last'] as const).map((to) => stepped(lines, id, to))
  expect(from('')).toEqual(['anna', 'anna', 'anna', 'anna', 'anna', 'z boss'])
  expect(from('loner')).toEqual(['z boss', 'carl', 'z boss', 'loner', 'anna', 'z boss'])
  expect(from('z boss')).toEqual(['z boss', 'loner', 'z boss', 'anna', 'anna', 'z boss'])
  expect(stepped([], 'anna', 'next')).toBeUndefined()
})

test('groups flow one after the other with an empty place between them, over which steps pass', () => {
  const lines = flowingLines(groupsOf(all, { grouping: 'manager' }), 4)
  expect(lines.map((line) => line.kind === 'agents' && line.ids)).toEqual([['loner', 'z boss', '', 'anna'], ['carl']])
  expect(stepped(lines, 'z boss', 'next')).toBe('anna')
})

const fleets = fc
  .uniqueArray(fc.record({ id: fc.string({ minLength: 1 }), by: fc.nat(4), tokens: fc.nat(9), seen: fc.nat(2_000_000) }), {
    selector: ({ id }) => id,
    maxLength: 40,
  })
  .map((rows) =>
    createRoster()(
      rows.map(({ id, by, tokens, seen }) => agent(id, tokens, { run: of(`run ${by}`), lastSeenAt: seen, name: of(`n ${by}`) })),
    ),
  )
const idsOf = (lines: readonly Line[]) => lines.flatMap((line) => (line.kind === 'agents' ? line.ids : [])).filter((id) => id !== '')

test('whatever the grouping, the sorting and the width, everybody stands in exactly one place, and steps reach all of them', () => {
  const some = <T>(of: readonly T[]) => fc.constantFrom(...of)
  fc.assert(
    fc.property(fleets, some(groupings), some(sortableColumns), fc.boolean(), fc.integer({ min: 1, max: 7 }), fc.boolean(), (...drawn) => {
      const [agents, grouping, column, descending, columns, flows] = drawn
      const groups = groupsOf(agents, { grouping, sorting: { column, descending } })
      const lines = flows ? flowingLines(groups, columns) : linesOf(groups, columns, grouping)
      const shown = idsOf(lines)
      expect(shown.toSorted()).toEqual(agents.map(({ id }) => id).toSorted())
      expect(groups.reduce((sum, { count }) => sum + count, 0)).toBe(agents.length)
      expect(lines.every((line) => line.kind === 'head' || (line.ids.length <= columns && line.ids[0] !== ''))).toBe(true)
      const walked: string[] = []
      for (let at = stepped(lines, '', 'next'); at !== undefined && at !== walked.at(-1); at = stepped(lines, at, 'next')) walked.push(at)
      expect(walked).toEqual(shown)
      for (const id of shown) for (const to of ['up', 'down'] as const) expect(shown).toContain(stepped(lines, id, to))
    }),
  )
})

test('what is folded survives the address, whatever it is called', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ unit: 'grapheme', minLength: 1 })), (names) => {
      expect([...parseFolded(foldedText(new Set(names)))]).toEqual(names)
    }),
  )
  expect([...parseFolded('100%,b')]).toEqual(['100%', 'b'])
})

test('who joined since is counted, whoever left meanwhile', () => {
  const before = lined([anna, boss], 'none', 2)
  expect(joinedSince(before, before)).toBe(0)
  expect(joinedSince(before, lined([anna, carl, loner], 'manager', 2))).toBe(2)
})

test('a head tells who works, who is in trouble, and what they use', () => {
  const busy = { ...anna, status: of('busy') } as AgentRow
  const lost = { ...carl, status: of('lost') } as AgentRow
  const members = [busy, lost]
  const head = { kind: 'head', name: 'z boss', count: 2, busy: 1, troubled: 1, members, isFolded: false }
  expect(lined(members, 'manager', 2, { attention: new Set(['carl', 'nobody']) })[0]).toEqual(head)
  expect(ratesOf(members, rates)).toEqual({ tokensPerMinute: 10, costMicrosPerHour: 100 })
  expect(ratesOf(members, undefined)).toBeUndefined()
})

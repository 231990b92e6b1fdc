import { emptyTotals } from '@signalbox/model/fold/totals.ts'
import type { AgentRow, AgentStatus } from '@signalbox/model/rows.ts'
import { expect, test } from 'vitest'
import { subjectOf, troublesOf } from './trouble.ts'

const hour = 3_600_000
const now = 100 * hour
const agent = (id: string, status: AgentStatus | undefined, at: number, heard = now): AgentRow => ({
  ...{ id, firstSeenAt: 1, lastSeenAt: heard, lastReceivedAt: heard, events: 1, inFlight: [], totals: { ...emptyTotals, errors: 9 } },
  status: status === undefined ? undefined : { value: status, at, by: '' },
})
const rates = {
  of: (id: string) => ({
    tokensPerMinute: 0,
    costMicrosPerHour: 0,
    errors: id.startsWith('err') ? 5 : 1,
    calls: id === 'err seldom' ? 50 : 9,
  }),
  all: () => ({ tokensPerMinute: 0, costMicrosPerHour: 0, errors: 0, calls: 0, eventsPerSecond: 0 }),
  spark: () => [],
}
const found = (agents: readonly AgentRow[], acknowledged: Readonly<Record<string, number>> = {}) =>
  troublesOf(
    agents,
    new Map(Object.entries(acknowledged).map(([id, at]) => [subjectOf(id), { subject: subjectOf(id), note: '', at }])),
    rates,
    now,
  ).map(({ id, kind, isKnown }) => `${id} ${kind}${isKnown ? ' known' : ''}`)

test('who is stuck stands first, then lost, waiting and failing; the newest of each kind before the others', () => {
  const agents = [
    agent('fine', 'busy', now),
    agent('wait', 'waiting', now - 5),
    agent('err', 'idle', now),
    agent('err seldom', 'busy', now),
    agent('lost long', 'lost', now - hour),
    agent('lost now', 'lost', now - 1),
    agent('stuck', 'stuck', now - hour),
  ]
  expect(found(agents)).toEqual(['stuck stuck', 'lost now lost', 'lost long lost', 'wait waiting', 'err failing'])
  expect(found(agents, { stuck: now })).toEqual(['lost now lost', 'lost long lost', 'wait waiting', 'err failing', 'stuck stuck known'])
})

test.each([
  ['it was lost before', agent('a', 'lost', now - 9, now - 99), now - 5, 'a lost known'],
  ['it was lost after', agent('a', 'lost', now - 5, now - 99), now - 9, 'a lost'],
  ['its clock is an hour ahead', agent('a', 'stuck', now + hour, now - 50), now - 9, 'a stuck known'],
  ['it goes on failing', agent('err', 'busy', now), now - hour + 1, 'err failing known'],
  ['it has gone on failing for an hour', agent('err', 'busy', now), now - hour - 1, 'err failing'],
])('an acknowledgement when %s', (_, row, at, seen) => {
  expect(found([row], { [row.id]: at })).toEqual([seen])
})

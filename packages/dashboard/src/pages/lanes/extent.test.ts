import { emptyTotals } from '@signalbox/model/fold/totals.ts'
import type { AgentRow, RunRow } from '@signalbox/model/rows.ts'
import { expect, test } from 'vitest'
import { extentOf, heardAtOf, quietAfterMs } from './extent.ts'

const begin = 1_000_000
const run: RunRow = {
  id: 'r',
  state: 'running',
  startedAt: begin,
  lastEventAt: begin + 5_000,
  synthetic: false,
  events: 1,
  agents: [],
  tasks: { submitted: 0, working: 0, input_required: 0, auth_required: 0, completed: 0, failed: 0, canceled: 0, rejected: 0 },
  totals: emptyTotals,
}
const agent = (of: string, lastSeenAt: number): AgentRow => ({
  id: of,
  run: { value: of, at: 0, by: '' },
  firstSeenAt: 0,
  lastSeenAt,
  lastReceivedAt: 0,
  events: 1,
  totals: emptyTotals,
  inFlight: [],
})
const none = { begin: 0, end: 0 }

test('a running run ends now, an ended one with its last event', () => {
  const now = begin + 60_000
  expect(extentOf(run, run.lastEventAt, none, now)).toEqual({ begin, end: now, live: true })
  expect(extentOf({ ...run, state: 'finished' }, run.lastEventAt, none, now)).toEqual({ begin, end: begin + 5_000, live: false })
})

test('a recording without an end is not stretched to today, but an agent that still beats keeps its run going', () => {
  const later = begin + 2 * quietAfterMs
  expect(extentOf(run, heardAtOf(run, [agent('other', later)]), none, later)).toMatchObject({ end: begin + 5_000, live: false })
  expect(extentOf(run, heardAtOf(run, [agent('r', later - 1_000)]), none, later)).toMatchObject({ end: later, live: true })
})

test('what was drawn before the run was known to begin is within it', () => {
  expect(extentOf(run, run.lastEventAt, { begin: begin - 500, end: begin + 9_000 }, begin + 6_000)).toEqual({
    begin: begin - 500,
    end: begin + 9_000,
    live: true,
  })
})

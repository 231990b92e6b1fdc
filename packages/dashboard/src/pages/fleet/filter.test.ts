import { emptyTotals } from '@signalbox/model/fold/totals.ts'
import type { AgentRow } from '@signalbox/model/rows.ts'
import { expect, test } from 'vitest'
import { filtersIn, matcher, nothing } from './filter.ts'

const of = (value: string) => ({ value, at: 1, by: '' })
const agent = (id: string, more: Partial<AgentRow> = {}): AgentRow => ({
  ...{ id, firstSeenAt: 1, lastSeenAt: 1, lastReceivedAt: 1, events: 1, inFlight: [], totals: emptyTotals },
  ...more,
})
const all = [
  agent('anna', { model: of('large-2'), host: of('east') }),
  agent('carl', { model: of('small'), run: of('Night shift 7') }),
  agent('loner', { totals: { ...emptyTotals, errors: 1 }, host: of('East-2') }),
  agent('rig/host:x'),
]

test.each([
  [{ q: ' ANN  seen' }, 1, ['anna']],
  [{ q: 'nobody' }, 1, []],
  [{ errors: true }, 1, ['loner']],
  [{ status: 'seen' }, 1, ['anna', 'carl', 'loner', 'rig/host:x']],
  [{ status: 'busy' }, 1, []],
  [{ status: 'attention' }, 1, ['carl']],
  [{ role: 'no role', q: 'x', errors: true }, 3, []],
  [{ q: ' ' }, 0, ['anna', 'carl', 'loner', 'rig/host:x']],
  [{ q: 'host:east' }, 1, ['anna', 'loner']],
  [{ q: 'model:large host:EAST' }, 1, ['anna']],
  [{ q: 'run:"night shift"' }, 1, ['carl']],
  [{ q: 'run:"night' }, 1, ['carl']],
  [{ q: 'nofield:x' }, 1, []],
  [{ q: 'rig/host:x' }, 1, ['rig/host:x']],
  [{ q: 'constructor:x' }, 1, []],
  [{ q: 'team:' }, 1, ['anna', 'carl', 'loner', 'rig/host:x']],
  [{ host: 'east' }, 1, ['anna']],
  [{ model: 'small', run: 'Night shift 7' }, 2, ['carl']],
])('the filter %j counts %i and keeps who passes all of it', (wanted, count, kept) => {
  const matches = matcher({ ...nothing, ...wanted }, new Set(['carl']))
  expect((matches === undefined ? all : all.filter(matches)).map(({ id }) => id)).toEqual(kept)
  expect(filtersIn({ ...nothing, ...wanted })).toBe(count)
})

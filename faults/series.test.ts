import { expect, test } from 'vitest'
import { everySight } from './check/counted.ts'
import { rival } from './inject/rival.ts'
import { summaryOf } from './report.ts'
import { seriesOf } from './series.ts'
import type { ScenarioResult, Struck } from './world/run.ts'

test.each([
  ['kills', 120, [50, 50, 20]],
  ['cuts', 30, [10, 10, 10]],
] as const)(
  '%s: each part has so many of them, is opened by a rival beside them, and has to see all that a run can',
  (name, count, strikes) => {
    const parts = seriesOf(name, count)
    expect(parts.map((part) => part.strikes)).toEqual(strikes)
    for (const { opening, faults, sights } of parts) {
      expect(opening).toEqual([rival])
      expect(faults).not.toContain(rival)
      expect(sights).toEqual(everySight)
    }
  },
)

test('a series tells its ends apart from the rivals that opened it, and bounds the ends alone', () => {
  const struck = (fault: string, isOpening: boolean, fired?: string): Struck => ({
    fault,
    isOpening,
    seconds: 1,
    ...(fired === undefined ? { error: 'gone' } : { fired }),
  })
  const part: ScenarioResult = {
    name: 'part',
    seed: 1,
    folder: '',
    historyPath: '',
    events: 10,
    seconds: 1,
    findings: [],
    broken: {},
    uncounted: [],
    looked: 1,
    seen: { 'duplicate-suppressed': 1, 'ambiguous-ack': 1, 'fence-rejection': 1, resync: 1, 'late-event': 1 },
    struck: [struck('rival', true, 'fenced'), struck('kill', false, 'ended'), struck('kill', false, 'ended'), struck('kill', false)],
  }
  const text = summaryOf([part, part], 'kills')
  expect(text).toContain(' 4 kills, 2 rivals; ')
  expect(text).toContain('No failure in 4 kills: at 95 % confidence such a kill breaks a law at most 53 % of the time.')
  expect(summaryOf([part], 'cuts')).toContain(' 2 power cuts, 1 rival; ')
})

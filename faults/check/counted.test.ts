import { expect, test } from 'vitest'
import { type Changes, final, judge, log, ok } from './story.testing.ts'

const guards: readonly [missing: string, changes: Changes][] = [
  ['fault kill was invoked 1 times and fired 0 (first in line 4)', { fired: undefined }],
  [
    'fault kill was invoked 1 times and fired 0 (first in line 4): no such process',
    { fired: ['nemesis', { op: 'fault', type: 'fail', fault: 'kill', error: 'no such process' }] },
  ],
  ['no duplicate-suppressed was seen', { ok3: ok(3, 2, 0) }],
  ['no ambiguous-ack was seen', { info2: ok(2, 2) }],
  ['no fence-rejection was seen', { sight: undefined }],
  ['no resync was seen', { resync: undefined }],
  ['no late-event was seen', { log: final({ what: 'log', places: log.slice(0, 3) }) }],
  ['law lost had nothing to look at', { log: undefined }],
  ['law replay had nothing to look at', { projection: undefined }],
]

test.each(guards)('a run does not count: %s', (missing, changes) => {
  const { counted } = judge(changes)
  expect(counted.counts).toBe(false)
  expect(counted.missing).toContain(missing)
})

test('one strike that does not fire keeps a run from counting, whatever else it needs', () => {
  expect(judge({ fired: undefined }, { needs: { sights: [], laws: [] } }).counted).toMatchObject({
    counts: false,
    faults: { struck: 1, fired: 0 },
  })
})

test('sights that the history can show are not believed when they are told', () => {
  const { counted } = judge({ resync: undefined, sight: ['reader', { op: 'sight', type: 'ok', sight: 'resync', times: 9 }] })
  expect(counted.seen.resync).toBe(0)
})

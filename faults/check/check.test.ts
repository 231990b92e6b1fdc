import { expect, test } from 'vitest'
import type { HistoryEntry, Sent } from '../history/history.ts'
import { check } from './check.ts'
import { findingText } from './finding.ts'
import { lawNames } from './law.ts'
import { idAt } from './model-run.testing.ts'
import {
  type Changes,
  final,
  from,
  invoke,
  judge,
  type Line,
  late,
  lineOf,
  log,
  ok,
  one,
  place,
  places,
  poison,
  runRow,
  sent,
  three,
  two,
} from './story.testing.ts'

test('a run that keeps every promise passes every law, and counts', () => {
  const report = judge()
  expect(report.findings).toEqual([])
  expect(report.counted).toEqual({
    counts: true,
    missing: [],
    seen: { 'duplicate-suppressed': 2, 'ambiguous-ack': 2, 'fence-rejection': 1, resync: 1, 'late-event': 1 },
    faults: { struck: 1, fired: 1 },
  })
  expect(report).toMatchObject({ entries: lineOf('sight'), events: 6, looked: { lost: 4, contiguity: 4, agreement: 6, conflict: 1 } })
})

const cases: readonly [law: string, what: string, changes: Changes, lines?: readonly (keyof Changes)[]][] = [
  ['lost', 'events were acknowledged and are not in the log', { log: final({ what: 'log', places: log.slice(0, 3) }) }, ['invoke4', 'ok4']],
  [
    'lost',
    'events were acknowledged and are not in the log',
    { log: final({ what: 'log', places: [place(1, one), place(2, idAt(9, 9)), ...log.slice(2)] }) },
    ['invoke2', 'ok3'],
  ],
  ['phantom', 'events are in the log that nobody sent', { log: final({ what: 'log', places: [...log, place(5, idAt(9, 9))] }) }, ['log']],
  [
    'phantom',
    'events are in the log with a content that nobody sent',
    { log: final({ what: 'log', places: [place(1, one, 'changed'), ...log.slice(1)] }) },
    ['invoke1', 'log'],
  ],
  [
    'phantom',
    'events are in the log though each of their calls failed or had them refused',
    { ok4: ['a', { op: 'send', type: 'fail', call: 4, error: 'refused' }] },
    ['invoke4', 'ok4', 'log'],
  ],
  ['duplicate', 'ids stand in the log more than once', { log: final({ what: 'log', places: [...log, place(5, one)] }) }, ['log', 'log']],
  [
    'duplicate',
    'positions of the log hold more than one event',
    { log: final({ what: 'log', places: [...log.slice(0, 3), place(3, late)] }) },
    ['log', 'log'],
  ],
  ['duplicate', 'answers count more events as stored than are in the log', { ok4: ok(4, 4) }, ['ok4']],
  [
    'effects',
    'runs did not count each event once',
    { projection: final({ what: 'projection', rows: { 'runs/r': runRow(5) } }) },
    ['projection'],
  ],
  [
    'effects',
    'runs did not sum costMicros once',
    { projection: final({ what: 'projection', rows: { 'runs/r': runRow(4, 14) } }) },
    ['projection'],
  ],
  ['effects', 'runs of the log have no row', { projection: final({ what: 'projection', rows: {} }) }, []],
  ['effects', 'runs have a row and no event', { projection: final({ what: 'projection', rows: { 'runs/x': runRow(1) } }) }, ['projection']],
  [
    'order',
    'events stand before one that was acknowledged before they were sent',
    { log: final({ what: 'log', places: [place(1, late), place(2, two), place(3, three), place(4, one)] }) },
    ['ok1', 'invoke2'],
  ],
  ['order', 'positions are missing in the log', { log: final({ what: 'log', places: [...log.slice(0, 3), place(6, late)] }) }, []],
  [
    'order',
    'positions are not whole numbers from 1',
    { log: final({ what: 'log', places: [place(0, late), ...log.slice(0, 3)] }) },
    ['log'],
  ],
  [
    'agreement',
    'two events were seen at one position',
    { pagesPlaces: ['q', { op: 'observe', type: 'ok', places: [place(2, one)] }] },
    ['places1', 'pagesPlaces'],
  ],
  ['agreement', 'one event was seen with two contents', { places3: places(place(4, late, 'x')) }, ['places3', 'pagesPlaces']],
  ['agreement', 'events were seen and are not in the log', { log: final({ what: 'log', places: log.slice(0, 3) }) }, ['places3']],
  ['contiguity', 'streams left out positions and did not say so', { places2: undefined }],
  [
    'contiguity',
    'streams left out positions and did not say so',
    { connect: from({}), places1: places(place(2, two)) },
    ['connect', 'places1'],
  ],
  [
    'contiguity',
    'streams went back without a resync',
    { places3: places(place(2, two), place(3, three), place(4, late)) },
    ['places2', 'places3'],
  ],
  ['contiguity', 'streams went on from beyond what they were given', { reconnect: from({ 0: 3 }) }, ['cut', 'reconnect']],
  [
    'agreement',
    'events were seen where there is no position',
    { pagesPlaces: ['q', { op: 'observe', type: 'ok', places: [place(-2, two)] }] },
    ['pagesPlaces'],
  ],
  ['order', 'positions are in the log that the retention took', { sight: final({ what: 'retained', from: { 0: 2 } }) }, ['log']],
  [
    'contiguity',
    'streams announced gaps that end before they begin',
    { gap: ['o', { op: 'observe', type: 'ok', gap: { partition: 0, from: 1, to: -1 } }] },
    ['gap'],
  ],
  ['contiguity', 'streams did not reach the head', { places3: undefined }, ['places2']],
  ['conflict', 'events were acknowledged and another content holds their id', { ok4: ok(4, 1, 1) }, ['invoke1', 'ok4', 'log']],
  [
    'conflict',
    'events were refused as ID_REUSED whose id has one content',
    { ok4: ok(4, 0, 0, { index: 0, id: late, code: 'ID_REUSED' }, { index: 1, id: one, code: 'ID_REUSED' }) },
    ['invoke4', 'ok4'],
  ],
  [
    'conflict',
    'events were refused as ID_REUSED and are the ones that hold their id',
    { ok1: ok(1, 0, 0, { index: 0, id: one, code: 'ID_REUSED' }, { index: 1, id: poison, code: 'INVALID_EVENT' }) },
    ['ok1', 'log'],
  ],
  [
    'conflict',
    'events were refused as ID_REUSED and nobody holds their id',
    { log: final({ what: 'log', places: [place(1, idAt(9, 9)), ...log.slice(1)] }) },
    ['ok4'],
  ],
  ['refusal', 'poison was acknowledged', { ok1: ok(1, 2) }, ['invoke1', 'ok1']],
  ['refusal', 'poison is in the log', { log: final({ what: 'log', places: [...log, place(5, poison)] }) }, ['invoke1', 'log']],
  ['refusal', 'good events were refused', { ok3: ok(3, 0, 1, { index: 0, id: two, code: 'INTERNAL' }) }, ['invoke3', 'ok3']],
  ['refusal', 'refused events are not in quarantine', { quarantine: final({ what: 'quarantine', items: [] }) }, ['ok1']],
  ['refusal', 'answers do not count each event once', { ok3: ok(3, 0, 1) }, ['ok1']],
  [
    'refusal',
    'answers refuse what is not in their call, or twice',
    { ok1: ok(1, 1, 0, { index: 2, id: poison, code: 'INVALID_EVENT' }) },
    ['invoke1', 'ok1'],
  ],
  [
    'conservation',
    'doors do not account for what they received',
    { fates: final({ what: 'fates', door: 'ws', received: 9, stored: 4, duplicate: 2, refused: 0, quarantined: 2 }) },
    ['fates'],
  ],
  [
    'durability',
    'answers do not say what the store is set to keep',
    { sight: final({ what: 'durability', worth: 'volatile' }) },
    ['ok1', 'ok3', 'ok4'],
  ],
  [
    'replay',
    'rows differ from the projections',
    {
      refold: final({ what: 'refold', rows: { 'runs/r': runRow(3), 'edges/e': '{"id":"e"}', 'calls/c': '{"id":"c","outcome":"failed"}' } }),
    },
    ['projection', 'refold'],
  ],
  [
    'replay',
    'rows differ from the projections',
    { live: final({ what: 'live', rows: { 'runs/r': runRow(3) } }, 'd') },
    ['projection', 'live'],
  ],
  ['replay', 'rows of the projections are missing', { live: final({ what: 'live', rows: {} }, 'd') }, ['projection']],
  [
    'replay',
    'rows of the projections are missing',
    { refold: final({ what: 'refold', rows: { 'runs/r': runRow(4), 'edges/e': '{"id":"e"}' } }) },
    ['projection'],
  ],
  [
    'replay',
    'rows are not in the projections',
    { live: final({ what: 'live', rows: { 'runs/r': runRow(4), 'runs/s': '{}' } }, 'd') },
    ['live'],
  ],
  [
    'chain',
    'the log is not as it was committed',
    { chain: final({ what: 'chain', intact: false, detail: 'partition 0, 3 to 4' }) },
    ['chain'],
  ],
  [
    'liveness',
    'an event was not acknowledged within 5000 ms after healing',
    { health: final({ what: 'health', ackMs: 6_000, lag: 0, locks: 0, rssMiB: 300 }) },
    ['health'],
  ],
  [
    'liveness',
    'consumers of the log stayed behind',
    { health: final({ what: 'health', ackMs: 20, lag: 3, locks: 0, rssMiB: 300 }) },
    ['health'],
  ],
  ['liveness', 'locks were left', { health: final({ what: 'health', ackMs: 20, lag: 0, locks: 1, rssMiB: 300 }) }, ['health']],
  [
    'memory',
    'the server took more than 1024 MiB',
    { health: final({ what: 'health', ackMs: 20, lag: 0, locks: 0, rssMiB: 1_500 }) },
    ['health'],
  ],
]

test('every law has a history that breaks it', () => {
  expect(new Set(cases.map(([law]) => law))).toEqual(new Set(lawNames))
})

test.each(cases)('%s: %s', (law, what, changes, lines) => {
  const found = judge(changes).findings.find((finding) => finding.law === law && finding.what === what)
  expect(found, JSON.stringify(judge(changes).findings)).toMatchObject({ count: expect.any(Number) })
  if (lines !== undefined) expect(found?.examples[0]?.lines).toEqual(lines.map(lineOf))
})

test('what the retention took is neither lost nor missing, where somebody saw it', () => {
  const retained = { log: final({ what: 'log', places: log.slice(1) }), sight: final({ what: 'retained', from: { 0: 2 } }) }
  const excused = judge({ ...retained, invoke4: invoke(4, sent(late)), ok4: ok(4, 1) })
  expect(excused.findings).toEqual([])
  const { findings } = judge({ ...retained, log: final({ what: 'log', places: log.slice(2) }) })
  expect(findings.map(({ law, what }) => `${law}: ${what}`)).toContain('order: positions are missing in the log')
})

test('the server may make events of its own, which nobody sent', () => {
  const mine = idAt(5, 9)
  const changes = {
    log: final({ what: 'log', places: [...log, place(5, mine)] }),
    places3: places(place(4, late), place(5, mine)),
    sight: final({ what: 'own', events: [sent(mine, { source: 'signalbox' })] }),
    ...{ projection: undefined, refold: undefined, live: undefined },
  }
  expect(judge(changes).findings).toEqual([])
  expect(judge({ ...changes, sight: undefined }).findings).toMatchObject([{ law: 'phantom' }])
})

test('streams pass over events of other tenants, and over no others', () => {
  const canaries = [idAt(5, 9), idAt(6, 10)] as const
  const all = [place(1, one), place(2, two), place(3, canaries[0]), place(4, three), place(5, late), place(6, canaries[1])]
  const changes = {
    places2: places(place(4, three)),
    places3: places(place(5, late)),
    pagesPlaces: undefined,
    log: final({ what: 'log', places: all }),
    chain: final({ what: 'own', events: canaries.map((id) => sent(id, { source: 'signalbox' })) }),
    ...{ projection: undefined, refold: undefined, live: undefined },
  }
  const foreign = (...all: number[]) => final({ what: 'foreign', positions: all.map((position) => [0, position] as const) })
  expect(judge({ ...changes, sight: foreign(3, 6) }).findings).toEqual([])
  const whats = judge({ ...changes, sight: foreign(6) }).findings.map(({ law, what }) => `${law}: ${what}`)
  expect(whats).toEqual(['contiguity: streams left out positions and did not say so'])
  expect(judge({ ...changes, sight: foreign(3) }).findings).toMatchObject([{ law: 'contiguity', what: 'streams did not reach the head' }])
})

test('a finding is told with its law, how often, the first few and their lines', () => {
  const refused = Array.from({ length: 8 }, (_, i) => sent(idAt(i, 100 + i)))
  const { findings } = judge({ invoke3: invoke(3, ...refused), ok3: ok(3, 8) })
  const [found] = findings.filter(({ law }) => law === 'lost')
  expect(found && findingText(found).split('\n')).toEqual([
    'lost: events were acknowledged and are not in the log: 8',
    ...refused.slice(0, 5).map(({ id }) => `  ${id} (line 9, 10)`),
    '  and 3 more',
  ])
})

test('a history that ends a call that was not begun, or a stream that was not, is refused', () => {
  expect(() => judge({ invoke1: undefined })).toThrow('Line 1 of the history ends call 1 of a')
  expect(() => judge({ connect: undefined, cut: undefined })).toThrow('did not tell where it begins')
})

test('events of one socket stand as they were sent, those aside that were sent twice', () => {
  const call = (n: number, ...events: Sent[]): Line => ['s', { op: 'send', type: 'invoke', call: n, door: 'ws', events }]
  const end = (n: number, type: 'ok' | 'info'): Line => [
    's',
    type === 'ok'
      ? { op: 'send', type, call: n, accepted: 0, duplicates: 0, refused: [], durability: 'durable' }
      : { op: 'send', type, call: n, error: 'retry' },
  ]
  const foundIn = (lines: readonly Line[]) => {
    const told = [...lines, final({ what: 'log', places: [place(1, two), place(2, one)] })]
    return check(told.map(([process, entry], t) => ({ t, process, ...entry }) as HistoryEntry))
      .findings.filter(({ law }) => law === 'order')
      .map(({ what, examples }) => [what, examples[0]?.lines])
  }
  const what = 'events of one socket stand in another order than they were sent in'
  expect(foundIn([call(1, sent(one)), call(2, sent(two)), end(1, 'ok'), end(2, 'ok')])).toEqual([[what, [1, 2]]])
  expect(foundIn([call(1, sent(one), sent(two)), end(1, 'ok')])).toEqual([[what, [1, 1]]])
  // The first was to be sent again, as the server asked.
  expect(foundIn([call(1, sent(one)), call(2, sent(two)), end(1, 'info'), end(2, 'ok'), call(3, sent(one)), end(3, 'ok')])).toEqual([])
})

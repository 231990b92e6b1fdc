import { expect, test } from 'vitest'
import type { HistoryEntry, Place, Sent, Told } from '../history/history.ts'
import { failureBound } from './bound.ts'
import { check } from './check.ts'
import { findingText } from './finding.ts'
import { idAt } from './model-run.testing.ts'

type Line = readonly [process: string, entry: Told]

const [one, two, three, late, poison] = [idAt(0, 1), idAt(1, 2), idAt(2, 3), idAt(-3_600_000, 4), idAt(4, 5)] as const
const sent = (id: string, more: Partial<Sent> = {}): Sent => ({ id, source: 'agent', run: 'r', hash: `hash-${id}`, ...more })
const place = (position: number, id: string, hash = `hash-${id}`): Place => [0, position, id, hash]
const invoke = (call: number, ...events: Sent[]): Line => ['a', { op: 'send', type: 'invoke', call, door: 'rest', events }]
const ok = (call: number, accepted: number, duplicates = 0, ...refused: { index: number; id: string; code: string }[]): Line => [
  'a',
  { op: 'send', type: 'ok', call, accepted, duplicates, refused, durability: 'durable' },
]
const places = (...all: Place[]): Line => ['o', { op: 'observe', type: 'ok', places: all }]
const from = (after: Record<number, number> | null, process = 'o'): Line => [
  process,
  { op: 'observe', type: 'invoke', transport: 'ws', after },
]
type Final = Extract<Told, { op: 'final' }> extends infer F ? (F extends Told ? Omit<F, 'op' | 'type'> : never) : never
const final = (entry: Final, process = 'reader'): Line => [process, { op: 'final', type: 'ok', ...entry } as Told]
const runRow = (events: number, costMicros = 7) =>
  JSON.stringify({ events, id: 'r', totals: { inputTokens: 5, outputTokens: 6, costMicros } })

const conflicting = sent(one, { hash: 'other' })
const adds = { inputTokens: 5, outputTokens: 6, costMicros: 7 }
const log = [place(1, one), place(2, two), place(3, three), place(4, late)]

/** What everybody tells when every promise is kept, by name and in order: line 1 is `invoke1`. */
const clean = {
  invoke1: invoke(1, sent(one, { adds }), sent(poison, { poison: true })),
  ok1: ok(1, 1, 0, { index: 1, id: poison, code: 'INVALID_EVENT' }),
  connect: from({ 0: 0 }),
  strike: ['nemesis', { op: 'fault', type: 'invoke', fault: 'kill' }],
  fired: ['nemesis', { op: 'fault', type: 'ok', fault: 'kill', fired: 'SIGKILL' }],
  invoke2: invoke(2, sent(two), sent(three)),
  info2: ['a', { op: 'send', type: 'info', call: 2, error: 'reset' }],
  places1: places(place(1, one), place(2, two)),
  invoke3: invoke(3, sent(two), sent(three)),
  ok3: ok(3, 0, 2),
  cut: ['o', { op: 'observe', type: 'info', error: 'reset' }],
  reconnect: from({ 0: 2 }),
  resync: ['o', { op: 'observe', type: 'ok', resync: { reason: 'expired', at: { 0: 0 } } }],
  gap: ['o', { op: 'observe', type: 'ok', gap: { partition: 0, from: 1, to: 2 } }],
  places2: places(place(3, three)),
  invoke4: invoke(4, sent(late), conflicting),
  ok4: ok(4, 1, 0, { index: 1, id: one, code: 'ID_REUSED' }),
  places3: places(place(4, late)),
  pages: ['q', { op: 'observe', type: 'invoke', transport: 'pages', after: null }],
  pagesPlaces: ['q', { op: 'observe', type: 'ok', places: [place(4, late), place(2, two)] }],
  log: final({ what: 'log', places: log }),
  quarantine: final({
    what: 'quarantine',
    items: [
      { id: poison, code: 'INVALID_EVENT' },
      { id: one, code: 'ID_REUSED' },
    ],
  }),
  projection: final({ what: 'projection', rows: { 'runs/r': runRow(4), 'calls/c': '{"id":"c","outcome":"failed"}' } }),
  refold: final({ what: 'refold', rows: { 'runs/r': runRow(4), 'calls/c': '{"id":"c","outcome":"failed"}' } }),
  live: final({ what: 'live', rows: { 'runs/r': runRow(4) } }, 'dashboard'),
  fates: final({ what: 'fates', door: 'rest', received: 8, stored: 4, duplicate: 2, refused: 0, quarantined: 2 }),
  chain: final({ what: 'chain', intact: true }),
  health: final({ what: 'health', ackMs: 20, lag: 0, locks: 0, rssMiB: 300 }),
  sight: ['reader', { op: 'sight', type: 'ok', sight: 'fence-rejection', times: 1 }],
} as const satisfies Record<string, Line>

type Name = keyof typeof clean
/** The clean history with some lines told otherwise, or not. */
function judge(changes: Partial<Record<Name, Line | undefined>> = {}) {
  const lines: readonly (Line | undefined)[] = Object.values({ ...clean, ...changes })
  const history = lines.filter((line) => line !== undefined).map(([process, entry], t) => ({ t, process, ...entry }) as HistoryEntry)
  return check(history)
}
const lineOf = (name: Name) => Object.keys(clean).indexOf(name) + 1

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

const cases: readonly [law: string, what: string, changes: Partial<Record<Name, Line | undefined>>, lines?: readonly Name[]][] = [
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
    { refold: final({ what: 'refold', rows: { 'runs/r': runRow(3), 'calls/c': '{"id":"c","outcome":"failed"}' } }) },
    ['projection', 'refold'],
  ],
  [
    'replay',
    'rows differ from the projections',
    { live: final({ what: 'live', rows: { 'runs/r': runRow(3) } }, 'd') },
    ['projection', 'live'],
  ],
  ['replay', 'rows of the projections are missing', { live: final({ what: 'live', rows: {} }, 'd') }, ['projection']],
  ['replay', 'rows of the projections are missing', { refold: final({ what: 'refold', rows: { 'runs/r': runRow(4) } }) }, ['projection']],
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
    { health: final({ what: 'health', ackMs: 9_000, lag: 0, locks: 0, rssMiB: 300 }) },
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

test.each(cases)('%s: %s', (law, what, changes, lines) => {
  const found = judge(changes).findings.find((finding) => finding.law === law && finding.what === what)
  expect(found, JSON.stringify(judge(changes).findings)).toMatchObject({ count: expect.any(Number) })
  if (lines !== undefined) expect(found?.examples[0]?.lines).toEqual(lines.map(lineOf))
})

test('events of one socket stand as they were sent, those aside that were sent twice', () => {
  const call = (n: number, ...events: Sent[]): Line => ['s', { op: 'send', type: 'invoke', call: n, door: 'ws', events }]
  const end = (n: number, type: 'ok' | 'info'): Line => [
    's',
    type === 'ok'
      ? { op: 'send', type, call: n, accepted: 0, duplicates: 0, refused: [], durability: 'durable' }
      : { op: 'send', type, call: n, error: 'retry' },
  ]
  const foundIn = (lines: readonly Line[]) =>
    check(
      [...lines, final({ what: 'log', places: [place(1, two), place(2, one)] })].map(
        ([process, entry], t) => ({ t, process, ...entry }) as HistoryEntry,
      ),
    )
      .findings.filter(({ law }) => law === 'order')
      .map(({ what, examples }) => [what, examples[0]?.lines])
  const what = 'events of one socket stand in another order than they were sent in'
  expect(foundIn([call(1, sent(one)), call(2, sent(two)), end(1, 'ok'), end(2, 'ok')])).toEqual([[what, [1, 2]]])
  expect(foundIn([call(1, sent(one), sent(two)), end(1, 'ok')])).toEqual([[what, [1, 1]]])
  // The first was to be sent again, as the server asked.
  expect(foundIn([call(1, sent(one)), call(2, sent(two)), end(1, 'info'), end(2, 'ok'), call(3, sent(one)), end(3, 'ok')])).toEqual([])
})

const guards: readonly [missing: string, changes: Partial<Record<Name, Line | undefined>>][] = [
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

test('sights that the history can show are not believed when they are told', () => {
  const { counted } = judge({ resync: undefined, sight: ['reader', { op: 'sight', type: 'ok', sight: 'resync', times: 9 }] })
  expect(counted.seen.resync).toBe(0)
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

test('no failure in N trials bounds the chance of one', () => {
  expect(failureBound(0)).toEqual({ exact: 1, ruleOfThree: 1 })
  expect(failureBound(1).exact).toBeCloseTo(0.95, 10)
  expect(failureBound(100)).toEqual({ exact: expect.closeTo(0.029513, 6), ruleOfThree: 0.03 })
  expect(failureBound(1_000_000).exact).toBeCloseTo(2.9957e-6, 9)
})

/** A small history written by hand, of a run that keeps every promise, and a way to tell some of its lines otherwise. */
import type { HistoryEntry, Place, Sent, Told } from '../history/history.ts'
import { type CheckOptions, check } from './check.ts'
import { idAt } from './model-run.testing.ts'

export type Line = readonly [process: string, entry: Told]

export const [one, two, three, late, poison] = [idAt(0, 1), idAt(1, 2), idAt(2, 3), idAt(-3_600_000, 4), idAt(4, 5)] as const
export const sent = (id: string, more: Partial<Sent> = {}): Sent => ({ id, source: 'agent', run: 'r', hash: `hash-${id}`, ...more })
export const place = (position: number, id: string, hash = `hash-${id}`): Place => [0, position, id, hash]
export const invoke = (call: number, ...events: Sent[]): Line => ['a', { op: 'send', type: 'invoke', call, door: 'rest', events }]
export const ok = (call: number, accepted: number, duplicates = 0, ...refused: { index: number; id: string; code: string }[]): Line => [
  'a',
  { op: 'send', type: 'ok', call, accepted, duplicates, refused, durability: 'durable' },
]
export const places = (...all: Place[]): Line => ['o', { op: 'observe', type: 'ok', places: all }]
export const from = (after: Record<number, number> | null, process = 'o'): Line => [
  process,
  { op: 'observe', type: 'invoke', transport: 'ws', after },
]
type Final = Extract<Told, { op: 'final' }> extends infer F ? (F extends Told ? Omit<F, 'op' | 'type'> : never) : never
export const final = (entry: Final, process = 'reader'): Line => [process, { op: 'final', type: 'ok', ...entry } as Told]
export const runRow = (events: number, costMicros = 7) =>
  JSON.stringify({ events, id: 'r', totals: { inputTokens: 5, outputTokens: 6, costMicros } })

const conflicting = sent(one, { hash: 'other' })
const adds = { inputTokens: 5, outputTokens: 6, costMicros: 7 }
export const log = [place(1, one), place(2, two), place(3, three), place(4, late)]

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
  projection: final({
    what: 'projection',
    rows: { 'runs/r': runRow(4), 'edges/e': '{"id":"e"}', 'calls/c': '{"id":"c","outcome":"failed"}' },
  }),
  refold: final({ what: 'refold', rows: { 'runs/r': runRow(4), 'edges/e': '{"id":"e"}', 'calls/c': '{"id":"c","outcome":"failed"}' } }),
  live: final({ what: 'live', rows: { 'runs/r': runRow(4) } }, 'dashboard'),
  fates: final({ what: 'fates', door: 'rest', received: 8, stored: 4, duplicate: 2, refused: 0, quarantined: 2 }),
  chain: final({ what: 'chain', intact: true }),
  health: final({ what: 'health', ackMs: 20, lag: 0, locks: 0, rssMiB: 300 }),
  sight: ['reader', { op: 'sight', type: 'ok', sight: 'fence-rejection', times: 1 }],
} as const satisfies Record<string, Line>

type Name = keyof typeof clean
export type Changes = Partial<Record<Name, Line | undefined>>
/** The clean history with some lines told otherwise, or not. */
export function judge(changes: Changes = {}, options: CheckOptions = {}) {
  const lines: readonly (Line | undefined)[] = Object.values({ ...clean, ...changes })
  const history = lines.filter((line) => line !== undefined).map(([process, entry], t) => ({ t, process, ...entry }) as HistoryEntry)
  return check(history, options)
}
export const lineOf = (name: Name) => Object.keys(clean).indexOf(name) + 1

/** Ways to break one promise in a history, each with the law that has to see it. */
import type { HistoryEntry, Place, Sent } from '../history/history.ts'
import type { LawName } from './law.ts'
import { idAt } from './model-run.testing.ts'
import { pick } from './played.testing.ts'

/** Breaks one thing in a history, chosen by `which`; false where there is none to break. */
type Corrupt = (history: HistoryEntry[], which: number) => boolean

/** Changes one place of those that `may`; `change` answers undefined to leave it out. */
function changePlace(
  history: HistoryEntry[],
  which: number,
  of: 'log' | 'stream',
  may: (place: Place, line: number) => boolean,
  change: (place: Place) => Place[],
) {
  const sites = history.flatMap((entry, line) => {
    const isLog = entry.op === 'final' && entry.what === 'log'
    const isStream = entry.op === 'observe' && 'places' in entry
    if (!('places' in entry) || !(of === 'log' ? isLog : isStream)) return []
    return entry.places.flatMap((place, index) => (may(place, line) ? [{ line, index }] : []))
  })
  const site = pick(sites, which)
  const entry = history[site?.line ?? -1]
  if (site === undefined || entry === undefined || !('places' in entry)) return false
  history[site.line] = { ...entry, places: entry.places.flatMap((place, index) => (index === site.index ? change(place) : [place])) }
  return true
}

const keyOf = (id: string, hash: string) => `${id} ${hash}`

/** Contents of events in calls that ended so, but not refused. */
function contentsOf(history: readonly HistoryEntry[], ending: 'ok' | 'info'): Set<string> {
  const calls = new Map<number, readonly Sent[]>()
  const found = new Set<string>()
  for (const entry of history) {
    if (entry.op !== 'send') continue
    if (entry.type === 'invoke') calls.set(entry.call, entry.events)
    else if (entry.type === ending) {
      const refused = entry.type === 'ok' ? entry.refused.map(({ index }) => index) : []
      for (const [index, { id, hash }] of (calls.get(entry.call) ?? []).entries()) if (!refused.includes(index)) found.add(keyOf(id, hash))
    }
  }
  return found
}

/** A resync goes on from elsewhere, whatever was before: what was left out just before it shows with nobody. */
const isResyncedAfter = (history: readonly HistoryEntry[], line: number) =>
  history.slice(line).some((entry) => entry.op === 'observe' && 'resync' in entry && entry.process === history[line]?.process)

const seenBySomebody = (history: readonly HistoryEntry[]) =>
  new Set(history.flatMap((entry) => (entry.op === 'observe' && 'places' in entry ? entry.places.map(([p, at]) => `${p}:${at}`) : [])))

function change<T extends HistoryEntry>(
  history: HistoryEntry[],
  which: number,
  is: (entry: HistoryEntry) => entry is T,
  to: (entry: T) => HistoryEntry | undefined,
): boolean {
  const line = pick(
    history.flatMap((entry, at) => (is(entry) && to(entry) !== undefined ? [at] : [])),
    which,
  )
  const entry = line === undefined ? undefined : history[line]
  if (line === undefined || entry === undefined || !is(entry)) return false
  history[line] = to(entry) ?? entry
  return true
}

type Final<What extends string> = HistoryEntry & { readonly op: 'final'; readonly what: What }
const isFinal =
  <What extends string>(what: What) =>
  (entry: HistoryEntry): entry is Final<What> =>
    entry.op === 'final' && entry.what === what
type Ok = Extract<HistoryEntry, { op: 'send'; type: 'ok' }>
const isOk = (entry: HistoryEntry): entry is Ok => entry.op === 'send' && entry.type === 'ok'

export const corruptions: readonly [name: string, law: LawName, corrupt: Corrupt][] = [
  [
    'an acknowledged event leaves the log',
    'lost',
    (history, which) => {
      const acknowledged = contentsOf(history, 'ok')
      return changePlace(
        history,
        which,
        'log',
        ([, , id, hash]) => acknowledged.has(keyOf(id, hash)),
        () => [],
      )
    },
  ],
  [
    'two neighbours of the log change places',
    'agreement',
    (history, which) => {
      const log = history.flatMap((entry) => (entry.op === 'final' && entry.what === 'log' ? entry.places : []))
      const seen = seenBySomebody(history)
      const [partition, at, id, hash] =
        pick(
          log.filter(([p, position]) => position > 1 && seen.has(`${p}:${position}`)),
          which,
        ) ?? []
      const other = log.find(([p, position]) => p === partition && at !== undefined && position === at - 1)
      if (partition === undefined || at === undefined || id === undefined || hash === undefined || other === undefined) return false
      const is = (place: Place, position: number) => place[0] === partition && place[1] === position
      changePlace(
        history,
        0,
        'log',
        (place) => is(place, at - 1),
        () => [[partition, at - 1, id, hash]],
      )
      return changePlace(
        history,
        0,
        'log',
        (place) => is(place, at) && place[2] === id,
        () => [[partition, at, other[2], other[3]]],
      )
    },
  ],
  [
    'a hash of the log changes',
    'phantom',
    (history, which) =>
      changePlace(
        history,
        which,
        'log',
        () => true,
        ([p, at, id]) => [[p, at, id, 'changed']],
      ),
  ],
  [
    'an id is in the log twice',
    'duplicate',
    (history, which) =>
      changePlace(
        history,
        which,
        'log',
        () => true,
        (place) => [place, place],
      ),
  ],
  [
    'an event nobody sent is in the log',
    'phantom',
    (history, which) =>
      changePlace(
        history,
        which,
        'log',
        () => true,
        ([p, at, , hash]) => [[p, at, idAt(0, 9_999_999), hash]],
      ),
  ],
  [
    'a position is left out of a stream',
    'contiguity',
    (history, which) =>
      changePlace(
        history,
        which,
        'stream',
        (_place, line) => !isResyncedAfter(history, line),
        () => [],
      ),
  ],
  [
    'a stream gives a position twice',
    'contiguity',
    (history, which) =>
      changePlace(
        history,
        which,
        'stream',
        () => true,
        (place) => [place, place],
      ),
  ],
  [
    'a reader sees another content',
    'agreement',
    (history, which) =>
      changePlace(
        history,
        which,
        'stream',
        () => true,
        ([p, at, id]) => [[p, at, id, 'changed']],
      ),
  ],
  [
    'an acknowledgement is made up',
    'lost',
    (history, which) => {
      const logged = new Set(
        history.flatMap((entry) => (entry.op === 'final' && entry.what === 'log' ? entry.places.map(([, , id]) => id) : [])),
      )
      const calls = new Map(
        history.flatMap((entry) => (entry.op === 'send' && entry.type === 'invoke' ? [[entry.call, entry.events] as const] : [])),
      )
      return change(
        history,
        which,
        (entry) => entry.op === 'send' && entry.type !== 'invoke' && entry.type !== 'ok',
        (entry) => {
          const events = calls.get(entry.call) ?? []
          if (!events.some(({ id, poison }) => poison !== true && !logged.has(id))) return undefined
          const { t, process, call } = entry
          return { t, process, op: 'send', type: 'ok', call, accepted: events.length, duplicates: 0, refused: [], durability: 'durable' }
        },
      )
    },
  ],
  [
    'a stored event is said to have failed',
    'phantom',
    (history, which) => {
      const unknown = contentsOf(history, 'info')
      const logged = new Set(
        history.flatMap((entry) =>
          entry.op === 'final' && entry.what === 'log' ? entry.places.map(([, , id, hash]) => keyOf(id, hash)) : [],
        ),
      )
      const sentIn = new Map<string, number>()
      const calls = new Map<number, readonly Sent[]>()
      for (const entry of history)
        if (entry.op === 'send' && entry.type === 'invoke') {
          calls.set(entry.call, entry.events)
          for (const { id, hash } of entry.events) sentIn.set(keyOf(id, hash), (sentIn.get(keyOf(id, hash)) ?? 0) + 1)
        }
      return change(history, which, isOk, ({ t, process, call }) => {
        const all = (calls.get(call) ?? []).map(({ id, hash }) => keyOf(id, hash))
        const only = all.some((key) => logged.has(key) && sentIn.get(key) === 1 && !unknown.has(key))
        return only ? { t, process, op: 'send', type: 'fail', call, error: 'refused' } : undefined
      })
    },
  ],
  [
    'a reused id is taken for a duplicate',
    'conflict',
    (history, which) => {
      const logged = new Set(
        history.flatMap((entry) => (entry.op === 'final' && entry.what === 'log' ? entry.places.map(([, , id]) => id) : [])),
      )
      return change(history, which, isOk, (entry) => {
        const refused = entry.refused.filter(({ id = '', code }) => code !== 'ID_REUSED' || !logged.has(id))
        return refused.length === entry.refused.length
          ? undefined
          : { ...entry, refused, duplicates: entry.duplicates + entry.refused.length - refused.length }
      })
    },
  ],
  [
    'a refused event is not kept',
    'refusal',
    (history, which) => {
      // Of a call that nobody heard of it is not known that it was refused.
      const told = new Set(history.flatMap((entry) => (isOk(entry) ? entry.refused.map(({ id = '', code }) => `${id} ${code}`) : [])))
      return change(history, which, isFinal('quarantine'), (entry) => {
        const name = pick([...told], which)
        return name === undefined ? undefined : { ...entry, items: entry.items.filter(({ id, code }) => `${id} ${code}` !== name) }
      })
    },
  ],
  [
    'an answer counts one event more',
    'refusal',
    (history, which) => change(history, which, isOk, (entry) => ({ ...entry, duplicates: entry.duplicates + 1 })),
  ],
  [
    'an event counts twice in a run',
    'effects',
    (history, which) =>
      change(history, which, isFinal('projection'), (entry) => {
        const [key, body] = pick(
          Object.entries(entry.rows).filter(([name]) => name.startsWith('runs/')),
          which,
        ) ?? ['', '']
        if (key === '') return undefined
        const row = JSON.parse(body) as { events: number }
        return { ...entry, rows: { ...entry.rows, [key]: JSON.stringify({ ...row, events: row.events + 1 }) } }
      }),
  ],
  ...(['refold', 'live'] as const).map((what): (typeof corruptions)[number] => [
    `a row of ${what} changes`,
    'replay',
    (history, which) =>
      change(history, which, isFinal(what), (entry) => {
        const key = pick(Object.keys(entry.rows), which) ?? ''
        return { ...entry, rows: { ...entry.rows, [key]: '{"id":"another"}' } }
      }),
  ]),
  [
    'a door forgets an event',
    'conservation',
    (history, which) => change(history, which, isFinal('fates'), (entry) => ({ ...entry, received: entry.received + 1 })),
  ],
  [
    'an answer promises more than the store keeps',
    'durability',
    (history, which) => change(history, which, isOk, (entry) => ({ ...entry, durability: 'replicated' })),
  ],
  ['the chain breaks', 'chain', (history, which) => change(history, which, isFinal('chain'), (entry) => ({ ...entry, intact: false }))],
  [
    'an event acknowledged before another was sent stands after it',
    'order',
    (history, which) => {
      const [acked, invoked] = [new Map<string, number>(), new Map<string, number>()]
      const calls = new Map<number, readonly Sent[]>()
      history.forEach((entry, line) => {
        if (entry.op !== 'send') return
        if (entry.type === 'invoke') {
          calls.set(entry.call, entry.events)
          for (const { id, hash } of entry.events) if (!invoked.has(keyOf(id, hash))) invoked.set(keyOf(id, hash), line)
        } else if (entry.type === 'ok') {
          const refused = entry.refused.map(({ index }) => index)
          for (const [index, { id, hash }] of (calls.get(entry.call) ?? []).entries())
            if (!refused.includes(index) && !acked.has(keyOf(id, hash))) acked.set(keyOf(id, hash), line)
        }
      })
      const log = history.flatMap((entry) => (entry.op === 'final' && entry.what === 'log' ? entry.places : []))
      const pairs = log.flatMap((a) =>
        log.flatMap((b) => {
          const [ack, call] = [acked.get(keyOf(a[2], a[3])), invoked.get(keyOf(b[2], b[3]))]
          return a[0] === b[0] && ack !== undefined && call !== undefined && ack < call ? [[a, b] as const] : []
        }),
      )
      const [a, b] = pick(pairs, which) ?? []
      if (a === undefined || b === undefined) return false
      // Everybody sees them so: only the order tells.
      const swapped = (place: Place): Place => {
        const other = place[2] === a[2] && place[3] === a[3] ? b : place[2] === b[2] && place[3] === b[3] ? a : place
        return [place[0], place[1], other[2], other[3]]
      }
      history.forEach((entry, line) => {
        if ('places' in entry) history[line] = { ...entry, places: entry.places.map(swapped) }
      })
      return true
    },
  ],
]

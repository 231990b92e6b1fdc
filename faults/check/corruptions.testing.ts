/** Ways to break one promise in a history, each with the law that has to see it. */
import type { HistoryEntry, Place } from '../history/history.ts'
import {
  change,
  changePlace,
  factsOf,
  isFinal,
  isOk,
  isResyncedAfter,
  isUnanswered,
  keyOfPlace,
  keyOfSent,
  swap,
} from './breaking.testing.ts'
import type { LawName } from './law.ts'
import { idAt } from './model-run.testing.ts'
import { pick } from './played.testing.ts'

interface Corruption {
  readonly name: string
  readonly law: LawName
  /** False where there is nothing of the kind to break. */
  readonly corrupt: (history: HistoryEntry[], which: number) => boolean
}

const twice = (place: Place) => [place, place]
const otherwise = ([partition, position, id]: Place): Place[] => [[partition, position, id, 'changed']]
const unsent = ([partition, position, , hash]: Place): Place[] => [[partition, position, idAt(0, 9_999_999), hash]]

const ofLog: readonly Corruption[] = [
  {
    name: 'an acknowledged event leaves the log',
    law: 'lost',
    corrupt(history, which) {
      const { acknowledged } = factsOf(history)
      return changePlace(
        history,
        which,
        'log',
        () => [],
        (place) => acknowledged.has(keyOfPlace(place)),
      )
    },
  },
  { name: 'a hash of the log changes', law: 'phantom', corrupt: (history, which) => changePlace(history, which, 'log', otherwise) },
  { name: 'an event nobody sent is in the log', law: 'phantom', corrupt: (history, which) => changePlace(history, which, 'log', unsent) },
  { name: 'an id is in the log twice', law: 'duplicate', corrupt: (history, which) => changePlace(history, which, 'log', twice) },
  {
    name: 'two neighbours of the log change places',
    law: 'agreement',
    corrupt(history, which) {
      const { log, seen } = factsOf(history)
      const pairs = log.flatMap((a) =>
        log.flatMap((b) => (a[0] === b[0] && a[1] + 1 === b[1] && seen.has(`${b[0]}:${b[1]}`) ? [[a, b] as const] : [])),
      )
      const pair = pick(pairs, which)
      if (pair !== undefined) swap(history, 'log', ...pair)
      return pair !== undefined
    },
  },
  {
    name: 'an event stands after one that was sent when it was acknowledged',
    law: 'order',
    corrupt(history, which) {
      const { log, acknowledged, invoked } = factsOf(history)
      const isBefore = (a: Place, b: Place) =>
        (acknowledged.get(keyOfPlace(a)) ?? Number.POSITIVE_INFINITY) < (invoked.get(keyOfPlace(b)) ?? Number.NEGATIVE_INFINITY)
      const pair = pick(
        log.flatMap((a) => log.flatMap((b) => (a[0] === b[0] && isBefore(a, b) ? [[a, b] as const] : []))),
        which,
      )
      // Everybody sees them so: only the order tells.
      if (pair !== undefined) swap(history, 'everywhere', ...pair)
      return pair !== undefined
    },
  },
]

const ofStreams: readonly Corruption[] = [
  {
    name: 'a position is left out of a stream',
    law: 'contiguity',
    corrupt: (history, which) =>
      changePlace(
        history,
        which,
        'stream',
        () => [],
        (_place, line) => !isResyncedAfter(history, line),
      ),
  },
  { name: 'a stream gives a position twice', law: 'contiguity', corrupt: (history, which) => changePlace(history, which, 'stream', twice) },
  {
    name: 'a reader sees another content',
    law: 'agreement',
    corrupt: (history, which) => changePlace(history, which, 'stream', otherwise),
  },
  { name: 'a reader sees another event', law: 'agreement', corrupt: (history, which) => changePlace(history, which, 'stream', unsent) },
]

const ofAnswers: readonly Corruption[] = [
  {
    name: 'an acknowledgement is made up',
    law: 'lost',
    corrupt(history, which) {
      const { calls, storedIds } = factsOf(history)
      return change(history, which, isUnanswered, ({ t, process, call }) => {
        const events = calls.get(call) ?? []
        if (!events.some(({ id, poison }) => poison !== true && !storedIds.has(id))) return undefined
        return { t, process, op: 'send', type: 'ok', call, accepted: events.length, duplicates: 0, refused: [], durability: 'durable' }
      })
    },
  },
  {
    name: 'a stored event is said to have failed',
    law: 'phantom',
    corrupt(history, which) {
      const { calls, stored, times, unknown } = factsOf(history)
      return change(history, which, isOk, ({ t, process, call }) => {
        const keys = (calls.get(call) ?? []).map(keyOfSent)
        if (!keys.some((key) => stored.has(key) && times.get(key) === 1 && !unknown.has(key))) return undefined
        return { t, process, op: 'send', type: 'fail', call, error: 'refused' }
      })
    },
  },
  {
    name: 'a reused id is taken for a duplicate',
    law: 'conflict',
    corrupt(history, which) {
      const { storedIds } = factsOf(history)
      return change(history, which, isOk, (entry) => {
        const refused = entry.refused.filter(({ id = '', code }) => code !== 'ID_REUSED' || !storedIds.has(id))
        const more = entry.refused.length - refused.length
        return more === 0 ? undefined : { ...entry, refused, duplicates: entry.duplicates + more }
      })
    },
  },
  {
    name: 'an answer counts one event more',
    law: 'refusal',
    corrupt: (history, which) => change(history, which, isOk, (entry) => ({ ...entry, duplicates: entry.duplicates + 1 })),
  },
  {
    name: 'an answer promises more than the store keeps',
    law: 'durability',
    corrupt: (history, which) => change(history, which, isOk, (entry) => ({ ...entry, durability: 'replicated' })),
  },
]

const ofWhatWasRead: readonly Corruption[] = [
  {
    name: 'a refused event is not kept',
    law: 'refusal',
    corrupt(history, which) {
      // Of a call that nobody heard of it is not known that it was refused.
      const told = history.flatMap((entry) => (isOk(entry) ? entry.refused : []))
      const lost = pick(told, which)
      if (lost === undefined) return false
      return change(history, 0, isFinal('quarantine'), (entry) => ({
        ...entry,
        items: entry.items.filter(({ id, code }) => id !== lost.id || code !== lost.code),
      }))
    },
  },
  {
    name: 'an event counts twice in a run',
    law: 'effects',
    corrupt: (history, which) =>
      change(history, 0, isFinal('projection'), (entry) => {
        const runs = Object.entries(entry.rows).filter(([key]) => key.startsWith('runs/'))
        const run = pick(runs, which)
        if (run === undefined) return undefined
        const row = JSON.parse(run[1]) as { events: number }
        return { ...entry, rows: { ...entry.rows, [run[0]]: JSON.stringify({ ...row, events: row.events + 1 }) } }
      }),
  },
  ...(['refold', 'live'] as const).map(
    (what): Corruption => ({
      name: `a row of ${what} changes`,
      law: 'replay',
      corrupt: (history, which) =>
        change(history, 0, isFinal(what), (entry) => {
          const key = pick(Object.keys(entry.rows), which) ?? ''
          return { ...entry, rows: { ...entry.rows, [key]: '{"id":"another"}' } }
        }),
    }),
  ),
  {
    name: 'a door forgets an event',
    law: 'conservation',
    corrupt: (history) => change(history, 0, isFinal('fates'), (entry) => ({ ...entry, received: entry.received + 1 })),
  },
  {
    name: 'the chain breaks',
    law: 'chain',
    corrupt: (history) => change(history, 0, isFinal('chain'), (entry) => ({ ...entry, intact: false })),
  },
]

export const corruptions: readonly Corruption[] = [...ofLog, ...ofStreams, ...ofAnswers, ...ofWhatWasRead]

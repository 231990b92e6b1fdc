/** Takes hold of one thing in a history, to tell it otherwise. `which` chooses among those there are. */
import type { HistoryEntry, Place, Sent } from '../history/history.ts'
import { pick } from './played.testing.ts'

const keyOf = (id: string, hash: string) => `${id} ${hash}`
export const keyOfPlace = ([, , id, hash]: Place): string => keyOf(id, hash)
export const keyOfSent = ({ id, hash }: Sent): string => keyOf(id, hash)

type Ok = Extract<HistoryEntry, { op: 'send'; type: 'ok' }>
export const isOk = (entry: HistoryEntry): entry is Ok => entry.op === 'send' && entry.type === 'ok'
type Unanswered = Extract<HistoryEntry, { op: 'send'; type: 'fail' | 'info' }>
export const isUnanswered = (entry: HistoryEntry): entry is Unanswered =>
  entry.op === 'send' && (entry.type === 'fail' || entry.type === 'info')
type Final<What extends string> = HistoryEntry & { readonly op: 'final'; readonly what: What }
export const isFinal =
  <What extends string>(what: What) =>
  (entry: HistoryEntry): entry is Final<What> =>
    entry.op === 'final' && entry.what === what
const isLog = isFinal('log')

/** What a history says of its events, by content: found here by the plainest way, not as the checker does. */
export function factsOf(history: readonly HistoryEntry[]) {
  const log = history.flatMap((entry) => (isLog(entry) ? entry.places : []))
  const calls = new Map<number, readonly Sent[]>()
  /** First line of each. */
  const invoked = new Map<string, number>()
  const acknowledged = new Map<string, number>()
  const unknown = new Set<string>()
  /** In how many calls. */
  const times = new Map<string, number>()
  history.forEach((entry, line) => {
    if (entry.op !== 'send') return
    if (entry.type === 'invoke') calls.set(entry.call, entry.events)
    const refused = entry.type === 'ok' ? entry.refused.map(({ index }) => index) : []
    for (const [index, event] of (calls.get(entry.call) ?? []).entries()) {
      const key = keyOfSent(event)
      if (entry.type === 'invoke') times.set(key, (times.get(key) ?? 0) + 1)
      if (entry.type === 'invoke' && !invoked.has(key)) invoked.set(key, line)
      if (entry.type === 'ok' && !refused.includes(index) && !acknowledged.has(key)) acknowledged.set(key, line)
      if (entry.type === 'info') unknown.add(key)
    }
  })
  const seen = history.flatMap((entry) => (entry.op === 'observe' && 'places' in entry ? entry.places : []))
  return {
    log,
    calls,
    invoked,
    acknowledged,
    unknown,
    times,
    stored: new Set(log.map(keyOfPlace)),
    storedIds: new Set(log.map(([, , id]) => id)),
    /** `partition:position` that an observer saw. */
    seen: new Set(seen.map(([partition, position]) => `${partition}:${position}`)),
  }
}

/** A resync goes on from elsewhere, whatever was before: what was left out just before it shows with nobody. */
export const isResyncedAfter = (history: readonly HistoryEntry[], line: number): boolean =>
  history.slice(line).some((entry) => entry.op === 'observe' && 'resync' in entry && entry.process === history[line]?.process)

/** Changes one entry for which `to` answers another; false when there is none. */
export function change<T extends HistoryEntry>(
  history: HistoryEntry[],
  which: number,
  is: (entry: HistoryEntry) => entry is T,
  to: (entry: T) => HistoryEntry | undefined,
): boolean {
  const changed = history.flatMap((entry, line) => {
    const other = is(entry) ? to(entry) : undefined
    return other === undefined ? [] : [{ line, other }]
  })
  const site = pick(changed, which)
  if (site !== undefined) history[site.line] = site.other
  return site !== undefined
}

/** Changes one place of the log or of a stream that `may`: into none, one or more. False when there is none. */
export function changePlace(
  history: HistoryEntry[],
  which: number,
  of: 'log' | 'stream',
  to: (place: Place) => readonly Place[],
  may: (place: Place, line: number) => boolean = () => true,
): boolean {
  const sites = history.flatMap((entry, line) => {
    if (!('places' in entry) || isLog(entry) !== (of === 'log')) return []
    return entry.places.flatMap((place, index) => (may(place, line) ? [{ line, index, entry }] : []))
  })
  const site = pick(sites, which)
  if (site === undefined) return false
  const places = site.entry.places.flatMap((place, index) => (index === site.index ? to(place) : [place]))
  history[site.line] = { ...site.entry, places }
  return true
}

/** Puts the events of two places of one partition each at the other's, in the log or wherever they are told of. */
export function swap(history: HistoryEntry[], of: 'log' | 'everywhere', a: Place, b: Place): void {
  const swapped = (place: Place): Place => {
    const key = keyOfPlace(place)
    const other = key === keyOfPlace(a) ? b : key === keyOfPlace(b) ? a : place
    return [place[0], place[1], other[2], other[3]]
  }
  history.forEach((entry, line) => {
    if ('places' in entry && (of === 'everywhere' || isLog(entry))) history[line] = { ...entry, places: entry.places.map(swapped) }
  })
}

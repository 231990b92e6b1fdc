/**
 * Whether a run counts: laws that hold where nothing happened show nothing. What the history itself shows is taken from it; sights that
 * are told are believed only for what it cannot show.
 */
import { limits } from '@signalbox/model/event.ts'
import { idTime } from '@signalbox/model/ids.ts'
import type { HistoryEntry, SightEntry } from '../history/history.ts'
import type { LawName } from './law.ts'
import { lawNames } from './law.ts'
import type { Ledger } from './ledger.ts'

type Sight = SightEntry['sight']
export const everySight: readonly Sight[] = ['duplicate-suppressed', 'ambiguous-ack', 'fence-rejection', 'resync', 'late-event']

/** What a run has to have seen. */
export interface Needs {
  readonly sights: readonly Sight[]
  /** Laws that have to have looked at something. */
  readonly laws: readonly LawName[]
}
const everything: Needs = { sights: everySight, laws: lawNames }

export interface Counted {
  readonly counts: boolean
  /** Why it does not. */
  readonly missing: readonly string[]
  readonly seen: Readonly<Record<Sight, number>>
  readonly faults: { readonly struck: number; readonly fired: number }
}

/** No clock that is right or fast can make an event so much older than the newest: a faster one would be refused. */
const lateMs = limits.futureMs

export function createCounted({ contents, log }: Ledger) {
  const seen: Record<Sight, number> = {
    'duplicate-suppressed': 0,
    'ambiguous-ack': 0,
    'fence-rejection': 0,
    resync: 0,
    'late-event': 0,
  }
  const faults = new Map<string, { struck: number; fired: number; line: number; error: string }>()

  function lateEvents(): number {
    let late = 0
    for (const partition of log.partitions()) {
      let newest = Number.NEGATIVE_INFINITY
      for (let position = 1; position <= log.head(partition); position += 1) {
        const content = log.contentAt(partition, position)
        const time = content === -1 ? Number.NaN : idTime(contents.idOf(content))
        if (time < newest - lateMs) late += 1
        if (time > newest) newest = time
      }
    }
    return late
  }

  /** Events of a call of which nobody knew that turned out stored. */
  function ambiguous(): number {
    let times = 0
    for (let content = 0; content < contents.count; content += 1)
      if (contents.unknown.get(content) !== 0 && contents.logged.get(content) !== 0) times += 1
    return times
  }

  return {
    see(entry: HistoryEntry, line: number): void {
      if (entry.op === 'send' && entry.type === 'ok') seen['duplicate-suppressed'] += entry.duplicates
      else if (entry.op === 'observe' && 'resync' in entry) seen.resync += 1
      // A fence leaves no trace with a client: whoever reads the server's metrics tells of it.
      else if (entry.op === 'sight' && entry.sight === 'fence-rejection') seen['fence-rejection'] += entry.times
      else if (entry.op === 'fault') {
        const fault = faults.get(entry.fault) ?? { struck: 0, fired: 0, line, error: '' }
        faults.set(entry.fault, fault)
        if (entry.type === 'invoke') fault.struck += 1
        else if (entry.type === 'fail') fault.error = `: ${entry.error}`
        else if (entry.fired !== '') fault.fired += 1
      }
    },
    judge(looked: Readonly<Record<LawName, number>>, needs: Needs = everything): Counted {
      seen['late-event'] = lateEvents()
      seen['ambiguous-ack'] = ambiguous()
      const missing: string[] = []
      const sum = (of: 'struck' | 'fired') => [...faults.values()].reduce((total, fault) => total + fault[of], 0)
      const [struck, fired] = [sum('struck'), sum('fired')]
      for (const [name, fault] of struck > fired ? faults : []) {
        if (fault.fired < fault.struck)
          missing.push(
            `fault ${name} was invoked ${fault.struck} times and fired ${fault.fired} (first in line ${fault.line})${fault.error}`,
          )
      }
      for (const sight of needs.sights) if (seen[sight] === 0) missing.push(`no ${sight} was seen`)
      for (const law of needs.laws) if (looked[law] === 0) missing.push(`law ${law} had nothing to look at`)
      return { counts: missing.length === 0, missing, seen, faults: { struck, fired } }
    },
  }
}

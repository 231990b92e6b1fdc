/** Gathers the events of one import: makes their ids, keeps them in time order, counts what the report tells. */

import type { EpochMs, EventInput } from '@signalbox/model/event.ts'
import { type Draft, eventOf } from '@signalbox/model/foreign.ts'
import type { Imported, Note, Report } from './import.ts'

export interface Collector {
  /** Returns the id it made. */
  add(source: string, draft: Draft): string
  /** An event that no record stands for: marked `derived`. */
  derive(source: string, draft: Draft): string
  /** An event as it is. One that is there already changes nothing; one that has its id and other content is left out, and named. */
  take(event: EventInput & { readonly id: string }): void
  record(count?: number): void
  skip(what: string, why: string): void
  lose(what: string, why: string): void
  reused(id: string): void
  finish(format: string, files: number): Imported
}

const count = (notes: Map<string, { what: string; count: number; why: string }>, what: string, why: string) => {
  const note = notes.get(what) ?? { what, why, count: 0 }
  note.count += 1
  notes.set(what, note)
}

export function createCollector(): Collector {
  const events: { readonly time: EpochMs; readonly event: EventInput }[] = []
  const skipped = new Map<string, { what: string; count: number; why: string }>()
  const lossy = new Map<string, { what: string; count: number; why: string }>()
  const reused = new Set<string>()
  /** What was taken, by its id. */
  const taken = new Map<string, string>()
  let records = 0
  let derived = 0

  const add = (source: string, draft: Draft): string => {
    const event = eventOf(source, draft)
    events.push({ time: draft.time, event })
    return event.id
  }

  return {
    add,
    derive(source, draft) {
      derived += 1
      return add(source, { ...draft, data: { ...draft.data, derived: true } })
    },
    take(event) {
      const content = JSON.stringify(event)
      const before = taken.get(event.id)
      if (before !== undefined) {
        if (before !== content) reused.add(event.id)
        return
      }
      taken.set(event.id, content)
      if (event.data?.derived === true) derived += 1
      events.push({ time: Date.parse(event.time), event })
    },
    record(more = 1) {
      records += more
    },
    skip: (what, why) => count(skipped, what, why),
    lose: (what, why) => count(lossy, what, why),
    reused: (id) => void reused.add(id),
    finish(format, files) {
      // Array.prototype.sort is stable: what shares a millisecond keeps the order in which it was added.
      const inOrder = events.toSorted((a, b) => a.time - b.time).map((entry) => entry.event)
      return { events: inOrder, report: report(inOrder) }

      function report(all: readonly EventInput[]): Report {
        const delegations = all.filter((event) => event.type === 'task.assigned')
        return {
          format,
          files,
          records,
          events: all.length,
          derived,
          runs: distinct(all.map((event) => event.run)),
          agents: distinct(all.map((event) => event.agent)),
          tasks: distinct(
            all.map((event) => (event.task === undefined || !event.type.startsWith('task.') ? undefined : `${event.run}\n${event.task}`)),
          ),
          delegations: delegations.length,
          delegatedTo: distinct(delegations.map((event) => String(event.data?.to))),
          skipped: byCount(skipped),
          idsReusedWithOtherContent: [...reused],
          lossy: byCount(lossy),
        }
      }
    },
  }
}

const distinct = (values: readonly (string | undefined)[]) => new Set(values.filter((value) => value !== undefined)).size
const byCount = (notes: ReadonlyMap<string, Note>): Note[] =>
  [...notes.values()].sort((a, b) => b.count - a.count || a.what.localeCompare(b.what))

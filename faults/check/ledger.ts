/**
 * The books that all laws share: what was sent, what became of it, and the log as it was read at the end.
 * Filled while the history is read; whole once `close` was called.
 */
import type { HistoryEntry, Place, SendEntry, Sent } from '../history/history.ts'
import { type Contents, createContents } from './contents.ts'
import { createPlaces, type Places } from './places.ts'

export interface Ledger {
  readonly contents: Contents
  readonly log: Places
  /** Some of the log was read, were it an empty page. */
  readonly isLogKnown: () => boolean
  /** First position that has to be there. */
  retainedFrom(partition: number): number
  readonly isAllRetained: () => boolean
  /** Whether all of `from..to` belong to other tenants; none does is no. */
  isForeign(partition: number, from: number, to: number): boolean
  /** Events of a call that has not ended, and of one that ended by the entry that is seen now. */
  callOf(process: string, call: number): OpenCall | undefined
  /** Answers the contents of the entry's events or places, in their order: an id is looked up once. */
  see(entry: HistoryEntry, line: number): readonly number[]
  close(): void
}

interface OpenCall {
  readonly line: number
  readonly events: readonly Sent[]
  /** Of `events`, in their order. */
  readonly contents: readonly number[]
}

export function createLedger(): Ledger {
  const contents = createContents()
  const log = createPlaces()
  const calls = new Map<string, OpenCall>()
  const retained = new Map<number, number>()
  const foreign = new Set<string>()
  let ended: { readonly key: string; readonly call: OpenCall } | undefined
  let logKnown = false

  const keyOf = (process: string, call: number) => `${process}\u0000${call}`
  const first = (column: { get(index: number): number; set(index: number, value: number): void }, content: number, line: number) => {
    if (column.get(content) === 0) column.set(content, line)
  }

  function note(event: Sent): number {
    const content = contents.of(event.id, event.hash)
    if (event.run !== undefined) contents.setRun(content, event.run)
    return content
  }

  function seeSend(process: string, entry: SendEntry, line: number): readonly number[] {
    const key = keyOf(process, entry.call)
    if (entry.type === 'invoke') {
      const numbers = entry.events.map((event) => {
        const content = note(event)
        first(contents.sent, content, line)
        if (event.poison === true) contents.poison.set(content, 1)
        return content
      })
      calls.set(key, { line, events: entry.events, contents: numbers })
      return numbers
    }
    const call = calls.get(key)
    if (call === undefined) throw new Error(`Line ${line} of the history ends call ${entry.call} of ${process}, which is not open.`)
    calls.delete(key)
    ended = { key, call }
    if (entry.type !== 'ok') {
      const column = entry.type === 'fail' ? contents.notTaken : contents.unknown
      for (const content of call.contents) first(column, content, line)
      return []
    }
    const refused = new Map(entry.refused.map(({ index, code }) => [index, code]))
    call.contents.forEach((content, index) => {
      const code = refused.get(index)
      first(code === undefined ? contents.acknowledged : contents.notTaken, content, line)
      if (code === 'ID_REUSED') first(contents.reused, content, line)
    })
    return []
  }

  function seePlaces(places: readonly Place[], line: number, isLog: boolean): readonly number[] {
    return places.map(([partition, position, id, hash]) => {
      const content = contents.of(id, hash)
      if (isLog) log.put(partition, position, content, line)
      if ((isLog ? contents.logged : contents.position).get(content) !== 0) return content
      if (isLog) contents.logged.set(content, line)
      contents.partition.set(content, partition)
      contents.position.set(content, position)
      return content
    })
  }

  return {
    contents,
    log,
    isLogKnown: () => logKnown,
    retainedFrom: (partition) => retained.get(partition) ?? 1,
    isAllRetained: () => [...retained.values()].every((from) => from <= 1),
    isForeign(partition, from, to) {
      for (let position = from; position <= to; position += 1) if (!foreign.has(`${partition}:${position}`)) return false
      return from <= to
    },
    callOf(process, call) {
      const key = keyOf(process, call)
      return calls.get(key) ?? (ended?.key === key ? ended.call : undefined)
    },
    see(entry, line) {
      ended = undefined
      if (entry.op === 'send') return seeSend(entry.process, entry, line)
      if (entry.op === 'observe' && 'places' in entry) return seePlaces(entry.places, line, false)
      if (entry.op !== 'final') return []
      if (entry.what === 'retained') for (const [partition, from] of Object.entries(entry.from)) retained.set(Number(partition), from)
      if (entry.what === 'foreign') for (const [partition, position] of entry.positions) foreign.add(`${partition}:${position}`)
      if (entry.what === 'own')
        return entry.events.map((event) => {
          const content = note(event)
          first(contents.own, content, line)
          return content
        })
      if (entry.what !== 'log') return []
      logKnown = true
      return seePlaces(entry.places, line, true)
    },
    close() {
      // A call without an end may have happened.
      for (const { line, contents: numbers } of calls.values()) for (const content of numbers) first(contents.unknown, content, line)
    },
  }
}

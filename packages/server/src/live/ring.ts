/**
 * The newest commits of every partition in memory, bounded in bytes. A row's wire text is made once, when somebody first wants it; an
 * event's every time, which costs less than holding it: held, it was a quarter of all that young collections copied (measured).
 *
 * Events are objects until everybody who follows was told of them, some milliseconds, and from then on the text that the log was given,
 * outside of the heap: as objects they grew old, and a full collection came half as often again (measured). Of a row that changes again
 * and again, once told, only the newest is held, for the same reason; who is behind finds it, as in the store, where it changed last.
 */
import type { LoggedText, Partition, TenantId } from '@signalbox/model/event.ts'
import { takesPart } from '@signalbox/model/fold/run.ts'
import type { LiveRow, RemovedRow } from '@signalbox/model/live.ts'
import type { EdgeRow, RowOf, RunRow, Table } from '@signalbox/model/rows.ts'
import { type Commit, type CommittedRow, eventOfLine, linesOf } from '../sequencer/commit.ts'
import type { TextRow } from '../store/store.ts'
import { placeLeft, type RowPlace } from './filter.ts'
import { createSlab } from './slab.ts'

/** A class, not closures, and no copies: one object instead of four, of a great many that live long. */
export class RingRow implements LiveRow {
  readonly tenant: TenantId
  readonly table: Table
  readonly key: string
  readonly position: number
  readonly row: RowOf[Table]
  readonly partition: Partition
  /** Where a filter may have passed it before and does not now; 'unknown': anywhere, since the commit was read again or it changed often. */
  was: readonly RowPlace[] | 'unknown'
  /** How many of the agents that it names it named before; new ones come last. */
  #named: number
  readonly slot: Slot
  /** Of its slot's rows. */
  readonly index: number
  #wire: string | undefined
  constructor(changed: CommittedRow, partition: Partition, slot: Slot) {
    const { table, row, was } = changed
    const before = 'was' in changed ? was : 'unknown'
    this.tenant = changed.tenant
    this.table = table
    this.key = changed.key
    this.position = changed.position
    this.row = row
    this.partition = partition
    this.slot = slot
    this.index = slot.rows.length
    this.was = leftBy(table, row, before)
    this.#named = before === undefined || before === 'unknown' ? 0 : namesOf(table, before).length
  }
  /** The older one is held no longer: a reader who was not told of it learns by this one what it left and whom it named. */
  replace(older: RingRow): void {
    this.#named = Math.min(this.#named, older.#named)
    if (older.was === 'unknown' || this.was === 'unknown' || older.was.length + this.was.length > mostPlaces) this.was = 'unknown'
    else if (older.was.length > 0) this.was = [...older.was, ...this.was]
  }
  /** Agents that it names and may not have named before, of a run's members. */
  joined(): readonly string[] {
    const names = namesOf(this.table, this.row)
    return names.length === this.#named ? nobody : names.slice(this.#named)
  }
  wire(): string {
    this.#wire ??= rowWire(this)
    return this.#wire
  }
}

const nobody: readonly string[] = []
const nowhere: readonly RowPlace[] = []
/** That one row has left. */
const mostPlaces = 8

type Before = RowOf[Table] | 'unknown' | undefined

function leftBy(table: Table, row: RowOf[Table], before: Before): RingRow['was'] {
  if (before === 'unknown') return before
  const left = before === undefined ? undefined : placeLeft(table, before, row)
  return left === undefined ? nowhere : [left]
}

const namesOf = (table: Table, row: RowOf[Table]): readonly string[] =>
  table === 'runs' || table === 'edges' ? takesPart(row as RunRow | EdgeRow) : nobody

interface Slot {
  readonly from: number
  readonly to: number
  /** Undefined once it is settled. */
  events: readonly LoggedText[] | undefined
  /** Where its lines begin in the slab, and what they are where they do not fit into it. */
  readonly start: number | undefined
  readonly lines: Buffer | undefined
  readonly length: number
  /** Undefined where a newer one of its key is held. */
  readonly rows: (RingRow | undefined)[]
  /** Beside the slab. */
  bytes: number
}

/** A call begins and ends, and most rows are calls: to look each up would spare little. */
const isSeldomReplaced = ({ table }: RingRow): boolean => table === 'calls'

/** Of one partition, rows that everybody who follows was told of and that change often: one of each key. */
interface Newest {
  /** Answers the one that was. */
  set(row: RingRow): RingRow | undefined
  /** If it is the newest of its key. */
  delete(row: RingRow): void
  clear(): void
}

function createNewest(): Newest {
  const tenants = new Map<TenantId, Map<Table, Map<string, RingRow>>>()
  return {
    set(row) {
      const ofTenant = tenants.get(row.tenant) ?? new Map<Table, Map<string, RingRow>>()
      const ofTable = ofTenant.get(row.table) ?? new Map<string, RingRow>()
      const older = ofTable.get(row.key)
      ofTable.set(row.key, row)
      ofTenant.set(row.table, ofTable)
      tenants.set(row.tenant, ofTenant)
      return older
    },
    delete(row) {
      const ofTenant = tenants.get(row.tenant)
      const ofTable = ofTenant?.get(row.table)
      if (ofTenant === undefined || ofTable?.get(row.key) !== row) return
      ofTable.delete(row.key)
      if (ofTable.size > 0) return
      ofTenant.delete(row.table)
      if (ofTenant.size === 0) tenants.delete(row.tenant)
    },
    clear: () => tenants.clear(),
  }
}

export interface Ring {
  /** Last position of each partition known here. */
  readonly heads: number[]
  add(commit: Commit): void
  /** The log is further than the commits that were announced: what was missed is read from the store. */
  skipTo(heads: readonly number[]): boolean
  /** Everybody who follows was told of what is up to here: readers who are behind find it as text. */
  settle(heads: readonly number[]): void
  /** True when every position after `after` is here. */
  covers(partition: number, after: number): boolean
  events(partition: number, after: number, upTo: number): Iterable<LoggedText>
  rows(partition: number, after: number, upTo: number): Iterable<RingRow>
  /** Ends of the commits after `after`, ascending, cut at `upTo`: rows are whole only there. */
  ends(partition: number, after: number, upTo: number): Iterable<number>
}

/** Of the bound, what lines of events may take; the rest is for rows. */
const slabShare = 0.5
/** A commit's own share, and a row's: envelope, where it was, wire text. Rough, generous figures. */
const slotBytes = 1_000
const rowBytes = 1_500
/** Of a row's list: an agent of a run, a step of a task's history. */
const listedBytes = 250

function sizeOf({ row }: { readonly row: RowOf[Table] }): number {
  if ('history' in row) return rowBytes + row.history.length * listedBytes
  return rowBytes + ('agents' in row ? row.agents.length * listedBytes : 0)
}

export const rowWire = ({ table, key, position, row, partition }: LiveRow): string =>
  JSON.stringify({ table, key, position, row, partition })

/** The same from the text that is stored. */
export const textWire = ({ table, key, position, json, partition }: TextRow): string =>
  `{"table":"${table}","key":${JSON.stringify(key)},"position":${position},"row":${json},"partition":${partition}}`

export const removedWire = ({ table, key, partition }: RemovedRow): string => JSON.stringify({ table, key, partition })

export function createRing(heads: readonly number[], mostBytes: number): Ring {
  const slots: Slot[][] = heads.map(() => [])
  const newest = heads.map(createNewest)
  const slab = createSlab(Math.floor(mostBytes * slabShare))
  const mostBeside = mostBytes * (1 - slabShare)
  let bytes = 0

  const forget = (partition: number) => {
    bytes -= (slots[partition] ?? []).splice(0).reduce((sum, slot) => sum + slot.bytes, 0)
    newest[partition]?.clear()
  }
  /** Is the oldest of its partition, and leaves it. */
  const letGo = (slot: Slot, partition: number) => {
    bytes -= slot.bytes
    for (const row of slot.rows) if (row !== undefined && !isSeldomReplaced(row)) newest[partition]?.delete(row)
  }
  /** Rows between the one that a reader was told of and the newest say nothing that the newest does not. */
  const conflate = (slot: Slot, partition: number) => {
    for (const row of slot.rows) {
      if (row === undefined || isSeldomReplaced(row)) continue
      const older = newest[partition]?.set(row)
      if (older === undefined) continue
      row.replace(older)
      const size = sizeOf(older)
      older.slot.rows[older.index] = undefined
      older.slot.bytes -= size
      bytes -= size
    }
  }
  const isOverwritten = ({ start }: Slot) => start !== undefined && start < slab.oldest()
  const trim = () => {
    for (const [partition, list] of slots.entries()) {
      let gone = 0
      for (let slot = list[0]; slot !== undefined && isOverwritten(slot); slot = list[gone]) {
        letGo(slot, partition)
        gone += 1
      }
      list.splice(0, gone)
    }
    while (bytes > mostBeside) {
      const longest = slots.reduce((most, { length }, partition) => (length > (slots[most]?.length ?? 0) ? partition : most), 0)
      const list = slots[longest] ?? []
      const [oldest] = list
      if (oldest === undefined || list.length === 1) return
      letGo(oldest, longest)
      list.shift()
    }
  }
  const textOf = ({ start, lines, length }: Slot): string => lines?.toString() ?? slab.text(start ?? 0, length)
  /** From a position on. */
  function* eventsOf(slot: Slot, first: number): Generator<LoggedText> {
    const { events } = slot
    if (events !== undefined) return yield* events.slice(first - slot.from)
    const lines = textOf(slot).split('\n')
    for (const line of lines.slice(first - slot.from, -1)) yield eventOfLine(line)
  }
  /** First slot that ends after `after`. */
  const start = (list: readonly Slot[], after: number) => {
    let low = 0
    let high = list.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((list[middle]?.to ?? 0) > after) high = middle
      else low = middle + 1
    }
    return low
  }

  const ring: Ring = {
    heads: [...heads],
    add(commit) {
      const { partition, from, to } = commit
      const list = slots[partition]
      const head = ring.heads[partition]
      if (list === undefined || head === undefined || to <= head) return
      // A missed commit: what is here no longer joins up, readers behind go to the store.
      if (from !== head + 1) forget(partition)
      const lines = commit.lines ?? linesOf(commit.events)
      const start = slab.put(lines)
      const own = start === undefined ? lines : undefined
      const size = commit.rows.reduce((sum, changed) => sum + sizeOf(changed), slotBytes + (own?.length ?? 0))
      const slot: Slot = { from, to, events: commit.events, start, lines: own, length: lines.length, rows: [], bytes: size }
      for (const changed of commit.rows) slot.rows.push(new RingRow(changed, partition, slot))
      list.push(slot)
      bytes += size
      ring.heads[partition] = to
      trim()
    },
    skipTo(further) {
      let skipped = false
      further.forEach((position, partition) => {
        if (position <= (ring.heads[partition] ?? 0)) return
        forget(partition)
        ring.heads[partition] = position
        skipped = true
      })
      return skipped
    },
    settle(upTo) {
      for (const [partition, list] of slots.entries()) {
        const end = start(list, upTo[partition] ?? 0)
        let first = end
        while (list[first - 1]?.events !== undefined) first -= 1
        for (const slot of list.slice(first, end)) {
          slot.events = undefined
          conflate(slot, partition)
        }
      }
    },
    covers(partition, after) {
      const list = slots[partition] ?? []
      return after >= (ring.heads[partition] ?? 0) || (list[0] !== undefined && list[0].from <= after + 1)
    },
    *events(partition, after, upTo) {
      const list = slots[partition] ?? []
      for (const slot of list.slice(start(list, after))) {
        for (const event of eventsOf(slot, Math.max(slot.from, after + 1))) {
          if (event.position > upTo) return
          yield event
        }
      }
    },
    *rows(partition, after, upTo) {
      const list = slots[partition] ?? []
      for (let i = start(list, after); i < list.length && (list[i]?.from ?? 0) <= upTo; i += 1) {
        for (const row of list[i]?.rows ?? []) if (row !== undefined && row.position > after && row.position <= upTo) yield row
      }
    },
    *ends(partition, after, upTo) {
      const list = slots[partition] ?? []
      for (let i = start(list, after); i < list.length && (list[i]?.from ?? 0) <= upTo; i += 1) yield Math.min(list[i]?.to ?? upTo, upTo)
    },
  }
  return ring
}

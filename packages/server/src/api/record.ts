/**
 * States of the lately past, made of what commits change as they come: whoever asks for a moment waits neither for a snapshot nor for
 * the log to be folded up to near it. A commit costs a few microseconds, and what is held is bounded in rows, the oldest forgotten first.
 */
import type { TenantId } from '@signalbox/model/event.ts'
import { type RowOf, type Table, tables } from '@signalbox/model/rows.ts'
import type { Logger } from 'pino'
import type { LogReader } from '../store/store.ts'
import {
  type CommittedRow,
  type Ended,
  type Growing,
  grow,
  hasEnded,
  hashOfEnded,
  noEnded,
  type Stretch,
  sizeOfBase,
  sizeOfStretch,
} from './recorded-stretch.ts'
import { holds, noRows } from './state-kept.ts'
import { type Endable, endable, type Layer, layerOf, rowsOf } from './state-layers.ts'

export interface Near {
  readonly layer: Layer
  /** Where the moment lies after the layer: rows that had ended by then and that events after it are about. */
  readonly before?: Ended
}

export interface MomentRecord {
  /** The state at the moment, or the nearest before it; undefined: not recorded. */
  nearest(tenant: TenantId, partition: number, upTo: number): Near | undefined
  /** Of the run (undefined: of none) what had ended by the moment and was changed after it, or a little before; undefined: not recorded. */
  changedSince(tenant: TenantId, partition: number, upTo: number, run: string | undefined): Ended | undefined
  readonly size: () => number
  /** Resolves when what was begun is begun. */
  settled(): Promise<void>
  stop(): Promise<void>
}

/** What it needs to know of a commit: positions `from..to`, dense, and the newest row of every key that changed. */
interface Commit {
  readonly partition: number
  readonly from: number
  readonly to: number
  readonly rows: readonly CommittedRow[]
}

export interface MomentRecordOptions {
  /** Tells of every commit, in order per partition. */
  readonly bus: { subscribe(listener: (commit: Commit) => void): () => void }
  readonly reader: Pick<LogReader, 'snapshot'>
  readonly log: Pick<Logger, 'warn'>
  readonly mostRows?: number
  /** Positions of a stretch: the most that is folded for a moment within it. */
  readonly stretchEvents?: number
}

/** About 100 MB of rows as they usually are. */
const mostRowsRecorded = 200_000
export const eventsOfStretch = 1_500
/** The first so many to be heard of; moments of others are folded from snapshots. */
const mostTenants = 32
/** Commits kept until the rows before them are read. */
const mostWaiting = 2_000
/** Below this a state that stands by itself is not worth its room. */
const leastOfBase = 500

interface Entry {
  readonly stretch: Stretch
  /** At its end. Without one below it stands by itself, and all before it can be forgotten. */
  readonly layer: Layer
}

interface Own {
  first: Layer
  readonly entries: Entry[]
  growing: Growing | undefined
  /** Of entries since the last that stands by itself. */
  since: number
  rows: number
}

interface Recorded {
  /** By partition, once begun. */
  own: Own[] | undefined
  waiting: Commit[]
}

export function createMomentRecord({
  bus,
  reader,
  log,
  mostRows = mostRowsRecorded,
  stretchEvents = eventsOfStretch,
}: MomentRecordOptions): MomentRecord {
  const tenants = new Map<TenantId, Recorded>()
  /** Their state alone is more than may be held. */
  const tooLarge = new Set<TenantId>()
  /** Of each partition, the end of the last commit seen. */
  const seenTo: (number | undefined)[] = []
  let beginning: Promise<unknown> = Promise.resolve()
  let stopped = false

  const size = () => [...tenants.values()].reduce((sum, { own }) => sum + (own ?? []).reduce((rows, { rows: held }) => rows + held, 0), 0)
  const topOf = (own: Own) => own.entries.at(-1)?.layer ?? own.first

  /** The same rows, without layers below and without what ended. */
  function alone(layer: Layer): Layer {
    const rows = noRows()
    for (const table of tables)
      for (const [key, row] of rowsOf(layer, table)) if (!hasEnded(table, row)) (rows[table] as Map<string, RowOf[Table]>).set(key, row)
    return layerOf({ position: layer.position, rows, closed: [], recorded: true })
  }

  function close(own: Own, growing: Growing) {
    const below = topOf(own)
    const stretch = growing.close(below)
    const layer: Layer = { position: stretch.upTo, base: below.base, rows: stretch.rows, events: stretchEvents, below }
    own.growing = undefined
    own.since += sizeOfStretch(stretch)
    own.rows += sizeOfStretch(stretch)
    if (own.since < Math.max(Math.min(leastOfBase, mostRows / 8), layer.base.rows.agents.size + layer.base.rows.runs.size)) {
      own.entries.push({ stretch, layer })
      return
    }
    const base = alone(layer)
    // What it changed is in there; what had ended is still asked of it.
    own.entries.push({ stretch: { ...stretch, rows: noRows() }, layer: base })
    own.rows -= sizeOfStretch(stretch) - sizeOfStretch({ ...stretch, rows: noRows() })
    own.since = 0
    own.rows += sizeOfBase(base)
    while (size() > mostRows && forgetOldest()) {}
  }

  /** Of whoever holds most, up to the next state that stands by itself. */
  function forgetOldest(): boolean {
    const [tenant, own] =
      [...tenants]
        .flatMap(([tenant, { own }]) => (own ?? []).map((one) => [tenant, one] as const))
        .sort((a, b) => b[1].rows - a[1].rows)[0] ?? []
    if (tenant === undefined || own === undefined) return false
    const next = own.entries.findIndex(({ layer }) => layer.below === undefined)
    if (next === -1) {
      tooLarge.add(tenant)
      tenants.delete(tenant)
      return true
    }
    const gone = own.entries.splice(0, next + 1)
    own.rows -= gone.reduce((sum, { stretch }) => sum + sizeOfStretch(stretch), sizeOfBase(own.first))
    own.first = gone.at(-1)?.layer ?? own.first
    return true
  }

  function take(tenant: TenantId, own: Own, { from, to, rows }: Commit): boolean {
    const { growing } = own
    if (growing !== undefined && from - 1 - growing.after >= stretchEvents) close(own, growing)
    own.growing ??= grow(from - 1)
    for (const row of rows) if (row.tenant === tenant && !own.growing.add(row, to)) return false
    if (to - own.growing.after >= stretchEvents) close(own, own.growing)
    return true
  }

  async function begin(tenant: TenantId, recorded: Recorded): Promise<void> {
    try {
      const { heads, rows, truncated } = await reader.snapshot({ tenant })
      if (stopped || tenants.get(tenant) !== recorded) return
      // What it lacks would be folded as if it had never been.
      if (truncated.length > 0) {
        tooLarge.add(tenant)
        return void tenants.delete(tenant)
      }
      const held = heads.positions.map(() => noRows())
      for (const { partition, table, key, json } of rows)
        (held[partition]?.[table] as Map<string, RowOf[Table]> | undefined)?.set(key, JSON.parse(json) as RowOf[Table])
      recorded.own = heads.positions.map((position, partition) => {
        const first = layerOf({ position, rows: held[partition] ?? noRows(), closed: [], recorded: true })
        seenTo[partition] ??= position
        return { first, entries: [], growing: undefined, since: 0, rows: sizeOfBase(first) }
      })
      const { waiting } = recorded
      recorded.waiting = []
      for (const commit of waiting) {
        const own = recorded.own[commit.partition]
        if (own !== undefined && commit.to > own.first.position && !take(tenant, own, commit)) return void tenants.delete(tenant)
      }
    } catch (error) {
      // The next commit begins it again.
      if (tenants.get(tenant) === recorded) tenants.delete(tenant)
      if (!stopped) log.warn({ err: error }, 'the states of moments cannot be recorded yet')
    }
  }

  function recordedOf(tenant: TenantId): Recorded | undefined {
    const known = tenants.get(tenant)
    if (known !== undefined || tooLarge.has(tenant) || tenants.size >= mostTenants) return known
    const recorded: Recorded = { own: undefined, waiting: [] }
    tenants.set(tenant, recorded)
    beginning = beginning.then(() => begin(tenant, recorded))
    return recorded
  }

  const unsubscribe = bus.subscribe((commit) => {
    const { partition, from, to, rows } = commit
    const seen = seenTo[partition]
    if (seen !== undefined && to <= seen) return
    // A commit was missed: what it changed is not known.
    if (seen !== undefined && from !== seen + 1) tenants.clear()
    seenTo[partition] = to
    for (const tenant of new Set(rows.map((row) => row.tenant))) {
      const recorded = recordedOf(tenant)
      const own = recorded?.own?.[partition]
      if (recorded === undefined) continue
      if (own === undefined) {
        recorded.waiting.push(commit)
        if (recorded.waiting.length > mostWaiting) tenants.delete(tenant)
      } else if (!take(tenant, own, commit)) tenants.delete(tenant)
    }
  })

  /** The first entry that ends after the position. */
  function after(own: Own, upTo: number): number {
    let [low, high] = [0, own.entries.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((own.entries[middle]?.stretch.upTo ?? 0) <= upTo) low = middle + 1
      else high = middle
    }
    return low
  }

  return {
    nearest(tenant, partition, upTo) {
      const own = tenants.get(tenant)?.own?.[partition]
      if (own === undefined || upTo < own.first.position || upTo > (seenTo[partition] ?? -1)) return undefined
      const i = after(own, upTo)
      const layer = own.entries[i - 1]?.layer ?? own.first
      const { growing } = own
      const next = own.entries[i]?.stretch ?? growing
      if (next === growing && growing !== undefined && growing.upTo() <= upTo) return { layer: growing.layer(layer, upTo, stretchEvents) }
      if (next === undefined || next.after >= upTo) return { layer: layer.position === upTo ? layer : { ...layer, position: upTo } }
      return { layer, before: next.before }
    },
    changedSince(tenant, partition, upTo, run) {
      const own = tenants.get(tenant)?.own?.[partition]
      if (own === undefined || upTo < own.first.position) return undefined
      const found = noEnded()
      const passed: Float64Array[] = []
      const add = (table: Endable, before: Ended) => {
        for (const [key, row] of before[table]) {
          if (row.run !== run || found[table].has(key)) continue
          const hash = hashOfEnded(table, key)
          // It ended in a stretch between: what it was before this one it was not at the moment.
          if (!passed.some((hashes) => holds(hashes, hash))) found[table].set(key, row as never)
        }
      }
      for (const stretch of [...own.entries.slice(after(own, upTo)).map(({ stretch }) => stretch), own.growing]) {
        if (stretch === undefined) continue
        for (const table of endable) add(table, stretch.before)
        if ('ended' in stretch) passed.push(stretch.ended)
      }
      return found
    },
    size,
    async settled() {
      await beginning
    },
    async stop() {
      stopped = true
      unsubscribe()
      tenants.clear()
      await beginning
    },
  }
}

/**
 * A folded state as layers: what each stretch of the log changed, over what was before it. A layer never changes once it is made,
 * so states of many moments share all but what differs, and going on from one costs what is new.
 */
import type { EpochMs, LoggedEvent } from '@signalbox/model/event.ts'
import { touchedKeys, touchOf } from '@signalbox/model/fold/keys.ts'
import { type CallRow, type RowOf, type Rows, type Table, tables } from '@signalbox/model/rows.ts'
import { type Base, type HeldRows, noRows, type SoughtKey } from './state-kept.ts'
import { parsed, type StandingRow, standingOf, standingRow } from './state-standing.ts'

export interface Layer {
  readonly position: number
  readonly base: Base
  /** What changed in the events of this layer. */
  readonly rows: HeldRows
  readonly events: number
  readonly below: Layer | undefined
}

export const layerOf = (base: Base): Layer => ({ position: base.position, base, rows: base.rows, events: 0, below: undefined })

const of = <T extends Table>(rows: HeldRows, table: T) => rows[table] as Map<string, RowOf[T]>

export function rowAt<T extends Table>(layer: Layer | undefined, table: T, key: string): RowOf[T] | undefined {
  for (let at = layer; at !== undefined; at = at.below) {
    const row = of(at.rows, table).get(key)
    if (row !== undefined) return row
  }
  const standing = layer?.base.standing
  return standing === undefined ? undefined : (standingRow(standing, table, key) as RowOf[T] | undefined)
}

export const sizeOf = ({ rows }: Layer): number => tables.reduce((sum, table) => sum + rows[table].size, 0)

/** Rows of a table, each the newest, but for those that still stand as they were at the snapshot. */
function* changedOf<T extends Table>(layer: Layer, table: T): Generator<readonly [string, RowOf[T]]> {
  const seen = new Set<string>()
  for (let at: Layer | undefined = layer; at !== undefined; at = at.below) {
    for (const entry of of(at.rows, table)) {
      // The lowest is the largest; whoever was not above it is new.
      if (seen.has(entry[0])) continue
      if (at.below !== undefined) seen.add(entry[0])
      yield entry
    }
  }
}

/** All rows of a table, made by either: what stands is held as text. Of calls, tasks and edges what had ended only as far as it did after the snapshot. */
function* allOf<T extends Table, Made>(
  layer: Layer,
  table: T,
  ofRow: (key: string, row: RowOf[T]) => Made,
  ofStanding: (key: string, row: StandingRow) => Made,
): Generator<Made> {
  const { standing } = layer.base
  const seen = new Set<string>()
  for (const [key, row] of changedOf(layer, table)) {
    if (standing !== undefined) seen.add(key)
    yield ofRow(key, row)
  }
  if (standing === undefined) return
  for (const [key, row] of standingOf(standing, table)) if (!seen.has(key)) yield ofStanding(key, row)
}

export const rowsOf = <T extends Table>(layer: Layer, table: T): Generator<readonly [string, RowOf[T]]> =>
  allOf(
    layer,
    table,
    (key, row) => [key, row] as const,
    (key, row) => [key, parsed(row) as RowOf[T]] as const,
  )

/** Rows never change: each is made text once. */
const texts = new WeakMap<object, string>()
export function textOf(row: object): string {
  const text = texts.get(row) ?? JSON.stringify(row)
  texts.set(row, text)
  return text
}

/** The same as text. */
export const textsOf = (layer: Layer, table: Table): Generator<readonly [string, string]> =>
  allOf(
    layer,
    table,
    (key, row) => [key, textOf(row)] as const,
    (key, { json }) => [key, json] as const,
  )

const changedAt: { readonly [T in Table]: (row: RowOf[T]) => EpochMs } = {
  agents: ({ lastReceivedAt }) => lastReceivedAt,
  runs: ({ lastEventAt }) => lastEventAt,
  tasks: ({ updatedAt }) => updatedAt,
  calls: ({ startedAt }) => startedAt ?? 0,
  edges: ({ lastAt }) => lastAt,
}

/** Keys of a table, of what changed last first; what rests comes after all that went on. */
export function newestKeys<T extends Table>(layer: Layer, table: T): string[] {
  const changed = [...changedOf(layer, table)].sort(([, a], [, b]) => changedAt[table](b) - changedAt[table](a))
  const { standing } = layer.base
  const resting = standing === undefined ? [] : [...standingOf(standing, table)].sort(([, a], [, b]) => b.position - a.position)
  return [...new Set([...changed, ...resting].map(([key]) => key))]
}

/** The same as one: of all layers what is newest. */
export function flat(layer: Layer): Base {
  const rows = noRows()
  for (const table of tables) for (const [key, row] of changedOf(layer, table)) of(rows, table).set(key, row)
  return { ...layer.base, position: layer.position, rows }
}

/** Tables whose rows end; of edges each has as it comes, since it tells what was done. */
export const endable = ['calls', 'tasks', 'edges'] as const
export type Endable = (typeof endable)[number]
const isEndable = (table: Table): table is Endable => (endable as readonly Table[]).includes(table)

/** Calls, tasks and edges that the events are about and the layers do not know: they are new, or had ended before the base. */
export function unknownKeys(layer: Layer, events: readonly LoggedEvent[]): SoughtKey[] {
  const keys = new Map<string, SoughtKey>()
  for (const event of events)
    for (const { table, key } of touchedKeys(event, touchOf(event)))
      if (isEndable(table) && rowAt(layer, table, key) === undefined) keys.set(`${table} ${key}`, { table, key })
  return [...keys.values()]
}

/** Fills a layer over another; a short one is begun anew with what it has, so that layers do not become many, if it is not this `bottom`. */
export function over(layer: Layer, mostEvents: number, bottom?: Layer): Rows & { done(position: number, events: number): Layer } {
  const goesOn = layer.below !== undefined && layer !== bottom && layer.events < mostEvents
  const below = goesOn ? layer.below : layer
  const rows: HeldRows = goesOn
    ? {
        agents: new Map(layer.rows.agents),
        runs: new Map(layer.rows.runs),
        tasks: new Map(layer.rows.tasks),
        calls: new Map(layer.rows.calls),
        edges: new Map(layer.rows.edges),
      }
    : noRows()
  return {
    get: (table, key) => of(rows, table).get(key) ?? rowAt(below, table, key),
    set: (table, key, row) => void of(rows, table).set(key, row),
    done: (position, events) => ({ position, base: layer.base, rows, below, events: events + (goesOn ? layer.events : 0) }),
  }
}

export const isOpen = (call: CallRow): boolean => call.outcome === undefined

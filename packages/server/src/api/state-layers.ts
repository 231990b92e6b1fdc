/**
 * A folded state as layers: what each stretch of the log changed, over what was before it. A layer never changes once it is made,
 * so states of many moments share all but what differs, and going on from one costs what is new.
 */
import type { LoggedEvent } from '@signalbox/model/event.ts'
import { callId, callTypes, rowKey } from '@signalbox/model/fold/keys.ts'
import { type CallRow, type RowOf, type Rows, type Table, tables } from '@signalbox/model/rows.ts'
import { type Base, type HeldRows, noRows } from './state-kept.ts'

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
  return undefined
}

export const sizeOf = ({ rows }: Layer): number => tables.reduce((sum, table) => sum + rows[table].size, 0)

/** All rows of a table, each the newest; closed calls only as far as they closed after the base. */
export function* rowsOf<T extends Table>(layer: Layer, table: T): Generator<readonly [string, RowOf[T]]> {
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

/** The same as one: of all layers what is newest. */
export function flat(layer: Layer): Base {
  const rows = noRows()
  for (const table of tables) for (const [key, row] of rowsOf(layer, table)) of(rows, table).set(key, row)
  return { ...layer.base, position: layer.position, rows }
}

/** Keys of calls that the events are about and the layers do not know: they are new, or closed before the base. */
export function unknownCalls(layer: Layer, events: readonly LoggedEvent[]): Set<string> {
  const keys = new Set<string>()
  for (const event of events) {
    const call = Object.hasOwn(callTypes, event.type) ? callTypes[event.type] : undefined
    if (call === undefined) continue
    const key = rowKey.call(event.run, call.kind, callId(event))
    if (!keys.has(key) && rowAt(layer, 'calls', key) === undefined) keys.add(key)
  }
  return keys
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

/** Rows of the fold that a writer holds: a bounded cache of what is committed, and an overlay of one batch on it. */
import type { RowOf, Rows, Table } from '@signalbox/model/rows.ts'

type Maps = { [T in Table]: Map<string, RowOf[T]> }
const maps = (): Maps => ({ agents: new Map(), runs: new Map(), tasks: new Map(), calls: new Map(), edges: new Map() })

/** Two generations: what was not used while a whole generation filled is forgotten. */
export interface RowCache {
  get<T extends Table>(table: T, key: string): RowOf[T] | undefined
  set<T extends Table>(table: T, key: string, row: RowOf[T]): void
  /** True while every committed row of the tenant is here: then a miss means "there is none". */
  complete: boolean
}

export function createRowCache(mostRows: number, complete: boolean): RowCache {
  let young = maps()
  let old = maps()
  let size = 0
  const cache: RowCache = {
    complete,
    get(table, key) {
      const row = young[table].get(key)
      if (row !== undefined) return row
      const aged = old[table].get(key)
      if (aged !== undefined) cache.set(table, key, aged)
      return aged
    },
    set(table, key, row) {
      if (!young[table].has(key)) size += 1
      young[table].set(key, row)
      if (size < mostRows / 2) return
      if (Object.values(old).some((map) => map.size > 0)) cache.complete = false
      old = young
      young = maps()
      size = 0
    },
  }
  return cache
}

export interface Overlay extends Rows {
  /** Position of the event being folded; stamped on what it sets. */
  position: number
  changed(): Iterable<readonly [Table, string, RowOf[Table], number]>
}

export function createOverlay(base: Pick<Rows, 'get'>): Overlay {
  const set = maps()
  const positions = new Map<Table, Map<string, number>>()
  for (const table of Object.keys(set) as Table[]) positions.set(table, new Map())
  const overlay: Overlay = {
    position: 0,
    get: (table, key) => set[table].get(key) ?? base.get(table, key),
    set(table, key, row) {
      set[table].set(key, row)
      positions.get(table)?.set(key, overlay.position)
    },
    *changed() {
      for (const table of Object.keys(set) as Table[]) {
        for (const [key, row] of set[table]) yield [table, key, row, positions.get(table)?.get(key) ?? 0] as const
      }
    },
  }
  return overlay
}

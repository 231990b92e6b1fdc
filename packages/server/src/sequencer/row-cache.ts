/** Rows of the fold that a writer holds: a bounded cache of what is committed, and an overlay of one batch on it. */
import type { TenantId } from '@signalbox/model/event.ts'
import { type RowOf, type Rows, type Table, tables } from '@signalbox/model/rows.ts'

type Maps = { [T in Table]: Map<string, RowOf[T]> }
export const maps = (): Maps => ({ agents: new Map(), runs: new Map(), tasks: new Map(), calls: new Map(), edges: new Map() })
const sizeOf = (held: Maps) => tables.reduce((sum, table) => sum + held[table].size, 0)

/** Two generations: what was not used while a whole generation filled is forgotten. */
export interface RowCache {
  get<T extends Table>(table: T, key: string): RowOf[T] | undefined
  set<T extends Table>(table: T, key: string, row: RowOf[T]): void
  /** True while every committed row of the tenant is here: then a miss means "there is none". */
  readonly isComplete: () => boolean
  /** Forgets down to its bound. Only between batches: while one folds, what it needs must stay. */
  trim(): void
  readonly size: () => number
}

export function createRowCache(mostRows: number, complete: boolean): RowCache {
  let young = maps()
  let old = maps()
  let isComplete = complete
  const cache: RowCache = {
    isComplete: () => isComplete,
    get(table, key) {
      const row = young[table].get(key)
      if (row !== undefined) return row
      const aged = old[table].get(key)
      if (aged !== undefined) young[table].set(key, aged)
      return aged
    },
    set(table, key, row) {
      young[table].set(key, row)
    },
    trim() {
      if (sizeOf(young) < mostRows / 2) return
      if (sizeOf(old) > 0) isComplete = false
      old = young
      young = maps()
    },
    size: () => sizeOf(young) + sizeOf(old),
  }
  return cache
}

/** Forgets the tenants that wrote longest ago, but for those that must stay, until at most `mostRows` are held. `caches` is in order of last use. */
export function trimTenants(caches: Map<TenantId, RowCache>, mostRows: number, mustStay: (tenant: TenantId) => boolean): void {
  let rows = 0
  for (const cache of caches.values()) {
    cache.trim()
    rows += cache.size()
  }
  for (const [tenant, cache] of caches) {
    if (rows <= mostRows || caches.size === 1) return
    if (mustStay(tenant)) continue
    rows -= cache.size()
    caches.delete(tenant)
  }
}

export interface Overlay extends Rows {
  /** Position of the event being folded; stamped on what it sets. */
  position: number
  changed(): Iterable<readonly [Table, string, RowOf[Table], number]>
}

export function createOverlay(base: Pick<Rows, 'get'>): Overlay {
  const set = maps()
  const positions: { [T in Table]: Map<string, number> } = {
    agents: new Map(),
    runs: new Map(),
    tasks: new Map(),
    calls: new Map(),
    edges: new Map(),
  }
  const overlay: Overlay = {
    position: 0,
    get: (table, key) => set[table].get(key) ?? base.get(table, key),
    set(table, key, row) {
      set[table].set(key, row)
      positions[table].set(key, overlay.position)
    },
    *changed() {
      for (const table of tables) for (const [key, row] of set[table]) yield [table, key, row, positions[table].get(key) ?? 0] as const
    },
  }
  return overlay
}

/** Rows of the fold that a writer holds: a bounded cache of what is committed, and an overlay of one batch on it. */
import type { TenantId } from '@signalbox/model/event.ts'
import { type CallRow, type RowOf, type Rows, type Table, tables } from '@signalbox/model/rows.ts'
import { runOfKey } from '../store/call-chunk.ts'
import { isOpenCall } from '../store/row-columns.ts'
import { KeyFilter } from './key-filter.ts'
import { KnownCalls } from './known-calls.ts'

type Maps = { [T in Table]: Map<string, RowOf[T]> }
export const maps = (): Maps => ({ agents: new Map(), runs: new Map(), tasks: new Map(), calls: new Map(), edges: new Map() })
const sizeOf = (held: Maps) => tables.reduce((sum, table) => sum + held[table].size, 0)

function* keysOf(held: Maps): Generator<readonly [Table, string]> {
  for (const table of tables) for (const key of held[table].keys()) yield [table, key]
}

/**
 * Three generations: what was not used while a whole one filled is forgotten, but for its key, and some at a time: at once it held up
 * commits for 50 ms (measured). Closed calls are apart, and so is what is known of their keys: nearly all rows are such, hardly one is asked
 * for again, and they would push out the rest.
 */
export interface RowCache {
  get<T extends Table>(table: T, key: string): RowOf[T] | undefined
  set<T extends Table>(table: T, key: string, row: RowOf[T]): void
  /** False: there is no row of this key, here or in the store. */
  mayExist(table: Table, key: string): boolean
  /** A row of this key is in the store. False: there is no room to remember it, and what is not here may be there. */
  remember(table: Table, key: string): boolean
  /** All keys that are in the store were remembered, or are here, but for closed calls. */
  rememberedAll(): void
  /** Which calls closed. */
  readonly calls: KnownCalls
  /** Forgets towards its bound. Only between batches: while one folds, what it needs must stay. */
  trim(): void
  readonly size: () => number
  /** Of keys that are remembered, but for closed calls. */
  readonly rememberedBytes: () => number
}

/** Closed calls of each of two generations: a second of the fastest senders, whose calls may be attributed after they ended. */
const closedCalls = 4_000

export interface RowCacheOptions {
  readonly mostRows: number
  /** It is about to be filled with every row there is. */
  readonly complete: boolean
  /** Whether there is room for keys of rows that are not here; once there is not, a miss says nothing. */
  readonly mayRemember: (bytes: number) => boolean
  readonly mostClosed?: number
  /** There is no room for what is known of a run's closed calls: they are looked up. */
  readonly onTooLarge: (run: string) => void
}

export function createRowCache({ mostRows, complete, mayRemember, mostClosed = closedCalls, onTooLarge }: RowCacheOptions): RowCache {
  let young = maps()
  let old = maps()
  let leaving = maps()
  let closed = new Map<string, CallRow>()
  let closedBefore = new Map<string, CallRow>()
  /** Rows of `leaving` whose keys are not remembered yet. */
  let toRemember = keysOf(leaving)
  let setSince = 0
  let remembered: KeyFilter | undefined
  /** What is not here and not remembered is nowhere. */
  let knowsAll = complete
  let isFull = false
  const calls = new KnownCalls(onTooLarge)
  // What belongs to no run.
  if (complete) calls.begin('')

  const mayBeRun = (run: string): boolean =>
    run === '' || young.runs.has(run) || old.runs.has(run) || leaving.runs.has(run) || remembered?.mayHave('runs', run) === true

  function mayExist(table: Table, key: string): boolean {
    if (!knowsAll || remembered?.mayHave(table, key) === true) return true
    if (table !== 'calls') return false
    const run = runOfKey(key)
    return calls.mayHave(run, key) ?? mayBeRun(run)
  }

  function remember(table: Table, key: string): boolean {
    if (isFull) return false
    remembered ??= new KeyFilter(mayRemember)
    if (remembered.add(table, key)) return true
    isFull = true
    knowsAll = false
    remembered = undefined
    return false
  }

  function close(key: string, call: CallRow): void {
    for (const held of [young, old, leaving]) held.calls.delete(key)
    closed.set(key, call)
    calls.add(runOfKey(key), key)
  }

  return {
    mayExist,
    remember,
    rememberedAll() {
      if (!isFull) knowsAll = true
    },
    calls,
    get(table, key) {
      const row = young[table].get(key)
      if (row !== undefined) return row
      const aged = old[table].get(key) ?? leaving[table].get(key)
      if (aged !== undefined) young[table].set(key, aged)
      else if (table === 'calls') return (closed.get(key) ?? closedBefore.get(key)) as typeof aged
      return aged
    },
    set(table, key, row) {
      if (table === 'calls' && !isOpenCall(table, row)) return close(key, row as CallRow)
      setSince += 1
      young[table].set(key, row)
    },
    trim() {
      calls.turn()
      // Twice as fast as rows come: `leaving` is empty before `young` is full.
      for (let left = 2 * setSince; left > 0; left -= 1) {
        const next = toRemember.next()
        if (next.done === true) {
          if (sizeOf(leaving) > 0) leaving = maps()
          break
        }
        remember(...next.value)
      }
      setSince = 0
      if (closed.size >= mostClosed) {
        closedBefore = closed
        closed = new Map()
      }
      if (sizeOf(young) < mostRows / 3) return
      for (const [table, key] of toRemember) remember(table, key)
      leaving = old
      toRemember = keysOf(leaving)
      old = young
      young = maps()
    },
    size: () => sizeOf(young) + sizeOf(old) + sizeOf(leaving) + closed.size + closedBefore.size,
    rememberedBytes: () => remembered?.bytes ?? 0,
  }
}

/**
 * Forgets the tenants that wrote longest ago until at most `mostRows` are held. `caches` is in order of last use. A tenant that must
 * stay, since not all of its rows are in the store, gets the empty cache that `instead` gives.
 */
export function trimTenants(caches: Map<TenantId, RowCache>, mostRows: number, instead: (tenant: TenantId) => RowCache | undefined): void {
  let rows = 0
  for (const cache of caches.values()) {
    cache.trim()
    rows += cache.size()
  }
  for (const [tenant, cache] of [...caches]) {
    if (rows <= mostRows || caches.size === 1) return
    rows -= cache.size()
    const empty = instead(tenant)
    if (empty === undefined) caches.delete(tenant)
    else caches.set(tenant, empty)
  }
}

/** What a batch made of a row. */
interface Laid {
  readonly was: RowOf[Table] | undefined
  row: RowOf[Table] | undefined
  /** Of the event that changed it last; 0: none did, it was only read. */
  position: number
}

export interface Overlay extends Rows {
  /** Position of the event being folded; stamped on what it sets. */
  position: number
  /** Each row that is not as it was, beside what it was. */
  changed(visit: (table: Table, key: string, row: RowOf[Table], position: number, was: RowOf[Table] | undefined) => void): void
}

export function createOverlay(base: Pick<Rows, 'get'>): Overlay {
  const laid: Record<Table, Map<string, Laid>> = {
    agents: new Map(),
    runs: new Map(),
    tasks: new Map(),
    calls: new Map(),
    edges: new Map(),
  }
  function find(table: Table, key: string): Laid {
    const held = laid[table].get(key)
    if (held !== undefined) return held
    const was = base.get(table, key)
    const made: Laid = { was, row: was, position: 0 }
    laid[table].set(key, made)
    return made
  }
  const overlay: Overlay = {
    position: 0,
    get: <T extends Table>(table: T, key: string) => find(table, key).row as RowOf[T] | undefined,
    set(table, key, row) {
      const held = find(table, key)
      held.row = row
      held.position = overlay.position
    },
    changed(visit) {
      for (const table of tables)
        for (const [key, { row, position, was }] of laid[table])
          if (position > 0 && row !== undefined) visit(table, key, row, position, was)
    },
  }
  return overlay
}

/**
 * Live rows outside React: fed with frames, applied once per animation frame, read per key.
 * A component that watches one agent renders when that agent changed and at no other time.
 */
import type { ServerFrame } from '@signalbox/model/live.ts'
import { createLiveState } from '@signalbox/model/live-state.ts'
import type { RowOf, Table } from '@signalbox/model/rows.ts'

export interface LiveStore {
  push(frame: ServerFrame): void
  get<T extends Table>(table: T, key: string): RowOf[T] | undefined
  all<T extends Table>(table: T): readonly RowOf[T][]
  /** Called when the key's row changed. */
  watchKey(table: Table, key: string, listener: () => void): () => void
  /** Called when any row of the table changed. */
  watchTable(table: Table, listener: () => void): () => void
  /** Grows with each flush that changed the table. */
  version(table: Table): number
  /** From now on reads answer what was there now; frames are applied behind it. `onHeld` is told how many row changes wait. */
  freeze(onHeld: (changes: number) => void): void
  /** Shows everything that changed meanwhile. */
  thaw(): void
  /** True once a whole snapshot is here. */
  ready(): boolean
}

interface Frozen {
  readonly rows: { readonly [T in Table]: ReadonlyMap<string, RowOf[T]> }
  readonly changed: Map<Table, Set<string>>
  count: number
  readonly onHeld: (changes: number) => void
}

export function createLiveStore(schedule: (flush: () => void) => void): LiveStore {
  const state = createLiveState()
  const keyListeners = new Map<string, Set<() => void>>()
  const tableListeners = new Map<Table, Set<() => void>>()
  const versions = new Map<Table, number>()
  const lists = new Map<Table, { readonly version: number; readonly rows: readonly RowOf[Table][] }>()
  let waiting: ServerFrame[] = []
  let isReady = false
  let frozen: Frozen | undefined

  function flush() {
    const frames = waiting
    waiting = []
    const dirty = new Map<Table, Set<string>>()
    for (const frame of frames) {
      if (frame.kind === 'snapshot' && frame.last) isReady = true
      for (const [table, keys] of state.apply(frame)) {
        const held = dirty.get(table)
        if (held === undefined) dirty.set(table, new Set(keys))
        else for (const key of keys) held.add(key)
      }
      // An empty first snapshot changes no row, but the page must know that it is here.
      if (frame.kind === 'snapshot' && frame.last && !dirty.has('agents')) dirty.set('agents', new Set())
    }
    if (frozen === undefined) tell(dirty)
    else {
      for (const [table, keys] of dirty) {
        const held = frozen.changed.get(table) ?? new Set()
        for (const key of keys) held.add(key)
        frozen.changed.set(table, held)
        frozen.count += keys.size
      }
      frozen.onHeld(frozen.count)
    }
  }

  function tell(dirty: ReadonlyMap<Table, ReadonlySet<string>>) {
    for (const [table, keys] of dirty) {
      versions.set(table, (versions.get(table) ?? 0) + 1)
      for (const key of keys) for (const listener of keyListeners.get(`${table} ${key}`) ?? []) listener()
      for (const listener of tableListeners.get(table) ?? []) listener()
    }
  }

  function add<K>(map: Map<K, Set<() => void>>, key: K, listener: () => void) {
    const held = map.get(key) ?? new Set()
    held.add(listener)
    map.set(key, held)
    return () => {
      held.delete(listener)
      if (held.size === 0) map.delete(key)
    }
  }

  return {
    push(frame) {
      waiting.push(frame)
      if (waiting.length === 1) schedule(flush)
    },
    get<T extends Table>(table: T, key: string) {
      return frozen === undefined ? state.get(table, key) : frozen.rows[table].get(key)
    },
    all<T extends Table>(table: T) {
      const version = versions.get(table) ?? 0
      const held = lists.get(table)
      if (held?.version === version) return held.rows as readonly RowOf[T][]
      const rows = frozen === undefined ? Array.from(state.all(table), ([, row]) => row) : [...frozen.rows[table].values()]
      lists.set(table, { version, rows })
      return rows
    },
    watchKey: (table, key, listener) => add(keyListeners, `${table} ${key}`, listener),
    watchTable: (table, listener) => add(tableListeners, table, listener),
    version: (table) => versions.get(table) ?? 0,
    freeze(onHeld) {
      frozen ??= {
        rows: {
          agents: new Map(state.all('agents')),
          runs: new Map(state.all('runs')),
          tasks: new Map(state.all('tasks')),
          calls: new Map(state.all('calls')),
          edges: new Map(state.all('edges')),
        },
        changed: new Map(),
        count: 0,
        onHeld,
      }
    },
    thaw() {
      const changed = frozen?.changed
      frozen = undefined
      if (changed !== undefined) tell(changed)
    },
    ready: () => isReady,
  }
}

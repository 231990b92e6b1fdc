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
  /** True once a whole snapshot is here. */
  ready(): boolean
}

export function createLiveStore(schedule: (flush: () => void) => void): LiveStore {
  const state = createLiveState()
  const keyListeners = new Map<string, Set<() => void>>()
  const tableListeners = new Map<Table, Set<() => void>>()
  const versions = new Map<Table, number>()
  const lists = new Map<Table, { readonly version: number; readonly rows: readonly RowOf[Table][] }>()
  let waiting: ServerFrame[] = []
  let isReady = false

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
    get: (table, key) => state.get(table, key),
    all<T extends Table>(table: T) {
      const version = versions.get(table) ?? 0
      const held = lists.get(table)
      if (held?.version === version) return held.rows as readonly RowOf[T][]
      const rows = [...state.all(table)].map(([, row]) => row)
      lists.set(table, { version, rows })
      return rows
    },
    watchKey: (table, key, listener) => add(keyListeners, `${table} ${key}`, listener),
    watchTable: (table, listener) => add(tableListeners, table, listener),
    version: (table) => versions.get(table) ?? 0,
    ready: () => isReady,
  }
}

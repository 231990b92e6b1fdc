/**
 * Live rows outside React: fed with frames, applied once per animation frame, read per key.
 * A component that watches one agent renders when that agent changed and at no other time.
 */
import type { LiveRow, ServerFrame } from '@signalbox/model/live.ts'
import { createLiveState, type LiveRows } from '@signalbox/model/live-state.ts'
import type { RowOf, Table } from '@signalbox/model/rows.ts'

export interface LiveStore {
  push(frame: ServerFrame): void
  get<T extends Table>(table: T, key: string): RowOf[T] | undefined
  all<T extends Table>(table: T): readonly RowOf[T][]
  size(table: Table): number
  /** Called when the key's row changed; after a pause, when any row of its table did. */
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
  /** Tables of the newest whole snapshot of which there are more rows than it had: those that changed last are here. */
  truncated(): readonly Table[]
  /** What the rows that are applied stand for; undefined before a whole snapshot is. */
  cursor(): string | undefined
  /** The rows that are applied, and the cursor they stand for; undefined before a whole snapshot is. */
  snapshot(): LiveSnapshot | undefined
}

export interface LiveSnapshot {
  readonly rows: readonly LiveRow[]
  readonly cursor: string
  readonly truncated: readonly Table[]
}

type SnapshotPage = ServerFrame & { readonly kind: 'snapshot' }

interface Frozen {
  readonly rows: LiveRows
  readonly truncated: readonly Table[]
  /** Without keys: each new call is one, and a pause may last all night. */
  readonly changed: Set<Table>
  count: number
  readonly onHeld: (changes: number) => void
}

/** Frames that wait at most: a hidden page's frame or timer may never come, and what waits must not grow meanwhile. */
const mostWaiting = 256

/** Always the same one: who watches does not render again for it. */
const noTables: readonly Table[] = []

export function createLiveStore(schedule: (flush: () => void) => void): LiveStore {
  const state = createLiveState()
  const keyListeners = new Map<Table, Map<string, Set<() => void>>>()
  const tableListeners = new Map<Table, Set<() => void>>()
  const versions = new Map<Table, number>()
  const lists = new Map<Table, { readonly version: number; readonly rows: readonly RowOf[Table][] }>()
  let waiting: ServerFrame[] = []
  let scheduled = false
  /** Of a snapshot that is not whole yet: what is shown stays until it is, so that a new one does not flicker by. */
  let pages: SnapshotPage[] = []
  let isReady = false
  /** Of the last frame that is applied. */
  let cursor: string | undefined
  let truncated = noTables
  let frozen: Frozen | undefined

  function flush() {
    const frames = waiting
    if (frames.length === 0) return
    waiting = []
    const dirty = new Map<Table, Set<string>>()
    const apply = (frame: ServerFrame) => {
      for (const [table, keys] of state.apply(frame)) {
        const held = dirty.get(table)
        if (held === undefined) dirty.set(table, new Set(keys))
        else for (const key of keys) held.add(key)
      }
    }
    for (const frame of frames) {
      // A snapshot follows, and replaces what is held.
      if (frame.kind === 'resync') continue
      if (frame.kind !== 'snapshot') {
        apply(frame)
        if ('from' in frame) cursor = frame.cursor
        continue
      }
      if (pages[0]?.cursor !== frame.cursor) pages = []
      pages.push(frame)
      if (!frame.last) continue
      for (const page of pages) apply(page)
      pages = []
      isReady = true
      cursor = frame.cursor
      truncated = frame.truncated === undefined || frame.truncated.length === 0 ? noTables : frame.truncated
      // An empty snapshot changes no row, but the page must know that it is here, and whether it is all there is.
      if (!dirty.has('agents')) dirty.set('agents', new Set())
    }
    for (const [table, keys] of dirty) {
      if (frozen === undefined) tell(table, (key) => keys.has(key))
      else {
        frozen.changed.add(table)
        frozen.count += keys.size
      }
    }
    frozen?.onHeld(frozen.count)
  }

  function tell(table: Table, isChanged: (key: string) => boolean) {
    versions.set(table, (versions.get(table) ?? 0) + 1)
    // What is watched is less than what changes.
    for (const [key, listeners] of keyListeners.get(table) ?? []) if (isChanged(key)) for (const listener of [...listeners]) listener()
    for (const listener of tableListeners.get(table) ?? []) listener()
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
      if (waiting.length >= mostWaiting) flush()
      else if (!scheduled) {
        scheduled = true
        schedule(() => {
          scheduled = false
          flush()
        })
      }
    },
    get: (table, key) => (frozen?.rows ?? state).get(table, key),
    all<T extends Table>(table: T) {
      const version = versions.get(table) ?? 0
      const held = lists.get(table)
      if (held?.version === version) return held.rows as readonly RowOf[T][]
      const rows = Array.from((frozen?.rows ?? state).all(table), ([, row]) => row)
      lists.set(table, { version, rows })
      return rows
    },
    size: (table) => (frozen?.rows ?? state).size(table),
    watchKey(table, key, listener) {
      const watched = keyListeners.get(table) ?? new Map<string, Set<() => void>>()
      keyListeners.set(table, watched)
      return add(watched, key, listener)
    },
    watchTable: (table, listener) => add(tableListeners, table, listener),
    version: (table) => versions.get(table) ?? 0,
    freeze(onHeld) {
      frozen ??= { rows: state.copy(), truncated, changed: new Set(), count: 0, onHeld }
    },
    thaw() {
      const changed = frozen?.changed ?? []
      frozen = undefined
      for (const table of changed) tell(table, () => true)
    },
    ready: () => isReady,
    truncated: () => (frozen === undefined ? truncated : frozen.truncated),
    cursor: () => (isReady ? cursor : undefined),
    snapshot: () => (isReady && cursor !== undefined ? { rows: state.rows(), cursor, truncated } : undefined),
  }
}

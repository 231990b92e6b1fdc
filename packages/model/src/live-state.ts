/** The state a reader holds: fed with state frames, asked for joined rows. The same in browser, SDK and command line. */

import { joinAgents } from './fold/agent.ts'
import type { ServerFrame } from './live.ts'
import { type AgentRow, type RowOf, type Table, tables } from './rows.ts'

/** `key` is that of the frames' rows. */
export interface LiveRows {
  /** But for agents a key is of one partition; where a log has it in two, that of the first one seen. */
  get<T extends Table>(table: T, key: string): RowOf[T] | undefined
  /** Agents joined, other rows each with a name of its own: two partitions' rows of one key are two. */
  all<T extends Table>(table: T): IterableIterator<readonly [string, RowOf[T]]>
  size(table: Table): number
}

export interface LiveState extends LiveRows {
  /** Applies a `snapshot`, `delta` or `resync` frame; other kinds change nothing. Returns the keys that changed, by table. */
  apply(frame: ServerFrame): ReadonlyMap<Table, ReadonlySet<string>>
  /** The rows as they are now, whatever is applied later. */
  copy(): LiveRows
}

/** Agents joined, by key; other rows by key and partition. */
type Held = { readonly [T in Table]: Map<string, RowOf[T]> }

const nameOf = (key: string, partition: number) => `${key}\u001e${partition}`

const readerOf = (rows: Held, partitions: ReadonlySet<number>): LiveRows => ({
  get<T extends Table>(table: T, key: string) {
    const held = rows[table] as Map<string, RowOf[T]>
    if (table === 'agents') return held.get(key)
    for (const partition of partitions) {
      const row = held.get(nameOf(key, partition))
      if (row !== undefined) return row
    }
    return undefined
  },
  all: <T extends Table>(table: T) => (rows[table] as Map<string, RowOf[T]>).entries(),
  size: (table) => rows[table].size,
})

export function createLiveState(): LiveState {
  /** Rows of an agent, by partition. */
  const parts = new Map<string, Map<number, AgentRow>>()
  const rows: Held = { agents: new Map(), runs: new Map(), tasks: new Map(), calls: new Map(), edges: new Map() }
  const { agents } = rows
  const partitions = new Set<number>()
  let snapshotCursor: string | undefined

  const held = <T extends Table>(table: T) => rows[table] as Map<string, RowOf[T]>
  const keyOf = (table: Table, name: string) => (table === 'agents' ? name : name.slice(0, name.lastIndexOf('\u001e')))

  const clear = (changed: Map<Table, Set<string>>) => {
    for (const table of tables) {
      if (held(table).size > 0) changed.set(table, new Set([...held(table).keys()].map((name) => keyOf(table, name))))
      held(table).clear()
    }
    parts.clear()
  }

  const joinParts = (key: string) => {
    const agent = joinAgents([...(parts.get(key)?.values() ?? [])])
    if (agent !== undefined) agents.set(key, agent)
    else {
      agents.delete(key)
      parts.delete(key)
    }
  }

  return {
    apply(frame) {
      const changed = new Map<Table, Set<string>>()
      if (frame.kind === 'resync') clear(changed)
      if (frame.kind !== 'snapshot' && frame.kind !== 'delta') return changed
      // The first page of a snapshot replaces what was held.
      if (frame.kind === 'snapshot' && snapshotCursor !== frame.cursor) clear(changed)
      if (frame.kind === 'snapshot') snapshotCursor = frame.last ? undefined : frame.cursor
      const mark = (table: Table, key: string) => {
        const keys = changed.get(table)
        if (keys === undefined) changed.set(table, new Set([key]))
        else keys.add(key)
      }
      for (const { table, key, partition, row } of frame.rows) {
        mark(table, key)
        partitions.add(partition)
        if (table === 'agents') {
          const own = parts.get(key) ?? new Map<number, AgentRow>()
          own.set(partition, row as AgentRow)
          parts.set(key, own)
          joinParts(key)
        } else held<Table>(table).set(nameOf(key, partition), row)
      }
      for (const { table, key, partition } of (frame.kind === 'delta' && frame.removed) || []) {
        if (table === 'agents') {
          if (parts.get(key)?.delete(partition) !== true) continue
          joinParts(key)
        } else if (!held(table).delete(nameOf(key, partition))) continue
        mark(table, key)
      }
      return changed
    },
    ...readerOf(rows, partitions),
    copy: () =>
      readerOf(
        {
          agents: new Map(rows.agents),
          runs: new Map(rows.runs),
          tasks: new Map(rows.tasks),
          calls: new Map(rows.calls),
          edges: new Map(rows.edges),
        },
        new Set(partitions),
      ),
  }
}

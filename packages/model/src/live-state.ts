/** The state a reader holds: fed with state frames, asked for joined rows. The same in browser, SDK and command line. */

import { joinAgents } from './fold/agent.ts'
import type { ServerFrame } from './live.ts'
import { type AgentRow, type RowOf, type Table, tables } from './rows.ts'

export interface LiveState {
  /** Applies a `snapshot`, `delta` or `resync` frame; other kinds change nothing. Returns the keys that changed, by table. */
  apply(frame: ServerFrame): ReadonlyMap<Table, ReadonlySet<string>>
  get<T extends Table>(table: T, key: string): RowOf[T] | undefined
  all<T extends Table>(table: T): IterableIterator<readonly [string, RowOf[T]]>
  size(table: Table): number
}

export function createLiveState(): LiveState {
  const joined: { [T in Table]: Map<string, RowOf[T]> } = {
    agents: new Map(),
    runs: new Map(),
    tasks: new Map(),
    calls: new Map(),
    edges: new Map(),
  }
  /** Rows of an agent, by partition. */
  const parts = new Map<string, Map<number, AgentRow>>()
  let snapshotCursor: string | undefined

  const clear = (changed: Map<Table, Set<string>>) => {
    for (const table of tables) {
      if (joined[table].size > 0) changed.set(table, new Set(joined[table].keys()))
      joined[table].clear()
    }
    parts.clear()
  }

  const joinParts = (key: string) => {
    const agent = joinAgents([...(parts.get(key)?.values() ?? [])])
    if (agent !== undefined) joined.agents.set(key, agent)
    else {
      joined.agents.delete(key)
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
        if (table === 'agents') {
          const held = parts.get(key) ?? new Map<number, AgentRow>()
          held.set(partition, row as AgentRow)
          parts.set(key, held)
          joinParts(key)
        } else (joined[table] as Map<string, RowOf[Table]>).set(key, row)
      }
      for (const { table, key, partition } of (frame.kind === 'delta' && frame.removed) || []) {
        if (!joined[table].has(key)) continue
        mark(table, key)
        if (table === 'agents') {
          parts.get(key)?.delete(partition)
          joinParts(key)
        } else joined[table].delete(key)
      }
      return changed
    },
    get: (table, key) => joined[table].get(key),
    all: (table) => joined[table].entries(),
    size: (table) => joined[table].size,
  }
}

/** The state a reader holds: fed with state frames, asked for joined rows. The same in browser, SDK and command line. */

import { joinAgents } from './fold/agent.ts'
import type { LiveRow, ServerFrame } from './live.ts'
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
  /** Every row as it came, with its partition: a snapshot's rows. */
  rows(): readonly LiveRow[]
}

/** Joined, by key. */
type Agents = Map<string, AgentRow>
/** As they came, by table, then by key and partition; agents by key and partition too. */
type Held = { readonly [T in Table]: Map<string, LiveRow> }

const nameOf = (key: string, partition: number) => `${key}\u001e${partition}`

/** `row` is of the table that its map is for. */
const rowOf = <T extends Table>({ row }: LiveRow) => row as RowOf[T]

function* named<T extends Table>(rows: ReadonlyMap<string, LiveRow>): MapIterator<readonly [string, RowOf[T]]> {
  for (const [name, live] of rows) yield [name, rowOf<T>(live)]
}

const readerOf = (held: Held, agents: Agents, partitions: ReadonlySet<number>): LiveRows => ({
  get<T extends Table>(table: T, key: string) {
    if (table === 'agents') return agents.get(key) as RowOf[T] | undefined
    for (const partition of partitions) {
      const live = held[table].get(nameOf(key, partition))
      if (live !== undefined) return rowOf<T>(live)
    }
    return undefined
  },
  all: <T extends Table>(table: T) => (table === 'agents' ? (agents as Map<string, RowOf[T]>).entries() : named<T>(held[table])),
  size: (table) => (table === 'agents' ? agents : held[table]).size,
})

export function createLiveState(): LiveState {
  const held: Held = { agents: new Map(), runs: new Map(), tasks: new Map(), calls: new Map(), edges: new Map() }
  const agents: Agents = new Map()
  const partitions = new Set<number>()
  let snapshotCursor: string | undefined

  const clear = (changed: Map<Table, Set<string>>) => {
    for (const table of tables) {
      if (held[table].size > 0) changed.set(table, new Set([...held[table].values()].map(({ key }) => key)))
      held[table].clear()
    }
    agents.clear()
  }

  const join = (key: string) => {
    const parts = [...partitions].flatMap((partition) => {
      const live = held.agents.get(nameOf(key, partition))
      return live === undefined ? [] : [rowOf<'agents'>(live)]
    })
    const agent = joinAgents(parts)
    if (agent === undefined) agents.delete(key)
    else agents.set(key, agent)
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
      for (const live of frame.rows) {
        const { table, key, partition } = live
        mark(table, key)
        partitions.add(partition)
        held[table].set(nameOf(key, partition), live)
        if (table === 'agents') join(key)
      }
      for (const { table, key, partition } of (frame.kind === 'delta' && frame.removed) || []) {
        if (!held[table].delete(nameOf(key, partition))) continue
        if (table === 'agents') join(key)
        mark(table, key)
      }
      return changed
    },
    ...readerOf(held, agents, partitions),
    copy: () =>
      readerOf(
        {
          agents: new Map(),
          runs: new Map(held.runs),
          tasks: new Map(held.tasks),
          calls: new Map(held.calls),
          edges: new Map(held.edges),
        },
        new Map(agents),
        new Set(partitions),
      ),
    rows: () => tables.flatMap((table) => [...held[table].values()]),
  }
}

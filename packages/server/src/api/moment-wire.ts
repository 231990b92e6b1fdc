/** Rows of a moment as they are answered, and what of them differs from those of another moment. */
import { type RowOf, type Table, type TaskRow, tables } from '@signalbox/model/rows.ts'
import { isOpen, type Layer, newestKeys, rowsOf, textOf, textsOf } from './state-layers.ts'

export type Wire = readonly [table: Table, key: string, json: string]

export const ofTable = <T extends Table>(layer: Layer, table: T, wanted: (row: RowOf[T], key: string) => boolean): Wire[] =>
  Array.from(rowsOf(layer, table), ([key, row]): Wire | undefined => (wanted(row, key) ? [table, key, textOf(row)] : undefined)).filter(
    (wire) => wire !== undefined,
  )

/** Where there are more than `most`, those that changed last and one more: `cutTo` leaves it out and says so. */
export function newestOf<T extends Table>(layer: Layer, table: T, most: number, isWanted?: (row: RowOf[T]) => boolean): Wire[] {
  const all =
    isWanted === undefined ? Array.from(textsOf(layer, table), ([key, json]): Wire => [table, key, json]) : ofTable(layer, table, isWanted)
  if (all.length <= most) return all
  const byKey = new Map(all.map((wire) => [wire[1], wire]))
  return newestKeys(layer, table)
    .flatMap((key) => {
      const wire = byKey.get(key)
      return wire === undefined ? [] : [wire]
    })
    .slice(0, most + 1)
}

/** Without a run; of tasks all that the layer has, unless said. */
export const ofFleet = (layer: Layer, most: number, isTask?: (task: TaskRow) => boolean): Wire[] => [
  ...newestOf(layer, 'agents', most),
  ...newestOf(layer, 'runs', most),
  ...newestOf(layer, 'tasks', most, isTask),
  ...newestOf(layer, 'calls', most, isOpen),
]

/** Of each partition the first `most` rows of each table, and which tables have more. */
export function cutTo(
  most: number,
  partitions: readonly (readonly Wire[])[],
): { readonly wires: readonly (readonly Wire[])[]; readonly truncated: readonly Table[] } {
  const truncated = new Set<Table>()
  const wires = partitions.map((rows) => {
    const counts = new Map<Table, number>()
    return rows.filter(([table]) => {
      const count = (counts.get(table) ?? 0) + 1
      counts.set(table, count)
      if (count > most) truncated.add(table)
      return count <= most
    })
  })
  return { wires, truncated: tables.filter((table) => truncated.has(table)) }
}

export interface Difference {
  readonly rows: readonly (readonly Wire[])[]
  readonly removed: readonly (readonly [table: Table, key: string])[][]
}

/** By partition, as the rows are. */
export function differenceOf(before: readonly (readonly Wire[])[], now: readonly (readonly Wire[])[]): Difference {
  const removed: (readonly [Table, string])[][] = []
  const rows = now.map((wires, partition) => {
    const were = new Map((before[partition] ?? []).map((wire) => [`${wire[0]} ${wire[1]}`, wire]))
    const differing = wires.filter(([table, key, json]) => {
      const name = `${table} ${key}`
      const same = were.get(name)?.[2] === json
      were.delete(name)
      return !same
    })
    removed.push(Array.from(were.values(), ([table, key]) => [table, key] as const))
    return differing
  })
  return { rows, removed }
}

/** Rows of what was answered last, for who asks what differs from it; the oldest are forgotten. */
export function createAnswered(mostRows: number) {
  const held = new Map<string, readonly (readonly Wire[])[]>()
  let size = 0
  const sizeOf = (wires: readonly (readonly Wire[])[]) => 1 + wires.reduce((sum, { length }) => sum + length, 0)
  return {
    get: (name: string) => held.get(name),
    keep(name: string, wires: readonly (readonly Wire[])[]) {
      size += sizeOf(wires) - (held.has(name) ? sizeOf(held.get(name) ?? []) : 0)
      held.delete(name)
      held.set(name, wires)
      for (const [oldest, rows] of held) {
        if (size <= mostRows || oldest === name) return
        held.delete(oldest)
        size -= sizeOf(rows)
      }
    },
  }
}

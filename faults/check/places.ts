/** Who stands where: for each partition, the content at each position and the line that told of it first. */
import { type Column, createColumn, mostPlaces } from './column.ts'

export interface Places {
  /** -1 when nobody stands there. */
  contentAt(partition: number, position: number): number
  lineAt(partition: number, position: number): number
  /** Keeps who was there first. A position that cannot be one is left out: `order` tells of it. */
  put(partition: number, position: number, content: number, line: number): void
  /** Greatest position of a partition; 0: none. */
  head(partition: number): number
  readonly partitions: () => readonly number[]
}

/** Positions are whole, from 1. */
export const isPosition = (position: number): boolean => Number.isInteger(position) && position >= 1 && position < mostPlaces

export function createPlaces(): Places {
  const byPartition = new Map<number, { readonly contents: Column; readonly lines: Column }>()
  return {
    contentAt: (partition, position) => (byPartition.get(partition)?.contents.get(position) ?? 0) - 1,
    lineAt: (partition, position) => byPartition.get(partition)?.lines.get(position) ?? 0,
    put(partition, position, content, line) {
      if (!isPosition(position)) return
      let held = byPartition.get(partition)
      if (held === undefined) {
        held = { contents: createColumn('int32'), lines: createColumn('int32') }
        byPartition.set(partition, held)
      }
      if (held.contents.get(position) !== 0) return
      held.contents.set(position, content + 1)
      held.lines.set(position, line)
    },
    head: (partition) => Math.max(0, (byPartition.get(partition)?.contents.length ?? 0) - 1),
    partitions: () => [...byPartition.keys()],
  }
}

/** How large an agent is drawn: as the address says, or as many as there are. */
import { flowingLines, type Group, type Grouping, type Line, linesOf } from './order.ts'

export const densities = ['tiles', 'compact', 'heat'] as const
export type Density = (typeof densities)[number]

/** Up to so many agents each has a tile with all that is known, and up to so many a small one. */
const mostTiles = 300
const mostCompact = 1_500

export const densityOf = (mode: string, count: number): Density =>
  densities.find((name) => name === mode) ?? (count <= mostTiles ? 'tiles' : count <= mostCompact ? 'compact' : 'heat')

/** Least size of a tile, which shares what a line leaves with the others. */
export const sizes = {
  tiles: { width: 236, height: 146, gap: 10 },
  compact: { width: 158, height: 46, gap: 6 },
} as const

export const columnsIn = (width: number, { width: least, gap }: { readonly width: number; readonly gap: number }): number =>
  Math.max(1, Math.floor((width + gap) / (least + gap)))

/** Distances of dots that are tried, the widest first: the first one that shows all at once is taken, else the least. */
const pitches = [26, 22, 19, 16, 14, 12, 11, 10, 9, 8] as const
export const heatHeadHeight = 24

export interface Heat {
  readonly pitch: number
  readonly lines: readonly Line[]
}

/** With heads over the groups if all is seen at once then; else groups follow each other with an empty place between them. */
export function heatOf(groups: readonly Group[], grouping: Grouping, width: number, height: number): Heat {
  const columnsOf = (pitch: number) => Math.max(1, Math.floor(width / pitch))
  const dots = groups.reduce((sum, { ids }) => sum + ids.length, 0)
  const headed = (pitch: number) =>
    groups.reduce((sum, { ids }) => sum + heatHeadHeight + Math.ceil(ids.length / columnsOf(pitch)) * pitch, 0) <= height
  const flowing = (pitch: number) => Math.ceil((dots + groups.length - 1) / columnsOf(pitch)) * pitch <= height
  const wide = grouping === 'none' ? undefined : pitches.find(headed)
  if (wide !== undefined) return { pitch: wide, lines: linesOf(groups, columnsOf(wide), grouping) }
  const pitch = pitches.find(flowing) ?? pitches[pitches.length - 1] ?? 1
  return { pitch, lines: flowingLines(groups, columnsOf(pitch)) }
}

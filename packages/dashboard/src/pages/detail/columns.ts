/** Which columns have room beside the names, and where the time begins. CSS pixels. */
import type { SortColumn } from './lines.ts'
import type { Sums } from './node.ts'

export const rowHeight = 26
export const headHeight = 30

export interface Column {
  readonly name: Exclude<SortColumn, 'name'>
  readonly head: string
  readonly about: string
  readonly width: number
}

/** The last leave first. */
const all: readonly Column[] = [
  { name: 'time', head: 'took', about: 'From begin to end', width: 66 },
  { name: 'cost', head: 'cost', about: 'Cost of the calls below', width: 62 },
  { name: 'out', head: 'out', about: 'Tokens out of the calls below', width: 50 },
  { name: 'in', head: 'in', about: 'Tokens into the calls below, cached ones with them', width: 54 },
  { name: 'errors', head: 'err', about: 'Failed calls below', width: 40 },
  { name: 'cached', head: 'cached', about: 'Tokens in that were read from a cache', width: 58 },
]
const order: readonly Column['name'][] = ['time', 'in', 'out', 'cached', 'cost', 'errors']

export interface Layout {
  readonly columns: readonly Column[]
  /** Width of the names with the figures. */
  readonly tree: number
  /** 0: there is no room for it. */
  readonly timeline: number
  /** For the grid's style. */
  readonly template: string
}

const leastName = 220
const leastTimeline = 200

const isEmpty: Record<Column['name'], (sums: Sums) => boolean> = {
  time: () => false,
  in: ({ inputTokens }) => inputTokens === 0,
  out: ({ outputTokens }) => outputTokens === 0,
  cached: ({ cachedTokens }) => cachedTokens === 0,
  cost: ({ costMicros }) => costMicros === 0,
  errors: ({ errors }) => errors === 0,
}

/** Columns in which the run has nothing leave their room to the names. */
export function layoutFor(width: number, sums: Sums): Layout {
  const timeline = width < leastName + leastTimeline + 60 ? 0 : Math.max(leastTimeline, Math.floor(width * 0.42))
  const tree = width - timeline
  let room = tree - leastName
  const fitting = new Set<Column>()
  for (const column of all) {
    if (isEmpty[column.name](sums)) continue
    if (column.width > room) break
    room -= column.width
    fitting.add(column)
  }
  const columns = order.flatMap((name) => all.find((column) => column.name === name && fitting.has(column)) ?? [])
  const tracks = ['minmax(0,1fr)', ...columns.map(({ width: wide }) => `${wide}px`), ...(timeline > 0 ? [`${timeline}px`] : [])]
  return { columns, tree, timeline, template: tracks.join(' ') }
}

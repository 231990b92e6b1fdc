/** Where dots stand: between ids and places in CSS pixels. */
import { heatHeadHeight } from './density.ts'
import type { Line } from './order.ts'

export interface Places {
  readonly height: number
  /** Top of each line. */
  readonly tops: Float64Array
  /** Number of each line's first place, counting all places of lines before it. */
  readonly firsts: Int32Array
  readonly count: number
}

export function placesOf(lines: readonly Line[], pitch: number): Places {
  const tops = new Float64Array(lines.length)
  const firsts = new Int32Array(lines.length)
  let height = 0
  let count = 0
  lines.forEach((line, at) => {
    tops[at] = height
    firsts[at] = count
    height += line.kind === 'head' ? heatHeadHeight : pitch
    count += line.kind === 'head' ? 0 : line.ids.length
  })
  return { height, tops, firsts, count }
}

/** The line at a height: the last one that begins at it or above. */
export function lineAt({ tops }: Places, y: number): number {
  let low = 0
  let high = tops.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((tops[middle] ?? 0) <= y) low = middle
    else high = middle - 1
  }
  return low
}

/** Who stands there. */
export function idAt(lines: readonly Line[], places: Places, pitch: number, x: number, y: number): string | undefined {
  const line = lines[lineAt(places, y)]
  if (line?.kind !== 'agents' || y < 0 || y >= places.height) return undefined
  const id = line.ids[Math.floor(x / pitch)]
  return id === '' ? undefined : id
}

export interface Cell {
  readonly line: number
  readonly column: number
}

export function cellOf(lines: readonly Line[], id: string): Cell | undefined {
  if (id === '') return undefined
  for (const [at, line] of lines.entries()) {
    const column = line.kind === 'agents' ? line.ids.indexOf(id) : -1
    if (column >= 0) return { line: at, column }
  }
  return undefined
}

/** Whether everybody stands where they stood, whatever heads say. */
export function samePlaces(a: readonly Line[], b: readonly Line[]): boolean {
  if (a === b) return true
  return (
    a.length === b.length &&
    a.every((line, at) => {
      const other = b[at]
      if (line.kind === 'head') return other?.kind === 'head' && other.name === line.name
      return other?.kind === 'agents' && other.ids.length === line.ids.length && line.ids.every((id, i) => other.ids[i] === id)
    })
  )
}

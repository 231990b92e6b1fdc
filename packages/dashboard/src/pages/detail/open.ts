/** Which nodes are open: all above a level, but for those that were opened or closed by hand. Stands in the address as `level` and `fold`. */
import type { Node } from './node.ts'

export interface Openness {
  /** 0 to 9: nodes less deep than this are open; 9 opens all. */
  readonly level: number
  /** Ids of nodes that are the other way. */
  readonly turned: ReadonlySet<string>
}

/** What was given and to whom; the calls of each on demand. */
const usualLevel = 3
/** All of them. */
const deepest = 9
/** As many stand in the address; it has to fit everywhere. */
const mostWritten = 40

export const isOpenIn =
  ({ level, turned }: Openness) =>
  (node: Node, depth: number): boolean =>
    (level >= deepest || depth < level) !== turned.has(node.id)
/** What a filter keeps is shown, unless it was closed by hand since. */
export const allOpen: Openness = { level: deepest, turned: new Set() }

export const parseLevel = (text: string): number => (/^[0-9]$/.test(text) ? Number(text) : usualLevel)
export const levelText = (level: number): string => (level === usualLevel ? '' : String(level))
export const parseFold = (text: string): ReadonlySet<string> =>
  new Set(
    text.split(',').flatMap((part) => {
      if (part === '') return []
      try {
        return [decodeURIComponent(part)]
      } catch {
        // A link that was cut.
        return []
      }
    }),
  )
export const foldText = (turned: ReadonlySet<string>): string => [...turned].slice(-mostWritten).map(encodeURIComponent).join(',')

export function turn({ level, turned }: Openness, ids: readonly string[]): Openness {
  const next = new Set(turned)
  for (const id of ids) if (!next.delete(id)) next.add(id)
  return { level, turned: next }
}

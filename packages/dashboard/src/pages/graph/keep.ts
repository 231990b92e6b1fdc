/** Room for new nodes among those that stand already. */
import { gap, nodeSize, type Place, type Places, type Shape } from './places.ts'

/** More new nodes than this are laid out with the rest. */
const mostAdded = 24

/**
 * The same places, with room found for new nodes beside whom they have to do with; undefined when too much is new, and
 * all is better laid out anew.
 */
export function kept(held: Places, { nodes, edges }: Shape): Places | undefined {
  const added = nodes.filter((node) => !held.has(node))
  const stay = nodes.length - added.length
  if (added.length > Math.min(mostAdded, Math.max(1, stay))) return undefined
  const places = new Map(
    nodes.flatMap((node) => {
      const place = held.get(node)
      return place === undefined ? [] : [[node, place] as const]
    }),
  )
  if (stay === 0) return undefined
  for (const node of added) {
    const giver = edges.find(({ from, to }) => to === node && from !== node && places.has(from))?.from
    const taker = edges.find(({ from, to }) => from === node && to !== node && places.has(to))?.to
    const column = nodeSize.width + gap.along
    const near = places.get(giver ?? taker ?? '')
    const bottom = Math.max(...Array.from(places.values(), ({ y }) => y))
    const left = Math.min(...Array.from(places.values(), ({ x }) => x))
    const wanted =
      near === undefined
        ? { x: left, y: bottom + nodeSize.height + 3 * gap.across }
        : { x: near.x + (giver === undefined ? -column : column), y: near.y }
    places.set(node, free(wanted, [...places.values()]))
  }
  return places
}

/** The nearest room below the wanted place. */
function free(wanted: Place, taken: readonly Place[]): Place {
  const step = nodeSize.height + gap.across
  let { y } = wanted
  const inColumn = taken.filter(({ x }) => Math.abs(x - wanted.x) < nodeSize.width + gap.across / 2).sort((a, b) => a.y - b.y)
  for (const other of inColumn) if (Math.abs(other.y - y) < step - 1) y = other.y + step
  return { x: wanted.x, y }
}

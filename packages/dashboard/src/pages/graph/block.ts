/** Nodes that stand together in rows and columns. */
import { gap, nodeSize, type Place, type Places } from './places.ts'

/** Width of a block to its height: of leaves, and of all that nothing leads to. */
const shape = { leaves: 1.3, alone: 2.2 } as const

export interface Block {
  readonly name: string
  readonly members: readonly string[]
  readonly columns: number
  /** The only node that its members have edges with. */
  readonly stem: string | undefined
}

export function block(members: readonly string[], stem: string | undefined): Block {
  const cell = (nodeSize.height + gap.across) / (nodeSize.width + gap.across)
  const columns = Math.max(1, Math.round(Math.sqrt(members.length * (stem === undefined ? shape.alone : shape.leaves) * cell)))
  return { name: `block\u001f${stem ?? ''}`, members, columns, stem }
}

const rowsOf = ({ members, columns }: Block) => Math.ceil(members.length / columns)
export const sizeOf = (block: Block) => ({
  width: block.columns * (nodeSize.width + gap.across) - gap.across,
  height: rowsOf(block) * (nodeSize.height + gap.across) - gap.across,
})

/** Down, then right: the order of the list reads as a column does. */
export function fill(block: Block, { x, y }: Place, places: Map<string, Place>): void {
  const rows = rowsOf(block)
  block.members.forEach((member, i) => {
    const [column, row] = [Math.floor(i / rows), i % rows]
    places.set(member, {
      x: x + column * (nodeSize.width + gap.across) + nodeSize.width / 2,
      y: y + row * (nodeSize.height + gap.across) + nodeSize.height / 2,
    })
  })
}

/** Rows and columns in the order of the list: for what could not be laid out in time. */
export function gridOf(nodes: readonly string[]): Places {
  const places = new Map<string, Place>()
  const whole = { ...block(nodes, undefined) }
  fill(whole, { x: 0, y: 0 }, places)
  return places
}

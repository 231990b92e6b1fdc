/** Where nodes stand, in units of the graph, and what a layout has to know of it. */
export const nodeSize = { width: 216, height: 58 } as const
/** Between the layers, and within one. */
export const gap = { along: 96, across: 16 } as const
/** Centre of a node. */
export interface Place {
  readonly x: number
  readonly y: number
}
export type Places = ReadonlyMap<string, Place>

export interface Shape {
  readonly nodes: readonly string[]
  readonly edges: readonly { readonly from: string; readonly to: string; readonly weight: number }[]
}

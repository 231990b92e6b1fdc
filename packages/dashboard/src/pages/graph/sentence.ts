import type { Graph, GraphNode } from './model.ts'

/** A node in words, for who hears it. */
export function sentenceOf(
  node: GraphNode,
  { gives, takes, waits }: Dealings = noDealings,
  marks: ReadonlyMap<string, readonly { readonly text: string }[]>,
  opens: boolean,
): string {
  const { tasks } = node
  return [
    node.label,
    node.size > 1 ? `${node.size} together` : node.detail,
    node.look.words,
    ...(tasks.open + tasks.done + tasks.failed === 0 ? [] : [`${tasks.open} open, ${tasks.done} done, ${tasks.failed} failed`]),
    ...(gives === 0 ? [] : [`gives to ${gives}`]),
    ...(takes === 0 ? [] : [`takes from ${takes}`]),
    ...(waits === 0 ? [] : [`waits for ${waits}`]),
    ...(marks.get(node.id)?.map(({ text }) => text) ?? []),
    ...(opens ? ['collapsed'] : []),
  ].join(', ')
}

/** Edges of a node but for messages, and what it waits for. */
interface Dealings {
  gives: number
  takes: number
  waits: number
}
const noDealings: Dealings = { gives: 0, takes: 0, waits: 0 }

export function dealingsOf({ edges }: Graph): ReadonlyMap<string, Dealings> {
  const made = new Map<string, Dealings>()
  const of = (node: string) => {
    const held = made.get(node) ?? { ...noDealings }
    made.set(node, held)
    return held
  }
  for (const { from, to, kind, open } of edges) {
    if (kind === 'message') continue
    const giver = of(from)
    giver.gives += 1
    giver.waits += open
    of(to).takes += 1
  }
  return made
}

/** Which rows of the tree are shown, in which order: what is open, how siblings are sorted, what a filter keeps. */
import { taskLook } from '../../parts/status.tsx'
import { isTroubled, labelOf, type Node } from './node.ts'

export interface Line {
  readonly node: Node
  /** 0 is the run. */
  readonly depth: number
  /** Place among its siblings from 1, and how many they are. */
  readonly place: number
  readonly siblings: number
  /** Undefined: there is nothing below it. */
  readonly open: boolean | undefined
  /** Id of the agent that what stands above it names last. */
  readonly under: string | undefined
}

/** Columns that siblings may be sorted by. */
const sortable = ['name', 'time', 'in', 'out', 'cached', 'cost', 'errors'] as const
export type SortColumn = (typeof sortable)[number]
export interface Sorting {
  readonly column: SortColumn
  readonly descending: boolean
}
export function parseSorting(sort: string): Sorting | undefined {
  const column = sortable.find((name) => name === sort.replace(/^-/, ''))
  return column === undefined ? undefined : { column, descending: sort.startsWith('-') }
}
/** The next press of a column's head: the greatest first (a name: the first), the other way, the order of time. */
export function nextSort(column: SortColumn, sort: string): string {
  const [first, second] = column === 'name' ? ['name', '-name'] : [`-${column}`, column]
  return sort === first ? second : sort === second ? '' : first
}

const lasted = ({ begin, end }: Node): number =>
  // What is open has no length yet: by its begin, as long as it may be.
  end === undefined ? 1e15 - begin : Math.max(0, end - begin)
const figureOf: Record<SortColumn, (node: Node) => number | string> = {
  name: (node) => labelOf(node).toLowerCase(),
  time: lasted,
  in: ({ sums }) => sums.inputTokens,
  out: ({ sums }) => sums.outputTokens,
  cached: ({ sums }) => sums.cachedTokens,
  cost: ({ sums }) => sums.costMicros,
  errors: ({ sums, troubles }) => sums.errors * 1e6 + troubles,
}

const sorted = new WeakMap<Node, { readonly sort: string; readonly children: readonly Node[] }>()
function childrenOf(node: Node, sorting: Sorting | undefined): readonly Node[] {
  if (sorting === undefined || node.children.length < 2) return node.children
  const sort = `${sorting.column} ${sorting.descending}`
  const held = sorted.get(node)
  if (held?.sort === sort) return held.children
  const of = figureOf[sorting.column]
  const sign = sorting.descending ? -1 : 1
  const children = node.children
    .map((child) => ({ child, value: of(child) }))
    // Equal ones stay in the order of time.
    .sort((a, b) => (a.value < b.value ? -sign : a.value > b.value ? sign : 0))
    .map(({ child }) => child)
  sorted.set(node, { sort, children })
  return children
}

export interface Shown {
  readonly isOpen: (node: Node, depth: number) => boolean
  readonly sorting: Sorting | undefined
  /** Only these. */
  readonly kept?: ReadonlySet<Node> | undefined
}

export function linesOf(root: Node, { isOpen, sorting, kept }: Shown): readonly Line[] {
  const lines: Line[] = []
  const visit = (node: Node, depth: number, place: number, siblings: number, under: string | undefined) => {
    const open = node.children.length === 0 ? undefined : isOpen(node, depth)
    lines.push({ node, depth, place, siblings, open, under })
    if (open !== true) return
    const now = node.kind === 'agent' ? node.agent : node.kind === 'task' ? (node.row.assignee?.value ?? under) : under
    const all = childrenOf(node, sorting)
    const children = kept === undefined ? all : all.filter((child) => kept.has(child))
    for (let i = 0; i < children.length; i += 1) {
      const child = children[i]
      if (child !== undefined) visit(child, depth + 1, i + 1, children.length, now)
    }
  }
  if (kept === undefined || kept.has(root)) visit(root, 0, 1, 1, undefined)
  return lines
}

const texts = new WeakMap<Node, string>()
function textOf(node: Node): string {
  const held = texts.get(node)
  if (held !== undefined) return held
  const { row } = node
  const more =
    node.kind === 'call'
      ? `${node.row.id} ${node.row.agent ?? ''} ${node.row.kind === 'llm' ? 'model' : 'tool'} ${node.row.outcome ?? 'open'} ${node.row.error ?? ''}`
      : node.kind === 'task'
        ? `${node.row.id} ${node.row.assignee?.value ?? ''} ${taskLook(node.row.state).words} ${node.row.contradicted > 0 ? 'contradicted' : ''}`
        : (row?.id ?? '')
  const text = `${node.kind} ${labelOf(node)} ${more}`.toLowerCase()
  texts.set(node, text)
  return text
}

/** What matches every word (and, with `errors`, is in trouble itself), with what it stands below. */
export function keptBy(root: Node, q: string, errors: boolean): { readonly kept: ReadonlySet<Node>; readonly matches: number } | undefined {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0 && !errors) return undefined
  const kept = new Set<Node>()
  let matches = 0
  const visit = (node: Node): boolean => {
    let wanted = false
    // No trouble below: nothing to look for.
    if (errors && node.troubles === 0) return false
    const text = words.length === 0 ? '' : textOf(node)
    if ((!errors || isTroubled(node)) && words.every((word) => text.includes(word))) {
      matches += 1
      wanted = true
    }
    for (const child of node.children) if (visit(child)) wanted = true
    if (wanted) kept.add(node)
    return wanted
  }
  visit(root)
  return { kept, matches }
}

/** The nodes from the root to the first that the address names so, itself the last; empty where there is none. */
export function pathTo(root: Node, is: (node: Node) => boolean): readonly Node[] {
  const path: Node[] = []
  const visit = (node: Node): boolean => {
    path.push(node)
    if (is(node)) return true
    for (const child of node.children) if (visit(child)) return true
    path.pop()
    return false
  }
  return visit(root) ? path : []
}

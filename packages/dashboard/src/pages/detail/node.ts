/** What the tree is made of: one node a row, with what its subtree sums up to. A node keeps its identity until something in it changes. */
import { rowKey } from '@signalbox/model/fold/keys.ts'
import type { AgentRow, CallRow, RunRow, TaskRow } from '@signalbox/model/rows.ts'

/** Sums over the calls of a subtree, by the measure of a run's totals: the root's are the run's. */
export interface Sums {
  readonly calls: number
  readonly errors: number
  readonly inputTokens: number
  readonly cachedTokens: number
  readonly outputTokens: number
  readonly costMicros: number
}

const noSums: Sums = { calls: 0, errors: 0, inputTokens: 0, cachedTokens: 0, outputTokens: 0, costMicros: 0 }

interface Common {
  /** Unique within its tree. */
  readonly id: string
  /** As the address names what it stands for. */
  readonly sel: string
  /** By begin. */
  readonly children: readonly Node[]
  readonly sums: Sums
  /** Nodes below it. */
  readonly size: number
  /** Epoch ms; `Infinity` where nothing of it has begun. */
  readonly begin: number
  /** Undefined while something of it is open. */
  readonly end: number | undefined
  /** Failed, rejected or contradicted: of itself and all below it. */
  readonly troubles: number
}

export type Node = Common &
  (
    | { readonly kind: 'run'; readonly row: RunRow }
    | { readonly kind: 'agent'; readonly row: AgentRow | undefined; readonly agent: string }
    | { readonly kind: 'task'; readonly row: TaskRow }
    | { readonly kind: 'call'; readonly row: CallRow }
  )

/** Text of agents, as it came. */
export function labelOf(node: Node): string {
  switch (node.kind) {
    case 'run':
      return node.row.name?.value ?? node.row.id
    case 'agent':
      return node.row?.name?.value ?? node.agent
    case 'task':
      return node.row.title?.value ?? node.row.id
    case 'call':
      return node.row.name
  }
}

export function isTroubled(node: Pick<Node, 'kind' | 'row'>): boolean {
  const { row } = node
  if (row === undefined) return false
  if ('outcome' in row && row.outcome === 'failed') return true
  if ('contradicted' in row) return row.contradicted > 0 || row.state === 'failed' || row.state === 'rejected'
  return node.kind === 'run' && 'state' in row && row.state === 'failed'
}

const beginOfCall = ({ startedAt, endedAt }: CallRow): number => startedAt ?? endedAt ?? 0

const made = new WeakMap<CallRow, Node>()

/** Kept with its row: a call is one node in every tree that shows it. */
export function callNode(row: CallRow): Node {
  const held = made.get(row)
  if (held !== undefined) return held
  const sel = `call:${rowKey.call(row.run, row.kind, row.id)}`
  const failed = row.outcome === 'failed' ? 1 : 0
  const { usage } = row
  const begin = beginOfCall(row)
  const node: Node = {
    kind: 'call',
    row,
    id: sel,
    sel,
    children: none,
    sums: {
      calls: 1,
      errors: failed,
      inputTokens: usage.inputTokens,
      cachedTokens: usage.cacheReadTokens,
      outputTokens: usage.outputTokens,
      costMicros: usage.costMicros,
    },
    size: 0,
    begin,
    end: row.outcome === undefined ? undefined : Math.max(begin, row.endedAt ?? begin),
    troubles: failed,
  }
  made.set(row, node)
  return node
}
const none: readonly Node[] = []

type Span = Pick<Node, 'begin' | 'end'>

/** What the children come to; `own`: the time that the node itself tells. */
export function rolledUp(node: Pick<Node, 'kind' | 'row'>, children: readonly Node[], own: Span | undefined) {
  const sums = { ...noSums }
  let [size, troubles] = [children.length, isTroubled(node) ? 1 : 0]
  let begin = own?.begin ?? Number.POSITIVE_INFINITY
  let end: number | undefined = own === undefined ? Number.NEGATIVE_INFINITY : own.end
  for (const child of children) {
    sums.calls += child.sums.calls
    sums.errors += child.sums.errors
    sums.inputTokens += child.sums.inputTokens
    sums.cachedTokens += child.sums.cachedTokens
    sums.outputTokens += child.sums.outputTokens
    sums.costMicros += child.sums.costMicros
    size += child.size
    troubles += child.troubles
    begin = Math.min(begin, child.begin)
    // A task or a run says itself when it ended.
    if (own === undefined) end = end === undefined || child.end === undefined ? undefined : Math.max(end, child.end)
  }
  return { sums: sums as Sums, size, troubles, begin, end }
}

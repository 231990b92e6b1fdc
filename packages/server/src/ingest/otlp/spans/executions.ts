/**
 * Which steps of a trace are agents at work. By itself an agent's node looks like any other: it is told by a span directly below it that is
 * part of its task, for of several spans of one node only the innermost, the graph of the agent, has such; and by a call in that task.
 */
import type { Node } from './trace.ts'

interface Known {
  hasCall: boolean
  /** Ids of spans with a part of the task directly below them. */
  readonly graphs: Set<string>
  /** By id the steps that say to be of this execution, until they are told. */
  readonly steps: Map<string, Node>
}
/** By task. */
export type Executions = Map<string, Known>

const nobody: readonly Node[] = []

function knownOf(executions: Executions, task: string): Known {
  const held = executions.get(task)
  if (held !== undefined) return held
  const known = { hasCall: false, graphs: new Set<string>(), steps: new Map<string, Node>() }
  executions.set(task, known)
  return known
}

/** Takes a node that is new to the trace. Returns the steps that are certain to be agents at work by it; each is returned once. */
export function learnFrom(executions: Executions, node: Node): readonly Node[] {
  const below = node.task === undefined ? nobody : learnFromPart(knownOf(executions, node.task), node)
  if (node.execution === undefined) return below
  const known = knownOf(executions, node.execution.task)
  known.steps.set(node.id, node)
  return [...below, ...certain(known, node.id)]
}

function learnFromPart(known: Known, { role, parent }: Node): readonly Node[] {
  const isFirstCall = !known.hasCall && (role === 'model' || role === 'tool')
  if (parent !== undefined) known.graphs.add(parent)
  if (!isFirstCall) return parent === undefined ? nobody : certain(known, parent)
  known.hasCall = true
  return [...known.steps.keys()].flatMap((id) => certain(known, id))
}

function certain({ hasCall, graphs, steps }: Known, id: string): readonly Node[] {
  const step = hasCall && graphs.has(id) ? steps.get(id) : undefined
  if (step === undefined) return nobody
  steps.delete(id)
  return [step]
}

/** In which order the agents of a run stand below each other. Pure. */
import type { AgentRow } from '@signalbox/model/rows.ts'

/** Managers above their workers, depth first; a manager that is not in the run does not indent. */
export function order(agents: readonly AgentRow[]): { readonly agent: AgentRow; readonly depth: number }[] {
  const byId = new Map(agents.map((agent) => [agent.id, agent]))
  const workers = new Map<string, AgentRow[]>()
  const roots: AgentRow[] = []
  for (const agent of [...agents].sort((a, b) => a.firstSeenAt - b.firstSeenAt || a.id.localeCompare(b.id))) {
    const manager = agent.manager?.value
    if (manager === undefined || manager === agent.id || !byId.has(manager)) roots.push(agent)
    else workers.set(manager, [...(workers.get(manager) ?? []), agent])
  }
  const depths = new Map<AgentRow, number>()
  const visit = (agent: AgentRow, depth: number) => {
    if (depths.has(agent)) return
    depths.set(agent, depth)
    for (const worker of workers.get(agent.id) ?? []) visit(worker, depth + 1)
  }
  // Who has workers first: the fleet reads from its managers down.
  for (const root of roots) if (workers.has(root.id)) visit(root, 0)
  for (const root of roots) visit(root, 0)
  // Two agents that are each other's manager are nobody's worker: they stand at the end.
  for (const agent of agents) visit(agent, 0)
  return [...depths].map(([agent, depth]) => ({ agent, depth }))
}

/** How many of those that follow stand deeper. */
export function workersOf(list: readonly { readonly depth: number }[], at: number): number {
  const depth = list[at]?.depth ?? 0
  let end = at + 1
  while ((list[end]?.depth ?? 0) > depth) end += 1
  return end - at - 1
}

/** From when to when a run goes, and whether it goes on. */
import type { AgentRow, RunRow } from '@signalbox/model/rows.ts'
import type { Swimlanes } from './layout.ts'
import type { Extent } from './window.ts'

/** A run that says it is running, but of whose agents nothing was heard for so long, is not stretched to now. */
export const quietAfterMs = 60 * 60_000

/** When the run, or an agent that works in it, was last heard; a heartbeat tells that it goes on. */
export function heardAtOf(run: RunRow, agents: readonly AgentRow[]): number {
  return agents.reduce((at, agent) => (agent.run?.value === run.id ? Math.max(at, agent.lastSeenAt) : at), run.lastEventAt)
}

export function extentOf(run: RunRow, heardAt: number, { begin, end }: Pick<Swimlanes, 'begin' | 'end'>, now: number): Extent {
  const live = run.state === 'running' && now - heardAt < quietAfterMs
  return {
    begin: end === 0 ? run.startedAt : Math.min(run.startedAt, begin),
    end: Math.max(run.lastEventAt, end, live ? now : 0),
    live,
  }
}

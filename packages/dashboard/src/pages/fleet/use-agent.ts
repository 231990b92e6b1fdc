import { rowKey } from '@signalbox/model/fold/keys.ts'
import type { AgentRow } from '@signalbox/model/rows.ts'
import { useRow } from '../../live/live.ts'
import { hasGone } from '../../parts/status.tsx'

/** An agent, and its task by title unless somebody else has it now and this agent does nothing with it. */
export function useAgent(id: string): { readonly agent: AgentRow | undefined; readonly title: string | undefined } {
  const agent = useRow('agents', id)
  const held = agent?.task?.value
  const task = useRow('tasks', held === undefined || held === '' ? undefined : rowKey.task(agent?.run?.value, held))
  const isInactive = agent !== undefined && (hasGone(agent) || agent.status?.value === 'idle')
  const isHandedOn = isInactive && task?.assignee !== undefined && task.assignee.value !== id
  return { agent, title: task === undefined || isHandedOn ? undefined : (task.title?.value ?? task.id) }
}

/** Rows of a run as the fold makes them of events, so that tests tell what happened and not what rows are like. */
import { applyEvent, createRows } from '@signalbox/model/fold/fold.ts'
import type { AgentRow, EdgeRow, RunRow, TaskRow } from '@signalbox/model/rows.ts'
import type { GraphRows } from './model.ts'

export type Told = readonly [type: string, agent: string, at: number, more?: { task?: string; data?: Record<string, unknown> }]

export function rowsOf(list: readonly Told[]): GraphRows {
  const rows = createRows()
  list.forEach(([type, agent, time, more], i) => {
    const data = more?.data ?? {}
    const event = {
      id: `${i}`,
      tenant: 't',
      source: 's',
      type,
      agent,
      time,
      run: 'r',
      task: more?.task,
      data,
      dataJson: JSON.stringify(data),
    }
    applyEvent(rows, { ...event, partition: 0, position: i + 1, receivedAt: time })
  })
  const of = <T>(table: string) => [...rows.entries()].flatMap(([name, , row]) => (name === table ? [row as T] : []))
  const [run] = of<RunRow>('runs')
  if (run === undefined) throw new Error('Nothing happened.')
  return { run, agents: of<AgentRow>('agents'), tasks: of<TaskRow>('tasks'), edges: of<EdgeRow>('edges') }
}

/** Rows of the fold as people read them: times as RFC 3339, held values unwrapped. */

import { callState } from '@signalbox/model/fold/call.ts'
import { isOrphaned } from '@signalbox/model/fold/task.ts'
import type { AgentRow, CallRow, EdgeRow, RunRow, TaskRow } from '@signalbox/model/rows.ts'
import { taskStates } from '@signalbox/model/rows.ts'
import Type, { type TSchema } from 'typebox'

const Text = Type.String()
const Time = Type.String({ description: 'RFC 3339, UTC, milliseconds.' })
const Maybe = <T extends TSchema>(schema: T) => Type.Optional(schema)
const Count = Type.Integer()
const view = <T extends Record<string, TSchema>>(fields: T) => Type.Object(fields, { additionalProperties: false })

export const TotalsView = view({
  llmCalls: Count,
  toolCalls: Count,
  errors: Count,
  inputTokens: Count,
  cacheReadTokens: Count,
  cacheWriteTokens: Count,
  outputTokens: Count,
  reasoningTokens: Count,
  costMicros: Count,
  reportedInputTokens: Count,
  reportedOutputTokens: Count,
  reportedCostMicros: Count,
})

export const AgentView = view({
  id: Text,
  name: Text,
  role: Maybe(Text),
  status: Maybe(Text),
  statusSince: Maybe(Time),
  manager: Maybe(Text),
  model: Maybe(Text),
  host: Maybe(Text),
  team: Maybe(Text),
  run: Maybe(Text),
  task: Maybe(Text),
  firstSeenAt: Time,
  lastSeenAt: Time,
  lastHeartbeatAt: Maybe(Time),
  lastProgressAt: Maybe(Time),
  events: Count,
  totals: TotalsView,
  inFlight: Type.Array(view({ call: Text, kind: Text, name: Text, startedAt: Time })),
})

export const RunView = view({
  id: Text,
  name: Maybe(Text),
  state: Text,
  startedAt: Time,
  finishedAt: Maybe(Time),
  lastEventAt: Time,
  error: Maybe(Text),
  synthetic: Type.Boolean({ description: 'True when its pace was made up by an import.' }),
  events: Count,
  agents: Type.Array(Text),
  tasks: view(Object.fromEntries(taskStates.map((state) => [state, Count]))),
  totals: TotalsView,
})

export const TaskView = view({
  id: Text,
  run: Maybe(Text),
  title: Maybe(Text),
  parent: Maybe(Text),
  state: Text,
  orphaned: Maybe(
    Type.Boolean({ description: 'True when it is under way while its agent is lost or stopped, or although its run has ended since.' }),
  ),
  createdBy: Maybe(Text),
  assignee: Maybe(Text),
  openedAt: Time,
  startedAt: Maybe(Time),
  endedAt: Maybe(Time),
  updatedAt: Time,
  progress: Maybe(Text),
  error: Maybe(Text),
  contradicted: Type.Integer({ description: 'Events that contradicted its terminal state.' }),
  contradictedBy: Maybe(Text),
  history: Type.Array(view({ state: Text, at: Time, agent: Maybe(Text) })),
})

export const CallView = view({
  id: Text,
  kind: Text,
  name: Text,
  state: Type.String({
    description: 'open, finished, failed, or orphaned: open while its agent is lost or stopped, or although its run has ended since.',
  }),
  run: Maybe(Text),
  agent: Maybe(Text),
  task: Maybe(Text),
  startedAt: Maybe(Time),
  endedAt: Maybe(Time),
  error: Maybe(Text),
  usage: view({
    inputTokens: Count,
    cacheReadTokens: Count,
    cacheWriteTokens: Count,
    outputTokens: Count,
    reasoningTokens: Count,
    costMicros: Count,
  }),
})

export const EdgeView = view({ from: Text, to: Text, kind: Text, count: Count, firstAt: Time, lastAt: Time, task: Maybe(Text) })

const time = (ms: number) => new Date(ms).toISOString()
const maybeTime = (ms: number | undefined) => (ms === undefined ? undefined : time(ms))
const filled = (text: string | undefined) => (text === '' ? undefined : text)

export const agentView = (row: AgentRow) => ({
  id: row.id,
  name: row.name?.value ?? row.id,
  role: row.role?.value,
  status: row.status?.value,
  statusSince: maybeTime(row.status?.at),
  manager: row.manager?.value,
  model: row.model?.value,
  host: row.host?.value,
  team: row.team?.value,
  run: row.run?.value,
  task: filled(row.task?.value),
  firstSeenAt: time(row.firstSeenAt),
  lastSeenAt: time(row.lastSeenAt),
  lastHeartbeatAt: maybeTime(row.lastHeartbeatAt),
  lastProgressAt: maybeTime(row.lastProgressAt),
  events: row.events,
  totals: row.totals,
  inFlight: row.inFlight.map(({ call, kind, name, startedAt }) => ({
    call: call.slice(call.lastIndexOf('\u001f') + 1),
    kind,
    name,
    startedAt: time(startedAt),
  })),
})

export const runView = (row: RunRow) => ({
  id: row.id,
  name: row.name?.value,
  state: row.state,
  startedAt: time(row.startedAt),
  finishedAt: maybeTime(row.finishedAt),
  lastEventAt: time(row.lastEventAt),
  error: row.error,
  synthetic: row.synthetic,
  events: row.events,
  agents: [...row.agents],
  tasks: row.tasks,
  totals: row.totals,
})

export const taskView = (row: TaskRow, agent: AgentRow | undefined, run: RunRow | undefined) => ({
  id: row.id,
  run: row.run,
  title: row.title?.value,
  parent: row.parent,
  state: row.state,
  orphaned: isOrphaned(row, agent, run) || undefined,
  createdBy: row.createdBy,
  assignee: row.assignee?.value,
  openedAt: time(row.openedAt),
  startedAt: maybeTime(row.startedAt),
  endedAt: maybeTime(row.endedAt),
  updatedAt: time(row.updatedAt),
  progress: row.progress?.value,
  error: row.error,
  contradicted: row.contradicted,
  contradictedBy: row.contradictedBy,
  history: row.history.map(({ state, at, agent }) => ({ state, at: time(at), agent })),
})

export const callView = (row: CallRow, agent: AgentRow | undefined, run: RunRow | undefined) => ({
  id: row.id,
  kind: row.kind,
  name: row.name,
  state: callState(row, agent, run),
  run: row.run,
  agent: row.agent,
  task: row.task,
  startedAt: maybeTime(row.startedAt),
  endedAt: maybeTime(row.endedAt),
  error: row.error,
  usage: row.usage,
})

export const edgeView = (row: EdgeRow) => ({
  from: row.from,
  to: row.to,
  kind: row.kind,
  count: row.count,
  firstAt: time(row.firstAt),
  lastAt: time(row.lastAt),
  task: row.task,
})

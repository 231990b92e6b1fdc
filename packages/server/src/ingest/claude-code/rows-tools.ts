/** Hooks about tool calls, and the orders to subagents among them. */
import { isDelegation } from '@signalbox/model/claude-code.ts'
import { isObject, type Json, numberOf, stringOf } from '@signalbox/model/text.ts'
import { agentIn, type Hook, nameOf } from './hook.ts'
import type { Session } from './sessions.ts'
import { asItIs, derived, resultOf, type Told, textOf } from './told.ts'

const toolOf = ({ tool_name: name }: Json) => stringOf(name) ?? 'tool'
const callOf = ({ body, digest }: Hook) => nameOf(body.tool_use_id) ?? digest

export function started(hook: Hook, session: Session): readonly Told[] {
  const { body, agent } = hook
  const call = callOf(hook)
  const name = toolOf(body)
  session.open.set(call, agent)
  const use: Told = { type: 'tool.started', task: session.orders.get(agent), data: { call, name, args: body.tool_input } }
  if (!isDelegation(name)) return [use]
  const input = isObject(body.tool_input) ? body.tool_input : {}
  const subagentType = stringOf(input.subagent_type)
  session.pending.set(call, { type: subagentType ?? 'general-purpose', by: agent })
  const title = stringOf(input.description) ?? stringOf(input.prompt) ?? name
  return [use, derived({ type: 'task.created', task: call, data: { title, subagentType } })]
}

export function finished(hook: Hook, session: Session): readonly Told[] {
  const { body } = hook
  const call = callOf(hook)
  const told = ended(hook, session, 'tool.finished', { result: resultOf(body.tool_response) })
  if (!isDelegation(toolOf(body))) return [told]
  const response = isObject(body.tool_response) ? body.tool_response : {}
  const worker = nameOf(response.agentId)
  const linked = worker === undefined ? [] : link(hook, session, call, agentIn(hook.session, worker))
  if (response.isAsync !== true && response.status !== 'async_launched') return [told, ...linked, endOfTask(session, call)]
  session.launched.add(call)
  return [told, ...linked]
}

export function failed(hook: Hook, session: Session): readonly Told[] {
  const error = textOf(hook.body.error) ?? 'failed'
  const told = ended(hook, session, 'tool.failed', { error })
  return isDelegation(toolOf(hook.body)) ? [told, endOfTask(session, callOf(hook), error)] : [told]
}

function ended(hook: Hook, session: Session, type: string, outcome: Json): Told {
  const { body, at, agent } = hook
  const call = callOf(hook)
  close(session, call)
  const durationMs = typeof body.duration_ms === 'number' ? numberOf(Math.round(body.duration_ms)) : undefined
  // Where the hook of its start was lost.
  const startedAt = durationMs === undefined || durationMs > at ? undefined : new Date(at - durationMs).toISOString()
  return { type, task: session.orders.get(agent), data: { call, name: toolOf(body), ...outcome, durationMs, startedAt } }
}

function close(session: Session, call: string) {
  session.open.delete(call)
  session.ended.add(call)
}

/** Which subagent works at an order: told by its call's result, or known where it can be no other. */
export function link({ agent }: Hook, session: Session, call: string, worker: string): readonly Told[] {
  const by = session.pending.get(call)?.by ?? agent
  session.pending.delete(call)
  if (session.workers.get(call) === worker) return []
  session.workers.set(call, worker)
  session.orders.set(worker, call)
  const assigned = derived({ type: 'task.assigned', agent: by, task: call, data: { to: worker, from: by } })
  // One that has stopped before it is known does not begin again.
  return session.started.has(worker) ? [assigned, begun(worker, call)] : [assigned]
}

export const begun = (worker: string, call: string) => derived({ type: 'task.started', agent: worker, task: call, data: {} })

/** By nobody: the subagent may have stopped, and who gave the order goes on. */
export function endOfTask(session: Session, call: string, error?: string): Told {
  const worker = session.workers.get(call)
  session.launched.delete(call)
  session.pending.delete(call)
  if (worker !== undefined && session.orders.get(worker) === call) session.orders.delete(worker)
  const type = error === undefined ? 'task.completed' : 'task.failed'
  return derived({ type, ofRun: true, task: call, about: call, data: { error } })
}

export const permission = ({ body }: Hook): readonly Told[] => [
  { type: 'approval.requested', data: { tool: toolOf(body), call: nameOf(body.tool_use_id), args: body.tool_input } },
]

export function denied({ body, agent }: Hook, session: Session): readonly Told[] {
  const call = nameOf(body.tool_use_id)
  const reason = textOf(body.reason)
  const tool = toolOf(body)
  const decided: Told = { type: 'approval.decided', data: { decision: 'denied', tool, call, reason, args: body.tool_input } }
  return call === undefined ? [decided] : [decided, ...notRun(session, call, reason ?? 'denied', agent, tool)]
}

const mostCalls = 200
/** Denied and cancelled calls have no hook of their own: that they ended is told with their batch, and what the model was given for a result. */
export function batch(hook: Hook, session: Session): readonly Told[] {
  const calls = (Array.isArray(hook.body.tool_calls) ? hook.body.tool_calls : []).filter(isObject).slice(0, mostCalls)
  const left = calls.flatMap((one) => {
    const call = nameOf(one.tool_use_id)
    if (call === undefined || session.ended.has(call)) return []
    const result = resultOf(one.tool_response)
    if (session.open.has(call)) return notRun(session, call, textOf(result) ?? 'It had no result.', hook.agent, toolOf(one))
    close(session, call)
    // Its start was not seen, so nor may its end have been.
    return [derived({ type: 'tool.finished', about: call, data: { call, name: toolOf(one), result } })]
  })
  return [{ ...asItIs(hook), data: { calls: calls.length, tools: calls.map(toolOf) } }, ...left]
}

function notRun(session: Session, call: string, error: string, agent: string, name?: string): readonly Told[] {
  close(session, call)
  const told = derived({ type: 'tool.failed', about: call, agent, task: session.orders.get(agent), data: { call, name, error } })
  return session.pending.has(call) ? [told, endOfTask(session, call, error)] : [told]
}

/** At the end of a turn nothing of its agent runs: what is open was denied, interrupted, or its hook was lost. */
export const closeOpen = (session: Session, agent: string): readonly Told[] =>
  [...session.open].flatMap(([call, by]) =>
    by === agent
      ? notRun(session, call, 'The turn ended without its result: it was denied, interrupted, or its hook was lost.', agent)
      : [],
  )

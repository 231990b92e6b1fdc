/** Hooks about sessions, turns, subagents, teammates and their tasks. */
import { stringOf } from '@signalbox/model/text.ts'
import { agentIn, type Hook, nameOf } from './hook.ts'
import { begun, closeOpen, endOfTask, link } from './rows-tools.ts'
import type { Session } from './sessions.ts'
import { asItIs, derived, mainStart, runStart, status, type Told, workerStart } from './told.ts'

export function sessionStart(hook: Hook): readonly Told[] {
  const { source: start } = hook.body
  // The same session, in the midst of its work.
  if (start === 'compact') return [{ ...asItIs(hook), data: { source: start } }]
  const run = runStart(hook)
  return [{ ...run, data: { ...run.data, start } }, mainStart(hook)]
}

export function sessionEnd(hook: Hook, session: Session): readonly Told[] {
  const reason = stringOf(hook.body.reason) ?? 'session ended'
  const main = agentIn(hook.session)
  const workers = [...session.started].filter((agent) => agent !== main && agent !== person(hook))
  session.started.clear()
  session.open.clear()
  return [
    { type: 'run.finished', ofRun: true, data: { reason } },
    stopped(main, reason),
    ...workers.map((agent) => derived(stopped(agent, reason))),
  ]
}

const stopped = (agent: string, reason: string): Told => ({ type: 'agent.stopped', agent, about: agent, data: { reason }, shiftMs: 1 })

/** How work in the background ended comes in the words of a user. */
function noticeOf(prompt: string) {
  if (!prompt.startsWith('<task-notification>')) return undefined
  const within = (tag: string) => nameOf(new RegExp(`<${tag}>([^<]{1,256})</${tag}>`).exec(prompt)?.[1]?.trim())
  return { call: within('tool-use-id'), task: within('task-id'), outcome: within('status') ?? 'completed' }
}

/** Background tasks are named by a letter for their kind: subagents, shells, … */
const isSubagent = (task: string | undefined) => task !== undefined && /^a[0-9a-f]{6,}$/.test(task)

export function prompt(hook: Hook, session: Session): readonly Told[] {
  const { body, agent } = hook
  const text = stringOf(body.prompt)
  const busy = derived(status('busy', 'has a prompt', agent))
  const notice = noticeOf(text ?? '')
  if (notice === undefined)
    return [{ type: 'message.sent', agent: person(hook), data: { role: 'user', text, to: agent } }, ...personStart(hook, session), busy]
  const { call, task, outcome } = notice
  const said: Told = { type: 'message.sent', data: { role: 'notification', text } }
  // After a restart nothing is known of its order: its kind says what it was.
  const isOpen = call !== undefined && (session.launched.has(call) || (!session.ended.has(call) && isSubagent(task)))
  return isOpen ? [said, busy, endOfTask(session, call, outcome === 'completed' ? undefined : outcome)] : [said, busy]
}

const person = ({ session }: Hook) => agentIn(session, 'user')

function personStart(hook: Hook, { started }: Session): readonly Told[] {
  const agent = person(hook)
  if (started.has(agent)) return []
  started.add(agent)
  return [derived({ type: 'agent.started', agent, about: 'user', data: { role: 'human', name: 'user' }, shiftMs: -1 })]
}

function lastWords({ body }: Hook): readonly Told[] {
  const text = stringOf(body.last_assistant_message)
  return text === undefined ? [] : [{ type: 'message.sent', data: { role: 'assistant', text } }]
}

export const stop = (hook: Hook, session: Session): readonly Told[] => [
  { ...status('idle', 'turn ended'), shiftMs: 1 },
  ...lastWords(hook),
  ...closeOpen(session, hook.agent),
]

export function stopFailure({ body, agent }: Hook, session: Session): readonly Told[] {
  const { error, error_details: details, last_assistant_message: shown } = body
  const message = `turn failed: ${stringOf(error) ?? 'unknown'}`
  return [
    { type: 'log', data: { level: 'error', message, error, details, shown } },
    { ...status('idle', message), shiftMs: 1 },
    ...closeOpen(session, agent),
  ]
}

const waits = new Set(['permission_prompt', 'idle_prompt', 'elicitation_dialog', 'elicitation_url_dialog', 'agent_needs_input'])

export function notification({ body }: Hook): readonly Told[] {
  const { message, title, notification_type: notification } = body
  const { type, data } = waits.has(String(notification))
    ? status('waiting', message)
    : { type: 'log', data: { level: 'info', message: stringOf(message) } }
  return [{ type, data: { ...data, notification, title: stringOf(title) } }]
}

export function subagentStart(hook: Hook, session: Session): readonly Told[] {
  const { agent, agentType } = hook
  const order = session.orders.get(agent)
  return [
    { ...workerStart(hook), shiftMs: -1 },
    derived(status('busy', 'started')),
    ...(order === undefined ? onlyOrder() : [begun(agent, order)]),
  ]

  /** Of several orders of one kind each may be the one: their calls' results will tell. */
  function onlyOrder(): readonly Told[] {
    const [only, ...rivals] = [...session.pending].filter(([, { type }]) => type === agentType)
    return only === undefined || rivals.length > 0 ? [] : link(hook, session, only[0], agent)
  }
}

export function subagentStop(hook: Hook, session: Session): readonly Told[] {
  const { agent } = hook
  const order = session.orders.get(agent)
  session.started.delete(agent)
  const open = closeOpen(session, agent)
  const done = order !== undefined && session.launched.has(order) ? [endOfTask(session, order)] : []
  return [stopped(agent, 'its turn ended'), ...lastWords(hook), ...open, ...done]
}

/** Teammates are named, and not by an id. */
function teammate({ session, body, agent }: Hook): string {
  const name = nameOf(body.teammate_name)
  return name === undefined ? agent : agentIn(session, name)
}

function listed(type: string, hook: Hook): Told {
  const { task_id: id, task_subject: title, task_description: description } = hook.body
  const task = nameOf(typeof id === 'number' ? String(id) : id) ?? hook.digest
  return { type, task, agent: teammate(hook), data: { title: stringOf(title), description } }
}

export const taskCreated = (hook: Hook): readonly Told[] => [listed('task.created', hook)]
export const taskCompleted = (hook: Hook): readonly Told[] => [listed('task.completed', hook)]
export const teammateIdle = (hook: Hook): readonly Told[] => [status('idle', 'its turn ended', teammate(hook))]

/**
 * Claude Code's events (code.claude.com/docs/en/monitoring-usage), as its OTLP logs have them: body `claude_code.<name>`, attribute
 * `event.name` `<name>`. Calls have the ids that hooks and transcripts give them.
 *
 * `event.sequence` is no `seq`: it counts the events of a process, so that it begins again in a session that is resumed and goes on in
 * the next one of the same process. It stays in the attributes.
 */
import { agentOf, runOf } from '@signalbox/model/claude-code.ts'
import { silenceMs } from '@signalbox/model/foreign.ts'
import { clip } from '@signalbox/model/text.ts'
import { countIn, isFalse, type LogDraft, numberIn, objectIn, type Reading, startedAt, type Told, textIn } from './record.ts'
import { agentStarted, custom, levelOf, logged, prompt, type Session, said, sessionOf, spoken, toolDecided, toolEnded } from './session.ts'

const prefix = 'claude_code.'

/** Undefined where the record is none of Claude Code's, or of no session. */
export function claudeCode(told: Told): Reading | undefined {
  const name = nameOf(told)
  const id = textIn(told.record.attributes, 'session.id')
  if (name === undefined || id === undefined) return undefined
  const session = sessionOf(told, 'claude-code', id, runOf(id), (agent) => agentOf(id, agent))
  const caller = callerOf(session)
  const read = Object.hasOwn(kinds, name) ? kinds[name] : undefined
  return { source: session.source, drafts: read?.(session, caller) ?? [custom(session, name, caller.agent)] }
}

function nameOf({ record: { eventName, body }, scope }: Told): string | undefined {
  for (const name of [body, eventName]) if (typeof name === 'string' && name.startsWith(prefix)) return name.slice(prefix.length)
  return scope.name === 'com.anthropic.claude_code.events' && eventName !== '' ? eventName : undefined
}

interface Caller {
  readonly agent: string | undefined
  /** Of a subagent that is named by its type alone. */
  readonly type: string | undefined
}

/**
 * A record tells the type of the subagent that acted, and of tool calls nothing. By itself it is taken for an agent of that type, or for
 * the main one. Where hooks or transcripts tell the agents by their ids, `signalbox.agents=by-id` of the resource leaves it to them.
 */
function callerOf({ told, attributes, main, agentOf }: Session): Caller {
  const byId = told.resource['signalbox.agents'] === 'by-id'
  const id = textIn(attributes, 'agent_id') ?? textIn(attributes, 'agent.id')
  if (id !== undefined) return { agent: agentOf(id), type: undefined }
  const asked = textIn(attributes, 'query_source') ?? ''
  const type = textIn(attributes, 'agent.name') ?? textIn(attributes, 'agent_type') ?? /^agent:(?:[^:]*:)?(.+)$/.exec(asked)?.[1]
  if (type !== undefined) return byId ? { agent: undefined, type: undefined } : { agent: agentOf(type), type }
  return { agent: byId && !/^(repl_main_thread|sdk$)/.test(asked) ? undefined : main, type: undefined }
}

type Kind = (session: Session, caller: Caller) => readonly LogDraft[]

const log =
  (level: (session: Session) => string, text: string): Kind =>
  (session, { agent }) => [logged(session, level(session), text, agent)]
const always = (level: string) => () => level

const kinds: Readonly<Record<string, Kind>> = {
  user_prompt: (session) => prompt(session, 'manager'),
  assistant_response: (session, { agent }) => [
    said(session, 'message.sent', { role: 'assistant', ...spoken(session.attributes, 'response') }, agent),
  ],
  api_request: (session, caller) => [
    ...subagent(session, caller),
    said(session, 'llm.finished', { ...callOf(session), ...spentBy(session) }, caller.agent),
  ],
  api_error: (session, caller) => [
    ...subagent(session, caller),
    said(session, 'llm.failed', { ...callOf(session), error: errorOf(session) }, caller.agent),
  ],
  tool_decision: (session, { agent }) => [
    ...toolDecided(session, { ...toolOf(session), allows: session.attributes.decision === 'accept' }, agent),
    ...delegated(session),
  ],
  tool_result: (session, { agent }) => {
    const { call, name } = toolOf(session)
    const error = textIn(session.attributes, 'error') ?? textIn(session.attributes, 'error_type')
    return [toolEnded(session, call, name, error, agent), ...delivered(session, error)]
  },
  // `total_tokens` is of its last request alone: no total of anything.
  subagent_completed: (session, { agent }) => [
    agent === undefined || agent === session.main
      ? custom(session, 'subagent_completed')
      : said(session, 'agent.status', { status: 'idle', detail: 'completed' }, agent),
  ],
  compaction: (session, { agent }) => [said(session, 'context.compacted', {}, agent)],
  api_refusal: log(always('warn'), 'The model refused.'),
  api_retries_exhausted: log(always('error'), 'A request to the model failed for good.'),
  internal_error: log(always('error'), 'Claude Code met an error of its own.'),
  auth: log(levelOf, 'Signed in or out.'),
  mcp_server_connection: log(({ attributes }) => (attributes.status === 'failed' ? 'error' : 'info'), 'An MCP server came or went.'),
}

const toolOf = ({ attributes }: Session) => ({ call: textIn(attributes, 'tool_use_id'), name: textIn(attributes, 'tool_name') })

function callOf({ attributes, told }: Session) {
  const call = textIn(attributes, 'request_id') ?? textIn(attributes, 'client_request_id')
  const model = textIn(attributes, 'model')
  return {
    ...(call === undefined ? {} : { call }),
    provider: 'anthropic',
    ...(model === undefined ? {} : { model }),
    ...startedAt(told),
  }
}

/** Anthropic counts cached tokens beside the input; here input is all of it. */
function spentBy({ attributes }: Session) {
  const cacheReadTokens = countIn(attributes, 'cache_read_tokens') ?? 0
  const cacheWriteTokens = countIn(attributes, 'cache_creation_tokens') ?? 0
  const inputTokens = (countIn(attributes, 'input_tokens') ?? 0) + cacheReadTokens + cacheWriteTokens
  const dollars = numberIn(attributes, 'cost_usd')
  const costMicros =
    countIn(attributes, 'cost_usd_micros') ?? (dollars === undefined || dollars < 0 ? undefined : Math.round(dollars * 1_000_000))
  return {
    usage: { inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens: countIn(attributes, 'output_tokens') ?? 0 },
    ...(costMicros === undefined ? {} : { costMicros }),
  }
}

function errorOf({ attributes }: Session): string {
  const status = numberIn(attributes, 'status_code')
  return clip([status, textIn(attributes, 'error')].filter((part) => part !== undefined).join(' ') || 'The request failed.')
}

/** A subagent says nothing when it starts: its first request shows that it was there when it asked. */
function subagent(session: Session, { agent, type }: Caller): readonly LogDraft[] {
  if (agent === undefined || type === undefined) return []
  const start = startedAt(session.told).startedAt
  return [
    agentStarted(session, agent, start === undefined ? session.time - 1 : Date.parse(start), {
      role: 'worker',
      name: clip(type, 100),
      manager: session.main,
      intervalMs: silenceMs,
    }),
  ]
}

/** The call of a tool that hands work to a subagent, where its parameters are told (OTEL_LOG_TOOL_DETAILS) and agents go by their type. */
function orderOf(session: Session): { readonly task: string; readonly to: string } | undefined {
  const { call, name } = toolOf(session)
  const type = objectIn(session.attributes, 'tool_parameters').subagent_type
  if (call === undefined || (name !== 'Task' && name !== 'Agent') || typeof type !== 'string' || type === '') return undefined
  return session.told.resource['signalbox.agents'] === 'by-id' ? undefined : { task: call, to: session.agentOf(type) }
}

function delegated(session: Session): readonly LogDraft[] {
  const order = orderOf(session)
  if (order === undefined || session.attributes.decision !== 'accept') return []
  const { run, main } = session
  return [{ type: 'task.assigned', run, agent: main, task: order.task, data: { to: order.to, from: main }, derived: true }]
}

function delivered(session: Session, error: string | undefined): readonly LogDraft[] {
  const order = orderOf(session)
  if (order === undefined) return []
  const failed = isFalse(session.attributes.success)
  const data = failed && error !== undefined ? { error: clip(error, 500) } : {}
  return [{ type: failed ? 'task.failed' : 'task.completed', run: session.run, agent: order.to, task: order.task, data, derived: true }]
}

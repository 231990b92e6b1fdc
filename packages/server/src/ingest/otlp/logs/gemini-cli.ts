/**
 * Gemini CLI's events (docs/cli/telemetry.md of google-gemini/gemini-cli): attribute `event.name` is `gemini_cli.<name>`. Neither requests
 * nor tool calls have ids, so that each is one event at its end. The same requests are told again as GenAI's
 * `gen_ai.client.inference.operation.details`, which is kept and not counted.
 */

import { silenceMs } from '@signalbox/model/foreign.ts'
import { clip } from '@signalbox/model/text.ts'
import { countIn, type LogDraft, numberIn, type Reading, startedAt, type Told, textIn } from './record.ts'
import { agentStarted, custom, mainStarted, prompt, type Session, said, sessionOf, toolEnded } from './session.ts'

const prefix = 'gemini_cli.'

/** Undefined where the record is none of Gemini CLI's, or of no session. */
export function geminiCli(told: Told): Reading | undefined {
  const { eventName, attributes } = told.record
  const id = textIn(attributes, 'session.id')
  const isOwn = eventName.startsWith(prefix) || told.resource['service.name'] === 'gemini-cli'
  if (!isOwn || eventName === '' || id === undefined) return undefined
  const session = sessionOf(told, 'gemini-cli', id, `gemini-cli/${id}`, (agent) => `gemini-cli/${id.slice(-8)}/${agent}`)
  const name = eventName.startsWith(prefix) ? eventName.slice(prefix.length) : eventName
  const read = Object.hasOwn(kinds, name) ? kinds[name] : undefined
  return { source: session.source, drafts: read?.(session) ?? [custom(session, name, session.main)] }
}

type Kind = (session: Session) => readonly LogDraft[]

const kinds: Readonly<Record<string, Kind>> = {
  config: (session) => [mainStarted(session, undefined), custom(session, 'config', session.main)],
  user_prompt: (session) => prompt(session, undefined),
  api_response: (session) => [said(session, 'llm.finished', { ...callOf(session), usage: usageOf(session) }, session.main)],
  api_error: (session) => [said(session, 'llm.failed', { ...callOf(session), error: errorOf(session) }, session.main)],
  tool_call: (session) => {
    const { attributes, main } = session
    const error = textIn(attributes, 'error') ?? textIn(attributes, 'error_type')
    return [toolEnded(session, undefined, textIn(attributes, 'function_name'), error, main)]
  },
  chat_compression: (session) => [said(session, 'context.compacted', {}, session.main)],
  'agent.start': invoked,
  'agent.finish': returned,
}

function callOf({ attributes, told }: Session) {
  const model = textIn(attributes, 'model')
  return { provider: 'google', ...(model === undefined ? {} : { model }), ...startedAt(told) }
}

/** Gemini counts thoughts beside the output, and what tools put in beside the input. */
function usageOf({ attributes }: Session) {
  const reasoningTokens = countIn(attributes, 'thoughts_token_count') ?? 0
  return {
    inputTokens: (countIn(attributes, 'input_token_count') ?? 0) + (countIn(attributes, 'tool_token_count') ?? 0),
    cacheReadTokens: countIn(attributes, 'cached_content_token_count') ?? 0,
    outputTokens: (countIn(attributes, 'output_token_count') ?? 0) + reasoningTokens,
    reasoningTokens,
  }
}

function errorOf({ attributes }: Session): string {
  const status = textIn(attributes, 'status_code') ?? numberIn(attributes, 'status_code')
  const error = textIn(attributes, 'error') ?? textIn(attributes, 'error.message')
  return clip([status, error].filter((part) => part !== undefined).join(' ') || 'The request failed.')
}

/** A subagent of the session, with an id for each of its invocations, which is the task too. */
function worker({ attributes, agentOf }: Session) {
  const id = textIn(attributes, 'agent_id')
  return id === undefined ? undefined : { agent: agentOf(id), task: clip(id, 200), name: textIn(attributes, 'agent_name') }
}

function invoked(session: Session): readonly LogDraft[] {
  const called = worker(session)
  if (called === undefined) return [custom(session, 'agent.start', session.main)]
  const { agent, task, name } = called
  const { run, main, time } = session
  return [
    agentStarted(session, agent, time - 1, { role: 'worker', name: clip(name ?? task, 100), manager: main, intervalMs: silenceMs }),
    { type: 'task.assigned', run, agent: main, task, data: { to: agent, from: main }, derived: true },
    { ...said(session, 'task.started', {}, agent), task },
  ]
}

function returned(session: Session): readonly LogDraft[] {
  const called = worker(session)
  if (called === undefined) return [custom(session, 'agent.finish', session.main)]
  const { agent, task } = called
  const reason = textIn(session.attributes, 'terminate_reason') ?? ''
  const ended =
    reason === 'GOAL'
      ? said(session, 'task.completed', {}, agent)
      : said(session, 'task.failed', { error: clip(reason === '' ? 'It ended.' : reason, 500) }, agent)
  return [
    { ...ended, task },
    { type: 'agent.stopped', run: session.run, agent, data: { reason: clip(reason, 100) }, derived: true },
  ]
}

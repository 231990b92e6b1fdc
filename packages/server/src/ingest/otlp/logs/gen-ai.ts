/**
 * GenAI events of the semantic conventions (open-telemetry/semantic-conventions-genai), and the messages of their releases to 1.36. They
 * are written within the span of their call, whose id is the call's: a span and its event are one call, counted once.
 */

import { silenceMs } from '@signalbox/model/foreign.ts'
import { clip } from '@signalbox/model/text.ts'
import { createKeeper } from '../spans/keeping.ts'
import { agentIn, callerIn, runIn, serviceOf, sourceOf } from './identity.ts'
import { countIn, type LogDraft, objectIn, type Reading, saidBy, type Told, textIn } from './record.ts'

/** Undefined where the record is no GenAI event. */
export function genAi(told: Told): Reading | undefined {
  const { eventName } = told.record
  const read = Object.hasOwn(kinds, eventName) ? kinds[eventName] : undefined
  return read === undefined ? undefined : { source: sourceOf(told.resource), drafts: read(told) }
}

type Kind = (told: Told) => readonly LogDraft[]

const messages: Readonly<Record<string, string>> = {
  'gen_ai.system.message': 'system',
  'gen_ai.user.message': 'user',
  'gen_ai.assistant.message': 'assistant',
  'gen_ai.tool.message': 'tool',
  'gen_ai.choice': 'assistant',
}

const kinds: Readonly<Record<string, Kind>> = {
  'gen_ai.client.inference.operation.details': inference,
  'gen_ai.client.operation.exception': exception,
  'gen_ai.evaluation.result': evaluation,
  ...Object.fromEntries(Object.entries(messages).map(([name, role]): [string, Kind] => [name, (told) => message(told, role)])),
}

function started(told: Told): readonly LogDraft[] {
  const name = textIn(told.record.attributes, 'gen_ai.agent.name') ?? serviceOf(told.resource)
  return [
    {
      type: 'agent.started',
      time: told.time - 1,
      run: runIn(told),
      agent: callerIn(told),
      data: { name: clip(name, 100), intervalMs: silenceMs },
      derived: true,
    },
  ]
}

const said = (told: Told, type: string, data: Readonly<Record<string, unknown>>, agent: string | undefined): LogDraft => ({
  type,
  run: runIn(told),
  agent,
  data: { ...data, ...saidBy(told) },
})

function callOf({ record: { attributes, spanId } }: Told) {
  const call = spanId ?? textIn(attributes, 'gen_ai.response.id')
  const model = textIn(attributes, 'gen_ai.response.model') ?? textIn(attributes, 'gen_ai.request.model')
  const provider = textIn(attributes, 'gen_ai.provider.name') ?? textIn(attributes, 'gen_ai.system')
  return {
    ...(call === undefined ? {} : { call }),
    ...(model === undefined ? {} : { model }),
    ...(provider === undefined ? {} : { provider }),
  }
}

function inference(told: Told): readonly LogDraft[] {
  const { attributes } = told.record
  const error = textIn(attributes, 'error.type')
  const usage = {
    inputTokens: countIn(attributes, 'gen_ai.usage.input_tokens') ?? 0,
    cacheReadTokens: countIn(attributes, 'gen_ai.usage.cache_read.input_tokens') ?? 0,
    cacheWriteTokens:
      countIn(attributes, 'gen_ai.usage.cache_creation.input_tokens') ?? countIn(attributes, 'gen_ai.usage.cache_write.input_tokens') ?? 0,
    outputTokens: countIn(attributes, 'gen_ai.usage.output_tokens') ?? 0,
    reasoningTokens: countIn(attributes, 'gen_ai.usage.reasoning.output_tokens') ?? 0,
  }
  const data = { ...callOf(told), usage, ...(error === undefined ? {} : { error: clip(error) }) }
  return [...started(told), said(told, error === undefined ? 'llm.finished' : 'llm.failed', data, callerIn(told))]
}

const inferences: ReadonlySet<string> = new Set(['chat', 'generate_content', 'text_completion', 'embeddings'])

/** Of a call to a model it is that call's end; of anything else a line of the log. */
function exception(told: Told): readonly LogDraft[] {
  const { attributes } = told.record
  const text = clip(textIn(attributes, 'exception.message') ?? textIn(attributes, 'exception.type') ?? 'An operation failed.')
  if (!inferences.has(textIn(attributes, 'gen_ai.operation.name') ?? ''))
    return [said(told, 'log', { level: 'error', text }, callerIn(told))]
  return [...started(told), said(told, 'llm.failed', { ...callOf(told), error: text }, callerIn(told))]
}

const results = {
  name: 'gen_ai.evaluation.name',
  score: 'gen_ai.evaluation.score.value',
  label: 'gen_ai.evaluation.score.label',
  explanation: 'gen_ai.evaluation.explanation',
} as const

function evaluation(told: Told): readonly LogDraft[] {
  const keeper = createKeeper()
  const data: Record<string, unknown> = {}
  for (const [name, key] of Object.entries(results)) {
    const value = told.record.attributes[key]
    if (value !== undefined) data[name] = keeper.value(name, value)
  }
  return [said(told, 'eval.result', data, agentIn(told))]
}

/** Content is in the body, or of a choice in its message. */
function message(told: Told, role: string): readonly LogDraft[] {
  const { body } = told.record
  const outer = objectIn({ body }, 'body')
  const inner = outer.message
  const content = outer.content ?? (typeof inner === 'object' && inner !== null && 'content' in inner ? inner.content : undefined)
  const text = typeof content === 'string' ? content : typeof body === 'string' ? body : undefined
  return [said(told, 'message.sent', { role, ...(text === undefined ? {} : { text: clip(text) }) }, callerIn(told))]
}

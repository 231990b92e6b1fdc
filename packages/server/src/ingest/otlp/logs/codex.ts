/**
 * Codex's events (codex-rs/otel of openai/codex): attribute `event.name` is `codex.<name>`. A request to the model has no id: what it took
 * is told when its stream completes, and a request that failed is told as such.
 */
import { clip } from '@signalbox/model/text.ts'
import { countIn, type LogDraft, numberIn, type Reading, startedAt, type Told, textIn } from './record.ts'
import { custom, mainStarted, prompt, type Session, said, sessionOf, toolDecided, toolEnded } from './session.ts'

const prefix = 'codex.'

/** Undefined where the record is none of Codex's, or of no conversation. */
export function codex(told: Told): Reading | undefined {
  const { eventName, attributes } = told.record
  const id = textIn(attributes, 'conversation.id')
  if (!eventName.startsWith(prefix) || id === undefined) return undefined
  // An id begins with its time, which conversations of one minute share: its end is random.
  const session = sessionOf(told, 'codex', id, `codex/${id}`, (agent) => `codex/${id.slice(-8)}/${agent}`)
  const name = eventName.slice(prefix.length)
  const read = Object.hasOwn(kinds, name) ? kinds[name] : undefined
  return { source: session.source, drafts: read?.(session) ?? [custom(session, name, session.main)] }
}

type Kind = (session: Session) => readonly LogDraft[] | undefined

const kinds: Readonly<Record<string, Kind>> = {
  conversation_starts: (session) => [mainStarted(session, undefined), custom(session, 'conversation_starts', session.main)],
  user_prompt: (session) => prompt(session, undefined),
  tool_decision: (session) =>
    toolDecided(session, { ...toolOf(session), allows: /^approved/.test(textIn(session.attributes, 'decision') ?? '') }, session.main),
  tool_result: (session) => {
    const { call, name } = toolOf(session)
    return [toolEnded(session, call, name, textIn(session.attributes, 'output'), session.main)]
  },
  api_request: failedOnly,
  websocket_request: failedOnly,
  sse_event: streamed,
}

const toolOf = ({ attributes }: Session) => ({ call: textIn(attributes, 'call_id'), name: textIn(attributes, 'tool_name') })

function callOf({ attributes, told }: Session) {
  const model = textIn(attributes, 'model')
  return { ...(model === undefined ? {} : { model }), ...startedAt(told) }
}

function failed(session: Session, error: string): readonly LogDraft[] {
  return [said(session, 'llm.failed', { ...callOf(session), error: clip(error) }, session.main)]
}

function failedOnly(session: Session): readonly LogDraft[] | undefined {
  const status = numberIn(session.attributes, 'http.response.status_code')
  const error = textIn(session.attributes, 'error.message') ?? (status !== undefined && status >= 400 ? `HTTP ${status}` : undefined)
  return error === undefined ? undefined : failed(session, error)
}

/** Pieces of a stream as they come are of no use in a log: there are thousands of them, without their content. */
function streamed(session: Session): readonly LogDraft[] | undefined {
  const { attributes, main } = session
  const kind = textIn(attributes, 'event.kind') ?? ''
  const error = textIn(attributes, 'error.message')
  if (error !== undefined) return failed(session, error)
  if (kind.endsWith('.delta')) return []
  if (kind !== 'response.completed') return undefined
  const usage = {
    inputTokens: countIn(attributes, 'input_token_count') ?? 0,
    cacheReadTokens: countIn(attributes, 'cached_token_count') ?? 0,
    outputTokens: countIn(attributes, 'output_token_count') ?? 0,
    reasoningTokens: countIn(attributes, 'reasoning_token_count') ?? 0,
  }
  // The time it took is that of one piece of its stream.
  const model = textIn(attributes, 'model')
  return [said(session, 'llm.finished', { ...(model === undefined ? {} : { model }), usage }, main)]
}

/** The table from spans of OpenAI's Agents SDK to events. Each line knows its span alone. */
import type { Draft } from '@signalbox/model/foreign.ts'
import { silenceMs } from '@signalbox/model/foreign.ts'
import { clip, identifier, type Json, stringOf } from '@signalbox/model/text.ts'
import type { Attributes } from '../otlp/otlp.ts'
import { createKeeper } from '../otlp/spans/keeping.ts'
import type { SpanRecord, TraceRecord } from './records.ts'
import { type Usage, usageOf } from './usage.ts'

/** Whose call it is, and in which task, is learned from other spans (`family.ts`). */
const calls: Readonly<Record<string, 'llm' | 'tool'>> = {
  generation: 'llm',
  response: 'llm',
  transcription: 'llm',
  speech: 'llm',
  function: 'tool',
  mcp_tools: 'tool',
}
export const callOf = ({ kind }: Pick<SpanRecord, 'kind'>): 'llm' | 'tool' | undefined =>
  Object.hasOwn(calls, kind) ? calls[kind] : undefined

/** A model call that says what it took; where the SDK keeps that to itself only the turn around it does. */
export function ownUsageOf({ data }: SpanRecord): Usage | undefined {
  const [answer] = Array.isArray(data.output) ? data.output : []
  return usageOf(data.usage) ?? usageOf((answer as Json | undefined)?.usage)
}

const runOf = ({ trace }: SpanRecord) => trace
/** `started` and `ended` of one span, which may both be of one type. */
const draft = (span: SpanRecord, type: string, at: 'start' | 'end', more: Partial<Draft>): Draft => ({
  foreign: span.id,
  type,
  time: span[at],
  run: runOf(span),
  data: {},
  ...more,
})
const failure = ({ error }: SpanRecord) => (error === undefined ? {} : { error: clip(error) })

/** All that the record says. */
const whole = ({ data, parent }: SpanRecord): Json => ({ ...(parent && { parentSpan: parent }), ...kept(data) })

function kept(fields: Json): Json {
  const keeper = createKeeper()
  // What JSON.parse makes.
  const attributes = keeper.attributes(fields as Attributes)
  return { attributes, ...(keeper.clipped.length > 0 && { clipped: keeper.clipped }) }
}

/** An agent that was seen at work; it falls silent without a word, as what is exported has no end of a process. */
const seen = (span: SpanRecord, at: 'start' | 'end', agent: string, more: Json): Draft => ({
  ...draft(span, 'agent.started', at, { agent, data: { name: agent, ...more, intervalMs: silenceMs, derived: true } }),
  foreign: `${span.id}:${agent}`,
})

function callEvents(span: SpanRecord, kind: 'llm' | 'tool'): Draft[] {
  const { data } = span
  const usage = ownUsageOf(span)
  const server = stringOf(data.server)
  const said = {
    call: span.id,
    name: clip(stringOf(data.name) ?? stringOf(data.model) ?? (server === undefined ? span.kind : `${span.kind} ${server}`), 256),
    ...(stringOf(data.model) !== undefined && { model: clip(stringOf(data.model) ?? '', 256) }),
    startedAt: new Date(Math.min(span.start, span.end)).toISOString(),
    ...(usage !== undefined && { usage }),
    ...failure(span),
    ...whole(span),
  }
  return [draft(span, span.error === undefined ? `${kind}.finished` : `${kind}.failed`, 'end', { data: said })]
}

/** An agent span is one stretch of one agent's work, from when the runner begins with it to its answer or its handoff. */
function agentEvents(span: SpanRecord): Draft[] {
  const agent = identifier(span.data.name)
  if (agent === undefined) return otherEvents(span)
  const { handoffs } = span.data
  // Who may hand its work to others leads them; a worker is known by who asked it.
  const role = Array.isArray(handoffs) && handoffs.length > 0 ? { role: 'manager' } : {}
  const of = { agent, task: span.id }
  return [
    seen(span, 'start', agent, role),
    draft(span, 'task.started', 'start', { ...of, data: { title: agent } }),
    draft(span, span.error === undefined ? 'task.completed' : 'task.failed', 'end', { ...of, data: { ...failure(span), ...whole(span) } }),
    // Behind the end of its task.
    { ...draft(span, 'agent.stopped', 'end', { agent, data: { reason: 'its part of the run ended', derived: true } }), time: span.end + 1 },
    ...rootEvents(span),
  ]
}

/** A turn is one model call and the tools that it asked for: the first that is heard of an agent while its span is open. */
function turnEvents(span: SpanRecord): Draft[] {
  const agent = identifier(span.data.agent_name)
  if (agent === undefined || span.parent === undefined) return otherEvents(span)
  const { turn } = span.data
  const note = typeof turn === 'number' ? `turn ${turn}` : 'a turn'
  return [
    // Later ones need not: who comes in by a handoff is seen by it.
    ...(turn === 1 ? [seen(span, 'start', agent, {})] : []),
    draft(span, 'task.progress', 'end', { agent, task: span.parent, data: { note, title: agent, ...failure(span), ...whole(span) } }),
  ]
}

/** What has no parent ends its run: nothing is sent when a trace ends. */
function rootEvents(span: SpanRecord): Draft[] {
  if (span.parent !== undefined) return []
  const usage = usageOf(span.data.usage)
  const reported = usage && { inputTokens: usage.inputTokens, outputTokens: usage.outputTokens }
  const data = { ...failure(span), ...(reported && { reported }), ...(span.kind === 'agent' ? { derived: true } : whole(span)) }
  return [draft(span, span.error === undefined ? 'run.finished' : 'run.failed', 'end', { data })]
}

function handoffEvents(span: SpanRecord): Draft[] {
  const from = identifier(span.data.from_agent)
  const to = identifier(span.data.to_agent)
  if (from === undefined || to === undefined) return otherEvents(span)
  return [
    draft(span, 'handoff', 'end', { agent: from, data: { from, to, ...failure(span), ...whole(span) } }),
    seen(span, 'end', to, { role: 'worker' }),
  ]
}

const guardrailEvents = (span: SpanRecord): Draft[] => [
  draft(span, 'approval.decided', 'end', {
    data: { name: stringOf(span.data.name) ?? 'guardrail', approved: span.data.triggered !== true, ...failure(span), ...whole(span) },
  }),
]

/** `custom.openai-agents.<kind>`: a kind is the sender's text, a type has fewer letters. */
const otherEvents = (span: SpanRecord): Draft[] => [
  draft(span, `custom.openai-agents.${span.kind.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 60)}`, 'end', {
    data: {
      ...(stringOf(span.data.name) !== undefined && { name: clip(stringOf(span.data.name) ?? '') }),
      startedAt: new Date(span.start).toISOString(),
      ...failure(span),
      ...whole(span),
    },
  }),
]

const rows: Readonly<Record<string, (span: SpanRecord) => Draft[]>> = {
  agent: agentEvents,
  turn: turnEvents,
  task: (span) => (span.parent === undefined ? rootEvents(span) : otherEvents(span)),
  handoff: handoffEvents,
  guardrail: guardrailEvents,
}

export function eventsOf(span: SpanRecord): Draft[] {
  const call = callOf(span)
  if (call !== undefined) return callEvents(span, call)
  const row = Object.hasOwn(rows, span.kind) ? rows[span.kind] : undefined
  return (row ?? otherEvents)(span)
}

/** A trace has no time of its own: `observedAt`, when it was first heard of. */
export function startOf({ id, name, group, metadata }: TraceRecord, observedAt: number): Draft {
  return {
    foreign: id,
    type: 'run.started',
    time: observedAt,
    run: id,
    data: {
      ...(name && { name: clip(name, 256) }),
      ...(group && { conversation: clip(group, 256) }),
      ...kept({ metadata }),
    },
  }
}

/** A span as the events that stand for it: the same for ever, of nothing but the span and its resource. */
import type { EpochMs, EventInput } from '@signalbox/model/event.ts'
import type { Draft } from '@signalbox/model/foreign.ts'
import { clip, identifier } from '@signalbox/model/text.ts'
import { silenceMs } from '../../door.ts'
import { eventOf } from '../../event-of.ts'
import type { AttributeValue, Span } from '../otlp.ts'
import { controlFlow, handoffInName, type Kind, toolInName } from './aliases.ts'
import { type Identity, identityOf, peerOf, type Sender } from './identity.ts'
import { createKeeper, type Keeper } from './keeping.ts'
import { type Reading, readSpan } from './reading.ts'
import type { Node, Role } from './trace.ts'
import { costMicrosOf, usageOf } from './usage.ts'

export interface Told {
  readonly span: Span
  readonly sender: Sender
  readonly reading: Reading
  readonly identity: Identity
  readonly start: EpochMs
  readonly end: EpochMs
  readonly node: Node
}

const roles: Readonly<Partial<Record<Kind, Role>>> = {
  agent: 'agent',
  llm: 'model',
  embedding: 'model',
  rerank: 'model',
  tool: 'tool',
  retrieval: 'tool',
  memory: 'tool',
  handoff: 'handoff',
}

const textOf = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined)
/** Undefined where the ids are not those of a trace of the W3C. */
const traceparent = ({ traceId, spanId }: Span) =>
  traceId.length === 32 && spanId.length === 16 ? `00-${traceId}-${spanId}-01` : undefined
const most = { name: 200, error: 1_000, note: 500, events: 32, links: 32 } as const

/** What went wrong; undefined when nothing did, or when a framework only moved on by an exception. */
function failureOf(span: Span, reading: Reading): string | undefined {
  const { status } = span
  const isSaid = reading.success === false || reading.success === 'false' || reading.success === 'ERROR'
  if (status.code !== 'error' && !isSaid) return undefined
  const exception = span.events.find(({ name }) => name === 'exception')?.attributes
  const type = textOf(exception?.['exception.type']) ?? textOf(reading.errorType)
  const message = (textOf(status.message) ?? textOf(exception?.['exception.message']) ?? textOf(reading.errorType))?.slice(
    0,
    4 * most.error,
  )
  if (
    (type !== undefined && controlFlow.test(type.slice(0, most.error))) ||
    (message !== undefined && controlFlow.test(message.slice(0, 100)))
  )
    return undefined
  const said = type === undefined || message === undefined || message.includes(type) ? (message ?? type) : `${type}: ${message}`
  return clip(said ?? 'error', most.error)
}

/** Tools and whatever Claude Code numbers have an id of their own in all that tells of them; a span's id is known to spans alone. */
function callOf(span: Span, reading: Reading): string {
  if (reading.dialect !== 'claude-code') return span.spanId
  const told = reading.kind === 'llm' ? reading.requestId : reading.toolCallId
  return identifier(told) ?? (span.name === 'claude_code.tool.execution' ? (span.parentSpanId ?? span.spanId) : span.spanId)
}

/** Reads a span. Its times have to be ones that an event can have; where it ends before it starts it takes no time. */
export function tellOf(span: Span, sender: Sender): Told {
  const reading = readSpan(span, sender.group.scope.name)
  const identity = identityOf(span, reading, sender)
  const end = Math.max(span.start, span.end)
  const node: Node = {
    id: span.spanId,
    role: roles[reading.kind] ?? 'plain',
    parent: span.parentSpanId,
    agent: identity.agent,
    service: sender.service,
    source: identity.source,
    run: identity.run,
    call: callOf(span, reading),
    name: span.name.length > most.name ? clip(span.name, most.name) : span.name,
    handoff: reading.kind === 'handoff' ? peerOf(reading.handoffTo ?? handoffInName[0]?.exec(span.name)?.[1], sender) : undefined,
    hasSource: textOf(reading.handoffFrom) !== undefined,
    start: span.start,
    end,
    failed: failureOf(span, reading),
    isCounted: true,
    isTold: false,
    brought: [],
    up: undefined,
  }
  return { span, sender, reading, identity, start: span.start, end, node }
}

/** What the span says beside its fields, and what became of it. */
function commonData({ span, sender, reading, start, end, node }: Told, keeper: Keeper): Record<string, unknown> {
  const { scope } = sender.group
  const data: Record<string, unknown> = { span: node.name, startedAt: new Date(start).toISOString() }
  if (reading.dialect !== undefined) data.dialect = reading.dialect
  if (scope.name !== '') data.scope = clip(scope.version === '' ? scope.name : `${scope.name}@${scope.version}`, most.name)
  if (span.parentSpanId !== undefined) data.parentSpan = span.parentSpanId
  const conversation = textOf(reading.conversation)
  if (conversation !== undefined) data.conversation = clip(conversation, most.name)
  if (node.failed !== undefined) data.error = node.failed
  else if (span.status.code === 'error' && span.status.message !== '') data.movedOn = clip(span.status.message, most.error)
  if (end !== span.end) data.endedBeforeStart = true
  if (span.traceState) data.traceState = clip(span.traceState, most.name)
  if (span.dropped) data.droppedBySender = span.dropped
  if (span.events.length > 0) data.events = span.events.slice(0, most.events).map((event) => moment(event, keeper))
  if (span.events.length > most.events) data.eventsLeftOut = span.events.length - most.events
  if (span.links.length > 0) data.links = span.links.slice(0, most.links).map(({ traceId, spanId }) => ({ trace: traceId, span: spanId }))
  return data
}

const moment = ({ name, time, attributes }: Span['events'][number], keeper: Keeper) => ({
  name: clip(name, most.name),
  at: time >= 0 && time < 8e15 ? new Date(time).toISOString() : null,
  attributes: keeper.attributes(attributes),
})

function contents({ span, reading, sender, node }: Told, data: Record<string, unknown>, keeper: Keeper, names: readonly [string, string]) {
  const put = (name: string, value: AttributeValue | undefined) => {
    if (value !== undefined) data[name] = keeper.value(name, value)
  }
  put(names[0], reading.inputKey === '' ? undefined : span.attributes[reading.inputKey])
  put(names[1], reading.outputKey === '' ? undefined : span.attributes[reading.outputKey])
  data.attributes = keeper.attributes(span.attributes, reading.inputKey, reading.outputKey)
  if (node.role === 'agent' || node.parent === undefined) data.resource = keeper.attributes(sender.group.resource.attributes)
  if (keeper.clipped.length > 0) data.clipped = keeper.clipped
}

function modelData(told: Told, data: Record<string, unknown>) {
  const { reading, node } = told
  const model = textOf(reading.model)
  if (model !== undefined) data.model = clip(model, most.name)
  const provider = textOf(reading.provider)
  if (provider !== undefined) data.provider = clip(provider, most.name)
  const answered = textOf(reading.responseModel)
  if (answered !== undefined && answered !== model) data.responseModel = clip(answered, most.name)
  if (reading.finishReasons !== undefined) data.finishReasons = createKeeper().value('', reading.finishReasons)
  if (!node.isCounted) return
  data.call = node.call
  const usage = usageOf(reading)
  if (usage !== undefined) data.usage = usage
  const costMicros = costMicrosOf(reading)
  if (costMicros !== undefined) data.costMicros = costMicros
}

function toolNameOf({ span, reading }: Told): string | undefined {
  const told = textOf(reading.toolName)
  if (told !== undefined) return told
  if (span.name === 'claude_code.tool.execution') return undefined
  for (const pattern of toolInName) {
    const name = pattern.exec(span.name)?.[1]
    if (name !== undefined) return name
  }
  return span.name
}

function reportedOf(reading: Reading): Record<string, number> | undefined {
  const usage = usageOf(reading)
  const costMicros = costMicrosOf(reading)
  const reported: Record<string, number> = {}
  if (usage?.inputTokens !== undefined) reported.inputTokens = usage.inputTokens
  if (usage?.outputTokens !== undefined) reported.outputTokens = usage.outputTokens
  if (costMicros !== undefined) reported.costMicros = costMicros
  return Object.keys(reported).length === 0 ? undefined : reported
}

/** The type of the event that is the span's own, and what it says beside the rest. */
function ownType(told: Told, data: Record<string, unknown>): string {
  const { reading, node, sender } = told
  const ended = node.failed === undefined ? 'finished' : 'failed'
  switch (reading.kind) {
    case 'llm':
    case 'embedding':
    case 'rerank':
      modelData(told, data)
      if (reading.kind !== 'llm') data.operation = reading.kind
      return node.isCounted ? `llm.${ended}` : 'custom.otlp.llm'
    case 'tool':
    case 'retrieval':
    case 'memory': {
      data.call = node.call
      const name = toolNameOf(told)
      if (name !== undefined) data.name = clip(name, most.name)
      const id = textOf(reading.toolCallId)
      if (id !== undefined && id !== node.call) data.toolCall = clip(id, most.name)
      if (reading.kind !== 'tool') data.operation = reading.kind
      return `tool.${ended}`
    }
    case 'agent': {
      const reported = reportedOf(reading)
      if (reported !== undefined) data.reported = reported
      return node.failed === undefined ? 'task.completed' : 'task.failed'
    }
    case 'agent-created':
      Object.assign(data, agentData(told))
      return 'agent.started'
    case 'workflow': {
      const reported = reportedOf(reading)
      if (reported !== undefined) data.reported = reported
      return 'custom.otlp.workflow'
    }
    case 'plan':
      return 'plan.updated'
    case 'handoff': {
      const from = peerOf(reading.handoffFrom, sender) ?? node.agent
      if (node.handoff === undefined || from === undefined) return 'custom.otlp.handoff'
      Object.assign(data, { from, to: node.handoff })
      return 'handoff'
    }
    default:
      return `custom.otlp.${reading.kind === 'other' ? 'span' : reading.kind}`
  }
}

function agentData({ reading, identity, sender }: Told): Record<string, unknown> {
  const model = textOf(reading.model)
  const description = textOf(reading.agentDescription)
  const id = textOf(reading.agentId)
  return {
    name: clip(identity.agentName ?? sender.service, most.name),
    ...(identity.manager === undefined ? {} : { role: 'worker', manager: identity.manager }),
    ...(model === undefined ? {} : { model: clip(model, most.name) }),
    ...(sender.host === undefined ? {} : { host: clip(sender.host, most.name) }),
    ...(description === undefined ? {} : { description: clip(description, most.note) }),
    ...(id === undefined ? {} : { agentId: clip(id, most.name) }),
    intervalMs: silenceMs,
  }
}

const isTool = (kind: Kind) => kind === 'tool' || kind === 'retrieval' || kind === 'memory'

/** The span's own event, and before it what that stands on: the run's start, the agent's, the task's. */
export function recordsOf(told: Told): EventInput[] {
  const { span, reading, identity, start, end, node } = told
  const { source, run, agent } = identity
  const events: EventInput[] = []
  const trace = traceparent(span)
  const add = (part: string, type: string, time: EpochMs, more: Partial<Draft>) =>
    events.push(eventOf(source, { foreign: `span ${span.traceId} ${span.spanId}${part}`, type, time, run, trace, data: {}, ...more }))
  // Claude Code's run is a session, of which a trace is one prompt.
  const isRun = node.parent === undefined && reading.dialect !== 'claude-code'
  if (isRun) add(' run', 'run.started', start, { data: { name: clip(textOf(reading.runName) ?? span.name, most.name), derived: true } })

  const isAgent = reading.kind === 'agent'
  const isSubagent = identity.manager !== undefined && reading.kind === 'llm'
  if (isAgent || isSubagent) add(' agent', 'agent.started', start, { agent, data: { ...agentData(told), derived: true } })
  if (isAgent) add('', 'task.started', start, { agent, task: node.id, data: { title: node.name, derived: true } })

  const keeper = createKeeper()
  const data = commonData(told, keeper)
  const type = ownType(told, data)
  contents(told, data, keeper, isTool(reading.kind) ? ['args', 'result'] : ['input', 'output'])
  add('', type, type === 'agent.started' ? start : end, { agent, task: isAgent ? node.id : undefined, data })
  if (isRun && node.failed === undefined) add(' run', 'run.finished', end, { data: { derived: true } })
  else if (isRun) add(' run', 'run.failed', end, { data: { error: node.failed, derived: true } })
  return events
}

export const isFit = (time: EpochMs): boolean => time >= earliest && time <= latest
const earliest = Date.UTC(1970, 0, 2)
const latest = Date.UTC(9999, 11, 31)

/** A span as the events that stand for it: the same for ever, of nothing but the span and its resource. */
import type { EpochMs } from '@signalbox/model/event.ts'
import type { Draft, MadeEvent } from '@signalbox/model/foreign.ts'
import { createRfc3339 } from '@signalbox/model/rfc3339.ts'
import { clip } from '@signalbox/model/text.ts'
import { eventOf } from '../../event-of.ts'
import type { AttributeValue, Span } from '../otlp.ts'
import type { Kind } from './aliases.ts'
import { rolesOf } from './further.ts'
import { createKeeper, type Keeper, most, textOf } from './keeping.ts'
import { agentData, ownType } from './kinds.ts'
import type { Told } from './told.ts'

/** Undefined where the ids are not those of a trace of the W3C. */
const traceparent = ({ traceId, spanId }: Span) =>
  traceId.length === 32 && spanId.length === 16 ? `00-${traceId}-${spanId}-01` : undefined

const startedAt = createRfc3339()

/** What the span says beside its fields, and what became of it. */
function commonData({ span, sender, reading, start, end, node }: Told, keeper: Keeper): Record<string, unknown> {
  const data: Record<string, unknown> = { span: node.name, startedAt: startedAt(start) }
  if (reading.dialect !== undefined) data.dialect = reading.dialect
  if (sender.scope !== undefined) data.scope = sender.scope
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
  if (span.links.length > 0) data.links = span.links.slice(0, most.links).map((link) => linked(link, keeper))
  if (span.links.length > most.links) data.linksLeftOut = span.links.length - most.links
  return data
}

const moment = ({ name, time, attributes }: Span['events'][number], keeper: Keeper) => ({
  name: clip(name, most.name),
  at: time >= 0 && time < 8e15 ? new Date(time).toISOString() : null,
  attributes: keeper.attributes(attributes),
})

const linked = ({ traceId, spanId, attributes }: Span['links'][number], keeper: Keeper) => ({
  trace: traceId,
  span: spanId,
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

const isTool = (kind: Kind) => kind === 'tool' || kind === 'retrieval' || kind === 'memory'

/** The span's own event, and before it what that stands on: the run's start, the agent's, the task's. */
export function recordsOf(told: Told): MadeEvent[] {
  const { span, reading, identity, start, end, node } = told
  const { source, run, agent } = identity
  const events: MadeEvent[] = []
  const trace = traceparent(span)
  const foreign = `span ${span.traceId} ${span.spanId}`
  const add = (part: string, type: string, time: EpochMs, data: Draft['data'], agent?: string, task?: string) =>
    events.push(eventOf(source, { foreign: part === '' ? foreign : `${foreign} ${part}`, type, time, run, agent, task, trace, data }))
  // Claude Code's run is a session, of which a trace is one prompt.
  const isRun = node.parent === undefined && reading.dialect !== 'claude-code'
  if (isRun) add('run', 'run.started', start, { name: clip(textOf(reading.runName) ?? span.name, most.name), derived: true })

  const isAgent = reading.kind === 'agent'
  const isCall = node.role === 'model' || node.role === 'tool'
  const isSubagent = identity.manager !== undefined && reading.kind === 'llm'
  if (isAgent || isSubagent) add('agent', 'agent.started', start, { ...agentData(told), derived: true }, agent)
  if (isAgent) add('', 'task.started', start, { title: node.name, derived: true }, agent, node.id)

  const keeper = createKeeper()
  const data = commonData(told, keeper)
  const type = ownType(told, data)
  contents(told, data, keeper, isTool(reading.kind) ? ['args', 'result'] : ['input', 'output'])
  add('', type, type === 'agent.started' ? start : end, data, agent, isAgent ? node.id : isCall ? node.task : undefined)
  if (type === 'handoff' && typeof data.from === 'string') events.push(...rolesOf(span.traceId, node, data.from))
  if (isRun && node.failed === undefined) add('run', 'run.finished', end, { derived: true })
  else if (isRun) add('run', 'run.failed', end, { error: node.failed, derived: true })
  return events
}

export const isFit = (time: EpochMs): boolean => time >= earliest && time <= latest
const earliest = Date.UTC(1970, 0, 2)
const latest = Date.UTC(9999, 11, 31)

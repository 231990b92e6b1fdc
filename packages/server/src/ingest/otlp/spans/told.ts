/** A span as it was read: what it says, whose it is, and what is remembered of it. */
import type { EpochMs } from '@signalbox/model/event.ts'
import { clip, identifier } from '@signalbox/model/text.ts'
import type { Span } from '../otlp.ts'
import { controlFlow, handoffInName, type Kind, leads } from './aliases.ts'
import { type Identity, identityOf, peerOf, type Sender } from './identity.ts'
import { most, textOf } from './keeping.ts'
import { type Reading, readSpan } from './reading.ts'
import type { Execution, Node, Role } from './trace.ts'

const nobody: readonly Node[] = []

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

function executionOf({ execution }: Reading, sender: Sender): Execution | undefined {
  const task = identifier(execution)
  const [title] = textOf(execution)?.split(':') ?? []
  const agent = peerOf(title, sender)
  if (task === undefined || title === undefined || agent === undefined) return undefined
  return { task, agent, title: clip(title, most.name) }
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
    isLead: reading.kind === 'handoff' && reading.dialect === 'openinference' && span.name.startsWith(leads),
    task: identifier(reading.task),
    execution: executionOf(reading, sender),
    start: span.start,
    end,
    failed: failureOf(span, reading),
    isCounted: true,
    isTold: false,
    above: undefined,
    root: undefined,
    brought: nobody,
    up: undefined,
  }
  return { span, sender, reading, identity, start: span.start, end, node }
}

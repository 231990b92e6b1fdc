/** Whose a span is: source, run, agents. All of it from the span and its resource alone, so that it is the same for ever. */
import { agentOf, runOf } from '@signalbox/model/claude-code.ts'
import { clip, identifier } from '@signalbox/model/text.ts'
import type { Group, Span } from '../otlp.ts'
import { agentInName } from './aliases.ts'
import { most, textOf } from './keeping.ts'
import type { Reading } from './reading.ts'

/** What spans of one resource and scope share. */
export interface Sender {
  readonly group: Group<Span>
  readonly source: string
  /** Before an agent's own name; '' where the service has none. */
  readonly prefix: string
  /** The agent of calls that nobody else is told to make: the service itself. */
  readonly service: string
  readonly host: string | undefined
  /** Name and version of the instrumentation; undefined where it has no name. */
  readonly scope: string | undefined
}

export function senderOf(group: Group<Span>): Sender {
  const attributes = group.resource.attributes
  const service = identifier(attributes['service.name']) ?? 'unknown_service'
  const isNamed = !service.startsWith('unknown_service')
  return {
    group,
    source: cut(`otlp/${service}`),
    prefix: isNamed ? `${service}/` : '',
    service,
    host: textOf(attributes['host.name']),
    scope: group.scope.name === '' ? undefined : scopeOf(group.scope),
  }
}

const scopeOf = ({ name, version }: Group<Span>['scope']) => clip(version === '' ? name : `${name}@${version}`, most.name)

const cut = (name: string) => identifier(name) ?? name

export interface Identity {
  readonly source: string
  readonly run: string
  /** Of an agent's span the agent, of others the one they name; undefined where they name none. */
  readonly agent: string | undefined
  readonly agentName: string | undefined
  readonly manager: string | undefined
}

const named = (sender: Sender, name: string) => cut(`${sender.prefix}${name}`)

function agentNameOf(span: Span, reading: Reading): string | undefined {
  const told = textOf(reading.agentName) ?? textOf(reading.agentId)
  if (told !== undefined || (reading.kind !== 'agent' && reading.kind !== 'agent-created')) return told
  for (const pattern of agentInName) {
    const name = pattern.exec(span.name)?.[1]
    // `invoke_agent gpt-4o`: an agent without a name is called by its model.
    if (name !== undefined) return name === reading.model ? undefined : name
  }
  return reading.dialect === 'openinference' || reading.dialect === 'langfuse' || reading.dialect === 'traceloop' ? span.name : undefined
}

export function identityOf(span: Span, reading: Reading, sender: Sender): Identity {
  const session = reading.dialect === 'claude-code' ? textOf(reading.conversation) : undefined
  if (session !== undefined) {
    const id = textOf(reading.agentId)
    return {
      source: cut(`claude-code-otel/${session}`),
      run: cut(runOf(session)),
      agent: cut(agentOf(session, id)),
      agentName: id ?? 'main',
      manager: id === undefined ? undefined : cut(agentOf(session, textOf(reading.parentAgent))),
    }
  }
  const name = agentNameOf(span, reading)
  const isAgent = reading.kind === 'agent' || reading.kind === 'agent-created'
  return {
    source: sender.source,
    run: span.traceId,
    agent: name === undefined ? (isAgent ? sender.service : undefined) : named(sender, name),
    agentName: name ?? (isAgent ? sender.service : undefined),
    manager: undefined,
  }
}

/** Another agent that the span names. */
export function peerOf(value: unknown, sender: Sender): string | undefined {
  const name = textOf(value)
  return name === undefined ? undefined : named(sender, name)
}

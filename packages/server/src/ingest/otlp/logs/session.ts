/** What agents at a terminal have in common: a session is a run, somebody types, and one agent answers. */
import type { EpochMs } from '@signalbox/model/event.ts'
import { silenceMs } from '@signalbox/model/foreign.ts'
import { clip, identifier } from '@signalbox/model/text.ts'
import type { Attributes } from '../otlp.ts'
import { isFalse, isTrue, type LogDraft, saidBy, startedAt, type Told, textIn, typeName } from './record.ts'

export interface Session {
  readonly told: Told
  readonly attributes: Attributes
  readonly time: EpochMs
  /** As types of its own are named: `custom.<tool>.<name>`. */
  readonly tool: string
  readonly source: string
  readonly run: string
  readonly main: string
  readonly user: string
  /** Of another agent of the session. */
  readonly agentOf: (name: string) => string
}

/** Names are cut and cleaned here: they are the sender's. */
export function sessionOf(told: Told, tool: string, id: string, run: string, agentOf: (name: string) => string): Session {
  const safe = (name: string) => identifier(name) ?? tool
  const agent = (name: string) => safe(agentOf(name))
  return {
    told,
    attributes: told.record.attributes,
    time: told.time,
    tool,
    source: safe(`${tool}-otel/${id}`),
    run: safe(run),
    main: agent('main'),
    user: agent('user'),
    agentOf: agent,
  }
}

/** The event that the record stands for. */
export const said = (session: Session, type: string, data: Readonly<Record<string, unknown>>, agent?: string): LogDraft => ({
  type,
  run: session.run,
  agent,
  data: { ...data, ...saidBy(session.told) },
})

export const custom = (session: Session, name: string, agent?: string): LogDraft =>
  said(session, `custom.${session.tool}.${typeName(name)}`, {}, agent)

export const logged = (session: Session, level: string, text: string, agent?: string): LogDraft =>
  said(session, 'log', { level, text }, agent)

export const agentStarted = (session: Session, agent: string, time: EpochMs, data: Readonly<Record<string, unknown>>): LogDraft => ({
  type: 'agent.started',
  part: agent,
  time,
  run: session.run,
  agent,
  data,
  derived: true,
})

export const mainStarted = (session: Session, role: 'manager' | undefined): LogDraft =>
  agentStarted(session, session.main, session.time - 1, {
    ...(role === undefined ? {} : { role }),
    name: 'main',
    ...(textIn(session.attributes, 'model') === undefined ? {} : { model: textIn(session.attributes, 'model') }),
    intervalMs: silenceMs,
  })

const redacted = /^[<[]REDACTED[>\]]$/

/** What somebody typed, and that the main agent begins with it. */
export function prompt(session: Session, role: 'manager' | undefined): readonly LogDraft[] {
  const { run, main, user, attributes, time } = session
  return [
    mainStarted(session, role),
    agentStarted(session, user, time - 1, { role: 'human', name: 'user' }),
    { type: 'agent.status', run, agent: main, data: { status: 'busy', detail: 'prompt' }, derived: true },
    said(session, 'message.sent', { role: 'user', to: main, ...spoken(attributes, 'prompt') }, user),
  ]
}

/** The text of a message, where it is told. */
export function spoken(attributes: Attributes, key: string): { readonly text?: string } {
  const text = textIn(attributes, key)
  return text === undefined || redacted.test(text) ? {} : { text: clip(text) }
}

/** The end of a tool call: `success` tells which, `error` or else its type what. */
export function toolEnded(
  session: Session,
  call: string | undefined,
  name: string | undefined,
  error: string | undefined,
  agent?: string,
): LogDraft {
  const failed = isFalse(session.attributes.success)
  return said(
    session,
    failed ? 'tool.failed' : 'tool.finished',
    {
      ...(call === undefined ? {} : { call }),
      ...(name === undefined ? {} : { name }),
      ...startedAt(session.told),
      ...(failed && error !== undefined ? { error: clip(error) } : {}),
    },
    agent,
  )
}

/** Somebody or something let a tool run, or did not: then the call begins. */
export function toolDecided(
  session: Session,
  decision: { readonly call: string | undefined; readonly name: string | undefined; readonly allows: boolean },
  agent?: string,
): readonly LogDraft[] {
  const { call, name, allows } = decision
  const about = { ...(call === undefined ? {} : { call }), ...(name === undefined ? {} : { name }) }
  const decided = said(session, 'approval.decided', { ...about, decision: allows ? 'allowed' : 'denied' }, agent)
  if (!allows || call === undefined) return [decided]
  return [decided, { type: 'tool.started', run: session.run, agent, data: about, derived: true }]
}

export const levelOf = (session: Session): string => (isTrue(session.attributes.success) ? 'info' : 'warn')

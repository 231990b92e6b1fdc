/** A hook's body as Claude Code sends it, with what its events are made of. */
import { createHash } from 'node:crypto'
import { agentOf } from '@signalbox/model/claude-code.ts'
import type { EpochMs } from '@signalbox/model/event.ts'
import { identifier, isObject, type Json, stringOf } from '@signalbox/model/text.ts'

export interface Hook {
  readonly session: string
  /** `hook_event_name`. */
  readonly name: string
  /** Agent id of who it is about: the main agent, or the subagent within which it fired. */
  readonly agent: string
  /** Claude Code's own id of a subagent. */
  readonly subagent: string | undefined
  /** Type of a subagent; '' for Claude Code's internal ones. */
  readonly agentType: string | undefined
  readonly body: Json
  /** Of the body's bytes: no hook has an id of its own. */
  readonly digest: string
  readonly at: EpochMs
}

/** Room in an identifier for what stands before a name. */
const mostChars = 200
/** A name that agents and runs can carry. */
export const nameOf = (value: unknown): string | undefined => identifier(value)?.slice(0, mostChars).toWellFormed()
export const agentIn = (session: string, name?: string): string => agentOf(session, name).toWellFormed()

export type Read = { readonly ok: true; readonly hook: Omit<Hook, 'at'> } | { readonly ok: false; readonly message: string }

export function readHook(value: unknown, bytes: Uint8Array): Read {
  if (!isObject(value)) return { ok: false, message: 'The body is not the JSON object of a hook.' }
  const session = nameOf(value.session_id)
  const name = stringOf(value.hook_event_name)
  if (session === undefined || name === undefined)
    return { ok: false, message: `/${session === undefined ? 'session_id' : 'hook_event_name'} is missing.` }
  const subagent = nameOf(value.agent_id)
  const hook = {
    session,
    name,
    agent: agentIn(session, subagent),
    subagent,
    agentType: typeof value.agent_type === 'string' ? (nameOf(value.agent_type) ?? '') : undefined,
    body: value,
    digest: createHash('sha256').update(bytes).digest('hex').slice(0, 24),
  }
  return { ok: true, hook }
}

/**
 * A hook as events. They are made of the hook's body and the time at which it came; what was told of the session before decides only
 * whether more is told: that it started, or how a call ended that no hook ended.
 */

import { runOf } from '@signalbox/model/claude-code.ts'
import type { MadeEvent } from '@signalbox/model/foreign.ts'
import { eventOf } from '../event-of.ts'
import { dataOf, others } from './bounded.ts'
import { agentIn, type Hook } from './hook.ts'
import { rowOf } from './rows.ts'
import type { Session } from './sessions.ts'
import { asItIs, derived, mainStart, runStart, type Told, workerStart } from './told.ts'

/** UTF-16 units. Tools read and write whole files. */
const usualChars = 2_000
const chars = { args: 1_000, attributes: 500, title: 300 } as const
/** Said by the event's own fields. */
const said = ['session_id', 'hook_event_name', 'agent_id', 'agent_type'] as const

export const sourceOf = (session: string) => `claude-code-hooks/${session}`

export function eventsOf(hook: Hook, session: Session): MadeEvent[] {
  if (isInternal(hook, session)) return internalOf(hook, session)
  const starts = startsOf(hook, session)
  const { reads, tell } = rowOf(hook)
  return [...starts, ...whole(hook, reads, tell(hook, session))].map((one) => eventFrom(hook, one))
}

/** What the hook's events do not say stays with the first of them. */
function whole({ body }: Hook, reads: readonly string[], [first, ...more]: readonly Told[]): readonly Told[] {
  const attributes = others(body, new Set([...said, ...reads]))
  if (first === undefined || Object.keys(attributes).length === 0) return first === undefined ? [] : [first, ...more]
  return [{ ...first, data: { ...first.data, attributes } }, ...more]
}

/** Claude Code's own agents (suggestions, compaction) have no type and were never started: what they do is the main agent's. */
const isInternal = ({ subagent, agent, agentType = '' }: Hook, { started }: Session) =>
  subagent !== undefined && agentType === '' && !started.has(agent)

function internalOf(hook: Hook, session: Session): MadeEvent[] {
  const own = { ...hook, agent: agentIn(hook.session), subagent: undefined }
  if (hook.name !== 'SubagentStart' && hook.name !== 'SubagentStop') return eventsOf(own, session)
  return [...startsOf(own, session), ...whole(own, [], [asItIs(own)])].map((one) => eventFrom(own, one))
}

/** `SessionStart` has no hook over HTTP, and any other may be the first to come. */
function startsOf(hook: Hook, { started }: Session): readonly Told[] {
  if (hook.name === 'SessionEnd') return []
  const main = agentIn(hook.session)
  const starts: Told[] = []
  if (!started.has(main) && (hook.name !== 'SessionStart' || hook.body.source === 'compact')) starts.push(runStart(hook), mainStart(hook))
  if (hook.subagent !== undefined && hook.name !== 'SubagentStart' && !started.has(hook.agent)) starts.push(workerStart(hook))
  for (const agent of [main, hook.agent]) started.add(agent)
  return starts.map((told) => ({ ...derived(told), shiftMs: -1 }))
}

function eventFrom({ session, name, digest, at, agent }: Hook, told: Told): MadeEvent {
  const { type, data, task, about = '', shiftMs = 0, ofRun } = told
  return eventOf(sourceOf(session), {
    foreign: `${name} ${digest} ${about}`,
    type,
    time: at + shiftMs,
    run: runOf(session),
    agent: ofRun ? undefined : (told.agent ?? agent),
    task,
    data: dataOf(told.derived ? { ...data, derived: true } : data, chars, usualChars),
  })
}

/** One event of a hook, and those that several hooks tell. */
import { silenceMs } from '@signalbox/model/foreign.ts'
import { type Json, stringOf } from '@signalbox/model/text.ts'
import { copyOf } from './bounded.ts'
import { agentIn, type Hook } from './hook.ts'

export interface Told {
  readonly type: string
  readonly data: Json
  /** Default: the hook's own. */
  readonly agent?: string | undefined
  readonly task?: string | undefined
  /** No agent: of the run alone. */
  readonly ofRun?: true
  /** Not said by the hook itself. */
  readonly derived?: true
  /** Tells apart several of one type. */
  readonly about?: string
  /** Beside the hook's time: before or after the others of the hook. */
  readonly shiftMs?: -1 | 1
}

export const derived = (told: Told): Told => ({ ...told, derived: true })

export const status = (value: 'idle' | 'busy' | 'waiting', detail: unknown, agent?: string): Told => ({
  type: 'agent.status',
  agent,
  data: { status: value, detail: stringOf(detail) },
})

const folderOf = ({ cwd }: Json) => (typeof cwd === 'string' ? cwd.split(/[\\/]/).findLast((part) => part !== '') : undefined)

export const runStart = ({ body }: Hook): Told => ({
  type: 'run.started',
  ofRun: true,
  data: { name: stringOf(body.session_title) ?? folderOf(body) },
})

export const mainStart = ({ session, body }: Hook): Told => ({
  type: 'agent.started',
  agent: agentIn(session),
  about: 'main',
  data: { role: 'manager', name: 'main', model: stringOf(body.model), intervalMs: silenceMs },
})

export const workerStart = ({ session, agent, agentType, subagent }: Hook, title?: string): Told => ({
  type: 'agent.started',
  agent,
  about: agent,
  data: { role: 'worker', name: title ?? agentType ?? subagent, manager: agentIn(session), intervalMs: silenceMs },
})

/** Types of events have letters of their own. */
const unfit = /[^A-Za-z0-9._:/-]/g
const mostChars = 80
/** A hook that is not in the table, or that a later version of Claude Code has. */
export const asItIs = ({ name }: Hook): Told => ({ type: `custom.claude-code.${name.replace(unfit, '_').slice(0, mostChars)}`, data: {} })

const textChars = 2_000
/** What may be a text or anything else, as a text. */
export function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  return typeof value === 'string' ? value : JSON.stringify(copyOf(value, textChars).value)
}

/** What a tool gave back: text where it is made of texts. */
export function resultOf(response: unknown): unknown {
  if (!Array.isArray(response)) return response
  const texts = response.map((part: unknown) => stringOf((part as Json | null)?.text))
  return texts.every((text) => text !== undefined) ? texts.join('\n') : response
}

/** Parts of messages and artifacts, for people to read, and the states of a task. */
import { createHash } from 'node:crypto'
import { clip, clipChars, isObject, type Json } from '@signalbox/model/text.ts'
import { field } from './records.ts'

/** Numbers are those of the schema's enum. */
const numbered = [
  'unspecified',
  'submitted',
  'working',
  'completed',
  'failed',
  'canceled',
  'input_required',
  'rejected',
  'auth_required',
] as const

/** A2A's states are ours, one to one. */
export const typeOfState: ReadonlyMap<string, string> = new Map([
  ['submitted', 'task.created'],
  ['working', 'task.started'],
  ['input_required', 'task.input_required'],
  ['auth_required', 'task.auth_required'],
  ['completed', 'task.completed'],
  ['failed', 'task.failed'],
  ['canceled', 'task.canceled'],
  ['rejected', 'task.rejected'],
])
const terminal: ReadonlySet<string> = new Set(['completed', 'failed', 'canceled', 'rejected'])
export const isTerminal = (state: string): boolean => terminal.has(state)

/** The state in lower case, of `TASK_STATE_INPUT_REQUIRED`, `input-required` or its number. */
export function stateOf(status: Json): string {
  const said = field(status, 'state')
  const name = typeof said === 'number' ? (numbered[said] ?? String(said)) : String(said ?? 'unspecified')
  const state = name
    .slice(0, 100)
    .toLowerCase()
    .replace(/^task_state_/, '')
    .replaceAll('-', '_')
  return state === 'cancelled' ? 'canceled' : state
}

/** `agent` or `user`, of `ROLE_AGENT`, `agent` or its number. */
export function roleOf(message: Json): 'agent' | 'user' {
  const said = field(message, 'role')
  return said === 2 || /agent$/i.test(String(said)) ? 'agent' : 'user'
}

const partsOf = (holder: Json): readonly Json[] => {
  const parts = field(holder, 'parts')
  return Array.isArray(parts) ? parts.filter(isObject) : []
}
const isText = (part: Json): part is Json & { readonly text: string } => typeof part.text === 'string'

/** The text of all its parts; undefined when it has none. */
export function textOf(holder: unknown): string | undefined {
  if (!isObject(holder)) return undefined
  const texts = partsOf(holder).flatMap((part) => (isText(part) ? [part.text] : []))
  return texts.length === 0 ? undefined : texts.join('\n')
}

/** Parts that are more than text. */
export const otherParts = (holder: Json): readonly Json[] =>
  partsOf(holder).filter((part) => !isText(part) || field(part, 'metadata') !== undefined)

export const hashOf = (...content: readonly unknown[]): string => createHash('sha256').update(JSON.stringify(content)).digest('base64url')

/** As event data: long strings cut, and where they were told in `clipped`. The depth of `data` has to be bounded. */
export function clipped(data: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const names: string[] = []
  const cut = (value: unknown, path: string): unknown => {
    if (typeof value === 'string') {
      if (value.length <= clipChars) return value
      names.push(path)
      return clip(value)
    }
    if (Array.isArray(value)) return value.map((one, i) => cut(one, `${path}/${i}`))
    if (!isObject(value)) return value
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, cut(one, `${path}/${name}`)]))
  }
  const whole = cut(data, '') as Readonly<Record<string, unknown>>
  return names.length === 0 ? whole : { ...whole, clipped: names }
}

/** What an A2A message of any binding and version is about: JSON-RPC and stream responses unwrapped, both generations of names. */
import { isObject, type Json, stringOf } from '@signalbox/model/text.ts'

export type RecordKind = 'task' | 'status' | 'artifact' | 'message' | 'cancel' | 'error' | 'request' | 'unknown'
export interface A2aRecord {
  readonly kind: RecordKind
  readonly value: Json
}

/** Version 1.0 in JSON is camelCase; Protobuf's own JSON may keep the names of the schema. */
const snake = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
export const field = (value: Json, name: string): unknown => (Object.hasOwn(value, name) ? value[name] : own(value, snake(name)))
const own = (value: Json, name: string): unknown => (Object.hasOwn(value, name) ? value[name] : undefined)
/** Protobuf's JSON writes what is empty too. */
const isEmpty = (value: unknown) => value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0)
/** Members that nothing else tells, but for empty ones. `told` in camelCase. */
export function restOf(value: Json, told: readonly string[]): Json {
  const known = new Set(told.flatMap((name) => [name, snake(name)]))
  return Object.fromEntries(Object.entries(value).filter(([name, one]) => !known.has(name) && !isEmpty(one)))
}
export const textField = (value: Json, name: string): string | undefined => stringOf(field(value, name))

/** Members that hold the thing itself, by its kind: `StreamResponse`, `SendMessageResponse`, `SendMessageRequest`. */
const wrappers: readonly (readonly [string, RecordKind])[] = [
  ['statusUpdate', 'status'],
  ['artifactUpdate', 'artifact'],
  ['task', 'task'],
  ['message', 'message'],
]
/** `kind` of version 0.3. */
const kinds: ReadonlyMap<unknown, RecordKind> = new Map<unknown, RecordKind>([
  ['task', 'task'],
  ['status-update', 'status'],
  ['artifact-update', 'artifact'],
  ['message', 'message'],
])
const cancels: ReadonlySet<unknown> = new Set(['CancelTask', 'tasks/cancel'])

/** By its members, where nothing says what it is. */
function kindOf(value: Json): RecordKind {
  const kind = kinds.get(own(value, 'kind'))
  if (kind !== undefined) return kind
  if (isObject(field(value, 'artifact')) && textField(value, 'taskId') !== undefined) return 'artifact'
  if (isObject(field(value, 'status'))) {
    if (textField(value, 'taskId') !== undefined) return 'status'
    if (textField(value, 'id') !== undefined) return 'task'
  }
  return textField(value, 'messageId') !== undefined ? 'message' : 'unknown'
}

function unwrap(value: Json): readonly A2aRecord[] {
  const kind = kindOf(value)
  if (kind !== 'unknown') return [{ kind, value }]
  for (const [name, wrapped] of wrappers) {
    const inner = field(value, name)
    if (isObject(inner)) return [{ kind: wrapped, value: inner }]
  }
  const tasks = own(value, 'tasks')
  if (Array.isArray(tasks) && tasks.length > 0 && tasks.every(isObject)) return tasks.map((task: Json) => ({ kind: 'task', value: task }))
  return [{ kind: 'unknown', value }]
}

/** The records of one item; at least one. */
export function recordsOf(value: Json): readonly A2aRecord[] {
  if (own(value, 'jsonrpc') === undefined) return unwrap(value)
  const { result, error, method, params } = value
  if (isObject(error)) return [{ kind: 'error', value }]
  if (isObject(result)) return unwrap(result)
  if (cancels.has(method)) return [{ kind: 'cancel', value }]
  if (isObject(params) && isObject(params.message)) return [{ kind: 'message', value: params.message }]
  return [{ kind: method === undefined ? 'unknown' : 'request', value }]
}

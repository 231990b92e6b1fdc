/**
 * A2A records as events: what a task came to, what was said, what was made.
 *
 * Ids are of content (task, state and its time; message; artifact), so that a notification that comes again is a duplicate. Messages and
 * artifacts carry no time: it is that of the status they came with, or of their arrival, whichever was seen first (`seen`).
 */
import type { MadeEvent } from '@signalbox/model/foreign.ts'
import { identifier, isObject, type Json, stringOf } from '@signalbox/model/text.ts'
import { hashOf, stateOf } from './content.ts'
import { type A2aRecord, field, recordsOf, restOf, textField } from './records.ts'
import { createWriter, type Place } from './writer.ts'

export interface A2aOptions extends Pick<Place, 'client' | 'now' | 'seen'> {
  /** Who serves A2A. Undefined: what metadata names, or "a2a". */
  readonly agent: string | undefined
}

const defaultAgent = 'a2a'
/** Members that events say, or that are of the stream or the store alone. The rest of a record becomes an event of its own. */
const told = {
  task: ['kind', 'id', 'contextId', 'status', 'artifacts', 'history', 'createdAt', 'lastModified'],
  status: ['kind', 'taskId', 'contextId', 'status', 'final'],
  artifact: ['kind', 'taskId', 'contextId', 'artifact', 'append', 'lastChunk'],
} as const

const listOf = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(isObject) : [])

export function mapA2a(value: Json, options: A2aOptions): readonly MadeEvent[] {
  return recordsOf(value).flatMap((record) => mapRecord(record, options))
}

function mapRecord({ kind, value }: A2aRecord, { agent: named, ...options }: A2aOptions): readonly MadeEvent[] {
  const metadata = field(value, 'metadata')
  const agent = named ?? identifier(isObject(metadata) ? stringOf(metadata.agent) : undefined) ?? defaultAgent
  const write = createWriter({ ...options, agent, run: identifier(textField(value, 'contextId')) })
  const { client } = options
  const task = identifier(textField(value, kind === 'task' ? 'id' : 'taskId'))
  const record = () => withoutSecrets(value)
  const other = (type: string, data: Json, more: { readonly agent?: string | undefined; readonly task?: string | undefined } = { agent }) =>
    write.untimed(`${kind}:${hashOf(value)}`, undefined, { type, ...more, data })
  switch (kind) {
    case 'task':
    case 'status':
    case 'artifact': {
      const status = field(value, 'status')
      const time = isObject(status) && kind !== 'artifact' ? write.status(status, task) : undefined
      const history = kind === 'task' ? listOf(field(value, 'history')) : []
      if (time !== undefined && isObject(status)) write.title(history, stateOf(status), task, time)
      for (const message of history) write.message(message, task, time)
      const made = kind === 'task' ? listOf(field(value, 'artifacts')) : listOf([field(value, 'artifact')])
      if (kind !== 'status') for (const artifact of made) write.artifact(artifact, task, kind === 'artifact' ? value : {}, time)
      const rest = restOf(value, told[kind])
      const details = { type: 'custom.a2a.details', agent, task, data: { of: kind, attributes: rest } }
      if (Object.keys(rest).length > 0) write.untimed(`rest:${task ?? ''}:${hashOf(rest)}`, time, details)
      break
    }
    case 'message':
      write.message(value, undefined)
      break
    case 'cancel': {
      const canceled = isObject(value.params) ? identifier(textField(value.params, 'id')) : undefined
      other('command.issued', { command: 'cancel', to: agent, record: record() }, { agent: client, task: canceled })
      break
    }
    case 'error':
      other('log', { level: 'error', record: record() })
      break
    case 'request':
    case 'unknown':
      other(`custom.a2a.${kind}`, { record: record() })
      break
  }
  return write.events
}

/** Configurations of push notifications hold what their receiver is to be shown. */
const secrets: ReadonlySet<string> = new Set(['token', 'credentials'])
const withoutSecrets = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutSecrets)
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, secrets.has(name) ? '(not kept)' : withoutSecrets(one)]))
}

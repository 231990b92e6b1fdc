/**
 * A2A records as events: what a task came to, what was said, what was made.
 *
 * Ids are of content (task, state and its time; message; artifact), so that a notification that comes again is a duplicate. Messages and
 * artifacts carry no time: it is that of the status they came with, or of their arrival, whichever was seen first (`seen`).
 */
import type { EpochMs, EventInput } from '@signalbox/model/event.ts'
import { type Draft, eventOf } from '@signalbox/model/foreign.ts'
import { clip, identifier, instantOf, isObject, type Json, stringOf } from '@signalbox/model/text.ts'
import { silenceMs } from '../door.ts'
import { clipped, hashOf, otherParts, roleOf, stateOf, textOf } from './content.ts'
import { type A2aRecord, field, recordsOf, textField } from './records.ts'

export interface A2aOptions {
  /** Who the requests and notifications are of: the agent that serves A2A. Undefined: what metadata names, or "a2a". */
  readonly agent?: string | undefined
  /** Who asked it. */
  readonly client?: string | undefined
  readonly now: EpochMs
  /** The time that the record of this key had when it was seen first. */
  readonly seen: (key: string, time: EpochMs) => EpochMs
}

/** A2A's states are ours, one to one. */
const typeOfState: ReadonlyMap<string, string> = new Map([
  ['submitted', 'task.created'],
  ['working', 'task.started'],
  ['input_required', 'task.input_required'],
  ['auth_required', 'task.auth_required'],
  ['completed', 'task.completed'],
  ['failed', 'task.failed'],
  ['canceled', 'task.canceled'],
  ['cancelled', 'task.canceled'],
  ['rejected', 'task.rejected'],
])
const terminal: ReadonlySet<string> = new Set(['completed', 'failed', 'canceled', 'cancelled', 'rejected'])
const isFailure = (state: string) => state === 'failed' || state === 'rejected'

/** Said by an event already, or of the stream alone. The rest of a record becomes an event of its own. */
const told: Readonly<Record<'task' | 'status' | 'artifact', ReadonlySet<string>>> = {
  task: new Set(['kind', 'id', 'contextId', 'context_id', 'status', 'artifacts', 'history']),
  status: new Set(['kind', 'taskId', 'task_id', 'contextId', 'context_id', 'status', 'final']),
  artifact: new Set(['kind', 'taskId', 'task_id', 'contextId', 'context_id', 'artifact', 'append', 'lastChunk', 'last_chunk']),
}

const defaultAgent = 'a2a'
/** Room for what is told beside a record, so that of two statuses of an agent the record's own is the later. */
const besideMs = 1

export function mapA2a(value: Json, options: A2aOptions): readonly EventInput[] {
  return recordsOf(value).flatMap((record) => mapRecord(record, options))
}

function mapRecord({ kind, value }: A2aRecord, { agent: named, client, now, seen }: A2aOptions): readonly EventInput[] {
  const metadata = field(value, 'metadata')
  const agent = named ?? identifier(isObject(metadata) ? stringOf(metadata.agent) : undefined) ?? defaultAgent
  const source = identifier(`a2a/${agent}`) ?? defaultAgent
  const run = identifier(textField(value, 'contextId'))
  const events: EventInput[] = []
  const add = (draft: Omit<Draft, 'run'> & { readonly run?: string | undefined }) =>
    events.push(eventOf(source, { run, ...draft, data: clipped(draft.data) }))
  /** A record without a time of its own; `hint`, where it came with something that has one. */
  const addUntimed = (foreign: string, hint: EpochMs | undefined, draft: Omit<Draft, 'foreign' | 'time'>) =>
    add({ ...draft, foreign, time: seen(JSON.stringify([source, foreign]), hint ?? now) })

  function addMessage(message: Json, task: string | undefined, hint?: EpochMs): void {
    const isAgents = roleOf(message) === 'agent'
    const text = textOf(message)
    const parts = otherParts(message)
    const references = field(message, 'referenceTaskIds')
    addUntimed(`message:${textField(message, 'messageId') ?? ''}:${hashOf(message)}`, hint, {
      type: 'message.sent',
      run: identifier(textField(message, 'contextId')) ?? run,
      agent: isAgents ? agent : client,
      task: identifier(textField(message, 'taskId')) ?? task,
      data: {
        message: textField(message, 'messageId'),
        role: isAgents ? 'agent' : 'user',
        ...(isAgents ? (client === undefined ? {} : { to: client }) : { to: agent }),
        ...(text === undefined ? {} : { text }),
        ...(parts.length === 0 ? {} : { parts }),
        ...(Array.isArray(references) && references.length > 0 ? { referenceTaskIds: references } : {}),
        ...attributes(message, messageTold),
      },
    })
  }

  function addArtifact(artifact: Json, task: string | undefined, update: Json, hint?: EpochMs): void {
    const id = textField(artifact, 'artifactId') ?? ''
    const chunk = { append: field(update, 'append') === true, lastChunk: field(update, 'lastChunk') === true }
    const text = textOf(artifact)
    const parts = otherParts(artifact)
    addUntimed(`artifact:${task ?? ''}:${id}:${hashOf(artifact, chunk)}`, hint, {
      type: 'artifact.updated',
      agent,
      task,
      data: {
        artifact: id,
        ...(chunk.append ? { append: true } : {}),
        ...(chunk.lastChunk ? { lastChunk: true } : {}),
        ...(text === undefined ? {} : { text }),
        ...(parts.length === 0 ? {} : { parts }),
        ...attributes(artifact, artifactTold),
      },
    })
  }

  /** Answers the status's time. */
  function addStatus(status: Json, task: string | undefined): EpochMs {
    const state = stateOf(status)
    const type = typeOfState.get(state) ?? 'custom.a2a.status'
    const message = field(status, 'message')
    const text = textOf(message)
    // A terminal state is told once, with whatever it is told; others may come many times a moment.
    const key = `status:${task ?? ''}:${state}${terminal.has(state) ? '' : `:${hashOf(text ?? '')}`}`
    const time = instantOf(field(status, 'timestamp')) ?? seen(JSON.stringify([source, key]), now)
    const isOpening = type === 'task.created'
    const opening = `agent:${run ?? ''}:${task ?? ''}`
    if (!terminal.has(state)) {
      add({
        foreign: opening,
        type: 'agent.started',
        time: seen(JSON.stringify([source, opening]), time - besideMs),
        agent,
        data: { name: agent, intervalMs: silenceMs, derived: true },
      })
    }
    add({
      foreign: key,
      type,
      time,
      agent: isOpening ? client : agent,
      task,
      data: {
        state,
        ...(isOpening ? { assignee: agent } : {}),
        ...(text === undefined ? {} : isFailure(state) ? { error: clip(text) } : { note: clip(text) }),
      },
    })
    if (isObject(message)) addMessage(message, task, time)
    return time
  }

  function addTitle(history: readonly Json[], status: Json, task: string | undefined, time: EpochMs): void {
    const first = history.find((message) => roleOf(message) === 'user')
    const title = textOf(first)
    if (first === undefined || title === undefined || !['submitted', 'working'].includes(stateOf(status))) return
    addUntimed(`title:${task ?? ''}:${hashOf(title)}`, time - besideMs, {
      type: 'task.created',
      agent: client,
      task,
      data: { title: clip(title, titleChars), assignee: agent, derived: true },
    })
  }

  /** What no event said. */
  function addRest(of: 'task' | 'status' | 'artifact', task: string | undefined, time: EpochMs | undefined): void {
    const rest = restOf(value, told[of])
    if (Object.keys(rest).length > 0)
      addUntimed(`rest:${task ?? ''}:${hashOf(rest)}`, time, { type: 'custom.a2a.details', agent, task, data: { of, attributes: rest } })
  }

  switch (kind) {
    case 'task': {
      const task = identifier(textField(value, 'id'))
      const status = field(value, 'status')
      const time = isObject(status) ? addStatus(status, task) : undefined
      const history = listOf(field(value, 'history'))
      if (time !== undefined && isObject(status)) addTitle(history, status, task, time)
      for (const message of history) addMessage(message, task, time)
      for (const artifact of listOf(field(value, 'artifacts'))) addArtifact(artifact, task, {}, time)
      addRest(kind, task, time)
      break
    }
    case 'status': {
      const task = identifier(textField(value, 'taskId'))
      const status = field(value, 'status')
      addRest(kind, task, isObject(status) ? addStatus(status, task) : undefined)
      break
    }
    case 'artifact': {
      const task = identifier(textField(value, 'taskId'))
      const artifact = field(value, 'artifact')
      if (isObject(artifact)) addArtifact(artifact, task, value)
      addRest(kind, task, undefined)
      break
    }
    case 'message':
      addMessage(value, undefined)
      break
    case 'cancel': {
      const { params } = value
      const task = isObject(params) ? identifier(textField(params, 'id')) : undefined
      const data = { command: 'cancel', to: agent, record: value }
      addUntimed(`cancel:${hashOf(value)}`, undefined, { type: 'command.issued', agent: client, task, data })
      break
    }
    case 'error':
      addUntimed(`error:${hashOf(value)}`, undefined, { type: 'log', agent, data: { level: 'error', record: value } })
      break
    case 'request':
    case 'unknown':
      addUntimed(`${kind}:${hashOf(value)}`, undefined, { type: `custom.a2a.${kind}`, agent, data: { record: withoutSecrets(value) } })
      break
  }
  return events
}

const titleChars = 200
const messageTold: ReadonlySet<string> = new Set([
  'kind',
  'messageId',
  'message_id',
  'contextId',
  'context_id',
  'taskId',
  'task_id',
  'role',
  'parts',
  'referenceTaskIds',
  'reference_task_ids',
])
const artifactTold: ReadonlySet<string> = new Set(['artifactId', 'artifact_id', 'parts'])

const listOf = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(isObject) : [])
/** Protobuf's JSON writes what is empty too. */
const isEmpty = (value: unknown) => value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0)
/** Configurations of push notifications hold what their receiver is to be shown. */
const secrets: ReadonlySet<string> = new Set(['token', 'credentials'])
const withoutSecrets = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutSecrets)
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, secrets.has(name) ? '(not kept)' : withoutSecrets(one)]))
}

/** Members that nothing else tells, but for empty ones. */
const restOf = (value: Json, known: ReadonlySet<string>): Json =>
  Object.fromEntries(Object.entries(value).filter(([name, one]) => !known.has(name) && !isEmpty(one)))
const attributes = (value: Json, known: ReadonlySet<string>): Json => {
  const rest = restOf(value, known)
  return Object.keys(rest).length === 0 ? {} : { attributes: rest }
}

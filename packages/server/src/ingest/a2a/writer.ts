/** Events of one A2A record. Those that no record stands for are marked `derived`, and the same however often they are told. */

import type { EpochMs } from '@signalbox/model/event.ts'
import { type Draft, type MadeEvent, silenceMs } from '@signalbox/model/foreign.ts'
import { clip, identifier, instantOf, isObject, type Json } from '@signalbox/model/text.ts'
import { eventOf } from '../event-of.ts'
import { clipped, hashOf, isTerminal, otherParts, roleOf, stateOf, textOf, typeOfState } from './content.ts'
import { field, restOf, textField } from './records.ts'

export interface Place {
  readonly agent: string
  readonly client: string | undefined
  readonly run: string | undefined
  readonly now: EpochMs
  /** The time that what has this key had when it was seen first. */
  readonly seen: (key: string, time: EpochMs) => EpochMs
}
type Told = Omit<Draft, 'foreign' | 'time'>

/** Room for what is told beside a record, so that of two statuses of an agent the record's own is the later. */
const besideMs = 1
const titleChars = 200
const isFailure = (state: string) => state === 'failed' || state === 'rejected'

/** Members that the event of a message or an artifact says itself; the others are its `attributes`. */
const messageTold = ['kind', 'messageId', 'contextId', 'taskId', 'role', 'parts', 'referenceTaskIds']
const artifactTold = ['artifactId', 'parts']

export function createWriter({ agent, client, run, now, seen }: Place) {
  const source = identifier(`a2a/${agent}`) ?? 'a2a'
  const events: MadeEvent[] = []
  const add = (draft: Draft) => events.push(eventOf(source, { run, ...draft, data: clipped(draft.data) }))
  const firstTime = (foreign: string, time: EpochMs) => seen(JSON.stringify([source, run, foreign]), time)

  /** What has no time of its own; `hint`, where it came with something that has one. */
  function untimed(foreign: string, hint: EpochMs | undefined, told: Told): void {
    add({ ...told, foreign, time: firstTime(foreign, hint ?? now) })
  }

  function message(said: Json, task: string | undefined, hint?: EpochMs): void {
    const role = roleOf(said)
    const references = field(said, 'referenceTaskIds')
    untimed(`message:${textField(said, 'messageId') ?? ''}:${hashOf(said)}`, hint, {
      type: 'message.sent',
      ...definedOf({ run: identifier(textField(said, 'contextId')) }),
      agent: role === 'agent' ? agent : client,
      task: identifier(textField(said, 'taskId')) ?? task,
      data: {
        ...definedOf({ message: textField(said, 'messageId'), role, to: role === 'agent' ? client : agent }),
        ...contentOf(said, messageTold),
        ...(Array.isArray(references) && references.length > 0 ? { referenceTaskIds: references } : {}),
      },
    })
  }

  function artifact(made: Json, task: string | undefined, update: Json, hint?: EpochMs): void {
    const id = textField(made, 'artifactId')
    const [append, lastChunk] = [field(update, 'append') === true, field(update, 'lastChunk') === true]
    untimed(`artifact:${task ?? ''}:${id ?? ''}:${hashOf(made, append, lastChunk)}`, hint, {
      type: 'artifact.updated',
      agent,
      task,
      data: {
        ...definedOf({ artifact: id, append: append || undefined, lastChunk: lastChunk || undefined }),
        ...contentOf(made, artifactTold),
      },
    })
  }

  /** Who works at a task, and for whom: told by its first status that is no end. */
  function opening(task: string | undefined, time: EpochMs): void {
    const started = { name: agent, intervalMs: silenceMs, derived: true }
    untimed(`agent:${task ?? ''}`, time - besideMs, { type: 'agent.started', agent, data: started })
    const assigned = { ...definedOf({ from: client }), to: agent, derived: true }
    if (task !== undefined) untimed(`assigned:${task}`, time - besideMs, { type: 'task.assigned', agent: client, task, data: assigned })
  }

  /** Answers the status's time. */
  function status(said: Json, task: string | undefined): EpochMs {
    const state = stateOf(said)
    const type = typeOfState.get(state) ?? 'custom.a2a.status'
    const because = field(said, 'message')
    const text = textOf(because)
    // An end is told once, with whatever words; others may come many times a moment.
    const foreign = `status:${task ?? ''}:${state}${isTerminal(state) ? '' : `:${hashOf(text ?? '')}`}`
    const time = instantOf(field(said, 'timestamp')) ?? firstTime(foreign, now)
    if (!isTerminal(state)) opening(task, time)
    const words = text === undefined ? {} : { [isFailure(state) ? 'error' : 'note']: clip(text) }
    add({ foreign, type, time, agent: type === 'task.created' ? client : agent, task, data: { state, ...words } })
    if (isObject(because)) message(because, task, time)
    return time
  }

  /** What the task is about, while it is new: its history may be cut at its beginning later. */
  function title(history: readonly Json[], state: string, task: string | undefined, time: EpochMs): void {
    const asked = textOf(history.find((one) => roleOf(one) === 'user'))
    if (asked === undefined || (state !== 'submitted' && state !== 'working')) return
    const data = { title: clip(asked, titleChars), derived: true }
    untimed(`title:${task ?? ''}:${hashOf(asked)}`, time - besideMs, { type: 'task.created', agent: client, task, data })
  }

  return { events, untimed, message, artifact, status, title }
}

/** Text, other parts, and what else a message or an artifact has. */
function contentOf(holder: Json, told: readonly string[]): Json {
  const parts = otherParts(holder)
  const rest = restOf(holder, told)
  return {
    ...definedOf({ text: textOf(holder) }),
    ...(parts.length === 0 ? {} : { parts }),
    ...(Object.keys(rest).length === 0 ? {} : { attributes: rest }),
  }
}

const definedOf = <T extends Readonly<Record<string, unknown>>>(fields: T): Partial<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>

import type { Event } from '../event.ts'
import type { RowKey, Rows } from '../rows.ts'

const separator = '\u001f'

export const rowKey = {
  agent: (agent: string) => agent,
  run: (run: string) => run,
  task: (run: string | undefined, task: string) => `${run ?? ''}${separator}${task}`,
  /** The kind is part of the key: a sender may number its model and tool calls apart. */
  call: (run: string | undefined, kind: 'llm' | 'tool', call: string) => `${run ?? ''}${separator}${kind}${separator}${call}`,
  edge: (run: string | undefined, from: string, to: string, kind: string) =>
    `${run ?? ''}${separator}${from}${separator}${to}${separator}${kind}`,
}

export const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
export const count = (value: unknown): number => (typeof value === 'number' && value > 0 ? value : 0)

interface CallType {
  readonly kind: 'llm' | 'tool'
  readonly step: 'started' | 'finished' | 'failed' | 'attributed'
}

/** `llm.*` and `tool.*` that open or close a call, or tell whose it is. */
export const callTypes: Readonly<Record<string, CallType>> = {
  'llm.started': { kind: 'llm', step: 'started' },
  'llm.finished': { kind: 'llm', step: 'finished' },
  'llm.failed': { kind: 'llm', step: 'failed' },
  'llm.attributed': { kind: 'llm', step: 'attributed' },
  'tool.started': { kind: 'tool', step: 'started' },
  'tool.finished': { kind: 'tool', step: 'finished' },
  'tool.failed': { kind: 'tool', step: 'failed' },
  'tool.attributed': { kind: 'tool', step: 'attributed' },
}

export const endsTask: ReadonlySet<string> = new Set(['task.completed', 'task.failed', 'task.canceled', 'task.rejected'])

/** Longest key the store's index takes comfortably; a longer call or peer name is cut, not refused: it is agent text. */
const keyChars = 256
const cut = (name: string) => (name.length > keyChars ? name.slice(0, keyChars) : name)
/** NUL cannot be in a PostgreSQL text, and the separator must stay ours. */
const clean = (name: string) => cut(name.replace(/[\u0000-\u001f\ud800-\udfff]/gu, '\ufffd'))
export const named = (value: unknown): string | undefined => {
  const name = text(value)
  return name === undefined ? undefined : clean(name)
}

/** A call that an event is about. */
export interface TouchedCall extends CallType {
  readonly id: string
  readonly key: string
}

/** Events of no call share it: an empty list of its own for each would be garbage of the hot path. */
const noCalls: readonly TouchedCall[] = []

/** The one that it names, or is; or all that are attributed at once. */
export function callsOf({ id, type, run, data }: Pick<Event, 'id' | 'type' | 'run' | 'data'>): readonly TouchedCall[] {
  const what = Object.hasOwn(callTypes, type) ? callTypes[type] : undefined
  if (what === undefined) return noCalls
  const { kind, step } = what
  const touched = (call: string): TouchedCall => ({ kind, step, id: call, key: rowKey.call(run, kind, call) })
  const call = named(data.call)
  if (call !== undefined || step !== 'attributed' || !Array.isArray(data.calls)) return [touched(call ?? id)]
  return [...new Set(data.calls.flatMap((one) => named(one) ?? []))].map(touched)
}

export interface Relation {
  readonly kind: 'delegation' | 'handoff' | 'message'
  readonly from: string
  readonly to: string
}

/** Who gave what to whom, if the event says so. */
export function relationOf(event: Event): Relation | undefined {
  const kind =
    event.type === 'task.assigned' || event.type === 'task.created'
      ? 'delegation'
      : event.type === 'handoff'
        ? 'handoff'
        : event.type === 'message.sent'
          ? 'message'
          : undefined
  if (kind === undefined) return undefined
  const to = named(event.type === 'task.created' ? event.data.assignee : event.data.to)
  const from = named(event.data.from) ?? event.agent
  return to === undefined || from === undefined || to === from ? undefined : { kind, from, to }
}

/** What an event is about, found once for all who ask: keys are long texts, and making and hashing them was a tenth of what an event takes (measured). */
export interface Touch {
  readonly calls: readonly TouchedCall[]
  readonly taskKey: string | undefined
  readonly relation: Relation | undefined
}

export function touchOf(event: Event): Touch {
  return {
    calls: callsOf(event),
    taskKey: event.task !== undefined && event.type.startsWith('task.') ? rowKey.task(event.run, event.task) : undefined,
    relation: relationOf(event),
  }
}

/** Every row that folding this event may read or write, but for its `othersKeys`. */
export function touchedKeys(event: Event, { calls, taskKey, relation }: Touch): readonly RowKey[] {
  const keys: RowKey[] = []
  if (event.agent !== undefined) keys.push({ table: 'agents', key: event.agent })
  if (event.run !== undefined) keys.push({ table: 'runs', key: event.run })
  if (taskKey !== undefined) keys.push({ table: 'tasks', key: taskKey })
  for (const { key } of calls) keys.push({ table: 'calls', key })
  if (relation !== undefined) {
    keys.push({ table: 'edges', key: rowKey.edge(event.run, relation.from, relation.to, relation.kind) })
    if (relation.to !== event.agent) keys.push({ table: 'agents', key: relation.to })
    if (relation.from !== event.agent) keys.push({ table: 'agents', key: relation.from })
  } else if (event.type === 'task.assigned') {
    const to = named(event.data.to)
    if (to !== undefined && to !== event.agent) keys.push({ table: 'agents', key: to })
  }
  return keys
}

const none: readonly RowKey[] = []

/** The other agents whose calls or task the event ends or takes: only the row of the call or the task names them, so they are known once that is read. */
export function othersKeys(event: Event, { calls, taskKey }: Touch, rows: Pick<Rows, 'get'>): readonly RowKey[] {
  if (calls.length > 0)
    return calls.flatMap(({ key }) => {
      const caller = rows.get('calls', key)?.agent
      return caller === undefined || caller === event.agent ? none : [{ table: 'agents' as const, key: caller }]
    })
  if (taskKey === undefined || !endsTask.has(event.type)) return none
  const workers = rows.get('tasks', taskKey)?.workers ?? []
  return workers.flatMap((key) => (key === event.agent ? [] : [{ table: 'agents', key }]))
}

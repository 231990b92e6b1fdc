/** One line of a transcript of Claude Code as a record: whose it is, what kind, what it holds. */
import type { EpochMs } from '@signalbox/model/event.ts'
import { instantOf, isObject, type Json, stringOf } from '@signalbox/model/text.ts'
import type { Collector } from './collector.ts'

export interface Entry {
  readonly id: string
  readonly parent: string | undefined
  readonly kind: 'user' | 'assistant' | 'compacted' | 'turn-ended'
  readonly time: EpochMs
  /** Written by the tool itself and not by a person. */
  readonly meta: boolean
  readonly request: string | undefined
  readonly message: Json
  readonly blocks: readonly Json[]
  readonly data: Json
  /** Last part of the folder that it worked in, and the session's own name; a session's first records lack the name. */
  readonly folder: string | undefined
  readonly slug: string | undefined
}

type Notes = Pick<Collector, 'skip'>

export const uninteresting = new Map([
  ['file-history-snapshot', 'Backups for undo.'],
  ['queue-operation', 'What the user typed while the agent was busy; it comes again as a message.'],
  ['summary', 'A title for the session list.'],
])

export function entryOf(json: Json, out: Notes): Entry | undefined {
  const time = instantOf(json.timestamp)
  const id = stringOf(json.uuid)
  if (time === undefined || id === undefined) {
    out.skip(`${String(json.type)} without time or id`, 'It has no place in the order.')
    return undefined
  }
  const message = isObject(json.message) ? json.message : {}
  const base = {
    id,
    time,
    parent: stringOf(json.parentUuid),
    request: stringOf(json.requestId),
    message,
    blocks: blocksOf(message.content),
    data: {},
    meta: json.isMeta === true || json.isCompactSummary === true,
    folder: stringOf(stringOf(json.cwd)?.split(/[\\/]/).at(-1)),
    slug: stringOf(json.slug),
  }
  if (json.type === 'user' || json.type === 'assistant') return { ...base, kind: json.type }
  if (json.type === 'system' && json.subtype === 'compact_boundary') return { ...base, kind: 'compacted' }
  if (json.type === 'system' && json.subtype === 'turn_duration')
    return { ...base, kind: 'turn-ended', data: { durationMs: json.durationMs } }
  out.skip(`${String(json.type)}: ${String(json.subtype)}`, 'Of no use on a screen.')
  return undefined
}

const blocksOf = (content: unknown): Json[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : Array.isArray(content) ? content.filter(isObject) : []

/** A parent repeats what its subagents do. */
export function repeatedOf(json: Json, out: Notes): { readonly agent: string; readonly record: Json } | undefined {
  const data = isObject(json.data) ? json.data : {}
  const agent = stringOf(data.agentId)
  if (data.type === 'agent_progress' && agent !== undefined && isObject(data.message))
    return { agent, record: { ...data.message, uuid: json.uuid } }
  out.skip(`progress: ${String(data.type)}`, 'Output of hooks and commands while they run; their results are kept.')
  return undefined
}

/** Which call made which subagent: told by progress records, and again by the result. */
export function linkOf(json: Json): { readonly agent: string; readonly call: string } | undefined {
  const isProgress = json.type === 'progress' && isObject(json.data) && json.data.type === 'agent_progress'
  const told = isProgress ? json.data : json.toolUseResult
  const agent = isObject(told) ? stringOf(told.agentId) : undefined
  const result = isObject(json.message) ? blocksOf(json.message.content).find((block) => block.type === 'tool_result') : undefined
  const call = stringOf(isProgress ? json.parentToolUseID : result?.tool_use_id)
  return agent !== undefined && call !== undefined ? { agent, call } : undefined
}

/** Of a call that has its result at once while its subagent works on. */
export const isLaunched = ({ toolUseResult: result }: Json): boolean =>
  isObject(result) && (result.isAsync === true || result.status === 'async_launched')

/** How work in the background ended: Claude Code tells its agent in the words of a user. */
export function notificationOf(text: string): { readonly call: string; readonly status: string } | undefined {
  if (!text.startsWith('<task-notification>')) return undefined
  const call = /<tool-use-id>([^<]{1,256})<\/tool-use-id>/.exec(text)?.[1]?.trim()
  const status = /<status>([^<]{1,64})<\/status>/.exec(text)?.[1]?.trim()
  return call === undefined || call === '' ? undefined : { call, status: status ?? 'completed' }
}

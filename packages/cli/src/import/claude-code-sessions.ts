/** The lines of Claude Code's files, sorted into sessions and their agents, each agent's in time order. */
import type { EpochMs } from '@signalbox/model/event.ts'
import { clip, instantOf, isObject, type Json, parseObject, stringOf } from '@signalbox/model/text.ts'
import type { Collector } from './collector.ts'
import type { SourceFile } from './import.ts'

export interface Entry {
  readonly id: string
  readonly parent: string | undefined
  readonly kind: 'user' | 'assistant' | 'compacted' | 'turn-ended'
  readonly time: EpochMs
  /** Written by the tool itself and not by a person. */
  readonly meta: boolean
  readonly message: Json
  readonly blocks: readonly Json[]
  readonly data: Json
}

export interface AgentLog {
  /** `main`, or the subagent's id. */
  readonly agent: string
  readonly entries: Entry[]
  readonly toolNames: ReadonlyMap<string, string>
}

/** Work that the main agent gave to a subagent through its Task tool. */
export interface Order {
  readonly agent: string
  readonly call: string
  readonly title: string
}

export interface Session {
  readonly id: string
  readonly name: string
  readonly start: EpochMs
  readonly end: EpochMs
  readonly main: AgentLog | undefined
  readonly logs: readonly AgentLog[]
  /** By subagent id. */
  readonly orders: ReadonlyMap<string, Order>
  readonly present: Set<string>
}

interface Line {
  readonly agent: string
  readonly json: Json
}

const uninteresting = new Map([
  ['file-history-snapshot', 'Backups for undo.'],
  ['queue-operation', 'What the user typed while the agent was busy; it comes again as a message.'],
  ['summary', 'A title for the session list.'],
])

export function sessionsOf(files: readonly SourceFile[], out: Collector): Session[] {
  const sessions = new Map<string, Line[]>()
  const seen = new Set<string>()
  for (const file of files) {
    for (const text of file.text.split('\n')) {
      if (text.trim() === '') continue
      out.record()
      const json = parseObject(text)
      if (json === undefined) {
        out.skip('unreadable line', 'It is not JSON.')
        continue
      }
      const id = stringOf(json.sessionId)
      const why = uninteresting.get(String(json.type))
      if (id === undefined || why !== undefined) {
        out.skip(String(json.type), why ?? 'It belongs to no session.')
        continue
      }
      const uuid = stringOf(json.uuid)
      if (uuid !== undefined && seen.has(uuid)) {
        out.skip('repeated line', 'The same record is in another file too.')
        continue
      }
      if (uuid !== undefined) seen.add(uuid)
      const lines = sessions.get(id) ?? []
      sessions.set(id, lines)
      lines.push({ agent: stringOf(json.agentId) ?? 'main', json })
    }
  }
  return [...sessions].map(([id, lines]) => sessionOf(id, lines, out)).filter((session) => session.logs.length > 0)
}

function sessionOf(id: string, lines: readonly Line[], out: Collector): Session {
  const withFile = new Set(lines.map((line) => line.agent))
  const agents = new Map<string, Entry[]>()
  const orders = new Map<string, Order>()
  const titles = new Map<string, string>()
  for (const { agent, json } of lines) {
    const spoken = repeated(json, withFile, out)
    if (spoken !== undefined) {
      const entry = entryOf({ ...spoken.record, uuid: json.uuid }, out)
      if (entry !== undefined) entriesOf(spoken.agent).push(entry)
    } else if (json.type !== 'progress') {
      const entry = entryOf(json, out)
      if (entry !== undefined) entriesOf(agent).push(entry)
      for (const block of entry?.blocks ?? [])
        if (block.type === 'tool_use' && isObject(block.input) && typeof block.id === 'string')
          titles.set(block.id, clip(stringOf(block.input.description) ?? stringOf(block.input.prompt) ?? String(block.name), 300))
    }
    const hint = orderOf(json)
    if (hint !== undefined) orders.set(hint.agent, { ...hint, title: titles.get(hint.call) ?? hint.agent })
  }
  const logs = [...agents].map(([agent, entries]): AgentLog => {
    entries.sort((a, b) => a.time - b.time)
    return { agent, entries, toolNames: toolNamesOf(entries) }
  })
  // In order within each log.
  const ends = logs.flatMap(({ entries }) => [entries[0], entries.at(-1)].flatMap((entry) => (entry === undefined ? [] : [entry.time])))
  const slug = lines.map((line) => stringOf(line.json.slug)).find((name) => name !== undefined)
  const folder = lines.map((line) => stringOf(line.json.cwd)).find((name) => name !== undefined)
  return {
    id,
    name: [folder?.split('/').at(-1), slug].filter((part) => part !== undefined).join(': ') || id,
    start: Math.min(...ends),
    end: Math.max(...ends),
    main: logs.find((log) => log.agent === 'main'),
    logs,
    orders,
    present: new Set(),
  }

  function entriesOf(agent: string): Entry[] {
    const entries = agents.get(agent) ?? []
    agents.set(agent, entries)
    return entries
  }
}

/** A parent repeats what its subagents do; that is news only for a subagent whose own file is missing. */
function repeated(json: Json, withFile: ReadonlySet<string>, out: Collector): { agent: string; record: Json } | undefined {
  if (json.type !== 'progress') return undefined
  const data = isObject(json.data) ? json.data : {}
  const kind = String(data.type)
  const agent = stringOf(data.agentId)
  if (kind !== 'agent_progress' || agent === undefined) {
    out.skip(`progress: ${kind}`, 'Output of hooks and commands while they run; their results are kept.')
    return undefined
  }
  if (withFile.has(agent) || !isObject(data.message)) {
    out.skip('progress: agent_progress', 'It repeats the subagent’s own file.')
    return undefined
  }
  out.lose('subagent read from its parent', 'Its own file is missing; the parent repeats only part of it.')
  return { agent, record: data.message }
}

function entryOf(json: Json, out: Collector): Entry | undefined {
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
    message,
    blocks: blocksOf(message.content),
    data: {},
    meta: json.isMeta === true || json.isCompactSummary === true,
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

/** Which Task call made which subagent: told by progress records, and again by the result. */
function orderOf(json: Json): Omit<Order, 'title'> | undefined {
  if (json.type === 'progress' && isObject(json.data) && json.data.type === 'agent_progress') {
    const agent = stringOf(json.data.agentId)
    const call = stringOf(json.parentToolUseID)
    return agent !== undefined && call !== undefined ? { agent, call } : undefined
  }
  const agent = isObject(json.toolUseResult) ? stringOf(json.toolUseResult.agentId) : undefined
  const result = isObject(json.message) ? blocksOf(json.message.content).find((block) => block.type === 'tool_result') : undefined
  const call = stringOf(result?.tool_use_id)
  return agent !== undefined && call !== undefined ? { agent, call } : undefined
}

function toolNamesOf(entries: readonly Entry[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  for (const entry of entries)
    for (const block of entry.blocks)
      if (block.type === 'tool_use' && typeof block.id === 'string' && typeof block.name === 'string') names.set(block.id, block.name)
  return names
}

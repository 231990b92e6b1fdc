/**
 * Claude Code: session transcripts. A session is a run, its main agent the manager, its subagents the workers.
 *
 * Subagents have files of their own (`<session>/subagents/agent-*.jsonl`); one whose file is missing is read from the progress
 * records of its parent, which repeat it. docs/imports/claude-code.md has the table.
 */

import type { EpochMs } from '@signalbox/model/event.ts'
import { clip, isObject, type Json, stringOf } from '@signalbox/model/text.ts'
import { type AgentLog, type Entry, type Session, sessionsOf } from './claude-code-sessions.ts'
import { llmCalls } from './claude-code-usage.ts'
import { type Collector, createCollector } from './collector.ts'
import type { Imported, SourceFile } from './import.ts'

export function claudeCode(files: readonly SourceFile[]): Imported {
  const out = createCollector()
  for (const session of sessionsOf(files, out)) oneRun(session, out)
  return out.finish('claude-code', files.length)
}

interface Stage {
  readonly out: Collector
  readonly source: string
  readonly run: string
  readonly session: Session
  readonly main: string | undefined
}

function oneRun(session: Session, out: Collector) {
  const run = `claude-code/${session.id}`
  const stage: Stage = { out, source: run, run, session, main: session.main && agentId(session, session.main.agent) }
  const { start, end } = session
  out.derive(run, { foreign: 'run', type: 'run.started', time: start - 2, run, data: { name: session.name } })
  for (const log of session.logs) oneAgent(stage, log)
  out.derive(run, { foreign: 'run', type: 'run.finished', time: end + 2, run, data: { reason: 'end of the recording' } })
}

const resultTime = ({ logs }: Session, call: string): EpochMs | undefined =>
  logs
    .flatMap(({ entries }) => entries)
    .find(({ blocks }) => blocks.some((block) => block.type === 'tool_result' && block.tool_use_id === call))?.time

const agentId = (session: Session, agent: string) => `claude-code/${session.id.slice(0, 8)}/${agent}`

function oneAgent(stage: Stage, log: AgentLog) {
  const { out, source, run, session, main } = stage
  const first = log.entries[0]
  const last = log.entries.at(-1)
  if (first === undefined || last === undefined) return
  const agent = agentId(session, log.agent)
  const isMain = log === session.main
  const order = session.orders.get(log.agent)
  const calls = llmCalls(log)
  out.derive(source, {
    foreign: `agent ${log.agent}`,
    type: 'agent.started',
    time: first.time - 1,
    run,
    agent,
    data: {
      role: isMain ? 'manager' : 'worker',
      name: isMain ? 'main' : (order?.title ?? (log.agent.startsWith('acompact') ? 'context compaction' : log.agent)),
      ...(calls[0]?.model === undefined ? {} : { model: calls[0].model }),
      ...(!isMain && main !== undefined ? { manager: main } : {}),
    },
  })
  if (!isMain && main === undefined)
    out.lose('subagent without its session', 'The main transcript is not among the files: the worker has no manager.')
  if (order !== undefined)
    out.derive(source, { foreign: `start ${order.call}`, type: 'task.started', time: first.time, run, agent, task: order.call, data: {} })
  for (const call of calls) {
    const about = { run, agent, task: order?.call }
    const data = { call: call.id, provider: 'anthropic', ...(call.model === undefined ? {} : { model: call.model }) }
    out.derive(source, { ...about, foreign: call.id, type: 'llm.started', time: call.start, data })
    out.add(source, {
      ...about,
      foreign: call.id,
      type: 'llm.finished',
      time: call.end,
      data: { ...data, usage: call.usage, ...(call.finishReason === undefined ? {} : { finishReason: call.finishReason }) },
    })
    if (call.lines > 1) out.lose('usage on several lines of one message', 'Counted once for each message, each figure at its greatest.')
  }
  for (const entry of log.entries) oneEntry(stage, log, agent, entry)
  out.derive(source, {
    foreign: `agent ${log.agent}`,
    type: 'agent.stopped',
    // Its order ends when its manager has the result, after its own last words.
    time: Math.max(last.time, (order && resultTime(session, order.call)) ?? 0) + 1,
    run,
    agent,
    task: order?.call,
    data: { reason: 'end of the recording' },
  })
}

function oneEntry(stage: Stage, log: AgentLog, agent: string, entry: Entry) {
  const { out, source, run, session } = stage
  const task = session.orders.get(log.agent)?.call
  const at = { time: entry.time, run, agent, task }
  if (entry.kind === 'compacted') return void out.add(source, { ...at, foreign: entry.id, type: 'context.compacted', data: entry.data })
  if (entry.kind === 'turn-ended')
    return void out.add(source, {
      ...at,
      foreign: entry.id,
      type: 'agent.status',
      data: { status: 'waiting', detail: 'turn ended', ...entry.data },
    })
  for (const [index, block] of entry.blocks.entries()) {
    const foreign = `${entry.id}:${index}`
    if (block.type === 'text') said(stage, log, agent, entry, foreign, block)
    else if (block.type === 'tool_use') toolUse(stage, agent, task, entry, foreign, block)
    else if (block.type === 'tool_result') toolResult(stage, log, agent, task, entry, foreign, block)
    else if (block.type === 'thinking' || block.type === 'redacted_thinking')
      out.skip('thinking', 'Private reasoning; its tokens are in the usage.')
    else out.skip(`${String(block.type)} block`, 'Not text, and of no use on a screen.')
  }
}

function said(stage: Stage, log: AgentLog, agent: string, entry: Entry, foreign: string, block: Json) {
  const { out, source, run, session, main } = stage
  const text = clip(stringOf(block.text)?.trim() ?? '')
  const at = { time: entry.time, run, task: session.orders.get(log.agent)?.call, foreign, type: 'message.sent' }
  if (text === '') out.skip('empty text', 'It says nothing.')
  else if (entry.kind === 'assistant') out.add(source, { ...at, agent, data: { role: 'assistant', text } })
  else if (entry.meta) out.skip('text written by the tool itself', 'Reminders, summaries and caveats that nobody said.')
  else {
    // A worker's first words are its orders; main's come from the person at the keyboard.
    const from = log === session.main ? human(stage, entry) : main
    out.add(source, { ...at, agent: from ?? agent, data: { role: 'user', text, to: agent } })
  }
}

function human(stage: Stage, entry: Entry): string {
  const agent = agentId(stage.session, 'user')
  if (!stage.session.present.has('user')) {
    stage.session.present.add('user')
    stage.out.derive(stage.source, {
      foreign: 'agent user',
      type: 'agent.started',
      time: entry.time,
      run: stage.run,
      agent,
      data: { role: 'human', name: 'user' },
    })
  }
  return agent
}

function toolUse(stage: Stage, agent: string, task: string | undefined, entry: Entry, foreign: string, block: Json) {
  const { out, source, run, session } = stage
  const call = stringOf(block.id) ?? foreign
  const name = stringOf(block.name) ?? 'tool'
  out.add(source, {
    time: entry.time,
    run,
    agent,
    task,
    foreign,
    type: 'tool.started',
    data: { call, name, args: shortArgs(block.input, out) },
  })
  const order = [...session.orders.values()].find((one) => one.call === call)
  if (order === undefined) return
  const worker = agentId(session, order.agent)
  out.derive(source, {
    time: entry.time,
    run,
    agent,
    task: call,
    foreign,
    type: 'task.created',
    data: { title: order.title, ...(task === undefined ? {} : { parent: task }) },
  })
  out.derive(source, { time: entry.time, run, agent, task: call, foreign, type: 'task.assigned', data: { to: worker, from: agent } })
}

function toolResult(stage: Stage, log: AgentLog, agent: string, task: string | undefined, entry: Entry, foreign: string, block: Json) {
  const { out, source, run, session } = stage
  const call = stringOf(block.tool_use_id) ?? foreign
  const failed = block.is_error === true
  const text = resultText(block.content)
  if (text.length > 2_000) out.lose('long tool result', 'Cut after 2,000 characters.')
  const name = log.toolNames.get(call)
  out.add(source, {
    time: entry.time,
    run,
    agent,
    task,
    foreign,
    type: failed ? 'tool.failed' : 'tool.finished',
    data: { call, ...(name === undefined ? {} : { name }), [failed ? 'error' : 'result']: clip(text) },
  })
  const order = [...session.orders.values()].find((one) => one.call === call)
  if (order === undefined) return
  out.derive(source, {
    time: entry.time,
    run,
    agent: agentId(session, order.agent),
    task: call,
    foreign,
    type: failed ? 'task.failed' : 'task.completed',
    data: failed ? { error: clip(text, 500) } : {},
  })
}

/** Arguments as they are while short; whole files written by a tool are cut. */
function shortArgs(input: unknown, out: Collector): Json {
  if (!isObject(input)) return {}
  const size = JSON.stringify(input).length
  if (size <= 4_000)
    return JSON.parse(JSON.stringify(input), (_key, value: unknown) => (typeof value === 'string' ? clip(value, 4_000) : value)) as Json
  out.lose('long tool arguments', 'Each argument is cut after 500 characters.')
  return Object.fromEntries(
    Object.entries(input).map(([key, value]) => [key, clip(typeof value === 'string' ? value : JSON.stringify(value), 500)]),
  )
}

function resultText(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content.map((part: unknown) => (isObject(part) ? (stringOf(part.text) ?? `[${String(part.type)}]`) : '')).join('\n')
}

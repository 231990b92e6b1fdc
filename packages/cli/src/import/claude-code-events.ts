/** What a record of a transcript says, as events. docs/imports/claude-code.md has the table. */
import { agentOf, isDelegation } from '@signalbox/model/claude-code.ts'
import { silenceMs } from '@signalbox/model/foreign.ts'
import { clip, isObject, type Json, stringOf } from '@signalbox/model/text.ts'
import type { Log, Sink, Use, Worker } from './claude-code-reader.ts'
import { type Entry, notificationOf } from './claude-code-records.ts'
import { callOf, isModelCall, startOf, usageOf } from './claude-code-usage.ts'

export function entryEvents(out: Sink, log: Log, entry: Entry, isLaunched = false) {
  start(out, log, entry)
  const { source, run, agent } = log
  const at = { time: entry.time, run, agent, foreign: entry.id }
  if (entry.kind === 'compacted') return void out.add(source, { ...at, type: 'context.compacted', data: entry.data })
  if (entry.kind === 'turn-ended')
    return void out.add(source, { ...at, type: 'agent.status', data: { status: 'waiting', detail: 'turn ended', ...entry.data } })
  if (entry.kind === 'user') log.asked.set(entry.id, entry.time)
  if (isModelCall(entry)) modelCall(out, log, entry)
  for (const [index, block] of entry.blocks.entries()) {
    const foreign = `${entry.id}:${index}`
    if (block.type === 'text') said(out, log, entry, foreign, block)
    else if (block.type === 'tool_use') toolUse(out, log, entry, foreign, block)
    else if (block.type === 'tool_result') toolResult(out, log, entry, foreign, block, isLaunched)
    else if (block.type === 'thinking' || block.type === 'redacted_thinking')
      out.skip('thinking', 'Private reasoning; its tokens are in the usage.')
    else out.skip(`${String(block.type)} block`, 'Not text, and of no use on a screen.')
  }
}

/** The session is named by its main agent, again when it gets a name of its own. */
function start(out: Sink, log: Log, { time, folder, slug }: Entry) {
  const { source, run, agent } = log
  const isMain = log.name === 'main'
  log.folder ??= folder
  const isNews = isMain && slug !== undefined && !log.isNamed
  if (log.hasStarted && !isNews) return
  const name = [log.folder, slug].filter((part) => part !== undefined).join(': ')
  out.derive(source, {
    foreign: `run ${log.name}`,
    type: 'run.started',
    time: log.hasStarted ? time : time - 2,
    run,
    data: isMain && name !== '' ? { name } : {},
  })
  log.isNamed ||= isNews
  if (log.hasStarted) return
  log.hasStarted = true
  const compacts = log.name.startsWith('acompact')
  const role = isMain ? { role: 'manager', name: 'main' } : { role: 'worker' }
  const told = compacts ? { name: 'context compaction', manager: agentOf(log.session) } : {}
  out.derive(source, {
    foreign: `agent ${log.name}`,
    type: 'agent.started',
    time: time - 1,
    run,
    agent,
    data: { ...role, ...told, intervalMs: silenceMs },
  })
}

/** A line a block, each with the usage so far: the fold takes the greatest of one call, once. */
function modelCall(out: Sink, log: Log, entry: Entry) {
  const { source, run, agent } = log
  const call = callOf(entry)
  const model = stringOf(entry.message.model)
  const finishReason = stringOf(entry.message.stop_reason)
  const data = { call, provider: 'anthropic', ...(model === undefined ? {} : { model }) }
  if (log.calls.has(call)) out.lose('usage on several lines of one message', 'Counted once for each message, each figure at its greatest.')
  else {
    log.calls.add(call)
    out.derive(source, { foreign: call, type: 'llm.started', time: startOf(entry, log.asked), run, agent, data })
    ofOrder(out, log, { kind: 'llm', call, time: entry.time })
  }
  out.add(source, {
    foreign: `${call} ${entry.id}`,
    type: 'llm.finished',
    time: entry.time,
    run,
    agent,
    data: { ...data, usage: usageOf(entry), ...(finishReason === undefined ? {} : { finishReason }) },
  })
}

function said(out: Sink, log: Log, entry: Entry, foreign: string, block: Json) {
  const { source, run, agent } = log
  const whole = stringOf(block.text)?.trim() ?? ''
  const text = clip(whole)
  const at = { time: entry.time, run, foreign, type: 'message.sent' }
  const ended = entry.kind === 'user' ? notificationOf(whole) : undefined
  if (ended !== undefined) taskEnded(out, log, entry, foreign, ended)
  if (text === '') out.skip('empty text', 'It says nothing.')
  else if (entry.kind === 'assistant') out.add(source, { ...at, agent, data: { role: 'assistant', text } })
  else if (entry.meta || ended !== undefined)
    out.skip('text written by the tool itself', 'Reminders, summaries and notices that nobody said.')
  // A worker's first words are its orders; main's come from the person at the keyboard.
  else
    out.add(source, {
      ...at,
      agent: log.name === 'main' ? person(out, log, entry) : agentOf(log.session),
      data: { role: 'user', text, to: agent },
    })
}

function person(out: Sink, log: Log, { time }: Entry): string {
  const { source, run } = log
  const agent = agentOf(log.session, 'user')
  if (!log.hasPerson)
    out.derive(source, { foreign: 'agent user', type: 'agent.started', time, run, agent, data: { role: 'human', name: 'user' } })
  log.hasPerson = true
  return agent
}

function toolUse(out: Sink, log: Log, { time }: Entry, foreign: string, block: Json) {
  const { source, run, agent } = log
  const call = stringOf(block.id) ?? foreign
  const name = stringOf(block.name) ?? 'tool'
  out.add(source, { time, run, agent, foreign, type: 'tool.started', data: { call, name, args: shortArgs(block.input, out) } })
  ofOrder(out, log, { kind: 'tool', call, time })
  const title = log.file.uses.get(call)?.title
  if (!isDelegation(name) || title === undefined) return
  out.derive(source, { time, run, agent, task: call, foreign, type: 'task.created', data: { title } })
}

function toolResult(out: Sink, log: Log, { time }: Entry, foreign: string, block: Json, isLaunched: boolean) {
  const { source, run, agent } = log
  const call = stringOf(block.tool_use_id) ?? foreign
  const failed = block.is_error === true
  const text = resultText(block.content)
  if (text.length > 2_000) out.lose('long tool result', 'Cut after 2,000 characters.')
  const use = log.file.uses.get(call)
  out.add(source, {
    time,
    run,
    agent,
    foreign,
    type: failed ? 'tool.failed' : 'tool.finished',
    data: { call, ...(use === undefined ? {} : { name: use.name }), [failed ? 'error' : 'result']: clip(text) },
  })
  if (use?.title === undefined || isLaunched) return
  endTask(out, log, { time, foreign, call, use, error: failed ? clip(text, 500) : undefined })
}

/** Work in the background has its result long before its end. */
function taskEnded(
  out: Sink,
  log: Log,
  { time }: Entry,
  foreign: string,
  { call, status }: { readonly call: string; readonly status: string },
) {
  const use = log.file.uses.get(call)
  if (use?.title !== undefined) endTask(out, log, { time, foreign, call, use, error: status === 'completed' ? undefined : status })
}

interface End {
  readonly time: number
  readonly foreign: string
  readonly call: string
  readonly use: Use
  readonly error: string | undefined
}

function endTask(out: Sink, { source, run }: Log, { time, foreign, call, use, error }: End) {
  const type = error === undefined ? 'task.completed' : 'task.failed'
  out.derive(source, { time, run, agent: use.worker ?? use.by, task: call, foreign, type, data: error === undefined ? {} : { error } })
}

/** The subagent that a call made: it is told later than the call, and belongs to the call's time. */
export function orderEvents(out: Sink, { source, run }: Log, call: string, { time, title, by }: Use, worker: string) {
  const at = { foreign: `order ${call}`, time, run }
  const name = title === undefined ? {} : { name: title }
  out.derive(source, { ...at, type: 'agent.started', agent: worker, data: { role: 'worker', ...name, manager: by, intervalMs: silenceMs } })
  out.derive(source, { ...at, type: 'task.assigned', agent: by, task: call, data: { to: worker, from: by } })
  out.derive(source, { ...at, type: 'task.started', agent: worker, task: call, data: {} })
}

function ofOrder(out: Sink, log: Log, done: Worker['calls'][number]) {
  if (log.name === 'main') return
  const { order, calls } = log.mine
  if (order === undefined) calls.push(done)
  else attribute(out, log, log.agent, order, done)
}

/** A call of a subagent is of its order: told apart from the call, since another file tells it. */
export function attribute(out: Sink, { source, run }: Log, agent: string, task: string, { kind, call, time }: Worker['calls'][number]) {
  out.derive(source, { foreign: `order of ${call}`, type: `${kind}.attributed`, time, run, agent, task, data: { call } })
}

/** Arguments as they are while short; whole files written by a tool are cut. */
function shortArgs(input: unknown, out: Sink): Json {
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

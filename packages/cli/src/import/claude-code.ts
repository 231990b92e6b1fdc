/**
 * Claude Code: session transcripts. A session is a run, its main agent the manager, its subagents the workers.
 *
 * Subagents have files of their own (`<session>/subagents/agent-*.jsonl`); one whose file is missing is read from the progress
 * records of its parent, which repeat it. docs/imports/claude-code.md has the table.
 */
import type { EpochMs } from '@signalbox/model/event.ts'
import type { Draft } from '@signalbox/model/foreign.ts'
import { parseObject, stringOf } from '@signalbox/model/text.ts'
import { createReader, type Log, type Sink } from './claude-code-reader.ts'
import { type Collector, createCollector } from './collector.ts'
import type { Imported, SourceFile } from './import.ts'

export function claudeCode(files: readonly SourceFile[]): Imported {
  const out = createCollector()
  const lines = files.map(({ path, text }) => ({ path, lines: text.split('\n') }))
  const own = new Set(lines.flatMap((file) => file.lines.map(ownerOf)))
  const { sink, heard } = listening(out)
  const reader = createReader({ out: sink, hasOwnFile: (session, agent) => own.has(`${session}/${agent}`) })
  for (const file of lines) for (const line of file.lines) reader.line(file.path, line)
  reader.finish()
  endRecording([...reader.logs()], heard, out)
  return out.finish('claude-code', files.length)
}

/** Which subagent wrote the line. */
function ownerOf(line: string): string | undefined {
  if (!line.includes('"agentId"')) return undefined
  const json = parseObject(line)
  return json === undefined || stringOf(json.agentId) === undefined ? undefined : `${String(json.sessionId)}/${String(json.agentId)}`
}

/** The same collector, and when each run and agent was heard of last. */
function listening(out: Collector): { readonly sink: Sink; readonly heard: ReadonlyMap<string, EpochMs> } {
  const heard = new Map<string, EpochMs>()
  const note = ({ run, agent, time }: Draft) => {
    for (const key of [run, agent]) if (key !== undefined) heard.set(key, Math.max(heard.get(key) ?? 0, time))
  }
  const hear =
    (tell: Collector['add']): Collector['add'] =>
    (source, draft) => {
      note(draft)
      return tell(source, draft)
    }
  return { heard, sink: { ...out, add: hear(out.add), derive: hear(out.derive) } }
}

/** What no record says: a recording has an end, a session that goes on has none. */
function endRecording(logs: readonly Log[], heard: ReadonlyMap<string, EpochMs>, out: Collector) {
  const data = { reason: 'end of the recording' }
  const told = logs.filter(({ hasStarted }) => hasStarted)
  const withMain = new Set(told.filter(({ name }) => name === 'main').map(({ run }) => run))
  for (const { source, run, agent, name } of new Map(told.map((log) => [log.agent, log])).values()) {
    out.derive(source, { foreign: `agent ${name}`, type: 'agent.stopped', time: (heard.get(agent) ?? 0) + 1, run, agent, data })
    if (!withMain.has(run))
      out.lose('subagent without its session', 'The main transcript is not among the files: the worker has no manager.')
  }
  for (const { source, run } of new Map(told.map((log) => [log.run, log])).values())
    out.derive(source, { foreign: 'run', type: 'run.finished', time: (heard.get(run) ?? 0) + 2, run, data })
}

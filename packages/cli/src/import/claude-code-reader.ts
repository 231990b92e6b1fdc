/**
 * Reads transcripts of Claude Code line by line, in whatever order the lines of different files come, into events.
 *
 * Promises: what a line gives depends on its own file before it alone, never on other files: files read at once and files read as they
 * grow give the same events. What one file knows of another (whose work a subagent does) is told by further events.
 */

import { agentOf, isDelegation, runOf } from '@signalbox/model/claude-code.ts'
import type { EpochMs } from '@signalbox/model/event.ts'
import { clip, isObject, type Json, parseObject, stringOf } from '@signalbox/model/text.ts'
import { attribute, entryEvents, orderEvents } from './claude-code-events.ts'
import { type Entry, entryOf, isLaunched, linkOf, repeatedOf, uninteresting } from './claude-code-records.ts'
import type { Collector } from './collector.ts'

export type Sink = Pick<Collector, 'add' | 'derive' | 'record' | 'skip' | 'lose'>

/** A tool call, as its file told it. */
export interface Use {
  readonly time: EpochMs
  readonly name: string
  /** Of work given to a subagent; undefined for other tools. */
  readonly title: string | undefined
  /** Who made the call. */
  readonly by: string
  /** The subagent that it made, once told. */
  worker?: string
}

/** What an agent wrote into one file. */
export interface Log {
  readonly session: string
  /** As Claude Code names it: `main`, or the subagent's id. */
  readonly name: string
  readonly source: string
  readonly run: string
  readonly agent: string
  readonly file: FileContext
  /** Times of what the model was asked, by record. */
  readonly asked: Map<string, EpochMs>
  readonly calls: Set<string>
  readonly mine: Worker
  hasStarted: boolean
  hasPerson: boolean
  folder: string | undefined
  isNamed: boolean
}

interface FileContext {
  readonly logs: Map<string, Log>
  readonly uses: Map<string, Use>
  readonly seen: Set<string>
  /** What the file repeats of subagents, until their results come or the reading ends. */
  readonly repeated: Map<string, { readonly log: Log; readonly entries: Entry[] }>
}

/** A subagent over all files: which order it works at is told by its parent's file, its calls by its own. */
export interface Worker {
  order: string | undefined
  /** Calls not yet told to be of the order. */
  readonly calls: { readonly kind: 'llm' | 'tool'; readonly call: string; readonly time: EpochMs }[]
}

export interface ReaderOptions {
  readonly out: Sink
  /** Whether the subagent has a transcript of its own: then what its parent repeats is no news. */
  readonly hasOwnFile: (session: string, agent: string) => boolean
}

export interface Reader {
  /** `file`: any name that is its own. */
  line(file: string, text: string): void
  /** What is known of the file; it is read from its start when it is read again. */
  forget(file: string): void
  /** Nothing more comes: what waited for a result goes on without. */
  finish(): void
  readonly logs: () => Iterable<Log>
}

export function createReader({ out, hasOwnFile }: ReaderOptions): Reader {
  const files = new Map<string, FileContext>()
  const workers = new Map<string, Worker>()
  /** Which file told a record: a session that goes on from another begins with its records. */
  const owners = new Map<string, string>()

  const fileOf = (name: string): FileContext => {
    const known = files.get(name) ?? { logs: new Map(), uses: new Map(), seen: new Set(), repeated: new Map() }
    files.set(name, known)
    return known
  }

  function logOf(file: FileContext, session: string, name: string): Log {
    const key = `${session}/${name}`
    const known = file.logs.get(key)
    if (known !== undefined) return known
    const mine = workers.get(key) ?? { order: undefined, calls: [] }
    workers.set(key, mine)
    const run = runOf(session)
    const log: Log = {
      session,
      name,
      source: run,
      run,
      agent: agentOf(session, name),
      file,
      asked: new Map(),
      calls: new Set(),
      mine,
      hasStarted: false,
      hasPerson: false,
      folder: undefined,
      isNamed: false,
    }
    file.logs.set(key, log)
    return log
  }

  const isRepeated = (name: string, file: FileContext, json: Json): boolean => {
    const id = stringOf(json.uuid)
    if (id === undefined) return false
    const owner = owners.get(id) ?? name
    if (owner !== name || file.seen.has(id)) return true
    owners.set(id, name)
    file.seen.add(id)
    return false
  }

  function link(log: Log, { agent, call }: { readonly agent: string; readonly call: string }) {
    const use = log.file.uses.get(call)
    if (use === undefined || use.worker !== undefined) return
    use.worker = agentOf(log.session, agent)
    orderEvents(out, log, call, use, use.worker)
    const worker = workers.get(`${log.session}/${agent}`) ?? { order: undefined, calls: [] }
    workers.set(`${log.session}/${agent}`, worker)
    // Woken again it has another order; what it did before and does then cannot be told apart from here.
    if (worker.order !== undefined) return
    worker.order = call
    for (const done of worker.calls.splice(0)) attribute(out, log, use.worker, call, done)
  }

  function flush({ log, entries }: { readonly log: Log; readonly entries: Entry[] }) {
    if (hasOwnFile(log.session, log.name)) return
    for (const entry of entries.splice(0)) {
      out.lose('subagent read from its parent', 'Its own file is missing; the parent repeats only part of it.')
      entryEvents(out, log, entry)
    }
  }

  function repeat(file: FileContext, session: string, json: Json) {
    const told = repeatedOf(json, out)
    if (told === undefined) return
    if (hasOwnFile(session, told.agent)) return out.skip('progress: agent_progress', 'It repeats the subagent’s own file.')
    const entry = entryOf(told.record, out)
    if (entry === undefined) return
    const waiting = file.repeated.get(told.agent) ?? { log: logOf(file, session, told.agent), entries: [] }
    file.repeated.set(told.agent, waiting)
    waiting.entries.push(entry)
  }

  return {
    line(name, text) {
      if (text.trim() === '') return
      out.record()
      const json = parseObject(text)
      if (json === undefined) return out.skip('unreadable line', 'It is not JSON.')
      const session = stringOf(json.sessionId)
      const why = uninteresting.get(String(json.type))
      if (session === undefined || why !== undefined) return out.skip(String(json.type), why ?? 'It belongs to no session.')
      const file = fileOf(name)
      if (isRepeated(name, file, json)) return out.skip('repeated line', 'The same record is in another file too.')
      const log = logOf(file, session, stringOf(json.agentId) ?? 'main')
      const order = linkOf(json)
      if (order !== undefined) link(log, order)
      if (json.type === 'progress') return repeat(file, session, json)
      const entry = entryOf(json, out)
      if (entry === undefined) return
      const waiting = order === undefined || isLaunched(json) ? undefined : file.repeated.get(order.agent)
      if (waiting !== undefined) flush(waiting)
      rememberUses(log, entry)
      entryEvents(out, log, entry, isLaunched(json))
    },
    forget(name) {
      files.delete(name)
    },
    finish() {
      for (const file of files.values()) for (const waiting of file.repeated.values()) flush(waiting)
    },
    *logs() {
      for (const { logs } of files.values()) yield* logs.values()
    },
  }
}

function rememberUses({ file, agent }: Log, { blocks, time }: Entry) {
  for (const { type, id, name, input } of blocks) {
    if (type !== 'tool_use' || typeof id !== 'string' || file.uses.has(id)) continue
    const tool = stringOf(name) ?? 'tool'
    const told = isObject(input) ? (stringOf(input.description) ?? stringOf(input.prompt)) : undefined
    file.uses.set(id, { time, name: tool, title: isDelegation(tool) ? clip(told ?? tool, 300) : undefined, by: agent })
  }
}

/**
 * Gas Town: the change history of a fleet's work database (`events.union.jsonl`) as one run, `gastown`.
 *
 * Every line becomes exactly one event, which carries the whole line in `data.source`; what a screen needs beside (roles, titles,
 * who is busy) is derived and marked, and set a millisecond beside its record,
 * because of two statuses of one moment neither is the later. docs/imports/gastown.md has the table.
 */
import type { EpochMs } from '@signalbox/model/event.ts'
import { clip, isObject, type Json, parseObject, stringOf } from '@signalbox/model/text.ts'
import { type Collector, createCollector } from './collector.ts'
import { type Cast, castOf, isAgentRecord } from './gastown-cast.ts'
import { type Change, changesOf } from './gastown-changes.ts'
import type { Imported, SourceFile } from './import.ts'

const source = 'gastown'
const run = 'gastown'

/** What one line says, before it has an id. */
interface Meaning {
  readonly type: string
  readonly agent?: string
  readonly data: Json
}

export function gastown(files: readonly SourceFile[]): Imported {
  const out = createCollector()
  const changes = changesOf(files, out)
  const cast = castOf(changes)
  const titles = titlesOf(files, changes)
  const parents = parentsOf(files)
  const first = changes[0]
  const last = changes.at(-1)
  if (first === undefined || last === undefined) return out.finish('gastown', files.length)

  out.derive(source, { foreign: 'run', type: 'run.started', time: first.time - 2, run, data: { name: 'Gas Town' } })
  const fleet = createFleet(out, cast)
  const known = new Set<string>()
  for (const change of changes) {
    fleet.arrive(change.actor, change.time)
    const task = isAgentRecord(change.subject) ? undefined : change.subject
    const details = task === undefined ? {} : { ...optional('title', titles.get(task)), ...optional('parent', parents.get(task)) }
    if (task !== undefined && !known.has(task)) {
      known.add(task)
      // Most tasks are older than the history; without a name for them a screen shows ids only.
      if (change.kind !== 'created' && details.title !== undefined)
        out.derive(source, { foreign: `task ${task}`, type: 'task.created', time: change.time, run, task, data: details })
    }
    const meaning = meaningOf(change, cast, details, out)
    out.add(source, {
      foreign: change.foreign,
      type: meaning.type,
      time: change.time,
      run,
      agent: meaning.agent ?? change.actor,
      task,
      data: { ...meaning.data, source: change.line },
    })
    fleet.follow(change, meaning)
  }
  fleet.leave(last.time + 2)
  out.derive(source, { foreign: 'run', type: 'run.finished', time: last.time + 3, run, data: { reason: 'end of the recording' } })
  return out.finish('gastown', files.length)
}

/** A kind may be any text, a type may not. */
const customType = (kind: string) => `custom.gastown.${kind.replaceAll(/[^A-Za-z0-9._:/-]/g, '_').slice(0, 100)}`

function meaningOf(change: Change, cast: Cast, details: Json, out: Collector): Meaning {
  const to = change.after
  const custom = (data: Json = {}): Meaning => ({ type: customType(change.kind), data: { about: change.subject, ...data } })
  if (isAgentRecord(change.subject)) return agentRecord(change, cast, out) ?? custom({ text: change.text })
  switch (change.kind) {
    case 'created':
      return { type: 'task.created', data: details }
    case 'claimed':
      return { type: 'task.started', data: {} }
    case 'closed':
      out.lose('closed', 'The source has one way to end a task; completed, canceled or rejected is read from the words of its reason.')
      return { type: outcomeOf(change.text), data: { note: clip(change.text, 500) } }
    case 'reopened':
      out.lose('reopened', 'Ended tasks stay ended in Signalbox: the reopening is kept and the task is flagged.')
      return to.status === 'in_progress'
        ? { type: 'task.started', data: { note: 'reopened' } }
        : { type: 'task.progress', data: { note: `reopened: ${String(to.status)}` } }
    case 'status_changed': {
      const assignee = stringOf(to.assignee)
      if (assignee !== undefined) return { type: 'task.assigned', data: { to: assignee, from: change.actor } }
      if (to.status === 'in_progress') return { type: 'task.started', data: {} }
      out.lose(
        'status_changed to open or pinned',
        'There is no way back from a started task; the release is kept as custom.gastown.released.',
      )
      return { type: 'custom.gastown.released', data: { about: change.subject, status: to.status } }
    }
    case 'updated': {
      const notes = stringOf(to.notes)
      if (notes !== undefined) return { type: 'task.progress', data: { note: clip(notes, 500) } }
      const design = stringOf(to.design)
      if (design !== undefined) return { type: 'plan.updated', data: { plan: clip(design) } }
      out.lose('updated description', 'The source keeps its own bookkeeping there; kept as custom.gastown.updated.')
      return custom({ fields: Object.keys(to) })
    }
    default:
      out.lose(change.kind, `Signalbox has no word for it; kept as custom.gastown.${change.kind}.`)
      return custom({ text: clip(change.text, 500) })
  }
}

/** The fleet keeps a record for each agent in the same database; changes of it are news about that agent, whoever wrote them. */
function agentRecord(change: Change, cast: Cast, out: Collector): Meaning | undefined {
  const agent = cast.ofRecord(change.subject)
  if (agent === undefined || change.kind !== 'updated') {
    out.lose(`agent record ${change.kind}`, `Registration and labels of agents; kept as custom.gastown.${change.kind}.`)
    return undefined
  }
  const to = change.after
  const written = stringOf(to.description)
  const state = stringOf(to.agent_state) ?? written?.match(/agent_state: (\S+)/)?.[1]
  const hook = stringOf(to.hook_bead) ?? written?.match(/hook_bead: (?!null)(\S+)/)?.[1]
  if (state === 'nuked') return { type: 'agent.stopped', agent, data: { reason: 'nuked', by: change.actor } }
  if (hook !== undefined || state === 'working' || state === 'spawning')
    return {
      type: 'agent.status',
      agent,
      data: { status: 'busy', by: change.actor, ...optional('detail', state), ...optional('task', hook) },
    }
  return { type: 'agent.status', agent, data: { status: 'idle', by: change.actor, task: '', ...optional('detail', state) } }
}

function outcomeOf(reason: string): 'task.completed' | 'task.canceled' | 'task.rejected' {
  if (/^rejected/i.test(reason)) return 'task.rejected'
  if (/^(stale|obsolete|superseded|duplicate|maintenance|test group)|burned|orphan|pollution|garbage|abandoned|purged/i.test(reason))
    return 'task.canceled'
  return 'task.completed'
}

/** Who holds what: the history tells of tasks, a fleet grid shows agents. */
function createFleet(out: Collector, cast: Cast) {
  const present = new Set<string>()
  const holds = new Map<string, string>()
  const arrive = (agent: string, time: EpochMs) => {
    if (present.has(agent)) return
    present.add(agent)
    out.derive(source, { foreign: `agent ${agent}`, type: 'agent.started', time: time - 1, run, agent, data: { ...cast.describe(agent) } })
  }
  const status = (change: Change, agent: string, data: Json) =>
    out.derive(source, {
      foreign: `${change.foreign} ${agent}`,
      type: 'agent.status',
      time: change.time + 1,
      run,
      agent,
      task: change.subject,
      data,
    })
  return {
    arrive,
    follow(change: Change, meaning: Meaning) {
      if (meaning.type === 'task.assigned') {
        const agent = String(meaning.data.to)
        arrive(agent, change.time)
        holds.set(agent, change.subject)
        status(change, agent, { status: 'busy', task: change.subject, detail: `assigned by ${change.actor}` })
      } else if (change.kind === 'closed' || meaning.type === 'custom.gastown.released') {
        for (const [agent, task] of holds) {
          if (task !== change.subject) continue
          holds.delete(agent)
          status(change, agent, { status: 'idle', task: '', detail: change.kind === 'closed' ? 'task ended' : 'task released' })
        }
      }
    },
    leave(time: EpochMs) {
      for (const agent of present)
        out.derive(source, { foreign: `agent ${agent}`, type: 'agent.stopped', time, run, agent, data: { reason: 'end of the recording' } })
    },
  }
}

/** The last known title of each task: from the tables, else from what the history says it was. */
function titlesOf(files: readonly SourceFile[], changes: readonly Change[]): ReadonlyMap<string, string> {
  const titles = new Map<string, string>()
  const learn = (row: Json | undefined) => {
    const id = stringOf(row?.id)
    const title = stringOf(row?.title)
    if (id !== undefined && title !== undefined) titles.set(id, clip(title, 300))
  }
  for (const file of files)
    if (/(fleet-records|issues\.last)\.jsonl$/.test(file.path)) for (const line of file.text.split('\n')) learn(parseObject(line))
  for (const change of changes) learn(change.before)
  return titles
}

function parentsOf(files: readonly SourceFile[]): ReadonlyMap<string, string> {
  const parents = new Map<string, string>()
  for (const file of files) {
    if (!file.path.endsWith('dependencies.last.jsonl')) continue
    for (const row of file.text.split('\n').map(parseObject)) {
      const child = stringOf(row?.issue_id)
      const parent = stringOf(row?.depends_on_id)
      if (isObject(row) && row.type === 'parent-child' && child !== undefined && parent !== undefined) parents.set(child, parent)
    }
  }
  return parents
}

const optional = (name: string, value: string | undefined): Record<string, string> => (value === undefined ? {} : { [name]: value })

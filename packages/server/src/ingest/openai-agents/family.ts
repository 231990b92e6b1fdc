/**
 * Which span is below which, per trace: spans come when they end, so children before their parents, and it is the ancestors that know
 * whose a call is, who asked a worker, and what a model call took. What is learned is told by events of its own. Bounded: of traces and
 * spans beyond it nothing is learned. The tenant with the most spans loses first, so that one tenant's traces cost no other's.
 */
import type { Draft } from '@signalbox/model/foreign.ts'
import { identifier } from '@signalbox/model/text.ts'
import { createTraceMemory } from '../trace-memory.ts'
import { callOf, ownUsageOf } from './events.ts'
import type { SpanRecord } from './records.ts'
import { less, type Usage, usageOf } from './usage.ts'

/** Of all tenants together. */
export interface FamilyBounds {
  readonly traces: number
  readonly spans: number
  readonly spansOfTrace: number
}
const usual: FamilyBounds = { traces: 10_000, spans: 200_000, spansOfTrace: 20_000 }
/** Parents are the sender's word, which may go round in a circle. */
const most = { levels: 200, visited: 2_000 } as const

interface Member {
  readonly span: Pick<SpanRecord, 'id' | 'trace' | 'parent' | 'kind' | 'start' | 'end' | 'error'>
  /** Of an agent's span, and of a turn. */
  readonly agent?: string | undefined
  /** The agent's span: its own, or that of a turn. */
  readonly task?: string | undefined
  readonly usage?: Usage | undefined
}

interface Family {
  readonly members: Map<string, Member>
  readonly children: Map<string, Member[]>
}

const isModelCall = ({ span }: Member) => callOf(span) === 'llm'

function memberOf(record: SpanRecord): Member {
  const { id, trace, parent, kind, start, end, error, data } = record
  const span = { id, trace, parent, kind, start, end, error }
  if (kind === 'agent') return { span, agent: identifier(data.name), task: id }
  if (kind === 'turn') return { span, agent: identifier(data.agent_name), task: parent, usage: usageOf(data.usage) }
  if (kind === 'task') return { span, usage: usageOf(data.usage) }
  return { span, usage: callOf(record) === 'llm' ? ownUsageOf(record) : undefined }
}

/** The nearest of it and its ancestors that `is`. */
function nearest({ members }: Family, from: Member | undefined, is: (member: Member) => boolean): Member | undefined {
  let at = from
  for (let level = 0; at !== undefined && level < most.levels; level += 1) {
    if (is(at)) return at
    at = at.span.parent === undefined ? undefined : members.get(at.span.parent)
  }
  return undefined
}

/** It and all below it, down to those that `ends`; they are the last ones of their branch. */
function* below({ children }: Family, from: Member, ends: (member: Member) => boolean): Generator<Member> {
  const open = [from]
  const visited = new Set<Member>()
  for (let member = open.pop(); member !== undefined && visited.size < most.visited; member = open.pop()) {
    if (visited.has(member)) continue
    visited.add(member)
    yield member
    if (member === from || !ends(member)) open.push(...(children.get(member.span.id) ?? []))
  }
}

const hasAgent = ({ agent }: Member) => agent !== undefined

function attributed({ span }: Member, { agent, task }: Member): Draft {
  const type = `${callOf(span)}.attributed`
  return { foreign: span.id, type, time: span.end, run: span.trace, agent, task, data: { call: span.id, derived: true } }
}

function delegated({ span, agent }: Member, by: Member): Draft {
  const data = { from: by.agent, to: agent, ...(by.task && { parent: by.task }), derived: true }
  return { foreign: span.id, type: 'task.assigned', time: span.start, run: span.trace, agent: by.agent, task: span.id, data }
}

/** Whose the calls at and below it are, and who asked the agents there. */
function* belongings(family: Family, member: Member): Generator<Draft> {
  const above = member.span.parent === undefined ? undefined : nearest(family, family.members.get(member.span.parent), hasAgent)
  const isAgent = (one: Member) => one.span.kind === 'agent' && hasAgent(one)
  const owner = hasAgent(member) ? member : above
  if (isAgent(member) && above !== undefined) yield delegated(member, above)
  if (owner === undefined) return
  for (const one of below(family, member, hasAgent)) {
    if (callOf(one.span) !== undefined) yield attributed(one, owner)
    else if (one !== member && isAgent(one)) yield delegated(one, owner)
  }
}

/**
 * What the model call of a turn took, where it does not say so itself: the turn's sum, less what the calls in it did say and what runs of
 * other agents in it (agents as tools) took.
 */
function* leftOver(family: Family, member: Member): Generator<Draft> {
  const turn = nearest(family, member, ({ span }) => span.kind === 'turn')
  if (turn?.usage === undefined) return
  let rest = turn.usage
  const silent: Member[] = []
  for (const one of below(family, turn, ({ span }) => span.kind === 'task' || span.kind === 'agent')) {
    if (one !== turn && one.usage !== undefined) rest = less(rest, one.usage)
    else if (isModelCall(one)) silent.push(one)
  }
  // Tries before the last failed, and took nothing.
  const call = silent
    .sort((a, b) => Number(b.span.error !== undefined) - Number(a.span.error !== undefined) || a.span.end - b.span.end)
    .at(-1)
  if (call === undefined || rest.inputTokens + rest.outputTokens === 0) return
  const { span } = call
  yield {
    // Named by what it says: were a part of the turn to come late, the event would be another.
    foreign: `${span.id}:${Object.values(rest).join(',')}`,
    type: span.error === undefined ? 'llm.finished' : 'llm.failed',
    time: span.end,
    run: span.trace,
    data: { call: span.id, usage: rest, usageOf: turn.span.id, derived: true },
  }
}

/** Of members that no agent is known for yet. */
const waitingIn = (family: Family): number =>
  [...family.members.values()].filter((member) => callOf(member.span) !== undefined && nearest(family, member, hasAgent) === undefined)
    .length

/** `onForgotten`: told of each trace that is forgotten, and how many of its calls are still nobody's. */
export function createFamilies(bounds: FamilyBounds = usual, onForgotten: (waiting: number) => void = () => {}) {
  const memory = createTraceMemory<Family>({
    each: bounds,
    inAll: bounds,
    spansOf: ({ members }) => members.size,
    onForgotten: (family) => onForgotten(waitingIn(family)),
  })

  /** How many it came to be more. */
  function keep(family: Family, member: Member): 0 | 1 {
    const { id, parent } = member.span
    if (family.members.has(id) || family.members.size >= bounds.spansOfTrace) return 0
    family.members.set(id, member)
    if (parent === undefined) return 1
    const siblings = family.children.get(parent)
    if (siblings === undefined) family.children.set(parent, [member])
    else siblings.push(member)
    return 1
  }

  return {
    /** What can be said now that this span is here. Said again when it comes again. */
    learn(tenant: string, record: SpanRecord): Draft[] {
      const family = memory.of(tenant, record.trace, () => ({ members: new Map(), children: new Map() }))
      const member = memberOf(record)
      memory.grew(tenant, keep(family, member))
      const tellsUsage = member.span.kind === 'turn' || member.span.kind === 'task' || isModelCall(member)
      return [...belongings(family, member), ...(tellsUsage ? leftOver(family, member) : [])]
    },
  }
}

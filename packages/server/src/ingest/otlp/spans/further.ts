/**
 * What is told of a span once those above it are known: whose call it was, who gave the agent its work. The same whenever that is, but for
 * which calls are told of together.
 */
import { type MadeEvent, silenceMs } from '@signalbox/model/foreign.ts'
import { mostCallsTold } from '@signalbox/model/vocabulary.ts'
import { eventOf } from '../../event-of.ts'
import type { Execution, Node, Top } from './trace.ts'

interface Draft {
  readonly part: string
  readonly type: string
  readonly time: number
  readonly agent: string
  readonly task?: string | undefined
  readonly data: Readonly<Record<string, unknown>>
}

const further = (traceId: string, node: Pick<Node, 'id' | 'source' | 'run'>, { part, data, ...draft }: Draft): MadeEvent =>
  eventOf(node.source, {
    ...draft,
    foreign: `span ${traceId} ${node.id} ${part}`,
    run: node.run,
    trace: traceId.length === 32 && node.id.length === 16 ? `00-${traceId}-${node.id}-01` : undefined,
    data: { ...data, derived: true },
  })

/** `item`: of the request, the one that brought it. */
export interface Further {
  readonly item: number
  readonly event: MadeEvent
}

/** What is told in one go, of one document or of traces that fell silent: whose calls are is told of many at once. */
export function createFurther() {
  const told: Further[] = []
  /** Agents without a span of their own that were told of already. */
  const services = new Set<string>()
  /** By the span that made it certain. */
  const groups = new Map<Node, Group[]>()

  function gather(traceId: string, node: Node, { agent, task, by }: Owner, item: number): void {
    const held = groups.get(by) ?? []
    if (held.length === 0) groups.set(by, held)
    const { role, source, run } = node
    const own = held.find((group) => group.agent === agent && group.role === role && group.source === source && group.run === run)
    if (own === undefined) held.push({ traceId, item, agent, task, by, role, source, run, nodes: new Set([node]) })
    else own.nodes.add(node)
  }

  /** Of one that is certain. */
  function eventsOf(traceId: string, node: Node, item: number): MadeEvent[] {
    const { above: agent, root = node } = node
    switch (node.role) {
      case 'model':
      case 'tool': {
        if (!node.isCounted) return []
        const owner = ownerOf(node, agent, root)
        if (owner !== undefined) gather(traceId, node, owner, item)
        // Nothing else tells of an agent that has no span of its own.
        return agent === undefined ? agentOfCalls(traceId, root, node.agent ?? node.service, node.service, services) : []
      }
      case 'agent':
        return agent === undefined ? [] : delegated(traceId, node, agent)
      case 'handoff':
        return handedOver(traceId, node, agent)
      case 'plain':
        return node.execution === undefined ? [] : executed(traceId, node, node.execution)
    }
  }

  return {
    add(traceId: string, node: Node, item: number): void {
      for (const event of eventsOf(traceId, node, item)) told.push({ item, event })
    },
    told: (): readonly Further[] => [...told, ...[...groups.values()].flat().flatMap(attributed)],
  }
}

/** Whose a call is. */
interface Owner {
  readonly agent: string
  readonly task: string | undefined
  /** The span that made it certain: the agent's, or the root. */
  readonly by: Node
}

/** Calls of one owner, and alike in all that an event says once. */
interface Group extends Owner, Pick<Node, 'role' | 'source' | 'run'> {
  readonly traceId: string
  readonly item: number
  /** A span that comes twice is one. */
  readonly nodes: Set<Node>
}

/** Undefined where the call said all of it itself. */
function ownerOf(node: Node, agent: Node | undefined, root: Node): Owner | undefined {
  const whose = node.agent ?? agent?.agent
  if (whose === undefined) return { agent: node.service, task: undefined, by: root }
  // Of an agent that it names itself only the task is news, if that is the agent's and it names none.
  if (agent === undefined || node.task !== undefined || whose !== agent.agent || agent.run !== node.run) return undefined
  return { agent: whose, task: agent.id, by: agent }
}

/** One alone is told as its span's; several in an order of their own, so that the same ones make the same event. */
function attributed({ traceId, item, agent, task, by, role, source, run, nodes }: Group): Further[] {
  const sorted = [...nodes].sort((a, b) => (a.id < b.id ? -1 : 1))
  const told: Further[] = []
  for (let from = 0; from < sorted.length; from += mostCallsTold) {
    const some = sorted.slice(from, from + mostCallsTold)
    const [first] = some
    if (first === undefined) break
    const isOne = some.length === 1
    const event = further(
      traceId,
      { id: isOne ? first.id : by.id, source, run },
      {
        part: isOne ? 'attributed' : `attributed ${some.map(({ id }) => id).join(' ')}`,
        type: role === 'model' ? 'llm.attributed' : 'tool.attributed',
        time: Math.max(...some.map(({ end }) => end)),
        ...{ agent, task },
        data: isOne ? { call: first.call } : { calls: some.map(({ call }) => call) },
      },
    )
    told.push({ item, event })
  }
  return told
}

const seen = (agent: string, service: string) => ({
  name: agent.startsWith(`${service}/`) ? agent.slice(service.length + 1) : agent,
  intervalMs: silenceMs,
})

function agentOfCalls(traceId: string, root: Node, agent: string, service: string, told: Set<string>): MadeEvent[] {
  const key = `${traceId} ${root.id} ${agent}`
  if (told.has(key)) return []
  told.add(key)
  return [
    eventOf(root.source, {
      foreign: `span ${traceId} ${root.id} service ${agent}`,
      type: 'agent.started',
      time: root.start,
      run: root.run,
      agent,
      data: { ...seen(agent, service), derived: true },
    }),
  ]
}

function delegated(traceId: string, node: Node, { id, agent, run }: Node): MadeEvent[] {
  if (node.agent === undefined || agent === undefined) return []
  const by = { time: node.start, agent, task: node.id }
  const parent = run === node.run ? { parent: id } : {}
  const events = [further(traceId, node, { ...by, part: 'created', type: 'task.created', data: { title: node.name, ...parent } })]
  if (agent !== node.agent)
    events.push(further(traceId, node, { ...by, part: 'assigned', type: 'task.assigned', data: { from: agent, to: node.agent } }))
  return events
}

function handedOver(traceId: string, node: Node, agent: Node | undefined): MadeEvent[] {
  const from = agent?.agent
  if (node.handoff === undefined || node.agent !== undefined || from === undefined || node.hasSource) return []
  const handoff = further(traceId, node, {
    part: 'handoff',
    type: 'handoff',
    time: node.end,
    agent: from,
    data: { from, to: node.handoff },
  })
  return [handoff, ...rolesOf(traceId, node, from)]
}

/** Of a handoff that says who leads whom, once it is known `from` whom it is. */
export function rolesOf(traceId: string, node: Node, from: string): MadeEvent[] {
  const { handoff: to, service, end: time } = node
  if (!node.isLead || to === undefined || to === from) return []
  const started = { type: 'agent.started', time }
  return [
    further(traceId, node, { ...started, part: 'manager', agent: from, data: { role: 'manager', ...seen(from, service) } }),
    further(traceId, node, { ...started, part: 'worker', agent: to, data: { role: 'worker', manager: from, ...seen(to, service) } }),
  ]
}

/** A step that turned out to be an agent at work. */
function executed(traceId: string, node: Node, { task, agent, title }: Execution): MadeEvent[] {
  const ended = node.failed === undefined ? { type: 'task.completed', data: {} } : { type: 'task.failed', data: { error: node.failed } }
  return [
    further(traceId, node, { part: 'started', type: 'task.started', time: node.start, agent, task, data: { title } }),
    further(traceId, node, { ...ended, part: 'ended', time: node.end, agent, task }),
  ]
}

/** The run of a trace whose root never came, from its first start to its last end. */
export function runOfTop(traceId: string, { first, last }: Top): MadeEvent[] {
  const run = (node: Node, type: string, time: number, data: Readonly<Record<string, unknown>>) =>
    eventOf(node.source, { foreign: `span ${traceId} ${node.id} top`, type, time, run: node.run, data: { ...data, derived: true } })
  return [
    run(first, 'run.started', first.start, { name: first.name }),
    last.failed === undefined ? run(last, 'run.finished', last.end, {}) : run(last, 'run.failed', last.end, { error: last.failed }),
  ]
}

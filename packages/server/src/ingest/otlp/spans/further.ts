/** What is told of a span once those above it are known: whose call it was, who gave the agent its work. The same whenever that is. */
import { type MadeEvent, silenceMs } from '@signalbox/model/foreign.ts'
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

const further = (traceId: string, node: Node, { part, data, ...draft }: Draft): MadeEvent =>
  eventOf(node.source, {
    ...draft,
    foreign: `span ${traceId} ${node.id} ${part}`,
    run: node.run,
    trace: traceId.length === 32 && node.id.length === 16 ? `00-${traceId}-${node.id}-01` : undefined,
    data: { ...data, derived: true },
  })

/** `services`: agents without a span of their own that were told of already in one go. */
export function furtherOf(traceId: string, node: Node, services: Set<string>): MadeEvent[] {
  const { above: agent, root = node } = node
  switch (node.role) {
    case 'model':
    case 'tool':
      return node.isCounted ? attributed(traceId, node, agent, root, services) : []
    case 'agent':
      return agent === undefined ? [] : delegated(traceId, node, agent)
    case 'handoff':
      return handedOver(traceId, node, agent)
    case 'plain':
      return node.execution === undefined ? [] : executed(traceId, node, node.execution)
  }
}

function attributed(traceId: string, node: Node, agent: Node | undefined, root: Node, services: Set<string>): MadeEvent[] {
  const type = node.role === 'model' ? 'llm.attributed' : 'tool.attributed'
  const whose = node.agent ?? agent?.agent
  if (whose !== undefined) {
    // Nothing else tells of an agent that has no span of its own.
    if (agent === undefined) return agentOfCalls(traceId, root, whose, node.service, services)
    // Of an agent that it names itself only the task is news, if that is the agent's and it names none.
    if (node.task !== undefined || whose !== agent.agent || agent.run !== node.run) return []
    return [further(traceId, node, { part: 'attributed', type, time: node.end, agent: whose, task: agent.id, data: { call: node.call } })]
  }
  const told = further(traceId, node, { part: 'attributed', type, time: node.end, agent: node.service, data: { call: node.call } })
  return [...agentOfCalls(traceId, root, node.service, node.service, services), told]
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

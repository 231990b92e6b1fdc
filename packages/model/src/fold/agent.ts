import type { EpochMs, LoggedEvent } from '../event.ts'
import type { AgentRole, AgentRow, AgentStatus, InFlight, Latest, Totals } from '../rows.ts'
import type { CallChange } from './call.ts'
import { count, named, text } from './keys.ts'
import { latest, newer } from './latest.ts'
import { addTotals, emptyTotals } from './totals.ts'

const mostInFlight = 32
/** The server's own events about an agent are no sign of life of it. */
export const serverSource = 'signalbox'

/** A Map: a type may be called `constructor`, and every object has one of those. */
const statusAfter: ReadonlyMap<string, AgentStatus> = new Map(
  Object.entries({
    'agent.started': 'idle',
    'agent.stopped': 'stopped',
    'task.started': 'busy',
    'task.progress': 'busy',
    'llm.started': 'busy',
    'llm.finished': 'busy',
    'tool.started': 'busy',
    'tool.finished': 'busy',
    'task.input_required': 'waiting',
    'task.auth_required': 'waiting',
    'approval.requested': 'waiting',
    'approval.decided': 'busy',
    'task.completed': 'idle',
    'task.failed': 'idle',
    'task.canceled': 'idle',
    'task.rejected': 'idle',
    'run.finished': 'idle',
    'run.failed': 'idle',
  } satisfies Record<string, AgentStatus>),
)
const isAtWork = (status: AgentStatus | undefined) => status === 'busy' || status === 'waiting' || status === 'stuck'

export function openAgent(id: string, time: EpochMs, receivedAt: EpochMs): AgentRow {
  return { id, firstSeenAt: time, lastSeenAt: time, lastReceivedAt: receivedAt, events: 0, totals: emptyTotals, inFlight: [] }
}

function foldStatus(agent: AgentRow, event: LoggedEvent, freedAt: EpochMs | undefined): Latest<AgentStatus> | undefined {
  const means = event.type === 'agent.status' ? (text(event.data.status) as AgentStatus | undefined) : statusAfter.get(event.type)
  const said = freedAt !== undefined && event.time <= freedAt && isAtWork(means) ? 'idle' : means
  // An event that came after "lost" proves life whatever the agent's clock says, so arrival decides here, not time.
  if (agent.status?.value === 'lost' && event.source !== serverSource) {
    const value = said ?? (agent.inFlight.length > 0 ? 'busy' : 'idle')
    return { value, at: Math.max(agent.status.at, event.time), by: event.id }
  }
  return latest(agent.status, said, event)
}

/** A list, not an object by key: every new key would give the object a new shape, which costs the fold more than all else (measured). */
function foldInFlight(held: AgentRow['inFlight'], event: LoggedEvent, { key, after: call }: CallChange): AgentRow['inFlight'] {
  const at = held.findIndex((open) => open.call === key)
  // Only told whose it is: its start or its end may have come, or is to come.
  if (call.startedAt === undefined && call.outcome === undefined) return held
  if (call.outcome !== undefined) return at < 0 ? held : held.toSpliced(at, 1)
  const open: InFlight = { call: key, kind: call.kind, name: call.name, startedAt: call.startedAt ?? event.time }
  if (at >= 0) return held.with(at, open)
  return held.length < mostInFlight ? [...held, open] : [...held.slice(1), open]
}

/** An event of another agent, or of none, about a call that was the agent's, and may be still. */
export function foldCaller(agent: AgentRow, event: LoggedEvent, call: CallChange): AgentRow {
  if (call.after.agent === agent.id)
    return { ...agent, inFlight: foldInFlight(agent.inFlight, event, call), totals: addTotals(agent.totals, call.told) }
  const inFlight = agent.inFlight.filter((open) => open.call !== call.key)
  return inFlight.length === agent.inFlight.length ? agent : { ...agent, inFlight }
}

function foldAgentTask(held: AgentRow['task'], task: string | undefined, event: LoggedEvent): AgentRow['task'] {
  const now = latest(held, task, event)
  return now === undefined || now === held ? held : { value: now.value, at: now.at, by: now.by, run: event.run }
}

/** It came after the end of its task, and was before it. */
const isLate = (event: LoggedEvent, taskEndedAt: EpochMs | undefined): taskEndedAt is EpochMs =>
  taskEndedAt !== undefined && event.time <= taskEndedAt

/**
 * The event, its own or another's, ended the task it was at. The values keep their times: what it said in another partition since is newer
 * still.
 */
export function foldFreed(agent: AgentRow, event: LoggedEvent): AgentRow {
  const { task, status } = agent
  if (task === undefined || task.value !== event.task || task.run !== event.run || task.at > event.time) return agent
  return {
    ...agent,
    task: { ...task, value: '' },
    status: status !== undefined && status.at <= event.time && isAtWork(status.value) ? { ...status, value: 'idle' } : status,
    freedAt: Math.max(agent.freedAt ?? 0, event.time),
  }
}

/**
 * One event of the agent's own. `added` is what the event adds to totals, `calls` those that it changed, `taskEndedAt` when the task of
 * a `task.*` event ended, if it has.
 */
export function foldAgent(
  held: AgentRow | undefined,
  id: string,
  event: LoggedEvent,
  added: Totals | undefined,
  calls: readonly CallChange[],
  taskEndedAt?: EpochMs,
): AgentRow {
  const agent = held ?? openAgent(id, event.time, event.receivedAt)
  const { type, data, time } = event
  const started = type === 'agent.started'
  const heartbeat = type === 'agent.heartbeat'
  const own = event.source !== serverSource
  const works = type === 'task.started' || type === 'task.progress'
  const late = isLate(event, taskEndedAt) && isAtWork(statusAfter.get(type))
  const freedAt = late ? Math.max(agent.freedAt ?? 0, taskEndedAt) : works ? undefined : agent.freedAt
  return {
    id,
    role: started ? latest(agent.role, text(data.role) as AgentRole | undefined, event) : agent.role,
    name: started ? latest(agent.name, text(data.name), event) : agent.name,
    manager: started ? latest(agent.manager, named(data.manager), event) : agent.manager,
    model: latest(agent.model, started || calls[0]?.after.kind === 'llm' ? text(data.model) : undefined, event),
    host: started ? latest(agent.host, text(data.host), event) : agent.host,
    team: started ? latest(agent.team, text(data.team), event) : agent.team,
    status: foldStatus(agent, event, freedAt),
    run: latest(agent.run, event.run, event),
    task: works ? foldAgentTask(agent.task, late ? '' : event.task, event) : agent.task,
    freedAt,
    firstSeenAt: Math.min(agent.firstSeenAt, time),
    lastSeenAt: !own ? agent.lastSeenAt : agent.events === 0 ? time : Math.max(agent.lastSeenAt, time),
    lastHeartbeatAt: heartbeat ? Math.max(agent.lastHeartbeatAt ?? 0, time) : agent.lastHeartbeatAt,
    lastReceivedAt: own ? Math.max(agent.lastReceivedAt, event.receivedAt) : agent.lastReceivedAt,
    heartbeatIntervalMs: (started || heartbeat) && count(data.intervalMs) > 0 ? count(data.intervalMs) : agent.heartbeatIntervalMs,
    lastProgressAt: heartbeat || !own ? agent.lastProgressAt : Math.max(agent.lastProgressAt ?? 0, time),
    events: agent.events + 1,
    totals: added === undefined ? agent.totals : addTotals(agent.totals, added),
    inFlight: calls.reduce((held, call) => foldInFlight(held, event, call), agent.inFlight),
  }
}

/** Roles told by who delegates to whom, weaker than any the agent gave itself. */
const implied = <T>(held: Latest<T> | undefined, value: T, rank: 0 | 1): Latest<T> | undefined => newer(held, { value, at: rank, by: '' })

/** Who is only named has no event of its own: it is seen when it is named, until it speaks for itself. So the order of the two does not matter. */
function foldNamed(held: AgentRow | undefined, id: string, { time, receivedAt }: LoggedEvent): AgentRow {
  const agent = held ?? openAgent(id, time, receivedAt)
  const firstSeenAt = Math.min(agent.firstSeenAt, time)
  return agent.events > 0 ? { ...agent, firstSeenAt } : { ...agent, firstSeenAt, lastSeenAt: Math.max(agent.lastSeenAt, time) }
}

export function foldDelegator(held: AgentRow | undefined, id: string, event: LoggedEvent): AgentRow {
  const agent = foldNamed(held, id, event)
  return { ...agent, role: implied(agent.role, 'manager', 1) }
}

export function foldDelegate(
  held: AgentRow | undefined,
  id: string,
  from: string | undefined,
  event: LoggedEvent,
  taskEndedAt?: EpochMs,
): AgentRow {
  const agent = foldNamed(held, id, event)
  return {
    ...agent,
    role: implied(agent.role, 'worker', 0),
    manager: from === undefined || from === id ? agent.manager : latest(agent.manager, from, event),
    run: latest(agent.run, event.run, event),
    task: foldAgentTask(agent.task, isLate(event, taskEndedAt) ? '' : event.task, event),
  }
}

const later = (a: EpochMs | undefined, b: EpochMs | undefined) => (a === undefined ? b : b === undefined ? a : Math.max(a, b))

function join(a: AgentRow, b: AgentRow): AgentRow {
  // Where it is only named it was not seen itself.
  const seen = a.events > 0 && b.events === 0 ? [a] : b.events > 0 && a.events === 0 ? [b] : [a, b]
  return {
    id: a.id,
    role: newer(a.role, b.role),
    name: newer(a.name, b.name),
    manager: newer(a.manager, b.manager),
    model: newer(a.model, b.model),
    host: newer(a.host, b.host),
    team: newer(a.team, b.team),
    status: newer(a.status, b.status),
    run: newer(a.run, b.run),
    task: newer(a.task, b.task),
    freedAt: later(a.freedAt, b.freedAt),
    firstSeenAt: Math.min(a.firstSeenAt, b.firstSeenAt),
    lastSeenAt: Math.max(...seen.map((part) => part.lastSeenAt)),
    lastHeartbeatAt: later(a.lastHeartbeatAt, b.lastHeartbeatAt),
    lastReceivedAt: Math.max(...seen.map((part) => part.lastReceivedAt)),
    heartbeatIntervalMs: later(a.heartbeatIntervalMs, b.heartbeatIntervalMs),
    lastProgressAt: later(a.lastProgressAt, b.lastProgressAt),
    events: a.events + b.events,
    totals: addTotals(a.totals, b.totals),
    // In an order of their own, so that joining is commutative.
    inFlight: [...a.inFlight, ...b.inFlight].sort((x, y) => x.startedAt - y.startedAt || (x.call < y.call ? -1 : 1)),
  }
}

/** One agent from its rows of several partitions (disjoint events, so sums add up). Commutative and associative. */
export function joinAgents(rows: readonly AgentRow[]): AgentRow | undefined {
  return rows.length === 0 ? undefined : rows.reduce(join)
}

/** What one producer of a fleet says: agents that take tasks, call models and tools, hand over, and go on to the next run. */
import type { EventInput } from '@signalbox/model/event.ts'
import { createIdSource } from '@signalbox/model/ids.ts'
import type { Sent } from '../history/history.ts'
import type { Random } from './world.ts'

/** An event with an id of its own, as all of a fleet's have. */
export interface Made {
  readonly event: EventInput & { readonly id: string }
  /** What it adds to the totals of its run. */
  readonly adds?: NonNullable<Sent['adds']>
}

export interface FleetOptions {
  readonly source: string
  /** Names the agents; two producers with one source are two fleets. */
  readonly name: string
  readonly agents: number
  readonly random: Random
  /** The producer's clock, which may be wrong. */
  readonly now: () => number
}

const tasksPerRun = 12
/** Of events that are of no run. */
const withoutRun = 0.04
const text = 'the agent read a file, changed two lines and ran the tests again'

type Said = Omit<EventInput, 'id' | 'source' | 'time' | 'seq' | 'epoch'> & { readonly adds?: Made['adds'] }

/** Makes the producer's next event. */
export function createFleet({ source, name, agents, random, now }: FleetOptions): () => Made {
  const nextId = createIdSource(now)
  const epoch = Math.trunc(now())
  let seq = 0
  const scripts = Array.from({ length: agents }, (_, i) => agentScript(`${name}-${i}`, `${name}-${(i + 1) % agents}`, name, random))

  return () => {
    const { adds, ...said } = random.pick(scripts).next().value
    const event = { ...said, id: nextId(), source, time: new Date(now()).toISOString(), seq, epoch }
    seq += 1
    return adds === undefined ? { event } : { event, adds }
  }
}

/** Without end: an agent never runs out of work. */
function* agentScript(agent: string, peer: string, fleet: string, random: Random): Generator<Said, never> {
  yield { type: 'agent.started', agent, data: { role: 'worker', name: agent, host: fleet, intervalMs: 60_000 } }
  /** What is learned of a call a task after it ended, long after its row was written. */
  let learned: Said | undefined
  for (let n = 0; ; n += 1) {
    const run = `${agent}-run-${Math.floor(n / tasksPerRun)}`
    const task = `task-${n}`
    const of = { run, agent, task }
    if (n % tasksPerRun === 0) yield { type: 'run.started', run, agent, data: { name: run } }
    yield { ...of, type: 'task.created', data: { title: `Task ${n}`, assignee: agent, from: peer } }
    yield { ...of, type: 'task.started' }
    let call: string | undefined
    for (let step = random.between(1, 5); step > 0; step -= 1) call = (yield* stepOf(of, `${n}-${step}`, random)) ?? call
    if (learned !== undefined) yield learned
    learned = call === undefined ? undefined : { ...of, agent: peer, type: 'llm.attributed', data: { call } }
    if (random.next() < withoutRun) yield { type: 'log', agent, data: { level: 'info', message: text } }
    if (random.next() < 0.2) yield { ...of, type: 'message.sent', data: { to: peer } }
    yield random.next() < 0.9 ? { ...of, type: 'task.completed' } : { ...of, type: 'task.failed', data: { error: 'no way' } }
    if (n % tasksPerRun === tasksPerRun - 1) yield { type: 'run.finished', run, agent }
  }
}

/** Answers the model call that ended, if one did. */
function* stepOf(of: { run: string; agent: string; task: string }, call: string, random: Random): Generator<Said, string | undefined> {
  const usage = { inputTokens: random.between(100, 9_000), outputTokens: random.between(1, 900) }
  const costMicros = random.between(1, 5_000)
  // An end lost or applied twice shows in the totals of its run.
  const adds = { ...usage, costMicros }
  switch (random.between(0, 3)) {
    case 0:
      yield { ...of, type: 'llm.finished', data: { call, model: 'large', usage, costMicros }, adds }
      return call
    case 1:
      yield { ...of, type: 'llm.started', data: { call, model: 'small' } }
      yield { ...of, type: 'llm.finished', data: { call, model: 'small', usage, costMicros }, adds }
      return call
    case 2:
      yield { ...of, type: 'tool.started', data: { call, name: 'Bash', args: { command: text } } }
      yield random.next() < 0.9
        ? { ...of, type: 'tool.finished', data: { call, name: 'Bash', result: text } }
        : { ...of, type: 'tool.failed', data: { call, name: 'Bash', error: 'exit 1' } }
      return undefined
    default:
      yield { ...of, type: 'task.progress', data: { note: `step ${call}` } }
      yield { ...of, type: 'log', data: { level: 'debug', message: text, step: call } }
      return undefined
  }
}

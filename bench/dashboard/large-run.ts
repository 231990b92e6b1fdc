/** One run that is larger than most: what its screens are measured with. */
import { createIdSource } from '@signalbox/model/ids.ts'

const nextId = createIdSource(Date.now)
/** An agent that was not drawn for a while is not silent yet. */
const intervalMs = 600_000

export interface Size {
  readonly agents: number
  /** Tasks that ended, one a worker after the other. */
  readonly tasks: number
  /** Calls that ended. */
  readonly calls: number
}

/** How long ago it began. */
const spanMs = 3_600_000
const perLead = 30
const agentOf = (i: number) => (i === 0 ? 'boss' : `hand-${i}`)
/** Every so many stand a lead, below the boss; the others are hands of the lead before them. */
const managerOf = (i: number) => (i === 0 ? undefined : i % perLead === 1 ? agentOf(0) : agentOf(i - ((i - 1) % perLead)))

const at = (run: string, time: number, more: Record<string, unknown>) => ({
  id: nextId(),
  source: 'bench',
  time: new Date(time).toISOString(),
  run,
  ...more,
})

/** Everybody begins, has had tasks, each given by who manages them, and has made calls, evenly over the last hour. */
export function* begun(run: string, { agents, tasks, calls }: Size): Generator<object> {
  const start = Date.now() - spanMs
  yield at(run, start, { type: 'run.started', agent: agentOf(0), data: { name: `Large: ${run}` } })
  for (let i = 0; i < agents; i += 1) {
    const data = { role: i === 0 ? 'manager' : 'worker', name: `Hand ${i}`, manager: managerOf(i), model: 'large', intervalMs }
    yield at(run, start, { type: 'agent.started', agent: agentOf(i), data })
  }
  const when = (n: number, of: number) => start + Math.floor(((n + 0.5) / of) * (spanMs - 60_000))
  for (let n = 0; n < tasks; n += 1) {
    const i = 1 + (n % (agents - 1))
    const task = `done-${n}`
    const from = when(n, tasks)
    yield at(run, from, { type: 'task.assigned', agent: managerOf(i), task, data: { to: agentOf(i), title: `Carry box ${n}` } })
    yield at(run, from, { type: 'task.started', agent: agentOf(i), task, data: {} })
    yield at(run, from + 20_000, { type: n % 50 === 7 ? 'task.failed' : 'task.completed', agent: agentOf(i), task, data: {} })
  }
  for (let n = 0; n < calls; n += 1) {
    const agent = agentOf(n % agents)
    const startedAt = when(n, calls)
    const data = { call: `call-${n}`, name: n % 3 === 0 ? 'Bash' : 'Read', startedAt: new Date(startedAt).toISOString() }
    yield at(run, startedAt + 4_000, { type: n % 90 === 11 ? 'tool.failed' : 'tool.finished', agent, data })
  }
}

/** What goes on in it, one event after the other: calls begin and end, tasks are given and done, and agents tell each other of it. */
export function workOf(run: string, agents: number): () => object {
  let n = 0
  return () => {
    const step = n
    n += 1
    const round = step >> 3
    const i = 1 + ((round * 7) % (agents - 1))
    const agent = agentOf(i)
    const now = Date.now()
    const call = `live-${process.pid}-${round}`
    const task = `live-${process.pid}-${round}`
    switch (step % 8) {
      case 0:
        return at(run, now, { type: 'task.assigned', agent: managerOf(i), task, data: { to: agent, title: `Carry box ${round} now` } })
      case 1:
        return at(run, now, { type: 'task.started', agent, task, data: {} })
      case 2:
        return at(run, now, { type: 'tool.started', agent, task, data: { call, name: 'Bash' } })
      case 3:
        return at(run, now, {
          type: 'llm.finished',
          agent,
          task,
          data: { model: 'large', usage: { inputTokens: 900, outputTokens: 60 }, costMicros: 700 },
        })
      case 4:
        return at(run, now, { type: 'tool.finished', agent, task, data: { call } })
      case 5:
        return at(run, now, { type: 'message.sent', agent, data: { to: agentOf(1 + ((round * 13) % (agents - 1))) } })
      case 6:
        return at(run, now, { type: 'task.progress', agent, task, data: { note: `step ${step}` } })
      default:
        return at(run, now, { type: 'task.completed', agent, task, data: {} })
    }
  }
}

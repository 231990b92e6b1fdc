/** The fleet that the dashboard is measured with: runs of a manager and nine workers, and what they do all day. */
import { createIdSource } from '@signalbox/model/ids.ts'

export const perRun = 10
const workers = perRun - 1
const nextId = createIdSource(Date.now)

const at = (run: number, more: Record<string, unknown>) => ({
  id: nextId(),
  source: 'bench',
  time: new Date().toISOString(),
  run: `run-${run}`,
  ...more,
})
const manager = (run: number) => `run-${run}/manager`
const worker = (run: number, i: number) => `run-${run}/worker-${i}`
/** An agent that was not drawn for a while is not silent yet. */
const intervalMs = 600_000

/** Everybody of a run begins, and each worker has had some tasks and is at one. */
export function beginning(run: number, finished: number): object[] {
  const name = `Release train ${run}`
  const events: object[] = [
    at(run, { type: 'run.started', agent: manager(run), data: { name } }),
    at(run, { type: 'agent.started', agent: manager(run), data: { role: 'manager', name: `Manager ${run}`, model: 'large', intervalMs } }),
  ]
  for (let i = 0; i < workers; i += 1) {
    const agent = worker(run, i)
    const data = { role: 'worker', name: `Worker ${run}.${i}`, manager: manager(run), model: 'large', host: `host-${run % 40}`, intervalMs }
    events.push(at(run, { type: 'agent.started', agent, data }))
    const given = (task: string, title: string) => [
      at(run, { type: 'task.assigned', agent: manager(run), task, data: { to: agent, title } }),
      at(run, { type: 'task.started', agent, task, data: {} }),
    ]
    for (let done = 0; done < finished; done += 1) {
      const task = `done-${i}-${done}`
      events.push(...given(task, `Check file ${done} of module ${i}`), at(run, { type: 'task.completed', agent, task, data: {} }))
    }
    events.push(...given(`open-${i}`, `Look through part ${i} of the log`))
  }
  return events
}

const tools = ['Bash', 'Read', 'Edit', 'Grep'] as const

/** One event after the other: any of the agents, in a random order that is the same each time. */
export function createWork(runs: number): () => object {
  let random = 1
  let n = 0
  let opened: { readonly run: number; readonly agent: string; readonly call: string } | undefined
  return () => {
    random = (random * 48_271) % 2_147_483_647
    const run = random % runs
    const i = Math.floor(random / runs) % perRun
    const agent = i === workers ? manager(run) : worker(run, i)
    const step = n
    n += 1
    if (step % 4 === 0) {
      const data = { model: 'large', usage: { inputTokens: 900 + (step % 700), outputTokens: 60 }, costMicros: 700 }
      return at(run, { type: 'llm.finished', agent, data })
    }
    if (step % 4 === 1) {
      opened = { run, agent, call: `call-${process.pid}-${step}` }
      return at(run, { type: 'tool.started', agent, data: { call: opened.call, name: tools[(step >> 2) % tools.length] } })
    }
    if (step % 4 === 2 || opened === undefined) {
      // Now and then one waits for somebody, and goes on.
      const type = step % 2_000 === 2 ? 'task.input_required' : 'task.progress'
      return at(run, { type, agent, task: `open-${i}`, data: { note: `step ${step}` } })
    }
    return at(opened.run, { type: step % 400 === 3 ? 'tool.failed' : 'tool.finished', agent: opened.agent, data: { call: opened.call } })
  }
}

/**
 * Who&When: conversations of agent crews that failed, with the agent and step that made them fail. One file, one run.
 *
 * The files have an order and no times: the pace is made up (`synthetic` on run.started) from a fixed day, so that ids are the same
 * for ever. docs/imports/who-and-when.md has the table.
 */
import type { EpochMs } from '@signalbox/model/event.ts'
import { clip, isObject, type Json, parseObject, stringOf } from '@signalbox/model/text.ts'
import { type Collector, createCollector } from './collector.ts'
import type { Imported, SourceFile } from './import.ts'

const epoch: EpochMs = Date.UTC(2025, 0, 1)
const stepMs = 2_000
/** Runs begin this far apart, by the number of their file, so that one file alone gets the same times. */
const slotMs = 15 * 60_000

interface Step {
  readonly index: number
  readonly time: EpochMs
  /** Name without the orchestrator's stage directions. */
  readonly speaker: string
  /** What the directions say: `thought`, `-> WebSurfer`, `termination condition`. */
  readonly aside: string | undefined
  readonly text: string
}

export function whoAndWhen(files: readonly SourceFile[]): Imported {
  const out = createCollector()
  for (const file of files) {
    const conversation = parseObject(file.text)
    if (conversation === undefined || !Array.isArray(conversation.history))
      out.skip('unreadable file', 'It is not JSON, or has no history.')
    else oneRun(file.path, conversation, conversation.history, out)
  }
  return out.finish('who-and-when', files.length)
}

function oneRun(path: string, conversation: Json, history: readonly unknown[], out: Collector) {
  const [, folder = '', number = '0'] = /([^/]*)\/?(\d+)\.json$/.exec(path) ?? []
  const crafted = !history.some((step) => isObject(step) && 'name' in step)
  const group = folder === '' ? (crafted ? 'hand-crafted' : 'algorithm-generated') : folder.toLowerCase()
  const run = `who-and-when/${group}/${number}`
  const source = run
  const start = epoch + (Number(number) * 2 + (crafted ? 0 : 1)) * slotMs
  const steps = history.map((step, index) => stepOf(step, index, start + (index + 1) * stepMs))
  const end = start + (steps.length + 1) * stepMs
  const question = clip(stringOf(conversation.question)?.trim() ?? '', 300)
  const crew = createCrew(run, source, crafted, out)
  const main = 'question'

  out.derive(source, { foreign: 'run', type: 'run.started', time: start, run, data: { name: question, synthetic: true } })
  const asked = crew.arrive('human', start)
  out.derive(source, { foreign: main, type: 'task.created', time: start, run, task: main, agent: asked, data: { title: question } })
  if (steps.some((step) => step.speaker === 'Orchestrator')) crew.assign('human', 'Orchestrator', main, start)

  const mistakeAt = Number(conversation.mistake_step)
  const blamed = stringOf(conversation.mistake_agent) ?? ''
  const reason = clip(stringOf(conversation.mistake_reason) ?? '', 1_000)
  for (const step of steps) {
    out.record()
    const mistake = step.index === mistakeAt ? { mistake: { agent: blamed, reason } } : {}
    const id = crafted ? handCrafted(step, mistake, crew, main) : generated(step, steps[step.index - 1], mistake, crew, main, out)
    if (step.index !== mistakeAt) continue
    if (step.speaker.toLowerCase() !== blamed.toLowerCase())
      out.lose('mistake of another agent than the step’s speaker', 'The label is kept as it is; agent and step disagree in the source.')
    out.derive(source, {
      foreign: 'mistake',
      type: 'custom.mistake',
      time: step.time,
      run,
      agent: crew.known(step.speaker),
      task: main,
      cause: id,
      data: { agent: blamed, step: step.index, reason },
    })
  }
  out.lose('time of a step', 'The source has none: one step is two seconds.')
  if (isObject(conversation.system_prompt)) out.skip('system prompts of a run', 'Long instructions, the same for every step.')
  out.derive(source, { foreign: `end ${main}`, type: 'task.failed', time: end, run, task: main, data: { error: reason } })
  out.derive(source, {
    foreign: 'end',
    type: 'run.failed',
    time: end,
    run,
    data: { error: `${blamed}, step ${mistakeAt}: ${reason}`, expected: clip(String(conversation.ground_truth ?? ''), 300) },
  })
  crew.leave(end + 1)
}

function stepOf(step: unknown, index: number, time: EpochMs): Step {
  const record = isObject(step) ? step : {}
  const said = stringOf(record.name) ?? stringOf(record.role) ?? 'unknown'
  const [, speaker = said, aside] = /^(.*?) \((.*)\)$/.exec(said) ?? []
  return { index, time, speaker, aside, text: stringOf(record.content) ?? '' }
}

type Crew = ReturnType<typeof createCrew>

/** Magentic-One: an orchestrator that thinks in ledgers and tells one worker at a time what to do. */
function handCrafted(step: Step, mistake: Json, crew: Crew, main: string): string {
  const { speaker, aside, text } = step
  const data = { ...mistake, step: step.index }
  crew.arrive(speaker, step.time)
  const to = aside?.startsWith('-> ') ? aside.slice(3) : undefined
  if (to !== undefined) {
    const task = `step-${step.index}`
    crew.say(step, 'task.created', task, { ...data, title: clip(text.trim(), 300), parent: main, text: clip(text) })
    crew.assign(speaker, to, task, step.time)
    return crew.lastId()
  }
  if (aside === 'thought' && /^(Updated Ledger|Initial plan|New plan|Stalled)/i.test(text))
    crew.say(step, 'plan.updated', main, { ...data, plan: clip(text) })
  else if (aside === 'thought') crew.say(step, 'log', main, { ...data, text: clip(text) })
  else {
    const task = crew.taskOf(speaker)
    crew.say(step, 'message.sent', task ?? main, {
      ...data,
      role: speaker === 'human' ? 'user' : 'assistant',
      text: clip(text),
      ...(speaker === 'Orchestrator' ? {} : { to: crew.idOf('Orchestrator') }),
    })
    if (task !== undefined) crew.finish(speaker, task, step.time)
  }
  return crew.lastId()
}

/** CaptainAgent: experts talk in turn and a terminal runs their code; the manager who gathered them is not in the record. */
function generated(step: Step, before: Step | undefined, mistake: Json, crew: Crew, main: string, out: Collector): string {
  const data = { ...mistake, step: step.index }
  if (step.speaker !== 'Computer_terminal') {
    crew.arrive(step.speaker, step.time)
    crew.say(step, 'message.sent', main, { ...data, role: 'assistant', text: clip(step.text) })
    return crew.lastId()
  }
  const asker = before === undefined || before.speaker === 'Computer_terminal' ? undefined : before.speaker
  if (asker === undefined) out.lose('terminal output that nobody asked for', 'The step before is not an expert’s; the call has no agent.')
  return crew.callTerminal(step, asker, main, data)
}

function createCrew(run: string, source: string, crafted: boolean, out: Collector) {
  const present = new Set<string>()
  const open = new Map<string, string>()
  let last = ''
  const idOf = (name: string) => `${run}/${name}`
  const arrive = (name: string, time: EpochMs): string => {
    const agent = idOf(name)
    if (present.has(name)) return agent
    present.add(name)
    const role = name === 'human' ? 'human' : name === 'Orchestrator' ? 'manager' : 'worker'
    const manager = crafted && role === 'worker' ? { manager: idOf('Orchestrator') } : {}
    out.derive(source, { foreign: `agent ${name}`, type: 'agent.started', time, run, agent, data: { role, name, ...manager } })
    return agent
  }
  return {
    idOf,
    arrive,
    /** The terminal is a tool, not one of the crew. */
    known: (name: string) => (present.has(name) ? idOf(name) : undefined),
    lastId: () => last,
    taskOf: (name: string) => open.get(name),
    say(step: Step, type: string, task: string, data: Json) {
      last = out.add(source, { foreign: `step ${step.index}`, type, time: step.time, run, agent: idOf(step.speaker), task, data })
    },
    assign(from: string, to: string, task: string, time: EpochMs) {
      arrive(to, time)
      open.set(to, task)
      out.derive(source, {
        foreign: `assign ${task}`,
        type: 'task.assigned',
        time,
        run,
        agent: idOf(from),
        task,
        data: { to: idOf(to), from: idOf(from) },
      })
      out.derive(source, { foreign: `start ${task}`, type: 'task.started', time, run, agent: idOf(to), task, data: {} })
    },
    finish(name: string, task: string, time: EpochMs) {
      open.delete(name)
      out.derive(source, { foreign: `finish ${task}`, type: 'task.completed', time, run, agent: idOf(name), task, data: {} })
    },
    /** The code was sent with the expert's message and answered by this step. */
    callTerminal(step: Step, asker: string | undefined, task: string, data: Json): string {
      const agent = asker === undefined ? undefined : idOf(asker)
      const call = { call: `step-${step.index}`, name: 'Computer_terminal' }
      out.derive(source, { foreign: `call ${step.index}`, type: 'tool.started', time: step.time - stepMs, run, agent, task, data: call })
      const failed = /^exitcode: (?!0)/.test(step.text)
      last = out.add(source, {
        foreign: `step ${step.index}`,
        type: failed ? 'tool.failed' : 'tool.finished',
        time: step.time,
        run,
        agent,
        task,
        data: { ...data, ...call, [failed ? 'error' : 'result']: clip(step.text) },
      })
      return last
    },
    leave(time: EpochMs) {
      for (const name of present)
        out.derive(source, {
          foreign: `agent ${name}`,
          type: 'agent.stopped',
          time,
          run,
          agent: idOf(name),
          data: { reason: 'end of the recording' },
        })
    },
  }
}

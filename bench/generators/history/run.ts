/** One run from its first event to its last: a manager hands out tasks, workers call models and tools until each is done. */
import type { KnownType } from '@signalbox/model/vocabulary.ts'
import type { Chance } from './chance.ts'

export interface Draft {
  readonly id: string
  readonly type: KnownType
  readonly agent?: string
  readonly task?: string
  readonly cause?: string
  readonly data: Readonly<Record<string, unknown>>
}

export interface Stage {
  readonly chance: Chance
  readonly nextId: () => string
  readonly prose: (chars: number) => string
}

const managers = Array.from({ length: 20 }, (_, i) => `manager-${i + 1}`)
const workers = Array.from({ length: 180 }, (_, i) => `worker-${i + 1}`)
const teams = ['billing', 'search', 'mobile', 'platform', 'data', 'support', 'docs', 'security']
const models = ['atlas-large', 'atlas-small', 'meridian-4', 'meridian-4-mini']
const tools = ['Bash', 'Read', 'Edit', 'Grep', 'Glob', 'WebFetch', 'Write', 'Task', 'browser.open', 'sql.query']
const metricNames = ['queue.depth', 'context.tokens', 'cache.hits'] as const

const failedShare = 0.05

export function* runEvents({ chance, nextId, prose }: Stage): Generator<Draft> {
  const manager = chance.pick(managers)
  const crew = Array.from({ length: chance.between(3, 6) }, () => chance.pick(workers))
  const team = chance.pick(teams)
  const of = (type: KnownType, agent: string | undefined, data: Draft['data'], rest: Partial<Draft> = {}): Draft => ({
    id: nextId(),
    type,
    ...(agent === undefined ? {} : { agent }),
    data,
    ...rest,
  })
  const begun = of('run.started', manager, { name: prose(40) })
  yield begun
  yield of('agent.started', manager, { role: 'manager', team, model: chance.pick(models) }, { cause: begun.id })
  yield of('plan.updated', manager, { plan: prose(chance.skewed(200, 900)) })
  for (let i = 1; i <= chance.between(4, 14); i += 1) {
    const worker = chance.pick(crew)
    const task = `task-${i}`
    const created = of('task.created', manager, { title: prose(60), assignee: worker }, { task })
    yield created
    if (chance.is(0.5)) yield of('agent.started', worker, { role: 'worker', team, model: chance.pick(models), manager })
    yield of('task.started', worker, {}, { task, cause: created.id })
    yield* work(worker, task)
    const failed = chance.is(failedShare)
    yield of(failed ? 'task.failed' : 'task.completed', worker, failed ? { error: prose(120) } : { note: prose(100) }, { task })
  }
  yield chance.is(failedShare) ? of('run.failed', manager, { error: prose(120) }) : of('run.finished', manager, {})

  function* work(worker: string, task: string): Generator<Draft> {
    const model = chance.pick(models)
    let context = chance.between(2_000, 12_000)
    for (let turn = chance.between(4, 24); turn > 0; turn -= 1) {
      const asked = of('llm.started', worker, { model }, { task })
      yield { ...asked, data: { call: asked.id, model } }
      const outputTokens = chance.skewed(40, 1_200)
      const usage = { inputTokens: context, cacheReadTokens: Math.floor(context * 0.8), outputTokens }
      context += outputTokens + chance.between(100, 2_000)
      if (chance.is(failedShare / 2)) {
        yield of('llm.failed', worker, { call: asked.id, model, error: prose(80) }, { task, cause: asked.id })
        continue
      }
      const costMicros = usage.inputTokens * 2 + outputTokens * 10
      const said = { call: asked.id, model, usage, costMicros, text: prose(chance.skewed(60, 900)) }
      yield of('llm.finished', worker, said, { task, cause: asked.id })
      yield* useTool(worker, task)
      yield* tellMore(worker, task, context)
    }
  }

  function* useTool(worker: string, task: string): Generator<Draft> {
    const name = chance.pick(tools)
    const used = of('tool.started', worker, {}, { task })
    yield { ...used, data: { call: used.id, name, args: { command: prose(chance.skewed(30, 300)) } } }
    if (chance.is(failedShare)) yield of('tool.failed', worker, { call: used.id, name, error: prose(90) }, { task, cause: used.id })
    else yield of('tool.finished', worker, { call: used.id, name, result: prose(chance.skewed(40, 1_500)) }, { task, cause: used.id })
  }

  function* tellMore(worker: string, task: string, context: number): Generator<Draft> {
    if (chance.is(0.2))
      yield of('log', worker, { level: chance.pick(['debug', 'info', 'warn']), message: prose(chance.skewed(40, 200)) }, { task })
    if (chance.is(0.1)) yield of('metric', worker, { name: chance.pick(metricNames), kind: 'gauge', value: context, attributes: { team } })
    if (chance.is(0.05)) yield of('task.progress', worker, { note: prose(80) }, { task })
    if (chance.is(0.05)) yield of('message.sent', worker, { to: manager, text: prose(140) }, { task })
  }
}

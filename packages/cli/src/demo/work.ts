/** A worker: takes one task of its queue after the other. */
import { think, use } from './calls.ts'
import { actions, notes, questions, type Tool, thoughts, tools } from './goals.ts'
import { type Crew, isOpen, type Job, type Worker } from './job.ts'
import type { Scope, Stage, Story } from './stage.ts'

/** Share of the tool calls that fail, and of the model calls after which an agent forgets. */
const toolFails = 0.08
const compacts = 0.05

export function giveTo(stage: Stage, crew: Crew, worker: Worker, job: Job): void {
  job.holder = worker
  worker.queue.push(job)
  rouse(stage, crew, worker)
}

export function rouse(stage: Stage, crew: Crew, worker: Worker): void {
  if (worker.work !== undefined || worker.goneAt !== undefined || worker.queue.length === 0) return
  worker.work = workOff(stage, crew, worker)
  stage.begin(worker.work)
}

/** Of those who are there, who has least to do. */
export const freest = (workers: readonly Worker[]): Worker | undefined =>
  workers.filter(({ goneAt }) => goneAt === undefined).sort((a, b) => loadOf(a) - loadOf(b))[0]
const loadOf = ({ queue, work }: Worker) => queue.length + Number(work !== undefined)

function* workOff(stage: Stage, crew: Crew, worker: Worker): Story {
  while (worker.queue.length > 0 && worker.goneAt === undefined) {
    yield stage.dice.between(200, 900)
    worker.job = worker.queue.shift()
    if (worker.job !== undefined) yield* carryOut(stage, crew, worker, worker.job)
  }
  worker.work = undefined
}

function* carryOut(stage: Stage, crew: Crew, worker: Worker, job: Job): Story {
  const { dice } = stage
  const { part } = worker
  const scope = { run: job.run, task: job.task }
  // Taken up again after a crash or a handoff, it goes as planned.
  const twist = job.state === 'queued' ? job.twist : undefined
  job.state = 'working'
  stage.tell(part.id, 'task.started', { title: job.title }, scope)
  const rounds = dice.count(2, 3)
  for (let round = 0; round < rounds; round += 1) {
    yield* think(stage, part, thoughts[round % thoughts.length] ?? thoughts[0], scope)
    if (dice.chance(compacts)) stage.tell(part.id, 'context.compacted', { message: 'Context compacted from 178k to 31k tokens.' }, scope)
    if (round === 0 && twist !== undefined) {
      yield* twistsOf[twist](stage, crew, worker, job, scope)
      if (worker.goneAt !== undefined || job.holder !== worker || job.state !== 'working') return
    }
    const tool = dice.pick(tools)
    const fails = dice.chance(toolFails)
    yield* use(stage, part, tool, scope, { fails })
    if (fails) yield* use(stage, part, tool, scope)
    stage.tell(part.id, 'task.progress', { note: notes[Math.min(round, notes.length - 1)] }, scope)
  }
  yield* think(stage, part, 'sum up', scope)
  job.state = 'completed'
  stage.tell(part.id, 'task.completed', { title: job.title }, scope)
}

type Twisted = (stage: Stage, crew: Crew, worker: Worker, job: Job, scope: Scope) => Story

const toolNamed = (name: string): Tool => tools.find((tool) => tool.name === name) ?? { name, asks: [''], fails: ['it failed'] }

const twistsOf = {
  /** Dies in the middle of a model call, without a word; comes back later as a new process. */
  *crash(stage, crew, worker, _job, scope) {
    const { id, model } = worker.part
    const call = { call: stage.nextCall(), name: 'write', model }
    stage.tell(id, 'llm.started', call, scope)
    yield stage.dice.between(1_500, 3_000)
    stage.act(id, { kind: 'crash' })
    worker.goneAt = stage.now()
    const unfinished = () => {
      stage.tell(id, 'llm.failed', { ...call, error: 'The process ended in the middle of it.' }, scope)
      stage.tell(id, 'agent.status', { status: 'idle' }, scope)
    }
    stage.begin(comeBack(stage, crew, worker, stage.dice.between(34_000, 50_000), unfinished))
  },
  *question(stage, _crew, { part }, job, scope) {
    const [asked, answer] = stage.dice.pick(questions)
    const question = { answer, answerAt: stage.now() + stage.dice.between(7_000, 13_000), isAnswered: false }
    job.question = question
    stage.tell(part.id, 'task.input_required', { note: asked }, scope)
    while (!question.isAnswered) yield 250
    yield stage.dice.between(300, 900)
    stage.tell(part.id, 'task.progress', { note: answer }, scope)
  },
  *approval(stage, _crew, { part }, job, scope) {
    const action = stage.dice.pick(actions)
    stage.tell(part.id, 'task.auth_required', { note: `Waits for the operator: ${action}` }, scope)
    stage.tell(part.id, 'approval.requested', { message: `May I ${action}?`, action }, scope)
    yield stage.dice.between(9_000, 20_000)
    const approved = stage.dice.chance(0.75)
    stage.tell(
      part.id,
      'approval.decided',
      { message: approved ? `Yes: ${action}` : `No: do not ${action}`, action, approved, by: 'operator' },
      scope,
    )
    yield 400
    if (approved) return stage.tell(part.id, 'task.progress', { note: 'approved' }, scope)
    job.state = 'canceled'
    stage.tell(part.id, 'task.canceled', { note: 'The operator said no.' }, scope)
  },
  /** Its tool does not answer: it lives, and gets nowhere. */
  *stuck(stage, _crew, { part }, _job, scope) {
    const call = { call: stage.nextCall(), name: 'fetch' }
    stage.tell(part.id, 'tool.started', { ...call, input: 'https://example.net/slow' }, scope)
    yield stage.dice.between(11_000, 14_000)
    stage.tell(part.id, 'agent.status', { status: 'stuck', detail: 'fetch has not answered for a while' }, scope)
    yield stage.dice.between(12_000, 18_000)
    stage.tell(part.id, 'tool.failed', { ...call, error: 'timeout: no answer within 30 s' }, scope)
    stage.tell(part.id, 'agent.status', { status: 'busy', detail: 'goes on without it' }, scope)
  },
  *failure(stage, _crew, { part }, job, scope) {
    const tests = toolNamed('run_tests')
    for (let attempt = 0; attempt < 2; attempt += 1) {
      yield* use(stage, part, tests, scope, { fails: true })
      yield* think(stage, part, 'fix', scope)
    }
    yield* use(stage, part, tests, scope, { fails: true })
    job.state = 'failed'
    stage.tell(part.id, 'task.failed', { error: 'The tests fail for a third time; the cause is not in this task.' }, scope)
  },
  *handoff(stage, crew, worker, job, scope) {
    const mate = freest(crew.workers.filter((other) => other !== worker))
    if (mate === undefined) return
    stage.tell(worker.part.id, 'handoff', { to: mate.part.id, note: `${mate.part.name} knows this better.` }, scope)
    stage.tell(worker.part.id, 'task.assigned', { to: mate.part.id, from: crew.manager.id, title: job.title }, scope)
    stage.tell(worker.part.id, 'agent.status', { status: 'idle' }, { run: job.run })
    giveTo(stage, crew, mate, job)
  },
} satisfies Record<NonNullable<Job['twist']>, Twisted>

/** `first`: what it tells before all else. */
export function* comeBack(stage: Stage, crew: Crew, worker: Worker, afterMs: number, first?: () => void): Story {
  yield afterMs
  const { job } = worker
  // Nobody else has taken it up. Looked at before anybody gives it another: that one would be taken for it.
  if (job?.holder === worker && isOpen(job) && !worker.queue.includes(job)) worker.queue.unshift(job)
  worker.goneAt = undefined
  stage.act(worker.part.id, { kind: 'join', part: worker.part })
  first?.()
  yield 300
  rouse(stage, crew, worker)
}

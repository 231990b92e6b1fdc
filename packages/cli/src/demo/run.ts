/** A manager: plans a run, gives its tasks to workers, and sees to it that each ends. */
import { think } from './calls.ts'
import type { Goal } from './goals.ts'
import { type Crew, isOpen, type Job, type Twist, type Worker } from './job.ts'
import type { Stage, Story } from './stage.ts'
import { freest, giveTo } from './work.ts'

/** A worker that is gone for so long is no longer waited for: its server marks it lost some seconds before. */
const patienceMs = 19_000
const lookMs = 500
/** The manager's own task, above all others. */
const root = 'lead'

export function* runOf(stage: Stage, crew: Crew, run: string, goal: Goal, deal: () => Twist | undefined): Story {
  const { dice } = stage
  const { id } = crew.manager
  const scope = { run, task: root }
  const jobs: Job[] = []
  const add = (title: string, twist: Twist | undefined, isRetry = false): Job => {
    const job: Job = { run, task: `t${jobs.length + 1}`, title, isRetry, twist, state: 'queued', holder: undefined }
    jobs.push(job)
    stage.tell(id, 'task.created', { title, parent: root }, { run, task: job.task })
    return job
  }

  stage.tell(id, 'run.started', { name: `Demo: ${goal.name}`, synthetic: true }, { run })
  const title = `Lead: ${goal.name}`
  stage.tell(id, 'task.created', { title, assignee: id }, scope)
  stage.tell(id, 'task.started', { title }, scope)
  yield* think(stage, crew.manager, 'plan', scope)
  stage.tell(id, 'plan.updated', { message: `${goal.tasks.length} tasks`, steps: goal.tasks }, scope)
  for (const wanted of goal.tasks) {
    add(wanted, deal())
    yield dice.between(150, 500)
  }
  const reviewed = new Set<Job>()
  while (jobs.some((job) => isOpen(job) || !reviewed.has(job))) {
    for (const job of jobs) {
      if (isOpen(job)) {
        see(stage, crew, job)
        continue
      }
      if (reviewed.has(job)) continue
      reviewed.add(job)
      yield* think(stage, crew.manager, 'review', scope)
      if (job.state === 'failed' && !job.isRetry) {
        stage.tell(id, 'log', { level: 'warn', message: `"${job.title}" failed; somebody else tries again.` }, { run })
        add(`${job.title} (second try)`, dice.chance(0.3) ? 'failure' : undefined, true)
      }
    }
    yield lookMs
  }
  yield* think(stage, crew.manager, 'summarise', scope)
  const lost = jobs.find((job) => job.state === 'failed' && job.isRetry)
  if (lost === undefined) {
    stage.tell(id, 'artifact.updated', { name: `${goal.name}.md`, bytes: dice.count(4_000, 60_000) }, scope)
    stage.tell(id, 'task.completed', { title }, scope)
    stage.tell(id, 'run.finished', { name: goal.name }, { run })
  } else {
    const error = `"${lost.title}" failed.`
    stage.tell(id, 'task.failed', { error }, scope)
    stage.tell(id, 'run.failed', { error }, { run })
  }
}

/** What an open task needs of the manager now. */
function see(stage: Stage, crew: Crew, job: Job): void {
  const { id } = crew.manager
  const { holder, question } = job
  if (holder === undefined) assign(stage, crew, job)
  else if (holder.goneAt !== undefined && stage.now() - holder.goneAt > patienceMs) replace(stage, crew, job, holder)
  else if (question !== undefined && !question.isAnswered && stage.now() >= question.answerAt) {
    question.isAnswered = true
    stage.tell(id, 'message.sent', { to: holder.part.id, text: question.answer }, { run: job.run, task: job.task })
  }
}

function assign(stage: Stage, crew: Crew, job: Job): void {
  const worker = freest(crew.workers)
  if (worker === undefined) return
  stage.tell(crew.manager.id, 'task.assigned', { to: worker.part.id, title: job.title }, { run: job.run, task: job.task })
  giveTo(stage, crew, worker, job)
}

function replace(stage: Stage, crew: Crew, job: Job, gone: Worker): void {
  const others = crew.workers.some(({ goneAt }) => goneAt === undefined)
  if (!others) return
  const at = gone.queue.indexOf(job)
  if (at >= 0) gone.queue.splice(at, 1)
  const message = `${gone.part.name} is silent; "${job.title}" goes to somebody else.`
  stage.tell(crew.manager.id, 'log', { level: 'warn', message }, { run: job.run, task: job.task })
  assign(stage, crew, job)
}

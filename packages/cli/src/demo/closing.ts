/** What is still open when the demonstration ends, and the steps that end it: nothing that it began stays open for ever. */
import type { Step } from './stage.ts'

const ends = new Set<string>(['task.completed', 'task.failed', 'task.canceled', 'task.rejected'])
const word = 'The demonstration was ended.'

export interface Closing {
  saw(step: Step): void
  /** Tasks are canceled and runs finished by their managers; then everyone who is there leaves. */
  steps(): Step[]
}

export function createClosing(): Closing {
  const there = new Set<string>()
  /** Open runs: who leads them, and their open tasks. */
  const runs = new Map<string, { readonly lead: string; readonly tasks: Set<string> }>()
  let atMs = 0

  return {
    saw(step) {
      atMs = step.atMs
      if (step.kind === 'join') there.add(step.agent)
      if (step.kind === 'leave' || step.kind === 'crash') there.delete(step.agent)
      if (step.kind !== 'tell' || step.run === undefined) return
      const { type, run, task } = step
      if (type === 'run.started') runs.set(run, { lead: step.agent, tasks: new Set() })
      if (type === 'run.finished' || type === 'run.failed') runs.delete(run)
      if (task === undefined) return
      if (type === 'task.created') runs.get(run)?.tasks.add(task)
      if (ends.has(type)) runs.get(run)?.tasks.delete(task)
    },
    steps: () => [
      ...[...runs].flatMap(([run, { lead, tasks }]): Step[] => [
        // Its own task, the first, ends after all others.
        ...[...tasks].reverse().map((task) => tell(lead, 'task.canceled', { note: word }, { run, task })),
        tell(lead, 'log', { level: 'info', message: word }, { run }),
        tell(lead, 'run.finished', {}, { run }),
      ]),
      ...[...there].map((agent): Step => ({ atMs, agent, kind: 'leave' })),
    ],
  }

  function tell(agent: string, type: (Step & { kind: 'tell' })['type'], data: object, scope: { run: string; task?: string }): Step {
    return { atMs, agent, kind: 'tell', type, data: { ...data }, ...scope }
  }
}

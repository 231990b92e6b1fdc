import type { AgentRow, AgentStatus, RunState, TaskState } from '@signalbox/model/rows.ts'

type Tone = 'good' | 'busy' | 'wait' | 'bad' | 'faint'
interface Look {
  readonly tone: Tone
  readonly sign: string
  readonly words: string
}

const agentLooks: Record<AgentStatus | 'unknown', Look> = {
  busy: { tone: 'busy', sign: '▶', words: 'busy' },
  idle: { tone: 'good', sign: '●', words: 'idle' },
  waiting: { tone: 'wait', sign: '◐', words: 'waiting' },
  stuck: { tone: 'bad', sign: '!', words: 'stuck' },
  lost: { tone: 'bad', sign: '✕', words: 'lost' },
  stopped: { tone: 'faint', sign: '■', words: 'stopped' },
  unknown: { tone: 'faint', sign: '○', words: 'seen' },
}
const taskLooks: Record<TaskState, Look> = {
  submitted: { tone: 'faint', sign: '○', words: 'queued' },
  working: { tone: 'busy', sign: '▶', words: 'working' },
  input_required: { tone: 'wait', sign: '◐', words: 'needs input' },
  auth_required: { tone: 'wait', sign: '◐', words: 'needs access' },
  completed: { tone: 'good', sign: '✓', words: 'completed' },
  failed: { tone: 'bad', sign: '✕', words: 'failed' },
  canceled: { tone: 'faint', sign: '–', words: 'canceled' },
  rejected: { tone: 'bad', sign: '✕', words: 'rejected' },
}
const runLooks: Record<RunState, Look> = {
  running: { tone: 'busy', sign: '▶', words: 'running' },
  finished: { tone: 'good', sign: '✓', words: 'finished' },
  failed: { tone: 'bad', sign: '✕', words: 'failed' },
}
const inks: Record<Tone, string> = { good: 'text-good', busy: 'text-busy', wait: 'text-wait', bad: 'text-bad', faint: 'text-faint' }

export const agentLook = (status: AgentStatus | undefined): Look => agentLooks[status ?? 'unknown']
/** What it left open is not under way. */
export const hasGone = ({ status }: Pick<AgentRow, 'status'>): boolean => status?.value === 'lost' || status?.value === 'stopped'
export const runLook = (state: RunState): Look => runLooks[state]
export const taskLook = (state: TaskState): Look => taskLooks[state]
/** Nobody is left who works at it. */
export const orphanedLook: Look = { tone: 'wait', sign: '◌', words: 'orphaned' }
export const inkOf = (tone: Tone): string => inks[tone]

/** Sign, colour and word together: colour is never the only signal. */
export function Badge({ look }: { readonly look: Look }) {
  return (
    <span className={`inline-flex items-center gap-1.5 whitespace-nowrap ${inks[look.tone]}`}>
      <span aria-hidden="true" className="w-3 text-center text-[10px]">
        {look.sign}
      </span>
      {look.words}
    </span>
  )
}

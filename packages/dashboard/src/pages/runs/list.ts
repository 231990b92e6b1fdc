/** Which runs are listed, in which order, and how fast they go. */
import type { AgentRow, RunRow, RunState } from '@signalbox/model/rows.ts'
import type { ShownRates } from '../../rates/live.ts'

export const states = ['running', 'finished', 'failed'] as const satisfies readonly RunState[]

export const runName = (run: RunRow): string => run.name?.value ?? run.id
export const tasksOf = ({ tasks }: RunRow) => ({
  done: tasks.completed,
  failed: tasks.failed + tasks.rejected,
  working: tasks.working,
  waiting: tasks.input_required + tasks.auth_required,
  all: Object.values(tasks).reduce((a, b) => a + b, 0),
})
export const tookMs = (run: RunRow, now: number): number =>
  (run.finishedAt ?? (run.state === 'running' ? now : run.lastEventAt)) - run.startedAt

/** A run that goes on and of which nothing was heard for so long has perhaps died without a word. */
const quietMs = 10 * 60_000
export const isQuiet = (run: RunRow, now: number): boolean => run.state === 'running' && now - run.lastEventAt > quietMs

/** What a run's agents do just now. */
export interface Pace {
  readonly tokensPerMinute: number
  readonly busy: number
}

/** By run, of the agents that are at it now. */
export function pacesOf(agents: readonly AgentRow[], rates: ShownRates): ReadonlyMap<string, Pace> {
  const paces = new Map<string, { tokensPerMinute: number; busy: number }>()
  for (const { id, run, status } of agents) {
    if (run === undefined) continue
    const pace = paces.get(run.value) ?? { tokensPerMinute: 0, busy: 0 }
    pace.tokensPerMinute += rates?.of(id)?.tokensPerMinute ?? 0
    pace.busy += Number(status?.value === 'busy')
    paces.set(run.value, pace)
  }
  return paces
}

const columns = {
  run: (run: RunRow) => runName(run).toLowerCase(),
  state: (run: RunRow) => run.state,
  started: (run: RunRow) => run.startedAt,
  took: (run: RunRow, _: Pace | undefined, now: number) => tookMs(run, now),
  agents: (run: RunRow) => run.agents.length,
  tasks: (run: RunRow) => tasksOf(run).all,
  'tok/min': (run: RunRow, pace: Pace | undefined) => (run.state === 'running' ? (pace?.tokensPerMinute ?? 0) : 0),
  tokens: (run: RunRow) => run.totals.inputTokens + run.totals.outputTokens,
  cost: (run: RunRow) => run.totals.costMicros,
  errors: (run: RunRow) => run.totals.errors,
  'last event': (run: RunRow) => run.lastEventAt,
} as const
export type RunColumn = keyof typeof columns
export const runColumns = Object.keys(columns) as readonly RunColumn[]
const isText = (column: RunColumn) => column === 'run' || column === 'state'

export interface RunSorting {
  readonly column: RunColumn
  readonly descending: boolean
}

/** From the address; without one the newest stands first. */
export function parseRunSorting(text: string): RunSorting {
  const column = runColumns.find((name) => name === text.replace(/^-/, ''))
  return column === undefined ? { column: 'started', descending: true } : { column, descending: text.startsWith('-') }
}

/** Pressed again a head turns its order round. */
export function nextRunSorting(column: RunColumn, now: RunSorting): string {
  const descending = now.column === column ? !now.descending : !isText(column)
  return column === 'started' && descending ? '' : `${descending ? '-' : ''}${column}`
}

export interface WantedRuns {
  /** Words; each has to be found. */
  readonly q: string
  readonly status: string
  readonly errors: boolean
}

export const runFiltersIn = ({ q, status, errors }: WantedRuns): number => [q.trim() !== '', status !== '', errors].filter(Boolean).length

const wordsOf = ({ q }: WantedRuns) => q.toLowerCase().split(/\s+/).filter(Boolean)

export function passes(run: RunRow, wanted: WantedRuns, words = wordsOf(wanted)): boolean {
  if (wanted.status !== '' && run.state !== wanted.status) return false
  if (wanted.errors && run.state !== 'failed' && run.totals.errors === 0) return false
  const text = words.length === 0 ? '' : `${run.id} ${runName(run)} ${run.state} ${run.error ?? ''}`.toLowerCase()
  return words.every((word) => text.includes(word))
}

/** Ids of the runs that pass, in order. */
export function listed(
  runs: readonly RunRow[],
  wanted: WantedRuns,
  sorting: RunSorting,
  paces: ReadonlyMap<string, Pace>,
  now: number,
): readonly string[] {
  const words = wordsOf(wanted)
  const value = columns[sorting.column]
  const sign = sorting.descending ? -1 : 1
  return runs
    .filter((run) => passes(run, wanted, words))
    .map((run) => ({ id: run.id, by: value(run, paces.get(run.id), now), startedAt: run.startedAt }))
    .sort((a, b) => {
      if (a.by !== b.by) return sign * (a.by < b.by ? -1 : 1)
      return b.startedAt - a.startedAt || (a.id < b.id ? -1 : 1)
    })
    .map(({ id }) => id)
}

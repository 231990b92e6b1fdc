/**
 * What figures over time are made of: each call and each task that ended counts once, in the minute in which it ended, and each event
 * in the minute of its own time.
 *
 * A measure is a pure function of a row of the fold. Whoever sums them takes away what the row counted before and adds what it counts
 * now: told twice, corrected, or attributed late, a call is one call, and sums are what its agents' totals say.
 */
import type { EpochMs } from './event.ts'
import type { CallRow, TaskRow } from './rows.ts'

export const minuteMs = 60_000
export const minuteOf = (time: EpochMs): EpochMs => time - (time % minuteMs)

/** What is counted: ended model calls, tool calls and tasks; events by agent; events by type. */
export const rollupKinds = ['llm', 'tool', 'task', 'event', 'type'] as const
export type RollupKind = (typeof rollupKinds)[number]

/** Stands for the agents and names of a minute beyond those that are told apart; no agent is called so. */
export const others = '\u0001'

/** Upper bounds of durations, ms; what is longer than the last is in one more bucket. Near enough to tell 2 s from 3 s, and a lunch from a night. */
export const durationBoundsMs = [
  1, 5, 10, 25, 50, 100, 200, 350, 500, 750, 1_000, 1_500, 2_000, 3_000, 5_000, 7_500, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000,
  1_800_000,
] as const
export const durationBuckets = durationBoundsMs.length + 1

export function bucketOf(durationMs: number): number {
  const found = durationBoundsMs.findIndex((bound) => durationMs <= bound)
  return found < 0 ? durationBoundsMs.length : found
}

export interface Measure {
  readonly minute: EpochMs
  readonly kind: 'llm' | 'tool' | 'task'
  /** '' when nobody said whose it is. */
  readonly agent: string
  /** Of the model or the tool; '' of tasks. */
  readonly name: string
  readonly failed: boolean
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cachedTokens: number
  readonly costMicros: number
  /** Undefined when its start was never told. */
  readonly durationMs: number | undefined
}

/** Longest name that figures are told apart by: it is part of an index. */
const nameChars = 128
/** No call of this world takes more; a sender's slip must not drown the sums of everybody else. */
const mostOfOne = 1e12
const bounded = (value: number) => Math.min(value, mostOfOne)
/** NUL cannot be in a PostgreSQL text, nor half of a surrogate pair. */
const cleaned = (name: string) => name.slice(0, nameChars).replace(/[\u0000-\u001f\ud800-\udfff]/gu, '\ufffd')

/** What a call counts: nothing until it has ended. */
export function callMeasure(call: CallRow | undefined): Measure | undefined {
  if (call?.outcome === undefined || call.endedAt === undefined) return undefined
  const { usage } = call
  return {
    minute: minuteOf(call.endedAt),
    kind: call.kind,
    agent: call.agent ?? '',
    name: cleaned(call.name),
    failed: call.outcome === 'failed',
    inputTokens: bounded(usage.inputTokens),
    outputTokens: bounded(usage.outputTokens),
    cachedTokens: bounded(usage.cacheReadTokens),
    costMicros: bounded(usage.costMicros),
    durationMs: call.startedAt === undefined ? undefined : Math.max(0, call.endedAt - call.startedAt),
  }
}

/** What a task counts: nothing until it has ended. It takes as long as somebody was at it, or as long as it was open. */
export function taskMeasure(task: TaskRow | undefined): Measure | undefined {
  if (task?.endedAt === undefined) return undefined
  return {
    minute: minuteOf(task.endedAt),
    kind: 'task',
    agent: task.assignee?.value ?? '',
    name: '',
    failed: task.state === 'failed' || task.state === 'rejected',
    inputTokens: 0,
    outputTokens: 0,
    cachedTokens: 0,
    costMicros: 0,
    durationMs: Math.max(0, task.endedAt - (task.startedAt ?? task.openedAt)),
  }
}

/** The `q`-quantile of a histogram, ms, even within its bucket; undefined of none. Of the last bucket only its beginning is known. */
export function quantileMs(counts: readonly number[], q: number): number | undefined {
  const all = counts.reduce((sum, count) => sum + Math.max(0, count), 0)
  if (all === 0) return undefined
  let rank = q * all
  for (const [i, held] of counts.entries()) {
    const count = Math.max(0, held)
    if (count === 0 || rank > count) {
      rank -= count
      continue
    }
    const from = durationBoundsMs[i - 1] ?? 0
    const to = durationBoundsMs[i] ?? from
    return from + (to - from) * (rank / count)
  }
  return durationBoundsMs.at(-1)
}

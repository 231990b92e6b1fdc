import type { EpochMs, Event } from '../event.ts'
import { rfc3339Ms } from '../rfc3339.ts'
import type { AgentRow, CallRow, RunRow, Totals } from '../rows.ts'
import { count, type TouchedCall, text } from './keys.ts'
import { emptyUsage } from './totals.ts'

/** What an event made of a call. */
export interface CallChange {
  readonly key: string
  readonly before: CallRow | undefined
  readonly after: CallRow
  /** What it adds to sums over leaves. */
  readonly told: Totals
}

/** Of an end that tells its call's start too; not one after it. */
function startOf({ data, time }: Event): EpochMs | undefined {
  const said = text(data.startedAt)
  const startedAt = said === undefined ? Number.NaN : rfc3339Ms(said)
  return startedAt >= 0 ? Math.min(startedAt, time) : undefined
}

function foldUsage(had: CallRow['usage'], { usage, costMicros }: Event['data']): CallRow['usage'] {
  if (usage === undefined && costMicros === undefined) return had
  const said = (typeof usage === 'object' && usage !== null ? usage : {}) as Record<string, unknown>
  return {
    inputTokens: Math.max(had.inputTokens, count(said.inputTokens)),
    cacheReadTokens: Math.max(had.cacheReadTokens, count(said.cacheReadTokens)),
    cacheWriteTokens: Math.max(had.cacheWriteTokens, count(said.cacheWriteTokens)),
    outputTokens: Math.max(had.outputTokens, count(said.outputTokens)),
    reasoningTokens: Math.max(had.reasoningTokens, count(said.reasoningTokens)),
    costMicros: Math.max(had.costMicros, count(costMicros)),
  }
}

/** One model or tool call. Start and end may come in either order and more than once; usage is the maximum seen, so repeats add nothing. */
export function foldCall(call: CallRow | undefined, { id, kind, step }: TouchedCall, event: Event): CallRow {
  const { data } = event
  const ended = step === 'finished' || step === 'failed'
  const startedAt = step === 'started' ? event.time : ended ? startOf(event) : undefined
  const name = text(data.name) ?? text(data.model)
  return {
    id,
    kind,
    name: name ?? call?.name ?? kind,
    run: event.run,
    agent: event.agent ?? call?.agent,
    task: event.task ?? call?.task,
    startedAt: startedAt === undefined ? call?.startedAt : Math.min(startedAt, call?.startedAt ?? startedAt),
    endedAt: ended ? Math.max(event.time, call?.endedAt ?? 0) : call?.endedAt,
    // A failure is kept when a contradicting success comes too: errors must not vanish by order of arrival.
    outcome: step === 'failed' || call?.outcome === 'failed' ? 'failed' : ended ? 'finished' : call?.outcome,
    error: text(data.error) ?? call?.error,
    usage: foldUsage(call?.usage ?? emptyUsage, data),
  }
}

/** An open call whose agent is gone, or whose run has ended since, is orphaned; its late end closes it, its agent's return opens it again. */
export function callState(
  call: CallRow,
  agent: Pick<AgentRow, 'status'> | undefined,
  run: Pick<RunRow, 'finishedAt'> | undefined,
): 'open' | 'finished' | 'failed' | 'orphaned' {
  if (call.outcome !== undefined) return call.outcome
  if (run?.finishedAt !== undefined && run.finishedAt >= (call.startedAt ?? 0)) return 'orphaned'
  const status = agent?.status?.value
  return status === 'lost' || status === 'stopped' ? 'orphaned' : 'open'
}

import type { CallRow, Totals } from '../rows.ts'

export const emptyTotals: Totals = {
  llmCalls: 0,
  toolCalls: 0,
  errors: 0,
  inputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  costMicros: 0,
  reportedInputTokens: 0,
  reportedOutputTokens: 0,
  reportedCostMicros: 0,
}

export function addTotals(a: Totals, b: Totals): Totals {
  return {
    llmCalls: a.llmCalls + b.llmCalls,
    toolCalls: a.toolCalls + b.toolCalls,
    errors: a.errors + b.errors,
    inputTokens: a.inputTokens + b.inputTokens,
    cacheReadTokens: a.cacheReadTokens + b.cacheReadTokens,
    cacheWriteTokens: a.cacheWriteTokens + b.cacheWriteTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    reasoningTokens: a.reasoningTokens + b.reasoningTokens,
    costMicros: a.costMicros + b.costMicros,
    reportedInputTokens: a.reportedInputTokens + b.reportedInputTokens,
    reportedOutputTokens: a.reportedOutputTokens + b.reportedOutputTokens,
    reportedCostMicros: a.reportedCostMicros + b.reportedCostMicros,
  }
}

/** One for all calls that told of none: they are half of all, and held for a while. */
export const emptyUsage: CallRow['usage'] = {
  inputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  costMicros: 0,
}

/** What one event adds to sums over leaves: how far it took its call beyond what was counted already. */
export function callDelta(before: CallRow | undefined, after: CallRow): Totals {
  const had = before?.usage ?? emptyUsage
  const has = after.usage
  return {
    ...emptyTotals,
    llmCalls: before === undefined && after.kind === 'llm' ? 1 : 0,
    toolCalls: before === undefined && after.kind === 'tool' ? 1 : 0,
    errors: after.outcome === 'failed' && before?.outcome !== 'failed' ? 1 : 0,
    inputTokens: has.inputTokens - had.inputTokens,
    cacheReadTokens: has.cacheReadTokens - had.cacheReadTokens,
    cacheWriteTokens: has.cacheWriteTokens - had.cacheWriteTokens,
    outputTokens: has.outputTokens - had.outputTokens,
    reasoningTokens: has.reasoningTokens - had.reasoningTokens,
    costMicros: has.costMicros - had.costMicros,
  }
}

/**
 * Model calls of one agent. Claude Code writes a line for every finished block of one message and repeats the usage so far on each:
 * the message is one call, its figures are the greatest seen.
 */
import type { EpochMs } from '@signalbox/model/event.ts'
import { isObject, numberOf, stringOf } from '@signalbox/model/text.ts'
import type { AgentLog, Entry } from './claude-code-sessions.ts'

export interface LlmCall {
  readonly id: string
  readonly model: string | undefined
  readonly start: EpochMs
  readonly end: EpochMs
  readonly lines: number
  readonly finishReason: string | undefined
  readonly usage: {
    readonly inputTokens: number
    readonly cacheReadTokens: number
    readonly cacheWriteTokens: number
    readonly outputTokens: number
  }
}

export function llmCalls(log: AgentLog): LlmCall[] {
  const byId = new Map(log.entries.map((entry) => [entry.id, entry]))
  const calls = new Map<string, LlmCall>()
  for (const entry of log.entries) {
    if (entry.kind !== 'assistant') continue
    const id = stringOf(entry.message.id) ?? entry.id
    const earlier = calls.get(id)
    const usage = usageOf(entry)
    calls.set(id, {
      id,
      model: stringOf(entry.message.model) ?? earlier?.model,
      start: earlier?.start ?? startOf(entry, byId),
      end: entry.time,
      lines: (earlier?.lines ?? 0) + 1,
      finishReason: stringOf(entry.message.stop_reason) ?? earlier?.finishReason,
      usage: earlier === undefined ? usage : greatest(earlier.usage, usage),
    })
  }
  return [...calls.values()]
}

/** Nothing tells when the model was asked: the record that this one answers is the closest. */
function startOf(entry: Entry, byId: ReadonlyMap<string, Entry>): EpochMs {
  const parent = byId.get(entry.parent ?? '')
  return parent !== undefined && parent.kind === 'user' && parent.time < entry.time ? parent.time : entry.time
}

/** Anthropic counts cached tokens beside the input; here input is all of it. */
function usageOf(entry: Entry): LlmCall['usage'] {
  const usage = isObject(entry.message.usage) ? entry.message.usage : {}
  const cacheReadTokens = numberOf(usage.cache_read_input_tokens)
  const cacheWriteTokens = numberOf(usage.cache_creation_input_tokens)
  return {
    inputTokens: numberOf(usage.input_tokens) + cacheReadTokens + cacheWriteTokens,
    cacheReadTokens,
    cacheWriteTokens,
    outputTokens: numberOf(usage.output_tokens),
  }
}

const greatest = (a: LlmCall['usage'], b: LlmCall['usage']): LlmCall['usage'] => ({
  inputTokens: Math.max(a.inputTokens, b.inputTokens),
  cacheReadTokens: Math.max(a.cacheReadTokens, b.cacheReadTokens),
  cacheWriteTokens: Math.max(a.cacheWriteTokens, b.cacheWriteTokens),
  outputTokens: Math.max(a.outputTokens, b.outputTokens),
})

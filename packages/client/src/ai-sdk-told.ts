/** What the AI SDK's telemetry hooks are told, as far as it is read here. Structural: no dependency on `ai`. */
import type { UsageData } from '@signalbox/model/vocabulary.ts'

/** `callId`: of the generate, stream, embed or rerank call, as in all of its events. */
export interface Told {
  readonly callId: string
  readonly modelId?: string
  readonly provider?: string
}

export interface Start extends Told {
  /** `ai.generateText`, `ai.streamText`, … */
  readonly operationId?: string
  readonly functionId?: string | undefined
}

/** Of language models; those that embed say `tokens`. */
interface Usage {
  readonly inputTokens?: number | undefined
  readonly inputTokenDetails?: { readonly cacheReadTokens?: number | undefined; readonly cacheWriteTokens?: number | undefined }
  readonly outputTokens?: number | undefined
  readonly outputTokenDetails?: { readonly reasoningTokens?: number | undefined }
  readonly tokens?: number
}

export interface Call extends Told {
  readonly finishReason?: string
  readonly responseId?: string
  readonly usage?: Usage | undefined
  readonly performance?: { readonly timeToFirstOutputMs?: number | undefined }
}

export interface ToolStart {
  readonly callId: string
  readonly toolCall: { readonly toolCallId: string; readonly toolName: string }
}

export interface ToolEnd extends ToolStart {
  readonly toolOutput: { readonly type: string; readonly error?: unknown }
}

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

/** Undefined where nothing was counted. */
export function usageOf(usage: Usage | undefined): { readonly usage: UsageData } | undefined {
  const said = {
    inputTokens: usage?.inputTokens ?? usage?.tokens,
    cacheReadTokens: usage?.inputTokenDetails?.cacheReadTokens,
    cacheWriteTokens: usage?.inputTokenDetails?.cacheWriteTokens,
    outputTokens: usage?.outputTokens,
    reasoningTokens: usage?.outputTokenDetails?.reasoningTokens,
  }
  const counted = Object.entries(said).filter(([, count]) => isCount(count))
  return counted.length === 0 ? undefined : { usage: Object.fromEntries(counted) }
}

const longestMessage = 2_000
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, longestMessage)

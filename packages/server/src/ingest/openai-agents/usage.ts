/** Tokens as OpenAI's APIs and the SDK's own sums name them. */
import { isObject, type Json, numberOf } from '@signalbox/model/text.ts'

export interface Usage {
  readonly inputTokens: number
  readonly cacheReadTokens: number
  readonly cacheWriteTokens: number
  readonly outputTokens: number
  readonly reasoningTokens: number
}

/** Input includes cached tokens in each of them. The exporter moves what its backend does not take into `details`. */
const aliases: Readonly<Record<keyof Usage, readonly string[]>> = {
  inputTokens: ['input_tokens', 'prompt_tokens'],
  cacheReadTokens: [
    'cached_input_tokens',
    'input_tokens_details.cached_tokens',
    'prompt_tokens_details.cached_tokens',
    'details.input_tokens_details.cached_tokens',
    'details.prompt_tokens_details.cached_tokens',
    'details.cached_input_tokens',
  ],
  cacheWriteTokens: ['cache_write_input_tokens', 'input_tokens_details.cache_write_tokens', 'details.cache_write_input_tokens'],
  outputTokens: ['output_tokens', 'completion_tokens'],
  reasoningTokens: [
    'output_tokens_details.reasoning_tokens',
    'completion_tokens_details.reasoning_tokens',
    'details.output_tokens_details.reasoning_tokens',
    'details.completion_tokens_details.reasoning_tokens',
  ],
}

const at = (object: Json, path: string): unknown =>
  path.split('.').reduce<unknown>((held, key) => (isObject(held) ? held[key] : undefined), object)

const each = (of: (name: keyof Usage) => number): Usage => ({
  inputTokens: of('inputTokens'),
  cacheReadTokens: of('cacheReadTokens'),
  cacheWriteTokens: of('cacheWriteTokens'),
  outputTokens: of('outputTokens'),
  reasoningTokens: of('reasoningTokens'),
})

/** Undefined where nothing was counted. */
export function usageOf(said: unknown): Usage | undefined {
  if (!isObject(said)) return undefined
  const usage = each((name) => aliases[name].map((path) => numberOf(at(said, path))).find((count) => count > 0) ?? 0)
  return usage.inputTokens + usage.outputTokens > 0 ? usage : undefined
}

/** What is left of a sum when a part of it is known. */
export const less = (sum: Usage, part: Usage): Usage => each((name) => Math.max(0, sum[name] - part[name]))

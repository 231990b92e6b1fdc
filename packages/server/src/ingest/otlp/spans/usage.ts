/** Tokens and cost of one call, by Signalbox's measure: input with its cached tokens, money in millionths of a dollar. */
import { isObject, type Json, parseObject } from '@signalbox/model/text.ts'
import type { UsageData } from '@signalbox/model/vocabulary.ts'
import type { AttributeValue } from '../otlp.ts'
import type { Reading } from './reading.ts'

/** Undefined where it is no count: less than nothing, a fraction, too large to be exact. Numbers as text are taken. */
export function countOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined
}

const dollarsOf = (value: unknown): number | undefined => {
  const number = typeof value === 'string' && value.length < 40 ? Number.parseFloat(value) : value
  return typeof number === 'number' && number >= 0 && number < 1e9 ? number : undefined
}

const detailsOf = (value: AttributeValue | undefined): Json | undefined =>
  typeof value === 'string' ? parseObject(value) : isObject(value) ? value : undefined

/** Langfuse counts kinds of tokens: of one that begins with `input` and has more to its name the plain `input` has none. */
function usageOfDetails(details: Json): UsageData {
  const sum = (test: RegExp) =>
    Object.entries(details).reduce<number | undefined>((total, [key, value]) => {
      const tokens = test.test(key) ? countOf(value) : undefined
      return tokens === undefined ? total : (total ?? 0) + tokens
    }, undefined)
  return usageData(
    sum(/^input(_|$)|^cache_(read|creation)_input_tokens$|^prompt_tokens$/),
    sum(/^output(_|$)|^completion_tokens$/),
    sum(/^input_cached?_(read|tokens)|^cache_read_input_tokens$|^prompt_details\.cache_read$/),
    sum(/^input_cache_(creation|write)|^cache_creation_input_tokens$|^prompt_details\.cache_write$/),
    sum(/^output_reasoning|^completion_details\.reasoning$/),
    false,
  )
}

function usageData(
  input: number | undefined,
  outputTokens: number | undefined,
  cacheReadTokens: number | undefined,
  cacheWriteTokens: number | undefined,
  reasoningTokens: number | undefined,
  excludesCache: boolean,
): UsageData {
  const cached = (cacheReadTokens ?? 0) + (cacheWriteTokens ?? 0)
  // More cached tokens than tokens: whatever the dialect says, this sender counts them apart.
  const inputTokens = cached > 0 && (excludesCache || cached > (input ?? 0)) ? (input ?? 0) + cached : input
  const usage: UsageData = {}
  if (inputTokens !== undefined) usage.inputTokens = inputTokens
  if (cacheReadTokens) usage.cacheReadTokens = cacheReadTokens
  if (cacheWriteTokens) usage.cacheWriteTokens = cacheWriteTokens
  if (outputTokens !== undefined) usage.outputTokens = outputTokens
  if (reasoningTokens) usage.reasoningTokens = reasoningTokens
  return usage
}

/** Undefined where the span tells of none. */
export function usageOf(reading: Reading): UsageData | undefined {
  const input = countOf(reading.inputTokens)
  const output = countOf(reading.outputTokens)
  if (input !== undefined || output !== undefined)
    return usageData(
      input,
      output,
      countOf(reading.cacheReadTokens),
      countOf(reading.cacheWriteTokens),
      countOf(reading.reasoningTokens),
      reading.excludesCache,
    )
  const details = detailsOf(reading.usageDetails)
  const usage = details === undefined ? undefined : usageOfDetails(details)
  return usage === undefined || Object.keys(usage).length === 0 ? undefined : usage
}

/** Undefined where the span tells of none. */
export function costMicrosOf(reading: Reading): number | undefined {
  const dollars = dollarsOf(reading.cost) ?? dollarsOf(detailsOf(reading.costDetails)?.total)
  return dollars === undefined ? undefined : Math.round(dollars * 1e6)
}

/** What a line tells of its model call. */
import type { EpochMs } from '@signalbox/model/event.ts'
import { isObject, numberOf, stringOf } from '@signalbox/model/text.ts'
import type { Entry } from './claude-code-records.ts'

/** Tools make messages of their own, such as errors of the API, in the model's place. */
export const isModelCall = ({ kind, message }: Entry): boolean => kind === 'assistant' && message.model !== '<synthetic>'

/** Its request; of older versions its message: a message is written line by line, one for each of its blocks. */
export const callOf = ({ id, request, message }: Entry): string => request ?? stringOf(message.id) ?? id

/** Nothing tells when the model was asked: the record that this one answers is the closest. */
export function startOf(entry: Entry, asked: ReadonlyMap<string, EpochMs>): EpochMs {
  const at = asked.get(entry.parent ?? '')
  return at !== undefined && at < entry.time ? at : entry.time
}

/** So far: it is repeated, and grows, from line to line. Anthropic counts cached tokens beside the input; here input is all of it. */
export function usageOf({ message }: Entry) {
  const usage = isObject(message.usage) ? message.usage : {}
  const cacheReadTokens = numberOf(usage.cache_read_input_tokens)
  const cacheWriteTokens = numberOf(usage.cache_creation_input_tokens)
  return {
    inputTokens: numberOf(usage.input_tokens) + cacheReadTokens + cacheWriteTokens,
    cacheReadTokens,
    cacheWriteTokens,
    outputTokens: numberOf(usage.output_tokens),
  }
}

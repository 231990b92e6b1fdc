/** An AI SDK agent that asks a researcher as a tool, told by OpenTelemetry: `ai7` as the page says; `legacy`, `ai6`, `ai5` as before. */
import { LegacyOpenTelemetry } from '@ai-sdk/otel'
import { trace } from '@opentelemetry/api'
import * as ai7 from 'ai'
import { MockEmbeddingModelV4, MockLanguageModelV4 } from 'ai/test'
import * as ai5 from 'ai5'
import { MockEmbeddingModelV2, MockLanguageModelV2 } from 'ai5/test'
import * as ai6 from 'ai6'
import { MockEmbeddingModelV3, MockLanguageModelV3 } from 'ai6/test'
import { z } from 'zod'
import { notebook, pasted, tell } from './did.mjs'
import { tracing } from './otlp.mjs'

const version = process.argv[2]
const versions = {
  ai7: { ai: ai7, Model: MockLanguageModelV4, Embedding: MockEmbeddingModelV4, nested: true },
  legacy: { ai: ai7, Model: MockLanguageModelV4, Embedding: MockEmbeddingModelV4, nested: true },
  ai6: { ai: ai6, Model: MockLanguageModelV3, Embedding: MockEmbeddingModelV3, nested: true },
  ai5: { ai: ai5, Model: MockLanguageModelV2, Embedding: MockEmbeddingModelV2, nested: false },
}
const { ai, Model, Embedding, nested } = versions[version]
const service = version === 'ai7' ? 'helpdesk' : `desk-${version}`
const { provider } = version === 'ai7' ? await pasted() : tracing(service)
if (version === 'legacy') ai.registerTelemetry(new LegacyOpenTelemetry())
const telemetryOf = (functionId) => {
  const settings = { isEnabled: true, functionId }
  return ai === ai7 ? { telemetry: settings } : { experimental_telemetry: settings }
}
const stopAfter = ai.isStepCount ?? ai.stepCountIs

const book = notebook()
/** The trace, as the tools are in it. */
let run
const named = (agent) => `${service}/${agent}`
const usageOf = ([input, cached, output]) =>
  nested
    ? {
        inputTokens: { total: input, noCache: input - cached, cacheRead: cached, cacheWrite: 0 },
        outputTokens: { total: output, text: output, reasoning: 0 },
      }
    : { inputTokens: input, cachedInputTokens: cached, outputTokens: output, totalTokens: input + output }
const finishOf = (reason) => (nested ? { unified: reason, raw: reason } : reason)

let toolCalls = 0
const modelOf = (agent, modelId, ...answers) =>
  new Model({
    modelId,
    async doGenerate() {
      const { calls, tokens } = answers.shift()
      // Spans of version 5 do not say what was cached.
      const cacheReadTokens = version === 'ai5' ? 0 : tokens[1]
      book.model(named(agent), { inputTokens: tokens[0], cacheReadTokens, outputTokens: tokens[2] }, { name: modelId })
      const parts = calls?.map((toolName) => ({ type: 'tool-call', toolCallId: `tool-${++toolCalls}`, toolName, input: '{"q":"x"}' }))
      return {
        content: parts ?? [{ type: 'text', text: 'done' }],
        finishReason: finishOf(parts ? 'tool-calls' : 'stop'),
        usage: usageOf(tokens),
        warnings: [],
      }
    },
  })
const toolOf = (agent, name, execute) =>
  ai.tool({
    inputSchema: z.object({ q: z.string() }),
    async execute() {
      run = trace.getActiveSpan().spanContext().traceId
      const result = await execute().catch((error) => error)
      book.tool(named(agent), name, result instanceof Error ? 'failed' : 'finished')
      if (result instanceof Error) throw result
      return result
    },
  })

const search = toolOf('researcher', 'search', async () => {
  throw new Error('no network')
})
const research = toolOf('answer', 'research', async () => {
  book.edge('delegation', named('answer'), named('researcher'))
  const { text } = await ai.generateText({
    model: modelOf('researcher', 'small', { calls: ['search'], tokens: [10, 4, 3] }, { tokens: [14, 10, 2] }),
    prompt: 'Find.',
    tools: { search },
    stopWhen: stopAfter(3),
    ...telemetryOf('researcher'),
  })
  return text
})
const index = toolOf('answer', 'index', async () => {
  book.model(named('answer'), { inputTokens: 7 }, { name: 'vectors' })
  const model = new Embedding({ modelId: 'vectors', doEmbed: async () => ({ embeddings: [[1, 2]], usage: { tokens: 7 }, warnings: [] }) })
  await ai.embed({ model, value: 'x', ...telemetryOf(undefined) })
  return 'indexed'
})

await ai.generateText({
  model: modelOf('answer', 'medium', { calls: ['research', 'index'], tokens: [100, 50, 12] }, { tokens: [160, 100, 9] }),
  prompt: 'Answer.',
  tools: { research, index },
  stopWhen: stopAfter(3),
  ...telemetryOf('answer'),
})
await provider.forceFlush()
const roles = { [named('answer')]: 'manager', [named('researcher')]: 'worker' }
tell(book.did(run, { state: 'finished', roles }))

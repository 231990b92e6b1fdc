/** A desk that asks a researcher (a worker by its `functionId`) and a writer (with an integration of its own), and streams its answer. */
import { createAgent } from '@signalbox/client/agent.ts'
import { signalboxTelemetry } from '@signalbox/client/ai-sdk.ts'
import { embed, generateText, isStepCount, streamText, tool } from 'ai'
import { MockEmbeddingModelV4, MockLanguageModelV4, simulateReadableStream } from 'ai/test'
import { z } from 'zod'
import { notebook, pasted, tell, url } from './did.mjs'

const { desk } = await pasted()
const writer = createAgent({ url, agent: 'writer', role: 'worker' })
const ofWriter = signalboxTelemetry(writer)

let book = notebook()
const finish = (unified) => ({ unified, raw: unified })

const usageOf = ([total, cacheRead, cacheWrite, output, reasoning]) => ({
  inputTokens: { total, noCache: total - cacheRead - cacheWrite, cacheRead, cacheWrite },
  outputTokens: { total: output, text: output - reasoning, reasoning },
})
function asked(agent, name, tokens) {
  const [inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens, reasoningTokens] = tokens
  book.model(agent, { inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens, reasoningTokens }, { name })
}

/** Until the server shows what this agent has asked, while it still waits for the answer. */
async function seenAsking(agent) {
  const until = Date.now() + 20_000
  for (;;) {
    const shown = await fetch(`${url}/v1/agents/${encodeURIComponent(agent)}`)
    const { inFlight = [], status } = await shown.json()
    if (status === 'busy' && inFlight.some(({ kind }) => kind === 'llm')) return
    if (Date.now() > until) throw new Error(`${agent} was not seen asking its model.`)
  }
}

let toolCalls = 0
/** Answers in order: a text, a tool's name, or an error. */
function modelOf(agent, modelId, ...answers) {
  const next = () => {
    const { fails, calls, text = 'done', tokens } = answers.shift()
    if (fails !== undefined) {
      book.model(agent, {}, { name: modelId, state: 'failed' })
      throw new Error(fails)
    }
    asked(agent, modelId, tokens)
    const parts = (calls ?? []).map((toolName) => ({ type: 'tool-call', toolCallId: `tool-${++toolCalls}`, toolName, input: '{"q":"x"}' }))
    return { parts, text, usage: usageOf(tokens), finishReason: finish(parts.length > 0 ? 'tool-calls' : 'stop') }
  }
  return new MockLanguageModelV4({
    modelId,
    async doGenerate() {
      await seenAsking(agent)
      const { parts, text, usage, finishReason } = next()
      return { content: parts.length > 0 ? parts : [{ type: 'text', text }], finishReason, usage, warnings: [] }
    },
    async doStream() {
      const { text, usage, finishReason } = next()
      const chunks = [
        { type: 'stream-start', warnings: [] },
        { type: 'text-start', id: '1' },
        { type: 'text-delta', id: '1', delta: text },
        { type: 'text-end', id: '1' },
        { type: 'finish', finishReason, usage },
      ]
      return { stream: simulateReadableStream({ chunks }) }
    },
  })
}

const toolOf = (agent, name, work) =>
  tool({
    inputSchema: z.object({ q: z.string() }),
    async execute() {
      try {
        const result = await work()
        book.tool(agent, name)
        return result
      } catch (error) {
        book.tool(agent, name, 'failed')
        throw error
      }
    },
  })

const search = (agent) =>
  toolOf(agent, 'search', async () => {
    throw new Error('no network')
  })
const research = toolOf('desk', 'research', async () => {
  const model = modelOf('desk/researcher', 'small', { calls: ['search'], tokens: [10, 4, 0, 3, 1] }, { tokens: [14, 10, 2, 2, 0] })
  const telemetry = { functionId: 'researcher' }
  book.edge('delegation', 'desk', 'desk/researcher')
  const tools = { search: search('desk/researcher') }
  return (await generateText({ model, prompt: 'Find.', tools, telemetry, stopWhen: isStepCount(3) })).text
})
const write = toolOf('desk', 'write', async () => {
  book.edge('delegation', 'desk', 'writer')
  const model = modelOf('writer', 'large', { text: 'A page.', tokens: [30, 0, 5, 20, 8] })
  const stream = streamText({ model, prompt: 'Write.', telemetry: { integrations: ofWriter } })
  return await stream.text
})

await generateText({
  model: modelOf('desk', 'medium', { calls: ['research', 'write'], tokens: [100, 0, 50, 12, 0] }, { tokens: [160, 100, 0, 9, 0] }),
  prompt: 'Answer.',
  tools: { research, write },
  telemetry: { functionId: 'answer' },
  stopWhen: isStepCount(3),
})
const answered = book.did(undefined, {
  name: 'answer',
  state: 'finished',
  roles: { desk: 'manager', writer: 'worker', 'desk/researcher': 'worker' },
})

book = notebook()
await generateText({
  model: modelOf('desk', 'medium', { fails: 'overloaded' }),
  prompt: 'Answer.',
  maxRetries: 0,
  telemetry: { functionId: 'doomed' },
}).catch(() => undefined)
const doomed = book.did(undefined, { name: 'doomed', state: 'failed' })

book = notebook()
book.model('desk', { inputTokens: 7 }, { name: 'vectors' })
const vectors = new MockEmbeddingModelV4({
  modelId: 'vectors',
  doEmbed: async () => ({ embeddings: [[1, 2]], usage: { tokens: 7 }, warnings: [] }),
})
await embed({ model: vectors, value: 'x', telemetry: { functionId: 'index' } })
const indexed = book.did(undefined, { name: 'index', state: 'finished' })

await writer.stop()
await desk.stop()
tell(answered, doomed, indexed)

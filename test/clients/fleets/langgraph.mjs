/** LangGraph's supervisor with two workers, traced by OpenInference: a mathematician and a researcher whose tool fails once. */
import { BaseChatModel } from '@langchain/core/language_models/chat_models'
import { AIMessage } from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
import { createReactAgent } from '@langchain/langgraph/prebuilt'
import { createSupervisor } from '@langchain/langgraph-supervisor'
import { z } from 'zod'
import { notebook, pasted, tell } from './did.mjs'

const { provider } = await pasted()

const book = notebook()
const named = (agent) => `research-desk/${agent}`
let asked = 0

class ScriptedModel extends BaseChatModel {
  constructor(agent, answers) {
    super({})
    this.agent = agent
    this.answers = answers
  }
  _llmType() {
    return 'scripted'
  }
  _modelType() {
    return 'base_chat_model'
  }
  invocationParams() {
    return { model: `${this.agent}-model` }
  }
  getLsParams() {
    return { ls_provider: 'scripted', ls_model_name: `${this.agent}-model`, ls_model_type: 'chat' }
  }
  bindTools() {
    return this
  }
  async _generate() {
    const { calls = [], text = '', tokens } = this.answers.shift()
    asked += 1
    const [input_tokens, cache_read, output_tokens] = tokens
    book.model(
      named(this.agent),
      { inputTokens: input_tokens, cacheReadTokens: cache_read, outputTokens: output_tokens },
      { name: `${this.agent}-model` },
    )
    const message = new AIMessage({
      content: text,
      tool_calls: calls.map(([name, args], i) => ({ name, args, id: `call-${asked}-${i}`, type: 'tool_call' })),
      usage_metadata: { input_tokens, output_tokens, total_tokens: input_tokens + output_tokens, input_token_details: { cache_read } },
      response_metadata: { model_name: `${this.agent}-model` },
    })
    return { generations: [{ text, message }], llmOutput: { tokenUsage: {} } }
  }
}

const add = tool(
  ({ a, b }) => {
    book.tool(named('mathematician'), 'add')
    return String(a + b)
  },
  { name: 'add', description: 'Adds.', schema: z.object({ a: z.number(), b: z.number() }) },
)
const search = tool(
  ({ q }) => {
    book.tool(named('researcher'), 'search', q === 'bad' ? 'failed' : 'finished')
    if (q === 'bad') throw new Error('no network')
    return 'found'
  },
  { name: 'search', description: 'Searches.', schema: z.object({ q: z.string() }) },
)

const mathematician = createReactAgent({
  llm: new ScriptedModel('mathematician', [
    { calls: [['add', { a: 1, b: 2 }]], tokens: [20, 0, 4] },
    { text: 'three', tokens: [26, 20, 3] },
  ]),
  tools: [add],
  name: 'mathematician',
})
const researcher = createReactAgent({
  llm: new ScriptedModel('researcher', [
    { calls: [['search', { q: 'bad' }]], tokens: [30, 0, 5] },
    { calls: [['search', { q: 'good' }]], tokens: [36, 30, 5] },
    { text: 'found', tokens: [44, 36, 2] },
  ]),
  tools: [search],
  name: 'researcher',
})
const supervisor = createSupervisor({
  agents: [mathematician, researcher],
  llm: new ScriptedModel('supervisor', [
    { calls: [['transfer_to_mathematician', {}]], tokens: [100, 0, 7] },
    { calls: [['transfer_to_researcher', {}]], tokens: [120, 100, 8] },
    { text: 'done', tokens: [150, 120, 9] },
  ]),
  supervisorName: 'supervisor',
  prompt: 'Lead.',
})
book.edge('handoff', named('supervisor'), named('mathematician'))
book.edge('handoff', named('supervisor'), named('researcher'))
await supervisor.compile({ name: 'team' }).invoke({ messages: [{ role: 'user', content: 'Go.' }] })
await provider.forceFlush()
const roles = { [named('supervisor')]: 'manager', [named('mathematician')]: 'worker', [named('researcher')]: 'worker' }
tell(book.did(undefined, { name: 'team', state: 'finished', roles }))

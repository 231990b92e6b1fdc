/** A refund desk: a triage agent that asks a researcher as a tool and hands off to billing. `responses` or `chat`: which of OpenAI's APIs. */
import {
  Agent,
  getCurrentTrace,
  getGlobalTraceProvider,
  OpenAIChatCompletionsModel,
  OpenAIResponsesModel,
  run,
  tool,
  withTrace,
} from '@openai/agents'
import OpenAI from 'openai'
import { z } from 'zod'
import { notebook, pasted, tell } from './did.mjs'

const api = process.argv[2]

await pasted()

let book = notebook()
/** By model, what it answers, in order. */
const answers = new Map()
let asked = 0

/** OpenAI's API as far as the SDK's own models need it. */
async function fetchFake(address, { body }) {
  const { model } = JSON.parse(body)
  const { agent, steps } = answers.get(model)
  const step = steps.shift()
  asked += 1
  const json = (value, status = 200) => new Response(JSON.stringify(value), { status, headers: { 'content-type': 'application/json' } })
  const name = String(address).endsWith('/responses') ? 'response' : model
  if (step.fail) {
    book.model(agent, {}, { name, state: 'failed' })
    return json({ error: { message: 'overloaded' } }, 500)
  }
  const [inputTokens, cacheReadTokens, outputTokens] = step.tokens
  book.model(agent, { inputTokens, cacheReadTokens, outputTokens }, { name })
  return json(name === 'response' ? responseOf(model, step) : completionOf(model, step))
}

function responseOf(model, { text, call, tokens: [input_tokens, cached_tokens, output_tokens] }) {
  const output =
    call === undefined
      ? { type: 'message', id: `msg_${asked}`, role: 'assistant', content: [{ type: 'output_text', text, annotations: [] }] }
      : { type: 'function_call', id: `fc_${asked}`, call_id: `call_${asked}`, name: call[0], arguments: JSON.stringify(call[1]) }
  const usage = { input_tokens, output_tokens, total_tokens: input_tokens + output_tokens, input_tokens_details: { cached_tokens } }
  return { id: `resp_${asked}`, object: 'response', status: 'completed', model, output: [{ status: 'completed', ...output }], usage }
}

function completionOf(model, { text, call, tokens: [prompt_tokens, cached_tokens, completion_tokens] }) {
  const toolCalls = call && [{ id: `call_${asked}`, type: 'function', function: { name: call[0], arguments: JSON.stringify(call[1]) } }]
  const message = { role: 'assistant', content: text ?? null, ...(toolCalls && { tool_calls: toolCalls }) }
  const usage = {
    prompt_tokens,
    completion_tokens,
    total_tokens: prompt_tokens + completion_tokens,
    prompt_tokens_details: { cached_tokens },
  }
  return { id: `chatcmpl_${asked}`, object: 'chat.completion', model, choices: [{ index: 0, finish_reason: 'stop', message }], usage }
}

const client = new OpenAI({ apiKey: 'none', maxRetries: 0, fetch: fetchFake })
const Model = api === 'chat' ? OpenAIChatCompletionsModel : OpenAIResponsesModel
const modelOf = (agent, ...steps) => {
  answers.set(`model-of-${agent}`, { agent, steps })
  return new Model(client, `model-of-${agent}`)
}

const lookup = (agent) =>
  tool({
    name: 'lookup',
    description: 'Looks up an invoice.',
    parameters: z.object({ id: z.string() }),
    execute({ id }) {
      book.tool(agent, 'lookup', id === 'none' ? 'failed' : 'finished')
      if (id === 'none') throw new Error('no such invoice')
      return 'paid'
    },
  })

const named = (name) => `${name}_${api}`
const researcher = new Agent({
  name: named('Researcher'),
  model: modelOf(named('Researcher'), { call: ['lookup', { id: '1' }], tokens: [100, 40, 10] }, { text: 'found', tokens: [110, 100, 11] }),
  tools: [lookup(named('Researcher'))],
})
const billing = new Agent({
  name: named('Billing'),
  model: modelOf(named('Billing'), { call: ['lookup', { id: 'none' }], tokens: [50, 0, 5] }, { text: 'done', tokens: [55, 50, 6] }),
  tools: [lookup(named('Billing'))],
})
const triage = Agent.create({
  name: named('Triage'),
  model: modelOf(
    named('Triage'),
    { call: ['research', { input: 'who?' }], tokens: [20, 0, 2] },
    { call: [`transfer_to_${named('Billing')}`, {}], tokens: [30, 20, 3] },
  ),
  tools: [researcher.asTool({ toolName: 'research', toolDescription: 'Finds out who.' })],
  handoffs: [billing],
  inputGuardrails: [{ name: 'polite', execute: async () => ({ tripwireTriggered: false, outputInfo: {} }) }],
})

const desk = await withTrace(
  `Refund desk ${api}`,
  async () => {
    await run(triage, 'Where is my refund?')
    book.tool(named('Triage'), 'research')
    book.edge('delegation', named('Triage'), named('Researcher'))
    book.edge('handoff', named('Triage'), named('Billing'))
    return book.did(getCurrentTrace().traceId, { name: `Refund desk ${api}`, state: 'finished', roles: { [named('Triage')]: 'manager' } })
  },
  { groupId: 'conversation-1', metadata: { user: 'u-1' } },
)

book = notebook()
const doomed = new Agent({ name: named('Doomed'), model: modelOf(named('Doomed'), { fail: true }) })
const doom = await withTrace(`Doomed ${api}`, async () => {
  await run(doomed, 'Try.').catch(() => undefined)
  return book.did(getCurrentTrace().traceId, { name: `Doomed ${api}`, state: 'failed' })
})

await getGlobalTraceProvider().forceFlush()
tell(desk, doom)

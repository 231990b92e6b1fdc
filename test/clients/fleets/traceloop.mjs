/** A workflow of two agents, told by Traceloop's SDK: its address and key changed, and nothing else. */

import { trace } from '@opentelemetry/api'
import * as traceloop from '@traceloop/node-server-sdk'
import { notebook, pasted, tell } from './did.mjs'

await pasted()

const book = notebook()
const named = (agent) => `kitchen/${agent}`

const ask = (agent, model, [input, output]) =>
  traceloop.withLLMCall({ vendor: 'openai', type: 'chat' }, async ({ span }) => {
    book.model(named(agent), { inputTokens: input, outputTokens: output }, { name: model })
    span.reportRequest({ model, messages: [{ role: 'user', content: 'Go.' }] })
    span.reportResponse({
      model,
      usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
      completions: [{ finish_reason: 'stop', message: { role: 'assistant', content: 'done' } }],
    })
  })
/** Of one that fails this SDK never ends the span: it tells nothing of it. */
async function use(agent, name, work) {
  await traceloop.withTool({ name }, work)
  book.tool(named(agent), name)
}

let run
await traceloop.withWorkflow({ name: 'dinner' }, async () => {
  run = trace.getActiveSpan().spanContext().traceId
  await traceloop.withAgent({ name: 'chef' }, async () => {
    await ask('chef', 'large', [90, 9])
    book.edge('delegation', named('chef'), named('shopper'))
    await traceloop.withAgent({ name: 'shopper' }, async () => {
      await ask('shopper', 'small', [40, 4])
      await use('shopper', 'market', async () => 'fish')
    })
    await ask('chef', 'large', [120, 5])
  })
})
await traceloop.forceFlush()
tell(book.did(run, { name: 'dinner', state: 'finished', roles: { [named('chef')]: 'manager', [named('shopper')]: 'worker' } }))

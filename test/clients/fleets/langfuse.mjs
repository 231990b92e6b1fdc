/** A lead that asks a helper, told by Langfuse's own SDK: its address and its two keys changed, and nothing else. */
import { startActiveObservation } from '@langfuse/tracing'
import { notebook, pasted, tell } from './did.mjs'

const { processor } = await pasted()

const book = notebook()
const named = (agent) => `newsroom/${agent}`

function ask(agent, model, [input, cached, output]) {
  return startActiveObservation(
    'ask',
    (generation) => {
      book.model(named(agent), { inputTokens: input + cached, cacheReadTokens: cached, outputTokens: output }, { name: model })
      generation.update({ model, usageDetails: { input, input_cached_tokens: cached, output, total: input + cached + output } })
    },
    { asType: 'generation' },
  )
}
const use = (agent, name, work) =>
  startActiveObservation(
    name,
    async (tool) => {
      try {
        tool.update({ input: { q: 'x' }, output: await work() })
        book.tool(named(agent), name)
      } catch (error) {
        book.tool(named(agent), name, 'failed')
        tool.update({ level: 'ERROR', statusMessage: error.message })
      }
    },
    { asType: 'tool' },
  )

let run
await startActiveObservation(
  'lead',
  async (lead) => {
    run = lead.traceId
    await ask('lead', 'large', [100, 20, 9])
    book.edge('delegation', named('lead'), named('helper'))
    await startActiveObservation(
      'helper',
      async () => {
        await ask('helper', 'small', [40, 0, 4])
        await use('helper', 'search', async () => 'found')
        await use('helper', 'fetch', async () => Promise.reject(new Error('no network')))
      },
      { asType: 'agent' },
    )
    await ask('lead', 'large', [10, 120, 5])
  },
  { asType: 'agent' },
)
await processor.forceFlush()
tell(book.did(run, { name: 'lead', state: 'finished', roles: { [named('lead')]: 'manager', [named('helper')]: 'worker' } }))

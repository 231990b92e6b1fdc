/** How fast spans become events: the mapping alone, in one thread. `node bench/spans.ts [seconds]`; spans of 10 attributes, 10 a trace. */

import type { Decoded, Span } from '@signalbox/server/ingest/otlp/otlp.ts'
import { createSpanMapping } from '@signalbox/server/ingest/otlp/spans/mapping.ts'

const seconds = Number(process.argv[2] ?? 5)
const batchTraces = 50
const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0')
const start = Date.UTC(2026, 0, 1)

const common = { 'gen_ai.provider.name': 'openai', 'gen_ai.conversation.id': 'c-1', 'server.address': 'api.openai.com', 'server.port': 443 }
const call = {
  ...common,
  'gen_ai.operation.name': 'chat',
  'gen_ai.request.model': 'gpt-5',
  'gen_ai.response.id': 'chatcmpl-1',
  'gen_ai.usage.input_tokens': 1_200,
  'gen_ai.usage.output_tokens': 80,
  'gen_ai.request.temperature': 0.5,
}
const tool = {
  ...common,
  'gen_ai.operation.name': 'execute_tool',
  'gen_ai.tool.name': 'search',
  'gen_ai.tool.call.id': 'call_1',
  'gen_ai.tool.type': 'function',
  'gen_ai.tool.description': 'Looks it up',
  'custom.a': 'b',
}
const agent = { ...common, 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'researcher', 'gen_ai.request.model': 'gpt-5' }

/** Eight calls, children first, under an agent under a root. */
function spansOf(trace: number): Span[] {
  const span = (index: number, parent: number | undefined, name: string, attributes: Record<string, string | number>): Span => ({
    traceId: hex(trace, 32),
    spanId: hex(index, 16),
    parentSpanId: parent === undefined ? undefined : hex(parent, 16),
    name,
    kind: 'internal',
    start: start + trace + index,
    end: start + trace + index + 100,
    attributes: Object.assign(Object.create(null), attributes),
    events: [],
    links: [],
    status: { code: 'unset', message: '' },
  })
  const calls = Array.from({ length: 8 }, (_, at) =>
    span(at + 3, 2, at % 2 === 0 ? 'chat gpt-5' : 'execute_tool search', at % 2 === 0 ? call : tool),
  )
  return [...calls, span(2, 1, 'invoke_agent researcher', agent), span(1, undefined, 'POST /ask', common)]
}

const resource = { attributes: { 'service.name': 'bench', 'host.name': 'here' } }
const scope = { name: 'bench', version: '1', attributes: {} }
const documentOf = (batch: number): Decoded<Span> => ({
  groups: [{ resource, scope, items: Array.from({ length: batchTraces }, (_, at) => spansOf(batch * batchTraces + at + 1)).flat() }],
  bad: [],
})

/** Of this thread, so that what else the machine does counts less. */
const cpuMs = () => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}

const mapping = createSpanMapping()
let elapsedMs = 0
let spans = 0
let events = 0
const warmMs = 1_000
for (let batch = 0, warm = true; elapsedMs < seconds * 1_000; batch += 1) {
  const document = documentOf(batch)
  const from = cpuMs()
  events += mapping.map(document, 'bench').length
  elapsedMs += cpuMs() - from
  spans += batchTraces * 10
  if (!warm || elapsedMs < warmMs) continue
  warm = false
  elapsedMs = 0
  spans = 0
  events = 0
}
const rate = (count: number) => Math.round(count / (elapsedMs / 1_000)).toLocaleString('en')
console.log(`${rate(spans)} spans/s, ${rate(events)} events/s`)

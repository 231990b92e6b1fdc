/** Export requests as exporters send them: 512 spans of model and tool calls below an agent, ten a trace, each with about ten attributes; Protobuf, gzip. */
import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { protobufOf, requestOf } from '@signalbox/server/ingest/otlp/wire.testing.ts'

export const batchSpans = 512
const traceSpans = 10
const spanMs = 20

const text = (key: string, value: string) => ({ key, value: { stringValue: value } })
const int = (key: string, value: number) => ({ key, value: { intValue: String(value) } })
const common = [
  text('gen_ai.provider.name', 'anthropic'),
  text('gen_ai.conversation.id', 'conversation-1'),
  text('server.address', 'api.anthropic.com'),
  int('server.port', 443),
]
const call = (n: number) => [
  ...common,
  text('gen_ai.operation.name', 'chat'),
  text('gen_ai.request.model', 'claude-sonnet-4'),
  text('gen_ai.response.id', `msg_${n.toString(16).padStart(24, '0')}`),
  int('gen_ai.usage.input_tokens', 1_000 + n),
  int('gen_ai.usage.output_tokens', 80),
  int('gen_ai.request.max_tokens', 4_096),
]
const tool = (n: number) => [
  ...common,
  text('gen_ai.operation.name', 'execute_tool'),
  text('gen_ai.tool.name', 'search'),
  text('gen_ai.tool.call.id', `call_${n.toString(16).padStart(24, '0')}`),
  text('gen_ai.tool.type', 'function'),
  text('gen_ai.tool.description', 'Looks it up in the documents of the project'),
  int('result.count', n),
]
const agent = [
  ...common,
  text('gen_ai.operation.name', 'invoke_agent'),
  text('gen_ai.agent.name', 'researcher'),
  text('gen_ai.request.model', 'claude-sonnet-4'),
]

/** Children come before their parents, as they end. */
function spanOf(n: number, startMs: number) {
  const place = n % traceSpans
  const role = place === traceSpans - 1 ? 'root' : place === traceSpans - 2 ? 'agent' : place % 2 === 0 ? 'chat' : 'tool'
  const parent = { chat: traceSpans - 1, tool: traceSpans - 1, agent: traceSpans, root: 0 }[role]
  const attributes = { chat: call(n), tool: tool(n), agent, root: common }[role]
  const id = (at: number) => at.toString(16).padStart(16, '0')
  const end = startMs + spanMs
  return {
    traceId:
      Math.floor(n / traceSpans)
        .toString(16)
        .padStart(24, 'a') + marker,
    spanId: id(place + 1),
    ...(parent === 0 ? {} : { parentSpanId: id(parent) }),
    name: { chat: 'chat claude-sonnet-4', tool: 'execute_tool search', agent: 'invoke_agent researcher', root: 'POST /ask' }[role],
    kind: 3,
    startTimeUnixNano: `${startMs}000000`,
    endTimeUnixNano: `${end}000000`,
    attributes,
    status: { code: 1 },
  }
}

/** The last four bytes of every trace id, to be written over. */
const marker = 'f00dfeed'

function* placesOf(body: Buffer, sought: Buffer): Generator<number> {
  for (let at = body.indexOf(sought); at >= 0; at = body.indexOf(sought, at + 1)) yield at
}

/** Makes bodies; each has traces of its own, that end now. Encoded once: what is measured is the server. */
export function createExports(sender: number): () => Buffer {
  const startMs = Date.UTC(2020, 0, 1)
  const body = protobufOf(
    'traces',
    requestOf(
      'traces',
      Array.from({ length: batchSpans }, (_, n) => spanOf(n, startMs)),
      `bench-${sender}`,
    ),
  )
  const nanos = (ms: number) => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64LE(BigInt(ms) * 1_000_000n)
    return bytes
  }
  const traces = [...placesOf(body, Buffer.from(marker, 'hex'))]
  const starts = [...placesOf(body, nanos(startMs))]
  const ends = [...placesOf(body, nanos(startMs + spanMs))]
  if (traces.length !== batchSpans || starts.length !== batchSpans || ends.length !== batchSpans)
    throw new Error('The spans are not where they should be.')
  return () => {
    const now = Date.now()
    const id = randomBytes(4)
    for (const at of traces) id.copy(body, at)
    const [start, end] = [nanos(now - spanMs), nanos(now)]
    for (const at of starts) start.copy(body, at)
    for (const at of ends) end.copy(body, at)
    return gzipSync(body, { level: 1 })
  }
}

/** Records as the exporter of OpenAI's Agents SDK writes them. */
const at = (ms: number) => new Date(Date.UTC(2026, 10, 20) + ms).toISOString()

export const trace = (id: string, name = 'Refund desk') => ({
  object: 'trace',
  id,
  workflow_name: name,
  group_id: 'conversation-1',
  metadata: { user: 'u-1' },
})

export interface SpanInit {
  readonly id: string
  readonly parent?: string
  readonly from: number
  readonly to: number
  readonly data: object
  readonly error?: object
}

export const span = (of: string, { id, parent, from, to, data, error }: SpanInit) => ({
  object: 'trace.span',
  id,
  trace_id: of,
  parent_id: parent ?? null,
  started_at: at(from),
  ended_at: at(to),
  span_data: data,
  error: error ?? null,
})

const usage = (input: number, output: number) => ({
  input_tokens: input,
  output_tokens: output,
  cached_input_tokens: 0,
  cache_write_input_tokens: 0,
})
export const task = (input: number, output: number) => ({
  type: 'custom',
  name: 'task',
  data: { sdk_span_type: 'task', name: 'Agent workflow', usage: usage(input, output) },
})
export const turn = (agent: string, n: number, input: number, output: number) => ({
  type: 'custom',
  name: 'turn',
  data: { sdk_span_type: 'turn', turn: n, agent_name: agent, usage: usage(input, output) },
})
export const agent = (name: string, handoffs: readonly string[] = []) => ({ type: 'agent', name, handoffs, tools: [], output_type: 'text' })

/** Triage asks a researcher as a tool, which looks something up, and then hands off to billing. In the order in which they end. */
export const desk = (of: string) => [
  trace(of),
  span(of, { id: 'r1', parent: 't1', from: 2, to: 10, data: { type: 'response', response_id: 'resp_1' } }),
  span(of, { id: 'r2', parent: 't2', from: 13, to: 20, data: { type: 'response', response_id: 'resp_2' } }),
  span(of, { id: 'f2', parent: 't2', from: 21, to: 25, data: { type: 'function', name: 'lookup', input: '{}', output: 'paid' } }),
  span(of, { id: 't2', parent: 'a2', from: 12, to: 26, data: turn('Researcher', 1, 100, 10) }),
  span(of, { id: 'r3', parent: 't3', from: 27, to: 30, data: { type: 'response', response_id: 'resp_3' } }),
  span(of, { id: 't3', parent: 'a2', from: 26, to: 31, data: turn('Researcher', 2, 110, 11) }),
  span(of, { id: 'a2', parent: 'k2', from: 12, to: 31, data: agent('Researcher') }),
  span(of, { id: 'k2', parent: 'f1', from: 11, to: 32, data: task(210, 21) }),
  span(of, { id: 'f1', parent: 't1', from: 11, to: 33, data: { type: 'function', name: 'research', input: '{}', output: 'found' } }),
  span(of, { id: 't1', parent: 'a1', from: 1, to: 34, data: turn('Triage', 1, 230, 23) }),
  span(of, { id: 'r4', parent: 't4', from: 36, to: 40, data: { type: 'response', response_id: 'resp_4' } }),
  span(of, { id: 'h1', parent: 't4', from: 41, to: 42, data: { type: 'handoff', from_agent: 'Triage', to_agent: 'Billing' } }),
  span(of, { id: 't4', parent: 'a1', from: 35, to: 43, data: turn('Triage', 2, 30, 3) }),
  span(of, { id: 'a1', parent: 'k1', from: 1, to: 43, data: agent('Triage', ['Billing']) }),
  span(of, { id: 'r5', parent: 't5', from: 46, to: 50, data: { type: 'response', response_id: 'resp_5' } }),
  span(of, { id: 't5', parent: 'a3', from: 45, to: 51, data: turn('Billing', 3, 50, 5) }),
  span(of, { id: 'a3', parent: 'k1', from: 44, to: 51, data: agent('Billing') }),
  span(of, { id: 'k1', from: 0, to: 52, data: task(290, 29) }),
]

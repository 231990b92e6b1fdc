/** Model calls of OpenAI's Agents SDK, as its exporter sends them. `events` are spans: what their agents are told by comes besides. */
import type { DoorRequests } from './door-request.ts'

const spansOfTrace = 100

export const openAiAgents: DoorRequests = (nextId, sender) => {
  let made = 0
  return (count) => {
    const spans = Array.from({ length: count }, () => {
      made += 1
      const now = Date.now()
      return {
        object: 'trace.span',
        id: `span_${nextId()}`,
        trace_id: `trace_${sender}_${Math.trunc(made / spansOfTrace)}`,
        parent_id: null,
        started_at: new Date(now - 800).toISOString(),
        ended_at: new Date(now).toISOString(),
        span_data: { type: 'generation', model: 'gpt-5-mini', usage: { input_tokens: 1_200, output_tokens: 80 } },
        error: null,
      }
    })
    return {
      path: '/v1/traces/ingest',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ data: spans }),
      events: spans.length,
    }
  }
}

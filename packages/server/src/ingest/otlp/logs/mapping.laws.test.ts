/** Whatever senders write: every item becomes events that the log takes, or is refused by itself; the same ones each time. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mapMetrics } from '../metrics/mapping.ts'
import type { Attributes, AttributeValue, LogRecord, MetricPoint } from '../otlp.ts'
import { eventsOf, foldOf, logsOf, receivedAt, refusedOf } from './mapped.testing.ts'
import { mapLogs } from './mapping.ts'

const odd = fc.constantFrom<AttributeValue>(
  ...[
    '',
    'NaN',
    '-1',
    '1e999',
    '<REDACTED>',
    'true',
    'false',
    '__proto__',
    '\u0000\ud800',
    'x'.repeat(3_000),
    '{"subagent_type":"Explore"}',
  ],
  ...[0, -1, 0.5, 2 ** 53, -(2 ** 60), 1e308, Number.NaN, Number.POSITIVE_INFINITY],
  ...[true, false, null, [], [[]]],
)
const value = fc.oneof({ weight: 4, arbitrary: odd }, fc.jsonValue() as fc.Arbitrary<AttributeValue>)
const key = fc.constantFrom(
  ...['session.id', 'conversation.id', 'event.name', 'request_id', 'client_request_id', 'tool_use_id', 'tool_name', 'call_id', 'model'],
  ...['input_tokens', 'output_tokens', 'cache_read_tokens', 'cost_usd', 'cost_usd_micros', 'duration_ms', 'success', 'decision', 'error'],
  ...['agent.name', 'agent_id', 'agent_name', 'agent_type', 'query_source', 'tool_parameters', 'prompt', 'response', 'status_code'],
  ...['gen_ai.agent.name', 'gen_ai.operation.name', 'gen_ai.response.id', 'gen_ai.usage.input_tokens', 'event.kind', 'error.message'],
  ...['service.name', 'signalbox.agents', '__proto__', 'constructor', 'input_token_count', 'terminate_reason', 'exception.message'],
)
const attributes: fc.Arbitrary<Attributes> = fc
  .array(fc.tuple(key, value), { maxLength: 25 })
  .map((pairs) =>
    pairs.reduce(
      (of, [name, one]) => Object.defineProperty(of, name, { value: one, enumerable: true, configurable: true }),
      Object.create(null),
    ),
  )

const names = [
  ...[
    'user_prompt',
    'assistant_response',
    'api_request',
    'api_error',
    'tool_decision',
    'tool_result',
    'subagent_completed',
    'auth',
    'other',
  ].map((name) => `claude_code.${name}`),
  ...['codex.conversation_starts', 'codex.user_prompt', 'codex.sse_event', 'codex.api_request', 'codex.tool_decision', 'codex.tool_result'],
  ...['gemini_cli.config', 'gemini_cli.api_response', 'gemini_cli.tool_call', 'gemini_cli.agent.start', 'gemini_cli.agent.finish'],
  ...['gen_ai.client.inference.operation.details', 'gen_ai.client.operation.exception', 'gen_ai.evaluation.result', 'gen_ai.choice'],
  ...['', 'toString'],
]
const time = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: receivedAt - 1_000, max: receivedAt }) },
  fc.constantFrom(0, -1, 1, receivedAt + 0.25, 1e300, Number.NaN),
)
const record: fc.Arbitrary<LogRecord> = fc.record({
  time,
  severity: fc.integer({ min: -5, max: 40 }),
  severityText: fc.constantFrom('', 'WARN', 'x'.repeat(500)),
  eventName: fc.constantFrom(...names),
  body: fc.oneof(fc.constantFrom(...names), value),
  attributes,
  traceId: fc.constantFrom(undefined, '5b8efff798038103d269b633813fc60c'),
  spanId: fc.constantFrom(undefined, 'eee19b7ec3c1b174'),
  dropped: fc.nat(3),
})

test('log records', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 12 }), attributes, (records, resource) => {
      const mapped = mapLogs(logsOf(records, resource), receivedAt)
      foldOf(eventsOf(mapped))
      expect(refusedOf(mapped).every(({ code }) => code === 'INVALID_EVENT')).toBe(true)
      expect(mapLogs(logsOf(records, resource), receivedAt)).toEqual(mapped)
      // What a record becomes is its own: no other's, wherever it stands.
      const apart = records.flatMap((one) => eventsOf(mapLogs(logsOf([one], resource), receivedAt)))
      expect(apart).toEqual(eventsOf(mapped))
    }),
  )
})

const number = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, 2 ** 60, -0, 5))
const point: fc.Arbitrary<MetricPoint> = fc.record({
  name: fc.constantFrom('', 'claude_code.token.usage', '__proto__', 'x'.repeat(3_000)),
  description: fc.constantFrom('', 'what it is'),
  unit: fc.constantFrom('', '\u0000'),
  kind: fc.constantFrom('gauge' as const, 'sum' as const, 'histogram' as const, 'exponential-histogram' as const, 'summary' as const),
  temporality: fc.constantFrom('unspecified' as const, 'delta' as const, 'cumulative' as const),
  isMonotonic: fc.boolean(),
  ...{ start: time, time, attributes },
  value: fc.option(number, { nil: undefined }),
  count: fc.option(number, { nil: undefined }),
  min: fc.option(number, { nil: undefined }),
  max: fc.option(number, { nil: undefined }),
  bounds: fc.option(fc.array(number, { maxLength: 4 }), { nil: undefined }),
  counts: fc.option(fc.array(number, { maxLength: 5 }), { nil: undefined }),
})

test('data points', () => {
  const scope = { name: '', version: '', attributes: {} }
  fc.assert(
    fc.property(fc.array(point, { maxLength: 12 }), attributes, (items, resource) => {
      const decoded = { groups: [{ resource: { attributes: resource }, scope, items }], bad: [] }
      const mapped = mapMetrics(decoded)
      expect(mapped.map(({ item }) => item)).toEqual(items.map((_, i) => i))
      foldOf(eventsOf(mapped))
      expect(refusedOf(mapped).every(({ code }) => code === 'INVALID_EVENT')).toBe(true)
      expect(mapMetrics(decoded)).toEqual(mapped)
    }),
  )
})

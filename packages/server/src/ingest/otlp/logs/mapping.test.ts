import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AgentRow, CallRow, EdgeRow, RunRow, TaskRow } from '@signalbox/model/rows.ts'
import { describe, expect, test } from 'vitest'
import { decodeLogs } from '../decode.ts'
import type { Attributes, AttributeValue, Span } from '../otlp.ts'
import { createSpanMapping } from '../spans/mapping.ts'
import { eventsOf, foldOf, logsOf, type Made, receivedAt, refusedOf } from './mapped.testing.ts'
import { mapLogs } from './mapping.ts'

const examples = join(
  process.env.SIGNALBOX_TEST_DATA ?? join(import.meta.dirname, '../../../../../../../shared/data'),
  'genai-spans/opentelemetry-proto-examples',
)
const at = (ms: number) => new Date(receivedAt + ms).toISOString()
const traceId = '5b8efff798038103d269b633813fc60c'
const spanId = 'eee19b7ec3c1b174'
const map = (records: readonly Made[], resource: Attributes = {}) => eventsOf(mapLogs(logsOf(records, resource), receivedAt))

/** Event, its attributes, and the events of it: type, agent, and some of the data. */
type Row = readonly [string, Attributes, readonly (readonly [string, string | undefined, object])[]]

const main = 'codex/89abcdef/main'
const codex: readonly Row[] = [
  [
    'codex.conversation_starts',
    { model: 'gpt-5.2', approval_policy: 'on-request' },
    [
      ['agent.started', main, { name: 'main', model: 'gpt-5.2', intervalMs: 300_000, derived: true }],
      ['custom.codex.conversation_starts', main, {}],
    ],
  ],
  [
    'codex.user_prompt',
    { prompt: '[REDACTED]', prompt_length: '13' },
    [
      ['agent.started', main, {}],
      ['agent.started', 'codex/89abcdef/user', { role: 'human' }],
      ['agent.status', main, { status: 'busy' }],
      ['message.sent', 'codex/89abcdef/user', { role: 'user', to: main, text: undefined }],
    ],
  ],
  [
    'codex.sse_event',
    {
      'event.kind': 'response.completed',
      model: 'gpt-5.2',
      input_token_count: '1200',
      cached_token_count: 1_000,
      output_token_count: '80',
      reasoning_token_count: 30,
      tool_token_count: '1280',
    },
    [
      [
        'llm.finished',
        main,
        { model: 'gpt-5.2', usage: { inputTokens: 1_200, cacheReadTokens: 1_000, outputTokens: 80, reasoningTokens: 30 } },
      ],
    ],
  ],
  ['codex.sse_event', { 'event.kind': 'response.failed', 'error.message': 'cut off' }, [['llm.failed', main, { error: 'cut off' }]]],
  ['codex.sse_event', { 'event.kind': 'response.output_text.delta', duration_ms: '3' }, []],
  ['codex.sse_event', { 'event.kind': 'response.created' }, [['custom.codex.sse_event', main, {}]]],
  ['codex.api_request', { 'http.response.status_code': 200, attempt: 0 }, [['custom.codex.api_request', main, {}]]],
  [
    'codex.api_request',
    { 'http.response.status_code': 429, duration_ms: '20', attempt: 1 },
    [['llm.failed', main, { error: 'HTTP 429', startedAt: at(-20) }]],
  ],
  [
    'codex.tool_decision',
    { tool_name: 'shell', call_id: 'call_1', decision: 'approved_for_session', source: 'user' },
    [
      ['approval.decided', main, { call: 'call_1', name: 'shell', decision: 'allowed' }],
      ['tool.started', main, { call: 'call_1', name: 'shell', derived: true }],
    ],
  ],
  [
    'codex.tool_decision',
    { tool_name: 'shell', call_id: 'call_1', decision: 'denied' },
    [['approval.decided', main, { decision: 'denied' }]],
  ],
  [
    'codex.tool_result',
    { tool_name: 'shell', call_id: 'call_1', success: 'true', duration_ms: '250', output: 'ok' },
    [['tool.finished', main, { call: 'call_1', name: 'shell', startedAt: at(-250) }]],
  ],
  [
    'codex.tool_result',
    { tool_name: 'shell', call_id: 'call_1', success: 'false', output: 'no such file' },
    [['tool.failed', main, { error: 'no such file' }]],
  ],
]

const gemini = 'gemini-cli/89abcdef/main'
const geminiCli: readonly Row[] = [
  [
    'gemini_cli.config',
    { model: 'gemini-3-pro' },
    [
      ['agent.started', gemini, { model: 'gemini-3-pro', intervalMs: 300_000 }],
      ['custom.gemini-cli.config', gemini, {}],
    ],
  ],
  [
    'gemini_cli.api_response',
    {
      ...{ model: 'gemini-3-pro', duration_ms: 900, input_token_count: 1_000, cached_content_token_count: 600 },
      ...{ output_token_count: 50, thoughts_token_count: 20, tool_token_count: 5, total_token_count: 1_075 },
    },
    [
      [
        'llm.finished',
        gemini,
        {
          ...{ model: 'gemini-3-pro', provider: 'google', startedAt: at(-900) },
          usage: { inputTokens: 1_005, cacheReadTokens: 600, outputTokens: 70, reasoningTokens: 20 },
        },
      ],
    ],
  ],
  [
    'gen_ai.client.inference.operation.details',
    { 'gen_ai.usage.input_tokens': 1_000, 'gen_ai.usage.output_tokens': 50 },
    [['custom.gemini-cli.gen_ai.client.inference.operation.details', gemini, {}]],
  ],
  ['gemini_cli.api_error', { model: 'gemini-3-pro', status_code: 503, error: 'busy' }, [['llm.failed', gemini, { error: '503 busy' }]]],
  [
    'gemini_cli.tool_call',
    { function_name: 'read_file', success: true, duration_ms: 12 },
    [['tool.finished', gemini, { name: 'read_file', startedAt: at(-12) }]],
  ],
  [
    'gemini_cli.tool_call',
    { function_name: 'read_file', success: false, error: 'no such file' },
    [['tool.failed', gemini, { error: 'no such file' }]],
  ],
  [
    'gemini_cli.agent.start',
    { agent_id: 'investigator-1', agent_name: 'codebase_investigator' },
    [
      ['agent.started', 'gemini-cli/89abcdef/investigator-1', { role: 'worker', name: 'codebase_investigator', manager: gemini }],
      ['task.assigned', gemini, { to: 'gemini-cli/89abcdef/investigator-1', from: gemini }],
      ['task.started', 'gemini-cli/89abcdef/investigator-1', {}],
    ],
  ],
  [
    'gemini_cli.agent.finish',
    { agent_id: 'investigator-1', terminate_reason: 'GOAL' },
    [
      ['task.completed', 'gemini-cli/89abcdef/investigator-1', {}],
      ['agent.stopped', 'gemini-cli/89abcdef/investigator-1', { reason: 'GOAL' }],
    ],
  ],
  [
    'gemini_cli.agent.finish',
    { agent_id: 'investigator-1', terminate_reason: 'TIMEOUT' },
    [
      ['task.failed', 'gemini-cli/89abcdef/investigator-1', { error: 'TIMEOUT' }],
      ['agent.stopped', 'gemini-cli/89abcdef/investigator-1', {}],
    ],
  ],
  ['gemini_cli.chat_compression', { tokens_before: 9, tokens_after: 4 }, [['context.compacted', gemini, {}]]],
  ['gemini_cli.flash_fallback', {}, [['custom.gemini-cli.flash_fallback', gemini, {}]]],
]

const id = '01890000-0000-7000-8000-000089abcdef'
describe.each([
  ['codex', codex, { 'conversation.id': id }, {}],
  ['gemini-cli', geminiCli, { 'session.id': id }, { 'service.name': 'gemini-cli' }],
] as const)('%s', (tool, table, session, resource) => {
  test.each(table)('%s %j', (eventName, attributes, expected) => {
    const events = map([{ time: receivedAt, eventName, attributes: { ...session, ...attributes } }], resource)
    expect(events.map(({ type, agent }) => [type, agent])).toEqual(expected.map(([type, agent]) => [type, agent]))
    for (const [i, [, , data]] of expected.entries()) expect({ text: undefined, ...events[i]?.data }).toMatchObject(data)
    for (const event of events) expect(event).toMatchObject({ run: `${tool}/${id}`, source: `${tool}-otel/${id}` })
    foldOf(events)
  })

  test('is one run', () => {
    const records = table.map(([eventName, attributes], i) => ({
      time: receivedAt + i,
      eventName,
      attributes: { ...session, ...attributes },
    }))
    const { of } = foldOf(map(records, resource))
    expect(of('runs') as RunRow[]).toMatchObject([{ id: `${tool}/${id}` }])
  })
})

test('an invocation of a subagent of Gemini CLI is a task that its manager gave it', () => {
  const told = (eventName: string, ms: number, attributes: Attributes): Made => ({
    time: receivedAt + ms,
    eventName,
    attributes: { 'session.id': id, agent_id: 'investigator-1', ...attributes },
  })
  const { of } = foldOf(map([told('gemini_cli.agent.start', 0, {}), told('gemini_cli.agent.finish', 9, { terminate_reason: 'GOAL' })]))
  expect(of('tasks') as TaskRow[]).toMatchObject([{ id: 'investigator-1', state: 'completed' }])
  expect(of('edges') as EdgeRow[]).toMatchObject([{ kind: 'delegation', from: gemini, to: 'gemini-cli/89abcdef/investigator-1' }])
})

describe('GenAI events', () => {
  const resource = { 'service.name': 'desk' }
  const event = (eventName: string, attributes: Attributes, more: Made = {}) =>
    map([{ time: receivedAt, eventName, attributes, traceId, spanId, ...more }], resource)
  const details = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-5',
    'gen_ai.agent.name': 'triage',
    'gen_ai.usage.input_tokens': 120,
    'gen_ai.usage.cache_read.input_tokens': 100,
    'gen_ai.usage.output_tokens': 8,
  }

  test('an inference is the call of its span', () => {
    const [started, finished, ...others] = event('gen_ai.client.inference.operation.details', details)
    expect(others).toEqual([])
    expect(started).toMatchObject({
      type: 'agent.started',
      agent: 'desk/triage',
      data: { name: 'triage', intervalMs: 300_000, derived: true },
    })
    expect(finished).toMatchObject({
      ...{ type: 'llm.finished', source: 'otlp/desk', run: traceId, agent: 'desk/triage', trace: `00-${traceId}-${spanId}-01` },
      data: { call: spanId, model: 'gpt-5', provider: 'openai', usage: { inputTokens: 120, cacheReadTokens: 100, outputTokens: 8 } },
    })
  })

  test('an inference and its span are one call, whichever comes first', () => {
    const span: Span = {
      ...{ traceId, spanId, name: 'chat gpt-5', kind: 'client', start: receivedAt - 900, end: receivedAt, attributes: details },
      ...{ events: [], links: [], status: { code: 'unset', message: '' }, traceState: '', dropped: 0 },
    }
    const group = { resource: { attributes: resource }, scope: { name: '', version: '', attributes: {} } }
    const spans = eventsOf(createSpanMapping().map({ groups: [{ ...group, items: [span] }], bad: [] }, 'default'))
    const logs = event('gen_ai.client.inference.operation.details', details)
    for (const events of [
      [...spans, ...logs],
      [...logs, ...spans],
    ]) {
      const { of } = foldOf(events)
      expect(of('calls') as CallRow[]).toMatchObject([{ id: spanId, agent: 'desk/triage', startedAt: receivedAt - 900 }])
      expect(of('runs') as RunRow[]).toMatchObject([{ id: traceId, totals: { llmCalls: 1, inputTokens: 120, outputTokens: 8 } }])
    }
  })

  test('one that failed, and the exception of it, are one failed call', () => {
    const exception = { 'gen_ai.operation.name': 'chat', 'exception.type': 'Timeout', 'exception.message': 'took too long' }
    const events = [
      ...event('gen_ai.client.inference.operation.details', { ...details, 'error.type': 'timeout' }),
      ...event('gen_ai.client.operation.exception', exception),
    ]
    const { of } = foldOf(events)
    expect(of('calls') as CallRow[]).toMatchObject([{ id: spanId, outcome: 'failed', error: 'took too long' }])
    expect(of('runs') as RunRow[]).toMatchObject([{ id: traceId, totals: { llmCalls: 1, errors: 1, inputTokens: 120 } }])
  })

  test('an exception of something else is a line of the log', () => {
    expect(event('gen_ai.client.operation.exception', { 'gen_ai.operation.name': 'invoke_agent', 'exception.type': 'Boom' })).toMatchObject(
      [{ type: 'log', agent: 'desk', data: { level: 'error', text: 'Boom' } }],
    )
  })

  test('an evaluation is kept as a result', () => {
    const attributes = {
      'gen_ai.evaluation.name': 'relevance',
      'gen_ai.evaluation.score.value': 0.8,
      'gen_ai.evaluation.score.label': 'good',
      'gen_ai.evaluation.explanation': 'to the point',
    }
    expect(event('gen_ai.evaluation.result', attributes)).toMatchObject([
      { type: 'eval.result', run: traceId, data: { name: 'relevance', score: 0.8, label: 'good', explanation: 'to the point' } },
    ])
  })

  test.each<[string, AttributeValue, object]>([
    ['gen_ai.user.message', { content: 'Hello' }, { role: 'user', text: 'Hello' }],
    ['gen_ai.system.message', { content: 'Be brief' }, { role: 'system', text: 'Be brief' }],
    ['gen_ai.assistant.message', { tool_calls: [] }, { role: 'assistant' }],
    ['gen_ai.tool.message', 'plain', { role: 'tool', text: 'plain' }],
    ['gen_ai.choice', { index: 0, message: { content: 'Hi' } }, { role: 'assistant', text: 'Hi' }],
    ['gen_ai.choice', { index: 0, message: null }, { role: 'assistant' }],
  ])('%s %j', (name, body, expected) => {
    expect(event(name, { 'gen_ai.system': 'openai' }, { body })).toMatchObject([{ type: 'message.sent', agent: 'desk', data: expected }])
  })
})

describe('any other record', () => {
  test.each([
    [1, 'trace'],
    [4, 'trace'],
    [9, 'info'],
    [13, 'warn'],
    [17, 'error'],
    [24, 'fatal'],
    [0, 'unspecified'],
    [99, 'unspecified'],
    [-3, 'unspecified'],
  ])('severity %i is the level %s', (severity, level) => {
    expect(map([{ severity, body: 'x' }])).toMatchObject([{ type: 'log', data: { level, text: 'x' } }])
  })

  test('makes no agent of a service that is none', () => {
    const [event] = map([{ body: 'GET /', traceId }], { 'service.name': 'web' })
    expect(event).toMatchObject({ type: 'log', source: 'otlp/web', run: traceId })
    expect(event).not.toHaveProperty('agent')
  })

  test('without a time of its own has that of its receipt', () => {
    expect(map([{ time: 0, body: 'x' }])).toMatchObject([{ time: at(0) }])
  })

  test('with a time that no event can have is refused by itself', () => {
    const mapped = mapLogs(
      logsOf([{ body: 'a' }, { time: -5, body: 'b' }, { time: 1e20, body: 'c' }, { body: 'd', time: Number.NaN }]),
      receivedAt,
    )
    expect(eventsOf(mapped)).toHaveLength(1)
    expect(refusedOf(mapped).map(({ item, code }) => [item, code])).toEqual([
      [1, 'INVALID_EVENT'],
      [2, 'INVALID_EVENT'],
      [3, 'INVALID_EVENT'],
    ])
  })
})

test('what could not be decoded follows after the others', () => {
  const decoded = { ...logsOf([{ body: 'a' }, { body: 'b' }]), bad: [{ code: 'TOO_DEEP', message: 'deep', value: 1 }] } as const
  expect(mapLogs(decoded, receivedAt).map((one) => [one.item, 'refused' in one])).toEqual([
    [0, false],
    [1, false],
    [2, true],
  ])
})

test('hostile records cost nothing but themselves', () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']
  const hostile: Attributes = Object.assign(Object.create(null), {
    ...{ 'session.id': '\u0000\ud800'.repeat(300), 'conversation.id': 'x'.repeat(10_000), model: {}, duration_ms: -1, tool_use_id: [] },
    ...{ prompt: 1e300, request_id: 'r'.repeat(5_000), input_tokens: Number.NaN, cost_usd_micros: 2 ** 70, big: 'x'.repeat(2_000_000) },
    nested: JSON.parse(`${'['.repeat(60)}1${']'.repeat(60)}`) as AttributeValue,
  })
  Object.defineProperty(hostile, '__proto__', { value: 'x', enumerable: true })
  const known = ['user_prompt', 'api_request', 'api_error', 'tool_result', 'tool_decision', 'subagent_completed', 'auth', ...names]
  const records: Made[] = [
    ...known.map((name) => ({ eventName: name, body: `claude_code.${name}`, attributes: hostile })),
    ...[...codex, ...geminiCli].map(([name]) => ({ eventName: name, attributes: hostile })),
    ...names.map((name) => ({ eventName: name, body: null, attributes: hostile })),
    ...['gen_ai.client.inference.operation.details', 'gen_ai.client.operation.exception', 'gen_ai.evaluation.result', 'gen_ai.choice'].map(
      (name) => ({ eventName: name, attributes: hostile, body: hostile }),
    ),
  ]
  const events = map(records, hostile)
  expect(events.length).toBeGreaterThan(records.length)
  // The log takes every one of them.
  expect((foldOf(events).of('agents') as AgentRow[]).length).toBeGreaterThan(0)
})

test.each([
  ['logs.json', { type: 'log', run: traceId, data: { level: 'info', text: 'Example log record', attributes: { 'int.attribute': 10 } } }],
  [
    'events.json',
    {
      type: 'log',
      data: { level: 'info', text: 'browser.page_view', name: 'browser.page_view', body: { title: 'Free Online GUID Generator' } },
    },
  ],
])('the OpenTelemetry project’s example %s is one event', (file, expected) => {
  const decoded = decodeLogs(readFileSync(join(examples, file)), 'json')
  const mapped = mapLogs(decoded, receivedAt)
  expect(mapped).toHaveLength(1)
  expect(eventsOf(mapped)).toMatchObject([{ source: 'otlp/my.service', time: '2018-12-13T14:51:00.300Z', ...expected }])
})

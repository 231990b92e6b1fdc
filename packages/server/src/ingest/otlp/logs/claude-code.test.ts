import { agentOf, runOf } from '@signalbox/model/claude-code.ts'
import type { AgentRow, CallRow, RunRow, TaskRow } from '@signalbox/model/rows.ts'
import { describe, expect, test } from 'vitest'
import type { Attributes } from '../otlp.ts'
import { claudeRecord, eventsOf, foldOf, logsOf, receivedAt } from './mapped.testing.ts'
import { mapLogs } from './mapping.ts'

const session = 'f00dbabe-0000-4000-8000-000000000001'
const main = agentOf(session)
const explorer = agentOf(session, 'Explore')
const at = (ms: number) => new Date(receivedAt + ms).toISOString()
const one = (name: string, attributes: Attributes, resource: Attributes = {}) =>
  eventsOf(mapLogs(logsOf([claudeRecord(name, 0, attributes)], resource), receivedAt))

const request = {
  model: 'claude-sonnet-5',
  request_id: 'req_1',
  duration_ms: '2500',
  input_tokens: 10,
  output_tokens: '70',
  cache_read_tokens: 900,
  cache_creation_tokens: 40,
  cost_usd: 0.0123,
  cost_usd_micros: 12_345,
}

/** Event, its attributes, and the events of it: type, agent, and some of the data. */
const table: readonly (readonly [string, Attributes, readonly (readonly [string, string | undefined, object])[]])[] = [
  [
    'user_prompt',
    { prompt: 'Mend the gate', prompt_length: 13 },
    [
      ['agent.started', main, { role: 'manager', name: 'main', intervalMs: 300_000, derived: true }],
      ['agent.started', agentOf(session, 'user'), { role: 'human', derived: true }],
      ['agent.status', main, { status: 'busy', derived: true }],
      ['message.sent', agentOf(session, 'user'), { role: 'user', to: main, text: 'Mend the gate' }],
    ],
  ],
  ['assistant_response', { response: 'Done.', request_id: 'req_1' }, [['message.sent', main, { role: 'assistant', text: 'Done.' }]]],
  [
    'api_request',
    request,
    [
      [
        'llm.finished',
        main,
        {
          call: 'req_1',
          model: 'claude-sonnet-5',
          provider: 'anthropic',
          startedAt: at(-2_500),
          usage: { inputTokens: 950, cacheReadTokens: 900, cacheWriteTokens: 40, outputTokens: 70 },
          costMicros: 12_345,
        },
      ],
    ],
  ],
  [
    'api_request',
    { ...request, query_source: 'agent:builtin:Explore', 'agent.name': 'Explore' },
    [
      ['agent.started', explorer, { role: 'worker', name: 'Explore', manager: main, derived: true }],
      ['llm.finished', explorer, { call: 'req_1' }],
    ],
  ],
  [
    'api_error',
    { model: 'claude-sonnet-5', error: 'Overloaded', status_code: 529, client_request_id: 'c-1', duration_ms: 100, attempt: 11 },
    [['llm.failed', main, { call: 'c-1', error: '529 Overloaded', startedAt: at(-100) }]],
  ],
  [
    'tool_decision',
    { tool_name: 'Bash', tool_use_id: 'toolu_1', decision: 'accept', source: 'config' },
    [
      ['approval.decided', main, { call: 'toolu_1', name: 'Bash', decision: 'allowed' }],
      ['tool.started', main, { call: 'toolu_1', name: 'Bash', derived: true }],
    ],
  ],
  [
    'tool_decision',
    { tool_name: 'Bash', tool_use_id: 'toolu_1', decision: 'reject', source: 'user_reject' },
    [['approval.decided', main, { call: 'toolu_1', decision: 'denied' }]],
  ],
  [
    'tool_result',
    { tool_name: 'Bash', tool_use_id: 'toolu_1', success: 'true', duration_ms: '40' },
    [['tool.finished', main, { call: 'toolu_1', name: 'Bash', startedAt: at(-40) }]],
  ],
  [
    'tool_result',
    { tool_name: 'Bash', tool_use_id: 'toolu_1', success: 'false', error_type: 'ShellError' },
    [['tool.failed', main, { call: 'toolu_1', error: 'ShellError' }]],
  ],
  [
    'subagent_completed',
    { agent_type: 'Explore', total_tokens: 31_000, total_tool_uses: 4 },
    [['agent.status', explorer, { status: 'idle', attributes: expect.objectContaining({ total_tokens: 31_000 }) }]],
  ],
  ['compaction', { trigger: 'auto', pre_tokens: 150_000 }, [['context.compacted', main, {}]]],
  ['internal_error', { error_name: 'TypeError' }, [['log', main, { level: 'error' }]]],
  ['api_retries_exhausted', { error: 'Overloaded' }, [['log', main, { level: 'error' }]]],
  ['api_refusal', { model: 'claude-sonnet-5' }, [['log', main, { level: 'warn' }]]],
  ['auth', { action: 'login', success: 'true' }, [['log', main, { level: 'info' }]]],
  ['auth', { action: 'login', success: 'false' }, [['log', main, { level: 'warn' }]]],
  ['mcp_server_connection', { status: 'failed' }, [['log', main, { level: 'error' }]]],
  ['permission_mode_changed', { from_mode: 'default', to_mode: 'plan' }, [['custom.claude-code.permission_mode_changed', main, {}]]],
  ['hook_execution_start', { hook_name: 'PreToolUse:Bash' }, [['custom.claude-code.hook_execution_start', main, {}]]],
  ['constructor', {}, [['custom.claude-code.constructor', main, {}]]],
  ['something new/…', {}, [['custom.claude-code.something_new/_', main, {}]]],
]

test.each(table)('%s %j', (name, attributes, expected) => {
  const events = one(name, attributes)
  expect(events.map(({ type, agent }) => [type, agent])).toEqual(expected.map(([type, agent]) => [type, agent]))
  for (const [i, [, , data]] of expected.entries()) expect(events[i]?.data).toMatchObject(data)
  for (const event of events) expect(event).toMatchObject({ run: runOf(session), source: `claude-code-otel/${session}` })
  // Whatever it says is kept, once.
  const whole = events.filter(({ data }) => data?.attributes !== undefined)
  expect(whole).toHaveLength(1)
  expect(whole[0]?.data?.attributes).toEqual({ 'session.id': session, 'event.name': name, ...attributes })
  foldOf(events)
})

test('a record that comes again gives the same events, whatever it comes with', () => {
  const records = table.map(([name, attributes], i) => claudeRecord(name, i, { ...attributes, 'event.sequence': i }))
  const all = eventsOf(mapLogs(logsOf(records), receivedAt))
  const again = records.toReversed().flatMap((record) => eventsOf(mapLogs(logsOf([record]), receivedAt + 60_000)))
  expect(new Map(again.map((event) => [event.id, event]))).toEqual(new Map(all.map((event) => [event.id, event])))
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
})

test('its sequence numbers are no seq: a resumed session counts again from nothing', () => {
  expect(one('compaction', { 'event.sequence': 3 })[0]).not.toHaveProperty('seq')
})

test.each([
  ['cost in dollars alone', { cost_usd_micros: null, cost_usd: 0.0123 }, { costMicros: 12_300 }],
  [
    'figures that are none',
    { input_tokens: 'many', output_tokens: -1, cache_read_tokens: 'NaN', cost_usd_micros: null, cost_usd: 'x' },
    {},
  ],
] as const)('a request with %s', (_, attributes, expected) => {
  const [event] = one('api_request', { ...request, ...attributes })
  expect(event?.data).toMatchObject(expected)
  if (!('costMicros' in expected)) expect(event?.data).not.toHaveProperty('costMicros')
  foldOf(event === undefined ? [] : [event])
})

test('what was typed or answered stays untold where it is redacted', () => {
  expect(one('user_prompt', { prompt: '<REDACTED>' }).at(-1)?.data).not.toHaveProperty('text')
  expect(one('assistant_response', { response: '<REDACTED>' })[0]?.data).not.toHaveProperty('text')
})

test('a record of no session is a line of a log', () => {
  const [event] = eventsOf(mapLogs(logsOf([{ body: 'claude_code.api_request', attributes: { model: 'm' } }]), receivedAt))
  expect(event).toMatchObject({ type: 'log', data: { text: 'claude_code.api_request' } })
  expect(event).not.toHaveProperty('run')
})

test('long text is cut and told by name', () => {
  const [event] = one('compaction', { error: 'x'.repeat(5_000) })
  expect(event?.data).toMatchObject({ clipped: ['error'], attributes: { error: expect.stringMatching(/^x{1999}…$/) } })
})

describe('a session of logs alone', () => {
  const details = { tool_parameters: '{"subagent_type":"Explore"}' }
  const records = [
    claudeRecord('user_prompt', 0, { prompt: 'Find the leak', 'event.sequence': 0 }),
    claudeRecord('api_request', 3_000, { ...request, query_source: 'repl_main_thread', 'event.sequence': 1 }),
    claudeRecord('tool_decision', 3_100, { tool_name: 'Agent', tool_use_id: 'toolu_a', decision: 'accept', ...details }),
    claudeRecord('api_request', 6_000, { ...request, request_id: 'req_2', query_source: 'agent:builtin:Explore', 'agent.name': 'Explore' }),
    claudeRecord('api_error', 7_000, { ...request, request_id: 'req_3', error: 'Overloaded', 'agent.name': 'Explore' }),
    claudeRecord('tool_result', 8_000, { tool_name: 'Agent', tool_use_id: 'toolu_a', success: 'true', duration_ms: 4_900, ...details }),
    claudeRecord('subagent_completed', 8_001, { agent_type: 'Explore', total_tokens: 1_000_000 }),
    claudeRecord('assistant_response', 9_000, { response: 'It is the gate.', query_source: 'repl_main_thread' }),
  ]
  const events = eventsOf(mapLogs(logsOf(records), receivedAt))
  const { of } = foldOf([...events, ...events])
  const agents = new Map((of('agents') as AgentRow[]).map((agent) => [agent.id, agent]))

  test('is one run, each call counted once', () => {
    const [run, ...others] = of('runs') as RunRow[]
    expect(others).toEqual([])
    expect(run).toMatchObject({
      id: runOf(session),
      totals: { llmCalls: 3, toolCalls: 1, errors: 1, inputTokens: 1_900, outputTokens: 140, costMicros: 24_690, reportedInputTokens: 0 },
    })
    expect((of('calls') as CallRow[]).map(({ id, outcome }) => [id, outcome])).toEqual([
      ['req_1', 'finished'],
      ['toolu_a', 'finished'],
      ['req_2', 'finished'],
      ['req_3', 'failed'],
    ])
  })

  test('has a manager, a worker it gave work to, and a person', () => {
    expect([...agents.keys()].toSorted()).toEqual([explorer, main, agentOf(session, 'user')].toSorted())
    expect(agents.get(main)).toMatchObject({ role: { value: 'manager' }, heartbeatIntervalMs: 300_000, totals: { llmCalls: 1 } })
    expect(agents.get(explorer)).toMatchObject({
      ...{ role: { value: 'worker' }, manager: { value: main }, status: { value: 'idle' } },
      totals: { llmCalls: 2, inputTokens: 950 },
    })
    expect(of('tasks') as TaskRow[]).toMatchObject([{ id: 'toolu_a', state: 'completed', assignee: { value: explorer } }])
  })
})

test('where agents are told by their ids elsewhere, a call is given to nobody by its type', () => {
  const resource = { 'signalbox.agents': 'by-id' }
  const agentOfEvent = (name: string, attributes: Attributes) => one(name, attributes, resource).map(({ agent }) => agent)
  expect(agentOfEvent('api_request', { ...request, 'agent.name': 'Explore' })).toEqual([undefined])
  expect(agentOfEvent('api_request', { ...request, query_source: 'repl_main_thread' })).toEqual([main])
  expect(agentOfEvent('api_request', { ...request, agent_id: 'a12', 'agent.name': 'Explore' })).toEqual([agentOf(session, 'a12')])
  expect(agentOfEvent('tool_result', { tool_use_id: 'toolu_1' })).toEqual([undefined])
  expect(agentOfEvent('subagent_completed', { agent_type: 'Explore' })).toEqual([undefined])
})

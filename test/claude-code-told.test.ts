/** A session of Claude Code, told by its hooks, its OTLP logs and its transcripts: whoever tells it, and in whatever order, it is one run. */

import { agentOf, runOf } from '@signalbox/model/claude-code.ts'
import type { EventInput } from '@signalbox/model/event.ts'
import { inputOf } from '@signalbox/model/foreign.ts'
import type { AgentRow, CallRow, RunRow } from '@signalbox/model/rows.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { claudeCode } from '../packages/cli/src/import/claude-code.ts'
import { readHook } from '../packages/server/src/ingest/claude-code/hook.ts'
import { eventsOf as hookEvents } from '../packages/server/src/ingest/claude-code/mapping.ts'
import { createSessions } from '../packages/server/src/ingest/claude-code/sessions.ts'
import { claudeRecord, eventsOf, foldOf, logsOf, receivedAt } from '../packages/server/src/ingest/otlp/logs/mapped.testing.ts'
import { mapLogs } from '../packages/server/src/ingest/otlp/logs/mapping.ts'
import type { Attributes } from '../packages/server/src/ingest/otlp/otlp.ts'

const session = 'f00dbabe-0000-4000-8000-000000000001'
const subagent = 'a1b2c3d'
const [main, worker, person] = [agentOf(session), agentOf(session, subagent), agentOf(session, 'user')]

/** Requests to the model: when they were answered, whose they are, what they took. */
const requests = [
  { id: 'req_1', ms: 3_000, by: main, input: 10, cacheRead: 0, cacheWrite: 500, output: 40, micros: 900 },
  { id: 'req_2', ms: 5_000, by: worker, input: 7, cacheRead: 200, cacheWrite: 30, output: 20, micros: 300 },
  { id: 'req_3', ms: 7_000, by: worker, input: 3, cacheRead: 230, cacheWrite: 0, output: 90, micros: 400 },
  { id: 'req_4', ms: 9_500, by: main, input: 5, cacheRead: 500, cacheWrite: 60, output: 30, micros: 700 },
] as const
const order = { subagent_type: 'Explore', description: 'Find the leak', prompt: 'Look for it' }

function told(resource: Attributes): readonly EventInput[] {
  const request = ({ id, by, input, cacheRead, cacheWrite, output, micros, ms }: (typeof requests)[number]) =>
    claudeRecord('api_request', ms, {
      ...{
        request_id: id,
        model: 'claude-sonnet-5',
        input_tokens: input,
        output_tokens: output,
        cost_usd_micros: micros,
        duration_ms: 900,
      },
      ...{ cache_read_tokens: cacheRead, cache_creation_tokens: cacheWrite },
      ...(by === main ? { query_source: 'repl_main_thread' } : { query_source: 'agent:builtin:Explore', 'agent.name': 'Explore' }),
    })
  const tool = (name: string, ms: number, attributes: Attributes) => claudeRecord(name, ms, attributes)
  const records = [
    claudeRecord('user_prompt', 0, { prompt: 'Mend the leak' }),
    ...requests.map(request),
    tool('tool_decision', 3_100, { tool_name: 'Agent', tool_use_id: 'toolu_a', decision: 'accept' }),
    tool('tool_decision', 5_100, { tool_name: 'Bash', tool_use_id: 'toolu_b', decision: 'accept' }),
    tool('tool_result', 6_000, { tool_name: 'Bash', tool_use_id: 'toolu_b', success: 'true', duration_ms: '800' }),
    claudeRecord('subagent_completed', 8_000, { agent_type: 'Explore', total_tokens: 1_000_000 }),
    tool('tool_result', 8_100, { tool_name: 'Agent', tool_use_id: 'toolu_a', success: 'true', duration_ms: '5000' }),
  ]
  return eventsOf(mapLogs(logsOf(records, resource), receivedAt))
}

function hooked(): readonly EventInput[] {
  const sessions = createSessions()
  const own = { agent_id: subagent, agent_type: 'Explore' }
  const agent = { tool_name: 'Agent', tool_use_id: 'toolu_a', tool_input: order }
  const bash = { tool_name: 'Bash', tool_use_id: 'toolu_b', tool_input: { command: 'ls' } }
  const hooks: readonly (readonly [string, number, object])[] = [
    ['UserPromptSubmit', 1, { prompt: 'Mend the leak' }],
    ['PreToolUse', 3_050, agent],
    ['SubagentStart', 3_200, own],
    ['PreToolUse', 5_050, { ...bash, ...own }],
    ['PostToolUse', 5_950, { ...bash, ...own, tool_response: { stdout: 'gate' } }],
    ['SubagentStop', 8_010, own],
    ['PostToolUse', 8_050, { ...agent, tool_response: { status: 'completed', agentId: subagent } }],
    ['Stop', 9_600, {}],
    ['SessionEnd', 9_900, { reason: 'exit' }],
  ]
  return hooks.flatMap(([name, ms, body]) => {
    const value = { session_id: session, hook_event_name: name, cwd: '/home/dev/gate', ...body }
    const read = readHook(value, Buffer.from(JSON.stringify(value)))
    if (!read.ok) throw new Error(read.message)
    return hookEvents({ ...read.hook, at: receivedAt + ms }, sessions.of('default', session)).map(inputOf)
  })
}

function written(): readonly EventInput[] {
  const line = (uuid: string, ms: number, type: string, content: unknown, more: object = {}) => ({
    ...{ uuid, type, sessionId: session, timestamp: new Date(receivedAt + ms).toISOString(), message: { role: type, content } },
    ...more,
  })
  const answer = (at: number, content: unknown, more: object = {}) => {
    const { id, ms, input, cacheRead, cacheWrite, output } = requests[at] ?? requests[0]
    const usage = {
      input_tokens: input,
      cache_read_input_tokens: cacheRead,
      cache_creation_input_tokens: cacheWrite,
      output_tokens: output,
    }
    const message = { id: `msg_${at}`, role: 'assistant', model: 'claude-sonnet-5', content, usage }
    return line(`answer-${at}`, ms, 'assistant', content, { ...more, requestId: id, message })
  }
  const use = (id: string, name: string, input: object) => [{ type: 'tool_use', id, name, input }]
  const result = (id: string) => [{ type: 'tool_result', tool_use_id: id, content: 'there' }]
  const own = { agentId: subagent, isSidechain: true }
  const files = {
    [`${session}.jsonl`]: [
      line('u1', 0, 'user', 'Mend the leak'),
      answer(0, use('toolu_a', 'Agent', order)),
      line('r1', 8_060, 'user', result('toolu_a'), { toolUseResult: { agentId: subagent } }),
      answer(3, [{ type: 'text', text: 'Mended.' }]),
    ],
    [`${session}/subagents/agent-${subagent}.jsonl`]: [
      line('w1', 3_300, 'user', order.prompt, own),
      answer(1, use('toolu_b', 'Bash', { command: 'ls' }), own),
      line('w2', 5_960, 'user', result('toolu_b'), own),
      answer(2, [{ type: 'text', text: 'It is the gate.' }], own),
    ],
  }
  return claudeCode(Object.entries(files).map(([path, lines]) => ({ path, text: lines.map((one) => JSON.stringify(one)).join('\n') })))
    .events
}

const sum = (of: (request: (typeof requests)[number]) => number) => requests.reduce((total, request) => total + of(request), 0)
const tokens = {
  inputTokens: sum(({ input, cacheRead, cacheWrite }) => input + cacheRead + cacheWrite),
  cacheReadTokens: sum(({ cacheRead }) => cacheRead),
  cacheWriteTokens: sum(({ cacheWrite }) => cacheWrite),
  outputTokens: sum(({ output }) => output),
  errors: 0,
}
const byId = { 'signalbox.agents': 'by-id' }
const ways = { logs: told(byId), hooks: hooked(), transcripts: written() }

/** The ways side by side, each in its own order. */
const interleaved = (all: readonly (readonly EventInput[])[]) =>
  fc.array(fc.nat(all.length - 1), { maxLength: 60 }).map((turns) => {
    const left = all.map((events) => [...events])
    const first = turns.flatMap((turn) => left[turn]?.splice(0, 1) ?? [])
    return [...first, ...left.flat()]
  })
const callsOf = ({ of }: ReturnType<typeof foldOf>) =>
  (of('calls') as CallRow[]).map(({ id, agent, outcome }) => ({ id, agent, outcome })).toSorted((a, b) => (a.id < b.id ? -1 : 1))

test.each([['logs'], ['logs', 'hooks'], ['logs', 'transcripts'], ['logs', 'hooks', 'transcripts']] as const)(
  'by %s %s %s it is one run, each call counted once, whoever came first',
  (...names) => {
    fc.assert(
      fc.property(interleaved(names.map((name) => ways[name])), (events) => {
        const runs = foldOf(events).of('runs') as RunRow[]
        expect(runs).toHaveLength(1)
        expect(runs[0]).toMatchObject({
          id: runOf(session),
          totals: { llmCalls: 4, toolCalls: 2, ...tokens, costMicros: sum(({ micros }) => micros), reportedInputTokens: 0 },
        })
      }),
      { numRuns: 40 },
    )
  },
)

test('told by all of them it has the agents and calls that its transcripts have', () => {
  const expected = callsOf(foldOf(ways.transcripts))
  expect(expected.map(({ id, agent }) => [id, agent])).toEqual([
    ...requests.map(({ id, by }) => [id, by]),
    ['toolu_a', main],
    ['toolu_b', worker],
  ])
  fc.assert(
    fc.property(interleaved(Object.values(ways)), (events) => {
      const rows = foldOf(events)
      expect(callsOf(rows)).toEqual(expected)
      const agents = rows.of('agents') as AgentRow[]
      expect(agents.map(({ id }) => id).toSorted()).toEqual([main, person, worker].toSorted())
      expect(agents.find(({ id }) => id === worker)).toMatchObject({ role: { value: 'worker' }, manager: { value: main } })
    }),
    { numRuns: 40 },
  )
})

test('logs that name agents by type beside it change neither the run nor what was counted', () => {
  const rows = foldOf([...ways.hooks, ...ways.transcripts, ...told({})])
  expect(rows.of('runs')).toMatchObject([{ totals: { llmCalls: 4, toolCalls: 2, ...tokens, costMicros: sum(({ micros }) => micros) } }])
  expect((rows.of('agents') as AgentRow[]).map(({ id }) => id)).toContain(agentOf(session, 'Explore'))
})

/** Sessions of Claude Code told by its hooks, on a whole server. */
import type { StoredEvent } from '@signalbox/model/event.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../../api/testing.ts'
import { stopDatabases } from '../../store/testing.ts'
import { agent, explorer, type HookBody, hook, run, sendHook, story } from './hooks.testing.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(async () => {
  await api.stop()
  await stopDatabases()
})

const eventsOf = (of: string) => api.all<StoredEvent>(`/v1/events?run=${encodeURIComponent(of)}&order=asc`, 1_000)
/** Sends in order, as an agent that waits for each answer; resolves when all of it is stored. */
async function tell(bodies: readonly HookBody[], of = run): Promise<StoredEvent[]> {
  for (const body of bodies) expect(await sendHook(api.url, body)).toEqual({ status: 200, body: {} })
  await expect.poll(metrics).toContain('signalbox_hooks_queued 0')
  return eventsOf(of)
}
const metrics = async () => (await fetch(`${api.url}/metrics`)).text()
const get = async (path: string) => (await api.get<Record<string, unknown>>(path)).body
const agentRow = (name: string) => get(`/v1/agents/${encodeURIComponent(agent(name))}`)
const other = (id: string, bodies: readonly HookBody[]) =>
  tell(
    bodies.map((body) => ({ ...body, session_id: id })),
    `claude-code/${id}`,
  )
const brief = (events: readonly StoredEvent[]) => events.map(({ type, agent: by, task }) => [type, by?.split('/').at(-1), task])

test('a session with a subagent, a permission, failures and denials is a run with its agents, task and calls', async () => {
  const events = await tell(story)
  expect(brief(events)).toEqual([
    ['run.started', undefined, undefined],
    ['agent.started', 'main', undefined],
    ['message.sent', 'user', undefined],
    ['agent.started', 'user', undefined],
    ['agent.status', 'main', undefined],
    ['tool.started', 'main', undefined],
    ['tool.finished', 'main', undefined],
    ['tool.started', 'main', undefined],
    ['task.created', 'main', 'toolu_2'],
    ['agent.started', explorer.agent_id, undefined],
    ['agent.status', explorer.agent_id, undefined],
    ['task.assigned', 'main', 'toolu_2'],
    ['task.started', explorer.agent_id, 'toolu_2'],
    ['tool.started', explorer.agent_id, 'toolu_2'],
    ['approval.requested', explorer.agent_id, undefined],
    ['agent.status', 'main', undefined],
    ['tool.failed', explorer.agent_id, 'toolu_2'],
    ['agent.stopped', explorer.agent_id, undefined],
    ['message.sent', explorer.agent_id, undefined],
    ['tool.finished', 'main', undefined],
    ['task.completed', undefined, 'toolu_2'],
    ['tool.started', 'main', undefined],
    ['custom.claude-code.PostToolBatch', 'main', undefined],
    ['tool.failed', 'main', undefined],
    ['agent.status', 'main', undefined],
    ['context.compacted', 'main', undefined],
    ['tool.started', 'main', undefined],
    ['agent.status', 'main', undefined],
    ['message.sent', 'main', undefined],
    ['tool.failed', 'main', undefined],
    ['run.finished', undefined, undefined],
    ['agent.stopped', 'main', undefined],
  ])
  expect(await get(`/v1/runs/${encodeURIComponent(run)}`)).toMatchObject({
    name: 'spotter',
    state: 'finished',
    totals: { toolCalls: 5, errors: 3 },
  })
  expect(await agentRow('main')).toMatchObject({ role: 'manager', status: 'stopped', inFlight: [] })
  expect(await agentRow(explorer.agent_id)).toMatchObject({
    role: 'worker',
    name: 'Explore',
    manager: agent('main'),
    status: 'stopped',
    inFlight: [],
  })
  const calls = await api.all<Record<string, unknown>>(`/v1/runs/${encodeURIComponent(run)}/calls`, 100)
  expect(Object.fromEntries(calls.map(({ id, state, error }) => [id, error ?? state]))).toEqual({
    toolu_1: 'finished',
    toolu_2: 'finished',
    toolu_3: 'no network',
    toolu_4: 'This command requires approval',
    toolu_5: expect.stringMatching(/^The turn ended without its result/),
  })
  const [task] = await api.all<Record<string, unknown>>(`/v1/tasks?run=${encodeURIComponent(run)}`, 100)
  expect(task).toMatchObject({
    id: 'toolu_2',
    title: 'Read the docs',
    state: 'completed',
    assignee: agent(explorer.agent_id),
    contradicted: 0,
  })
  // The folder and the rest of the payload stay with the event.
  expect(events.find(({ type }) => type === 'tool.started')?.data).toMatchObject({
    call: 'toolu_1',
    name: 'Bash',
    args: { command: 'make' },
    attributes: { cwd: '/home/a/spotter', permission_mode: 'default' },
  })
})

test('who waits, is denied or fails, and what a teammate does, shows in the rows', async () => {
  const id = '6a000000-0000-4000-8000-000000000002'
  const row = (name: string) => get(`/v1/agents/${encodeURIComponent(`claude-code/6a000000/${name}`)}`)
  await other(id, [hook('SessionStart', { source: 'startup', model: 'opus', session_title: 'The release' })])
  expect(await row('main')).toMatchObject({ status: 'idle', model: 'opus' })
  await other(id, [
    hook('PreToolUse', { tool_name: 'Bash', tool_input: {}, tool_use_id: 't1' }),
    hook('PermissionRequest', { tool_name: 'Bash', tool_input: {} }),
  ])
  expect(await row('main')).toMatchObject({ status: 'waiting' })
  await other(id, [hook('PermissionDenied', { tool_name: 'Bash', tool_input: {}, tool_use_id: 't1', reason: 'outside the project' })])
  expect(await row('main')).toMatchObject({ status: 'busy', inFlight: [] })
  await other(id, [hook('Elicitation', { mcp_server_name: 'm', message: 'Which one?' })])
  expect(await row('main')).toMatchObject({ status: 'waiting' })
  await other(id, [hook('ElicitationResult', { mcp_server_name: 'm', action: 'accept' })])
  expect(await row('main')).toMatchObject({ status: 'busy' })
  const events = await other(id, [
    hook('StopFailure', { error: 'rate_limit', error_details: '429', last_assistant_message: 'API Error' }),
    hook('TaskCreated', { task_id: '1', task_subject: 'Write', task_description: 'All of it', teammate_name: 'writer' }),
    hook('TaskCompleted', { task_id: '1', task_subject: 'Write', teammate_name: 'writer' }),
    hook('TeammateIdle', { teammate_name: 'writer', team_name: 'x' }),
  ])
  expect(await row('main')).toMatchObject({ status: 'idle' })
  expect(await row('writer')).toMatchObject({ status: 'idle' })
  expect(events.find(({ type }) => type === 'log')?.data).toMatchObject({
    level: 'error',
    message: 'turn failed: rate_limit',
    details: '429',
  })
  const runRow = await get(`/v1/runs/${encodeURIComponent(`claude-code/${id}`)}`)
  expect(runRow).toMatchObject({ name: 'The release', state: 'running', tasks: { completed: 1 } })
})

test('subagents in the background: the order ends with the subagent, not with its call; of equals none is guessed', async () => {
  const id = '7b000000-0000-4000-8000-000000000003'
  const use = (call: string, name: 'PreToolUse' | 'PostToolUse', more: HookBody = {}) =>
    hook(name, { tool_name: 'Agent', tool_input: { description: call, subagent_type: 'Explore' }, tool_use_id: call, ...more })
  const launched = (call: string, agentId: string) =>
    use(call, 'PostToolUse', { tool_response: { isAsync: true, status: 'async_launched', agentId } })
  const subagent = (name: string, agentId: string) => hook(name, { agent_id: agentId, agent_type: 'Explore' })
  await other(id, [
    use('one', 'PreToolUse'),
    use('two', 'PreToolUse'),
    subagent('SubagentStart', 'a000001'),
    subagent('SubagentStart', 'a000002'),
    launched('two', 'a000002'),
    launched('one', 'a000001'),
    hook('PreToolUse', { tool_name: 'Read', tool_input: {}, tool_use_id: 'r', agent_id: 'a000002', agent_type: 'Explore' }),
    subagent('SubagentStop', 'a000001'),
    hook('UserPromptSubmit', {
      prompt: '<task-notification>\n<task-id>a000001</task-id><tool-use-id>one</tool-use-id><status>completed</status></task-notification>',
    }),
    // Claude Code's own agents stop like others.
    hook('SubagentStop', { agent_id: 'aprompt_suggestion', agent_type: '' }),
  ])
  const tasks = await api.all<Record<string, unknown>>(`/v1/tasks?run=${encodeURIComponent(`claude-code/${id}`)}`, 100)
  const byId = Object.fromEntries(tasks.map((task) => [task.id, task]))
  expect(byId.one).toMatchObject({ state: 'completed', assignee: 'claude-code/7b000000/a000001', contradicted: 0 })
  expect(byId.two).toMatchObject({ state: 'working', assignee: 'claude-code/7b000000/a000002' })
  const calls = await api.all<Record<string, unknown>>(`/v1/runs/${encodeURIComponent(`claude-code/${id}`)}/calls`, 100)
  expect(calls.find((call) => call.id === 'r')).toMatchObject({ task: 'two' })
  const { agents } = (await get(`/v1/runs/${encodeURIComponent(`claude-code/${id}`)}`)) as { agents: string[] }
  expect(agents.toSorted()).toEqual(['a000001', 'a000002', 'main'].map((name) => `claude-code/7b000000/${name}`))
})

test('hostile hooks cost nobody anything: they are cut, renamed or refused by name', async () => {
  const id = '8c000000-0000-4000-8000-000000000004'
  const deep = `${'['.repeat(5_000)}${']'.repeat(5_000)}`
  const bodies = [
    `{"session_id":"${id}","hook_event_name":"PreToolUse","tool_name":"Write","tool_use_id":"w","tool_input":{"__proto__":{"x":1},"constructor":1,"big":12345678901234567890,"deep":${deep},"nul":"a\\u0000b\\ud800","text":"${'x'.repeat(100_000)}"}}`,
    `{"session_id":"${id}","hook_event_name":"PostToolBatch","tool_calls":"not a list"}`,
    `{"session_id":"${id}","hook_event_name":"${'Ünknown Event '.repeat(20)}","tool_use_id":{"a":[1]},"agent_id":7,"agent_type":[]}`,
    `{"session_id":"${id}","hook_event_name":"constructor","prompt":1}`,
    `{"session_id":"${id}","hook_event_name":"PostToolUse","tool_use_id":"w","tool_name":"Write","duration_ms":1e300,"tool_response":[{"text":"a"},null]}`,
    `{"session_id":"${id}","hook_event_name":"Stop","last_assistant_message":{"not":"text"}}`,
  ]
  for (const body of bodies) expect(await sendHook(api.url, body)).toMatchObject({ status: 200 })
  const events = await other(id, [hook('Stop')])
  const started = events.find(({ type }) => type === 'tool.started')
  expect(started?.data).toMatchObject({
    args: { '(__proto__)': { x: 1 }, constructor: 1, big: '12345678901234567000', nul: 'a\ufffdb\ufffd' },
    clipped: ['args'],
  })
  expect(JSON.stringify(started?.data).length).toBeLessThan(10_000)
  expect(events.filter(({ type }) => type.startsWith('custom.')).map(({ type }) => type.slice(0, 40))).toEqual([
    'custom.claude-code.PostToolBatch',
    'custom.claude-code._nknown_Event__nknown',
    'custom.claude-code.constructor',
  ])
  const wrong = ['{', '[]', '{"hook_event_name":"Stop"}', `{"session_id":"${id}"}`, Uint8Array.from([0x22, 0xff, 0x22])]
  const answers = await Promise.all(wrong.map((body) => sendHook(api.url, body)))
  expect(answers.map(({ status, body }) => [status, body.code])).toEqual([
    [400, 'MALFORMED_JSON'],
    [400, 'BAD_REQUEST'],
    [400, 'BAD_REQUEST'],
    [400, 'BAD_REQUEST'],
    [400, 'MALFORMED_JSON'],
  ])
  await expect
    .poll(
      async () => (await api.all<Record<string, unknown>>('/v1/quarantine', 100)).filter(({ door }) => door === 'claude-code-hooks').length,
    )
    .toBe(wrong.length)
})

test('a hook of a call that comes twice, byte for byte, is one event', async () => {
  const id = '9d000000-0000-4000-8000-000000000005'
  const use = hook('PreToolUse', { tool_name: 'Bash', tool_input: {}, tool_use_id: 'again' })
  const events = await other(id, [use, use, use])
  expect(events.filter(({ type }) => type === 'tool.started')).toHaveLength(1)
  expect(await metrics()).toContain('signalbox_events_total{door="claude-code-hooks",fate="duplicate"} 2')
})

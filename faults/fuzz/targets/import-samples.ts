/** Small files of each import format, written after the recordings; each line says something else. */
import type { Format } from '@signalbox/cli/import/import.ts'

const lines = (records: readonly object[]) => records.map((record) => JSON.stringify(record)).join('\n')

let number = 0
const change = (event_type: string, issue_id: string, new_value: unknown = '', more: object = {}) => {
  number += 1
  const at = new Date(Date.UTC(2026, 1, 26, 15, number)).toISOString()
  const written = typeof new_value === 'string' ? new_value : JSON.stringify(new_value)
  return { actor: 'mayor', comment: null, created_at: at, event_type, id: number, issue_id, new_value: written, old_value: '', ...more }
}
const gastown = [
  change('created', 'gt-1'),
  change('status_changed', 'gt-1', { assignee: 'gastown/polecats/nux', status: 'hooked' }, { old_value: '{"id":"gt-1","title":"Fix"}' }),
  change('claimed', 'gt-1', '', { actor: 'gastown/polecats/nux' }),
  change('updated', 'gt-1', { notes: 'half done' }),
  change('updated', 'gt-1', { design: 'a plan' }),
  change('updated', 'gt-gastown-polecat-nux', { description: 'agent_state: working\nhook_bead: gt-1' }),
  change('updated', 'gt-gastown-polecat-nux', { agent_state: 'nuked' }),
  change('label_added', 'gt-1', 'urgent'),
  change('closed', 'gt-1', 'no-changes: was fixed', { actor: 'gastown/polecats/nux' }),
  change('reopened', 'gt-1', { status: 'in_progress' }),
  change('status_changed', 'gt-1', { status: 'open' }),
  change('closed', 'gt-2', 'obsolete', { id: 1 }),
]

let minute = 0
const line = (type: string, more: object) => {
  minute += 1
  const timestamp = new Date(Date.UTC(2026, 1, 10, 22, minute)).toISOString()
  return {
    type,
    sessionId: 's1',
    uuid: `u${minute}`,
    parentUuid: `u${minute - 1}`,
    timestamp,
    cwd: '/home/a/project',
    slug: 'busy-bee',
    ...more,
  }
}
const assistant = (content: unknown, more: object = {}) =>
  line('assistant', {
    message: {
      id: 'm1',
      model: 'opus',
      stop_reason: 'tool_use',
      content,
      usage: { input_tokens: 5, output_tokens: 7, cache_read_input_tokens: 3, cache_creation_input_tokens: 1 },
    },
    ...more,
  })
const claudeCode = [
  line('user', { message: { role: 'user', content: 'Write the docs' } }),
  assistant([
    { type: 'thinking', thinking: '…' },
    { type: 'text', text: 'I ask a worker.' },
  ]),
  assistant([{ type: 'tool_use', id: 't1', name: 'Task', input: { description: 'Read', prompt: 'Read all of it' } }]),
  line('progress', { data: { type: 'agent_progress', agentId: 'a1', message: assistant('On it.') }, parentToolUseID: 't1' }),
  line('progress', { data: { type: 'hook_progress' } }),
  line('user', { agentId: 'a2', message: { content: [{ type: 'text', text: 'Read' }] } }),
  assistant([{ type: 'tool_use', id: 't2', name: 'Bash', input: { command: 'ls' } }], { agentId: 'a2' }),
  line('user', { agentId: 'a2', message: { content: [{ type: 'tool_result', tool_use_id: 't2', is_error: true, content: 'no' }] } }),
  line('user', {
    toolUseResult: { agentId: 'a1' },
    message: { content: [{ type: 'tool_result', tool_use_id: 't1', content: [{ type: 'text', text: 'Done' }] }] },
  }),
  line('system', { subtype: 'compact_boundary' }),
  line('system', { subtype: 'turn_duration', durationMs: 12 }),
  { type: 'summary', summary: 'x' },
]

const about = {
  question: 'Which island?',
  ground_truth: '56000',
  mistake_agent: 'WebSurfer',
  mistake_step: '2',
  mistake_reason: 'It guessed.',
}
const crafted = {
  ...about,
  history: [
    { role: 'human', content: 'Which island?' },
    { role: 'Orchestrator (thought)', content: 'Initial plan: look' },
    { role: 'Orchestrator (-> WebSurfer)', content: 'Look it up' },
    { role: 'WebSurfer', content: 'Greenland' },
    { role: 'Orchestrator (termination condition)', content: 'Done' },
  ],
}
const generated = {
  ...about,
  system_prompt: { Expert: '…' },
  history: [
    { name: 'Expert', role: 'user', content: '```py\nprint(1)\n```' },
    { name: 'Computer_terminal', role: 'user', content: 'exitcode: 1 (execution failed)' },
    { name: 'Computer_terminal', role: 'user', content: 'exitcode: 0' },
  ],
}

const observation = (id: string, parent: string | null, type: string, more: object) => ({
  id,
  parentObservationId: parent,
  type,
  name: `${type} ${id}`,
  startTime: '2025-06-06T11:31:33.965Z',
  endTime: '2025-06-06T11:31:34.610Z',
  level: 'DEFAULT',
  usageDetails: {},
  ...more,
})
const scoped = JSON.stringify({
  attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'boss' },
  resourceAttributes: { 'service.name': 'shop' },
  scope: { name: 'langfuse-sdk', version: '3' },
})
const observed = {
  trace: { id: '1b72c51fabed12ae7df83bfd4a09f545', name: 'chat', sessionId: 's', tags: ['a'], scores: [] },
  observations: [
    observation('a1', null, 'SPAN', { metadata: scoped }),
    observation('a2', 'a1', 'GENERATION', { model: 'gpt-4o', usageDetails: { input: 41, output: 3 }, costDetails: { total: 0.00002 } }),
    observation('a3', 'a1', 'TOOL', { input: '{}', output: 'ok', endTime: null }),
    observation('a4', 'gone', 'GENERATION', { level: 'ERROR', statusMessage: 'no', metadata: {} }),
  ],
}
const attribute = (key: string, value: string) => ({ key, value: { stringValue: value } })
const exported = (resource: string, scope: string, items: string, item: object) => ({
  [resource]: [{ resource: { attributes: [attribute('service.name', 'shop')] }, [scope]: [{ scope: { name: 'x' }, [items]: [item] }] }],
})
const spanSent = exported('resourceSpans', 'scopeSpans', 'spans', {
  traceId: '5B8EFFF798038103D269B633813FC60C',
  spanId: 'EEE19B7EC3C1B174',
  parentSpanId: 'EEE19B7EC3C1B173',
  name: 'chat gpt-4o',
  startTimeUnixNano: '1544712660000000000',
  endTimeUnixNano: '1544712661000000000',
  attributes: [attribute('gen_ai.operation.name', 'chat'), { key: 'gen_ai.usage.input_tokens', value: { intValue: '7' } }],
  status: { code: 2, message: 'no' },
})
const logSent = exported('resourceLogs', 'scopeLogs', 'logRecords', { timeUnixNano: '1544712660300000000', body: { stringValue: 'hello' } })
const metricSent = exported('resourceMetrics', 'scopeMetrics', 'metrics', {
  name: 'm',
  sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [{ asDouble: 5, timeUnixNano: '1544712660300000000' }] },
})

export const samples: { readonly [F in Format]: readonly string[] } = {
  gastown: [lines(gastown), lines(gastown.slice(0, 3)), lines(gastown.toReversed())],
  'claude-code': [lines(claudeCode), lines(claudeCode.slice(0, 3)), lines(claudeCode.slice(3))],
  langfuse: [JSON.stringify(observed), JSON.stringify({ ...observed.trace, observations: observed.observations })],
  otlp: [lines([spanSent, logSent, metricSent]), JSON.stringify(spanSent), JSON.stringify(metricSent)],
  'who-and-when': [JSON.stringify(crafted), JSON.stringify(generated)],
}

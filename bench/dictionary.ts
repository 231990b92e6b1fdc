/**
 * What zstd may take as read before a batch: events as agents send them, the commonest last. In no protocol of ours: measured, to say
 * what it would bring (`sections/claims-codecs.ts`).
 */
const id = '01927a3c-5f6e-7c1a-9d2b-3f4a5b6c7d8e'
const event = (type: string, data: string, more = '') =>
  `{"id":"${id}","source":"worker-7","type":"${type}","time":"2026-01-01T12:00:00.000Z","agent":"worker-7","seq":41,"epoch":1767268800000,"data":{${data}},"run":"nightly"${more}},`
const task = ',"task":"task-7"'

export const dictionary = [
  // Fields of data that are read (vocabulary.ts), and what often stands in them, the rarest first.
  '"team":"","host":"","synthetic":true,"reported":{"inputTokens":,"outputTokens":,"costMicros":},"reasoningTokens":,"cacheWriteTokens":,"cacheReadTokens":',
  '"artifact":"","question":"","reason":"","parent":"","children":[],"dependsOn":[],"labels":[],"priority":1,"attempt":1,"durationMs":,"startedAt":"2026-01-01T',
  '"prompt":"","query":"","path":"","file_path":"","url":"https://","pattern":"","content":"","output":"","stdout":"","input":{},"messages":[{"role":"user","content":"',
  '"stopReason":"end_turn","finishReason":"stop","provider":"anthropic","provider":"openai","model":"claude-sonnet-4","model":"gpt-5"',
  '"level":"debug","level":"warn","level":"error","isError":true,"exitCode":0,"name":"Edit","name":"Write","name":"Grep","name":"Glob","name":"WebSearch","name":"WebFetch","name":"search","name":"Task"',
  event('run.failed', '"error":""'),
  event('run.finished', ''),
  event('run.started', '"name":""'),
  event('agent.stopped', '"reason":""'),
  event('agent.status', '"status":"waiting","detail":""'),
  event('agent.started', '"intervalMs":10000,"role":"worker","name":"","manager":"manager-1","model":"large"'),
  event('approval.requested', '"action":""', task),
  event('approval.decided', '"decision":"approved"', task),
  event('artifact.updated', '"name":""', task),
  event('plan.updated', '"steps":[]', task),
  event('metric', '"name":"","value":1'),
  event('state.set', '"key":"","value":""'),
  event('task.canceled', '"note":""', task),
  event('task.rejected', '"note":""', task),
  event('task.input_required', '"note":""', task),
  event('task.failed', '"error":""', task),
  event('handoff', '"from":"worker-7","to":"worker-8"', task),
  event('message.sent', '"to":"worker-8","text":""', task),
  event('task.created', '"title":"","parent":"task-6","assignee":"worker-8"', task),
  event('task.assigned', '"to":"worker-7","from":"manager-1"', task),
  event('task.started', '', task),
  event('task.progress', '"note":""', task),
  event('task.completed', '"note":""', task),
  event('llm.failed', `"call":"${id}","name":"","model":"large","error":""`, task),
  event('tool.failed', `"call":"${id}","name":"Bash","error":""`, task),
  event('agent.heartbeat', '"intervalMs":10000'),
  event('log', '"level":"info","message":""', task),
  event('llm.started', `"call":"${id}","name":"","model":"large"`, task),
  event('llm.finished', `"call":"${id}","model":"large","usage":{"inputTokens":1200,"outputTokens":80},"costMicros":900,"text":""`, task),
  event('tool.finished', `"call":"${id}","name":"Bash","result":""`, task),
  event('tool.started', `"call":"${id}","name":"Bash","args":{"command":"`, task),
  '{"kind":"batch","n":1,"events":[{"id":"01927a3c-',
].join('')

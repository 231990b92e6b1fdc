/** A2A from the protocol's own SDK and as its documents have it, through the server's door into its log and rows. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { startTestApi, type TestApi } from '../../api/testing.ts'
import { stopDatabases } from '../../store/testing.ts'
import { type Script, startSdkAgent } from './sdk-agent.testing.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi({ SIGNALBOX_MAX_BATCH_EVENTS: '50' })
})
afterAll(async () => {
  await api.stop()
  await stopDatabases()
})

interface Receipt {
  readonly accepted: number
  readonly duplicates: number
  readonly code?: string
  readonly refused?: readonly { readonly index: number; readonly code: string }[]
}
interface Stored {
  readonly type: string
  readonly time: string
  readonly source: string
  readonly agent?: string
  readonly task?: string
  readonly run?: string
  readonly data: Readonly<Record<string, unknown>>
}

async function send(body: unknown, { query = '', type = 'application/json' } = {}) {
  const response = await fetch(`${api.url}/v1/a2a${query}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  return { status: response.status, body: (await response.json()) as Receipt }
}
const of = (run: string) => api.all<Stored>(`/v1/events?run=${run}`, 100)
const brief = (events: readonly Stored[]) => events.filter(({ data }) => data.derived !== true).map(({ type }) => type)

const start = Date.now() - 60_000
const at = (seconds: number) => new Date(start + seconds * 1_000).toISOString()
let made = 0
const names = () => {
  made += 1
  return { taskId: `task-${made}`, contextId: `context-${made}` }
}

const said = (messageId: string, text: string) => ({ messageId, role: 'ROLE_AGENT', parts: [{ text }] })
const script: Script = (taskId, contextId) => [
  { task: { id: taskId, contextId, status: { state: 'TASK_STATE_SUBMITTED', timestamp: at(0) } } },
  { statusUpdate: { taskId, contextId, status: { state: 'TASK_STATE_WORKING', timestamp: at(1), message: said('m-1', 'looking') } } },
  {
    artifactUpdate: { taskId, contextId, artifact: { artifactId: 'a-1', name: 'answer', parts: [{ text: 'forty-two' }] }, lastChunk: true },
  },
  { statusUpdate: { taskId, contextId, status: { state: 'TASK_STATE_COMPLETED', timestamp: at(2) } } },
]

/** Between the agent and the server: every notification is delivered twice, and kept. */
async function twice(path: string) {
  const bodies: string[] = []
  const answers: Receipt[] = []
  const relay = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    bodies.push(body)
    for (let n = 0; n < 2; n += 1) {
      const answer = await fetch(`${api.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': request.headers['content-type'] ?? '' },
        body,
      })
      response.statusCode = answer.status
      answers.push((await answer.json()) as Receipt)
    }
    response.end()
  })
  relay.listen(0, '127.0.0.1')
  await once(relay, 'listening')
  onTestFinished(() => {
    relay.closeAllConnections()
    relay.close()
  })
  return { url: `http://127.0.0.1:${(relay.address() as AddressInfo).port}/`, bodies, answers }
}

test.each(['1.0', '0.3'] as const)('the SDK’s agent notifies by push, version %s: a task from its message to its end', async (version) => {
  vi.spyOn(console, 'info').mockReturnValue()
  const context = `sdk-${version}`
  const agent = await startSdkAgent(script)
  onTestFinished(() => agent.stop())
  const relay = await twice('/v1/a2a?agent=researcher&client=lead')
  const asked = { messageId: `q-${version}`, contextId: context, role: 'ROLE_USER', parts: [{ text: 'What is the answer?' }] }
  expect(await agent.ask(asked, relay, version)).toMatchObject({ result: {} })

  expect(relay.bodies.length).toBe(4)
  expect(relay.bodies.every((body) => body.includes('"kind":"task"') === (version === '0.3'))).toBe(true)
  // The second of each brings nothing.
  for (const [i, answer] of relay.answers.entries()) expect(answer).toMatchObject({ refused: [], ...(i % 2 === 1 ? { accepted: 0 } : {}) })

  const { body: run } = await api.get(`/v1/runs/${context}`)
  expect(run).toMatchObject({ tasks: { completed: 1, working: 0 } })
  const [task] = await api.all(`/v1/tasks?run=${context}`, 10)
  expect(task).toMatchObject({
    state: 'completed',
    title: 'What is the answer?',
    createdBy: 'lead',
    assignee: 'researcher',
    contradicted: 0,
    openedAt: at(-0.001),
    startedAt: at(1),
    endedAt: at(2),
  })
  const events = await of(context)
  expect(events.filter(({ type }) => type === 'artifact.updated')).toMatchObject([
    { agent: 'researcher', data: { artifact: 'a-1', text: 'forty-two', attributes: { name: 'answer' } } },
  ])
  expect(events.filter(({ data }) => data.role === 'agent')).toMatchObject([
    { agent: 'researcher', data: { message: 'm-1', text: 'looking', to: 'lead' } },
  ])
  expect(events.filter(({ data }) => data.role === 'user').length).toBe(1)
  const { body: graph } = await api.get(`/v1/runs/${context}/graph`)
  expect(graph).toMatchObject({
    edges: expect.arrayContaining([expect.objectContaining({ from: 'lead', to: 'researcher', kind: 'delegation', count: 1 })]),
  })
  const { body: worker } = await api.get('/v1/agents/researcher')
  expect(worker).toMatchObject({ manager: 'lead', role: 'worker', name: 'researcher' })
  expect(events.filter(({ type }) => type === 'agent.started')).toMatchObject([{ data: { intervalMs: 300_000, derived: true } }])
})

test.each<[string, string, string]>([
  ['TASK_STATE_SUBMITTED', 'task.created', 'submitted'],
  ['TASK_STATE_WORKING', 'task.started', 'working'],
  ['TASK_STATE_INPUT_REQUIRED', 'task.input_required', 'input_required'],
  ['TASK_STATE_AUTH_REQUIRED', 'task.auth_required', 'auth_required'],
  ['TASK_STATE_COMPLETED', 'task.completed', 'completed'],
  ['TASK_STATE_FAILED', 'task.failed', 'failed'],
  ['TASK_STATE_CANCELED', 'task.canceled', 'canceled'],
  ['TASK_STATE_REJECTED', 'task.rejected', 'rejected'],
])('%s is %s, also as version 0.3 says it', async (state, type, row) => {
  const told = { state, timestamp: at(0), message: said('m', 'because') }
  const { taskId, contextId } = names()
  await send({ statusUpdate: { taskId, contextId, status: told } })
  const old = names()
  const word = state.replace('TASK_STATE_', '').toLowerCase().replaceAll('_', '-')
  await send({ kind: 'status-update', ...old, final: true, status: { ...told, state: word } })
  for (const run of [contextId, old.contextId]) {
    const [event] = (await of(run)).filter((one) => one.type === type)
    const word_ = ['failed', 'rejected'].includes(row) ? 'error' : 'note'
    expect(event).toMatchObject({ source: 'a2a/a2a', time: at(0), data: { state: row, [word_]: 'because' } })
    expect(await api.all(`/v1/tasks?run=${run}`, 10)).toMatchObject([{ state: row }])
  }
})

test('an unknown state is stored and moves no task; a terminal one absorbs what comes later', async () => {
  const { taskId, contextId } = names()
  const update = (state: unknown, seconds: number) => ({ statusUpdate: { taskId, contextId, status: { state, timestamp: at(seconds) } } })
  await send([update('TASK_STATE_DREAMING', 0), update(2, 1), update('TASK_STATE_COMPLETED', 2), update('TASK_STATE_WORKING', 3)])
  expect(brief(await of(contextId))).toEqual(['custom.a2a.status', 'task.started', 'task.completed', 'task.started'])
  expect(await api.all(`/v1/tasks?run=${contextId}`, 10)).toMatchObject([{ state: 'completed', contradicted: 1 }])
})

test.each<[string, (names: { taskId: string; contextId: string }) => unknown, readonly string[]]>([
  ['a task', ({ taskId, contextId }) => ({ id: taskId, contextId, status: { state: 'working' } }), ['task.started']],
  [
    'a task in a response',
    ({ taskId, contextId }) => ({ jsonrpc: '2.0', id: 1, result: { kind: 'task', id: taskId, contextId, status: { state: 'working' } } }),
    ['task.started'],
  ],
  [
    'a task in a response of 1.0',
    ({ taskId, contextId }) => ({
      jsonrpc: '2.0',
      id: 1,
      result: { task: { id: taskId, contextId, status: { state: 'TASK_STATE_WORKING' } } },
    }),
    ['task.started'],
  ],
  [
    'a list of tasks',
    ({ taskId, contextId }) => ({ tasks: [{ id: taskId, contextId, status: { state: 'working' } }], nextPageToken: '' }),
    ['task.started'],
  ],
  [
    'names as in the schema',
    ({ taskId, contextId }) => ({ status_update: { task_id: taskId, context_id: contextId, status: { state: 'TASK_STATE_WORKING' } } }),
    ['task.started'],
  ],
  [
    'a message',
    ({ contextId }) => ({ kind: 'message', messageId: 'm', contextId, role: 'agent', parts: [{ kind: 'text', text: 'hi' }] }),
    ['message.sent'],
  ],
  [
    'a request',
    ({ contextId }) => ({
      jsonrpc: '2.0',
      id: 1,
      method: 'message/send',
      params: { message: { messageId: 'm', contextId, role: 'user', parts: [] } },
    }),
    ['message.sent'],
  ],
  [
    'an artifact',
    ({ taskId, contextId }) => ({ kind: 'artifact-update', taskId, contextId, append: true, artifact: { artifactId: 'a', parts: [] } }),
    ['artifact.updated'],
  ],
  [
    'metadata',
    ({ taskId, contextId }) => ({
      statusUpdate: { taskId, contextId, status: { state: 'TASK_STATE_WORKING' }, metadata: { model: 'large' } },
    }),
    ['task.started', 'custom.a2a.details'],
  ],
])('%s', async (_name, body, types) => {
  const one = names()
  expect((await send(body(one))).body).toMatchObject({ refused: [] })
  const again = await send(body(one))
  expect(again.body).toMatchObject({ accepted: 0, refused: [] })
  expect(brief(await of(one.contextId))).toEqual(types)
})

test('what has no context stands without a run: requests, errors, cancellations, and what nobody knows', async () => {
  const before = new Set((await api.all<Stored & { id: string }>('/v1/events?agent=loner', 100)).map(({ id }) => id))
  const rpc = (more: object) => ({ jsonrpc: '2.0', id: crypto.randomUUID(), ...more })
  const { body } = await send(
    [
      rpc({
        method: 'CreateTaskPushNotificationConfig',
        params: { taskId: 't', authentication: { scheme: 'Bearer', credentials: 'sesame' }, token: 'sesame' },
      }),
      rpc({ error: { code: -32001, message: 'Task not found' } }),
      rpc({ method: 'tasks/cancel', params: { id: 't-9' } }),
      { what: 'else' },
    ],
    { query: '?agent=loner&client=loner' },
  )
  expect(body).toMatchObject({ accepted: 4, refused: [] })
  const found = (await api.all<Stored & { id: string }>('/v1/events?agent=loner', 100)).filter(({ id }) => !before.has(id))
  expect(found.map(({ type, task }) => [type, task]).sort()).toEqual([
    ['command.issued', 't-9'],
    ['custom.a2a.request', undefined],
    ['custom.a2a.unknown', undefined],
    ['log', undefined],
  ])
  expect(JSON.stringify(found)).not.toContain('sesame')
})

test('parts that are no text, references and long texts: kept, cut, and told', async () => {
  const { taskId, contextId } = names()
  const file = { kind: 'file', file: { uri: 'https://example.com/a.png', mimeType: 'image/png' } }
  const message = {
    messageId: 'm',
    taskId,
    contextId,
    role: 'agent',
    parts: [{ text: 'x'.repeat(5_000) }, file, { data: { a: 1 } }],
    referenceTaskIds: ['t-0'],
    metadata: { agent: 'painter' },
  }
  expect((await send({ message })).body).toMatchObject({ accepted: 1 })
  const [event] = await of(contextId)
  expect(event).toMatchObject({
    agent: 'painter',
    task: taskId,
    data: {
      parts: [file, { data: { a: 1 } }],
      referenceTaskIds: ['t-0'],
      clipped: ['/text'],
      attributes: { metadata: { agent: 'painter' } },
    },
  })
  expect(String(event?.data.text)).toHaveLength(2_000)
})

test('lines and the transcript of a stream; a bad one costs no other', async () => {
  const { taskId, contextId } = names()
  const updates = ['submitted', 'working', 'completed'].map((state, i) => ({
    kind: 'status-update',
    taskId,
    contextId,
    status: { state, timestamp: at(i) },
  }))
  const [first, second, third] = updates.map((update) => JSON.stringify(update))
  const lines = await send(`${first}\n\n{oops\n7\n${second}`, { type: 'application/x-ndjson' })
  expect(lines.body).toMatchObject({
    refused: [
      { index: 1, code: 'MALFORMED_JSON' },
      { index: 2, code: 'INVALID_EVENT' },
    ],
  })
  const rpc = (update: string | undefined) => `{"jsonrpc":"2.0","id":1,\ndata:"result":${update}}`
  const stream = `: hello\nid: 1\ndata: ${rpc(second)}\n\nevent: x\ndata: ${rpc(third)}`
  expect((await send(stream, { type: 'text/event-stream' })).body).toMatchObject({ accepted: 1, refused: [] })
  expect(brief(await of(contextId))).toEqual(['task.created', 'task.started', 'task.completed'])
})

test.each<[string, unknown, string]>([
  ['no JSON', '{"a":', 'MALFORMED_JSON'],
  ['a number', '7', 'INVALID_EVENT'],
  ['an abyss', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`, 'TOO_DEEP'],
  ['too much', `[${'1,'.repeat(50)}1]`, 'BATCH_TOO_LARGE'],
  [
    'levels past the bound',
    { message: { messageId: 'd', parts: [], metadata: JSON.parse(`${'{"a":'.repeat(70)}1${'}'.repeat(70)}`) as unknown } },
    'TOO_DEEP',
  ],
  ['__proto__', `{"messageId":"p","parts":[],"metadata":{"__proto__":{"a":1}}}`, 'KEY_FORBIDDEN'],
  ['2^53', { messageId: 'n', parts: [{ data: 2 ** 53 }] }, 'NUMBER_NOT_EXACT'],
])('%s is refused by name', async (_name, body, code) => {
  expect((await send(body)).body.code).toBe(code)
})

test('names from a header, and what is no parameter', async () => {
  const { contextId } = names()
  const message = { messageId: 'h', contextId, role: 'user', parts: [{ text: 'hello' }] }
  const headers = { 'content-type': 'application/a2a+json', 'x-a2a-agent': 'greeter', 'x-a2a-client': 'caller' }
  await fetch(`${api.url}/v1/a2a`, { method: 'POST', headers, body: JSON.stringify({ message }) })
  expect(await of(contextId)).toMatchObject([{ source: 'a2a/greeter', agent: 'caller', data: { to: 'greeter', text: 'hello' } }])
  expect(await send({ message }, { query: '?agents=x' })).toMatchObject({ status: 400, body: { code: 'BAD_REQUEST' } })
})

test('received = stored + duplicate + refused + quarantined', async () => {
  const text = await (await fetch(`${api.url}/metrics`)).text()
  const of_ = (fate: string) => Number(new RegExp(`^signalbox_events_total{door="a2a",fate="${fate}"} (\\d+)$`, 'm').exec(text)?.[1] ?? 0)
  expect(of_('received')).toBeGreaterThan(0)
  expect(of_('stored') + of_('duplicate') + of_('refused') + of_('quarantined')).toBe(of_('received'))
})

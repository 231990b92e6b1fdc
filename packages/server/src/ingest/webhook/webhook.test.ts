/** Webhooks by the mappings that the documents offer, through the server's door into its log and rows. */
import { createHmac } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startTestApi, type TestApi } from '../../api/testing.ts'
import { CannotStart } from '../../config.ts'
import { stopDatabases } from '../../store/testing.ts'
import { compileWebhooks, readWebhooks } from './config.ts'
import { alerts, at, jiraIssue, linearIssue, workflowJob, workflowRun } from './payloads.testing.ts'

const examples = join(import.meta.dirname, '../../../../../docs/doors/webhooks.example.json')
const secrets = { GITHUB_WEBHOOK_SECRET: 'open sesame', LINEAR_WEBHOOK_SECRET: 'another' }
let api: TestApi
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signalbox-webhooks-'))
  const own = {
    odd: {
      items: '/list',
      events: [
        {
          when: [{ of: '{/kind}', not: ['ignored', null] }],
          type: 'custom.odd.{/kind}',
          id: '{/id}',
          time: '{/at}',
          data: { whole: '{item}', text: 'a {{{/kind}}} and {header.x-odd}', gone: '{/nothing}' },
        },
        { when: [{ of: '{/also}', exists: true }], type: 'log', id: '{/id}', time: '{/at}', run: '{/run}', agent: '{/agent}' },
      ],
    },
  }
  const file = join(folder, 'webhooks.json')
  await writeFile(file, JSON.stringify({ ...(JSON.parse(await readFile(examples, 'utf8')) as object), ...own }))
  for (const [name, value] of Object.entries(secrets)) vi.stubEnv(name, value)
  api = await startTestApi({ SIGNALBOX_WEBHOOKS: file, SIGNALBOX_MAX_BATCH_EVENTS: '20' })
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await api.stop()
  await stopDatabases()
  await rm(folder, { recursive: true })
})

interface Receipt {
  readonly accepted: number
  readonly duplicates: number
  readonly skipped: number
  readonly code?: string
  readonly detail?: string
  readonly refused?: readonly { readonly index: number; readonly code: string }[]
  readonly warnings?: readonly { readonly code: string }[]
}
interface Stored {
  readonly source: string
  readonly type: string
  readonly time: string
  readonly agent?: string
  readonly task?: string
  readonly data: Readonly<Record<string, unknown>>
}

async function send(name: string, body: unknown, headers: Record<string, string> = {}, query = '') {
  const response = await fetch(`${api.url}/v1/webhooks/${name}${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  return { status: response.status, body: (await response.json()) as Receipt }
}
const sign = (body: string, secret: string) => createHmac('sha256', secret).update(body).digest('hex')
async function github(event: string, value: unknown) {
  const body = JSON.stringify(value)
  const signature = `sha256=${sign(body, secrets.GITHUB_WEBHOOK_SECRET)}`
  return send('github', body, { 'x-github-event': event, 'x-hub-signature-256': signature })
}
const of = (run: string) => api.all<Stored>(`/v1/events?run=${encodeURIComponent(run)}`, 100)

test('GitHub Actions: a workflow is a run, its jobs are tasks of runners', async () => {
  const run = 'github/acme/fleet/4001'
  for (const value of [workflowRun('requested', null), workflowRun('in_progress', null), workflowRun('completed', 'failure')])
    await github('workflow_run', value)
  for (const value of [workflowJob('queued', null), workflowJob('in_progress', null), workflowJob('completed', 'success')])
    expect((await github('workflow_job', value)).body).toMatchObject({ accepted: 1 })
  // A redelivery changes nothing; what no rule takes is counted.
  expect((await github('workflow_job', workflowJob('completed', 'success'))).body).toMatchObject({ accepted: 0, duplicates: 1, skipped: 0 })
  expect((await github('ping', { zen: 'Keep it logically awesome.' })).body).toMatchObject({ accepted: 0, skipped: 1, refused: [] })
  const events = await of(run)
  expect(events.map(({ type, time, agent, task }) => [type, time, agent, task])).toEqual([
    ['run.started', at(0).replace('Z', '.000Z'), undefined, undefined],
    ['run.failed', at(60).replace('Z', '.000Z'), undefined, undefined],
    ['task.created', at(1).replace('Z', '.000Z'), undefined, '5001'],
    ['task.started', at(2).replace('Z', '.000Z'), 'runner-3', '5001'],
    ['task.completed', at(50).replace('Z', '.000Z'), 'runner-3', '5001'],
  ])
  expect(events[0]).toMatchObject({ source: 'webhook/github', data: { name: 'CI #17', branch: 'main', by: 'octocat' } })
  expect(events[0]?.data.error).toBeUndefined()
  expect((await api.get(`/v1/runs/${encodeURIComponent(run)}`)).body).toMatchObject({
    state: 'failed',
    name: 'CI #17',
    error: 'failure',
    tasks: { completed: 1 },
  })
  expect(await api.all(`/v1/tasks?run=${encodeURIComponent(run)}`, 10)).toMatchObject([
    { title: 'build', assignee: 'runner-3', state: 'completed' },
  ])
})

test('a signature is asked for, of this very body, by this secret', async () => {
  const body = JSON.stringify(workflowRun('requested', null, 4_002))
  const good = `sha256=${sign(body, secrets.GITHUB_WEBHOOK_SECRET)}`
  const ask = async (signature: string | undefined, sent = body) =>
    (
      await send('github', sent, {
        'x-github-event': 'workflow_run',
        ...(signature === undefined ? {} : { 'x-hub-signature-256': signature }),
      })
    ).status
  const flipped = good.replace(/.$/, (last) => (last === '0' ? '1' : '0'))
  expect(
    await Promise.all(
      [undefined, '', 'sha256=', good.slice('sha256='.length), flipped, `sha256=${sign(body, 'guess')}`].map((one) => ask(one)),
    ),
  ).toEqual(Array.from({ length: 6 }, () => 401))
  expect(await ask(good, `${body} `)).toBe(401)
  expect(await ask(good)).toBe(200)
})

test('a signature stands for a key where keys are asked for; without one a webhook needs a key', async () => {
  const proxied = { 'x-forwarded-for': '203.0.113.7' }
  const body = JSON.stringify(linearIssue('create', 'backlog', 0))
  expect((await send('plain', { a: 1 }, proxied)).status).toBe(401)
  expect((await send('linear', body, proxied)).status).toBe(401)
  expect(await send('linear', body, { ...proxied, 'linear-signature': sign(body, secrets.LINEAR_WEBHOOK_SECRET) })).toMatchObject({
    status: 200,
  })
})

test('Linear and Jira: issues are tasks', async () => {
  for (const [action, state, seconds] of [
    ['create', 'backlog', 0],
    ['update', 'started', 1],
    ['update', 'triage', 2],
    ['update', 'completed', 3],
  ] as const) {
    const body = JSON.stringify(linearIssue(action, state, seconds))
    await send('linear', body, { 'linear-signature': sign(body, secrets.LINEAR_WEBHOOK_SECRET) })
  }
  expect((await of('linear/FLT')).map(({ type }) => type)).toEqual([
    'task.created',
    'task.started',
    'custom.linear.updated',
    'task.completed',
  ])
  expect(await api.all('/v1/tasks?run=linear/FLT', 10)).toMatchObject([
    { id: 'FLT-12', title: 'Teach the fleet', state: 'completed', assignee: 'Ada' },
  ])

  for (const [event, category, seconds] of [
    ['created', 'new', 0],
    ['updated', 'indeterminate', 1],
    ['updated', 'done', 2],
  ] as const)
    expect((await send('jira', jiraIssue(event, category, seconds))).body).toMatchObject({ accepted: 1 })
  expect(await api.all('/v1/tasks?run=jira/OPS', 10)).toMatchObject([
    { id: 'OPS-7', state: 'completed', assignee: 'Grace', endedAt: at(2).replace('Z', '.000Z') },
  ])
})

test('Alertmanager: each alert of a group is an event, fired and resolved', async () => {
  const group = alerts(
    { status: 'firing', name: 'Slow', agent: 'worker-1' },
    { status: 'resolved', name: 'Down' },
    { status: 'unheard', name: 'Odd' },
  )
  expect((await send('alertmanager', group)).body).toMatchObject({ accepted: 2, skipped: 1, refused: [] })
  expect((await send('alertmanager', group)).body).toMatchObject({ accepted: 0, duplicates: 2 })
  const events = await of('alerts')
  expect(events).toMatchObject([
    {
      type: 'alert.fired',
      agent: 'worker-1',
      data: { name: 'Slow', summary: 'Slow is on', labels: { severity: 'page' }, group: '{}:{alertname="Slow"}' },
    },
    { type: 'alert.resolved', time: at(30).replace('Z', '.000Z') },
  ])
  expect((await send('alertmanager', { alerts: [] })).body).toMatchObject({ accepted: 0, skipped: 0 })
  expect((await send('alertmanager', { no: 'alerts' })).body).toMatchObject({ accepted: 0, skipped: 0 })
})

test('rules: filters, several events of an item, times as numbers, a bad item that costs no other', async () => {
  const seconds = Math.trunc(Date.now() / 1_000)
  const list = [
    { kind: 'one', id: 'o-1', at: seconds, also: 1, run: 'odd', agent: 7 },
    { kind: 'ignored', id: 'o-2', at: seconds },
    { kind: 'no type', id: 'o-3', at: seconds },
    { kind: 'two', id: 'o-4', at: seconds * 1_000 + 5, n: 2 ** 53 },
    { kind: 'three', id: 'o-5', at: String(seconds) },
    'text',
    null,
    { kind: 'four', id: 'o-6', at: '1066-10-14' },
  ]
  const sent = await send('odd', { list }, { 'x-odd': 'head' })
  expect(sent).toMatchObject({
    status: 200,
    body: {
      accepted: 4,
      skipped: 3,
      refused: [
        { index: 2, code: 'INVALID_EVENT' },
        { index: 3, code: 'NUMBER_NOT_EXACT' },
      ],
      warnings: [{ code: 'TIME_OF_ARRIVAL' }],
    },
  })
  expect((await send('odd', { list }, { 'x-odd': 'head' })).body).toMatchObject({ accepted: 0, duplicates: 4 })
  const [one] = await api.all<Stored>('/v1/events?type=custom.odd.one', 10)
  expect(one?.data).toEqual({ whole: list[0], text: 'a {one} and head' })
  expect(one?.time).toBe(new Date(seconds * 1_000).toISOString())
  expect(await of('odd')).toMatchObject([{ type: 'log', agent: '7', data: list[0] }])
})

test('without an id the content is it; without a time its arrival', async () => {
  expect((await send('plain', { a: 1 })).body).toMatchObject({ accepted: 1, warnings: [{ code: 'TIME_OF_ARRIVAL' }] })
  expect((await send('plain', { a: 1 })).body).toMatchObject({ accepted: 0, duplicates: 1 })
  expect((await send('plain', [{ a: 2 }, 'text', 7, null])).body).toMatchObject({ accepted: 4 })
})

test.each<[string, string, unknown, number, string]>([
  ['an unknown name', 'nobody', {}, 404, 'NOT_FOUND'],
  ['a name of Object', 'constructor', {}, 404, 'NOT_FOUND'],
  ['no JSON', 'plain', '{"a":', 400, 'MALFORMED_JSON'],
  ['too many', 'plain', Array.from({ length: 21 }, (_, i) => i), 413, 'BATCH_TOO_LARGE'],
  ['an abyss', 'plain', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`, 422, 'TOO_DEEP'],
  ['__proto__', 'plain', '{"__proto__":{"a":1}}', 422, 'KEY_FORBIDDEN'],
])('%s is refused by name', async (_name, webhook, body, status, code) => {
  expect(await send(webhook, body)).toMatchObject({ status, body: { code } })
})

test('another method is told which one there is', async () => {
  const response = await fetch(`${api.url}/v1/webhooks/github`)
  expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST'])
})

const rule = { type: 'log' }
test.each<[string, unknown, string]>([
  ['no object', [], 'must be an object of webhooks'],
  ['a name', { 'a b': { events: [rule] } }, '/a b: a name has'],
  ['no events', { a: { events: [] } }, '/a/events: '],
  ['no type', { a: { events: [{ id: 'x' }] } }, '/a/events/0: '],
  ['an unknown field', { a: { events: [{ ...rule, tpye: 'x' }] } }, '/a/events/0/tpye'],
  ['a number as an expression', { a: { events: [{ type: 7 }] } }, '/a/events/0/type: '],
  ['a wrong expression deep inside', { a: { events: [{ type: { of: 'x', table: { y: ['z', {}] } } }] } }, '/a/events/0/type'],
  ['a brace left open', { a: { events: [{ type: '{/a' }] } }, '/a/events/0/type: a "{" is not closed'],
  ['a brace too many', { a: { events: [rule, { ...rule, data: { x: 'a}b' } }] } }, '/a/events/1/data/x: a "}" closes nothing'],
  ['a pointer', { a: { events: [{ ...rule, run: '{/a~2}' }] } }, '/a/events/0/run: "/a~2" is no JSON Pointer'],
  ['a place', { a: { events: [{ ...rule, run: '{env.HOME}' }] } }, '"{env.HOME}" must be'],
  ['items', { a: { items: 'list', events: [rule] } }, '/a/items: "list" is no JSON Pointer'],
  [
    'a secret that is not there',
    { a: { signature: { header: 'x', secretEnv: 'NOWHERE' }, events: [rule] } },
    '/a/signature/secretEnv: the environment has no NOWHERE',
  ],
])('a mapping that is wrong ends the start and says where: %s', (_name, value, message) => {
  const compile = () => compileWebhooks(value, {}, 'webhooks.json')
  expect(compile).toThrow(CannotStart)
  expect(compile).toThrow(`webhooks.json: ${message.startsWith('/') ? message : ''}`)
  expect(compile).toThrow(message)
})

test('a file that cannot be read ends the start', async () => {
  expect(() => readWebhooks(join(folder, 'nowhere.json'), {})).toThrow(CannotStart)
  await writeFile(join(folder, 'broken.json'), '{')
  expect(() => readWebhooks(join(folder, 'broken.json'), {})).toThrow(/SIGNALBOX_WEBHOOKS .*broken\.json/)
})

test('received = stored + duplicate + refused + quarantined', async () => {
  const text = await (await fetch(`${api.url}/metrics`)).text()
  const of_ = (fate: string) =>
    Number(new RegExp(`^signalbox_events_total{door="webhook",fate="${fate}"} (\\d+)$`, 'm').exec(text)?.[1] ?? 0)
  expect(of_('received')).toBeGreaterThan(0)
  expect(of_('stored') + of_('duplicate') + of_('refused') + of_('quarantined')).toBe(of_('received'))
})

/** A server for the OpenAPI fuzzer: two tenants with the same names and ids, and a key of each kind. */
import { join } from 'node:path'
import { createDice } from '@signalbox/cli/demo/dice.ts'
import { startTestApi, type TestApi } from '@signalbox/server/api/testing.ts'
import { story } from '@signalbox/server/ingest/claude-code/hooks.testing.ts'
import { createKeys } from '@signalbox/server/ops/auth.ts'
import { fleetOf } from '../events.ts'
import { ask } from './ask.ts'
import type { Known } from './generate.ts'
import type { CallerKind } from './openapi.ts'

export interface ApiWorld {
  readonly api: TestApi
  readonly callers: readonly CallerKind[]
  readonly known: Known
}

const tenants = ['alpha', 'beta'] as const
const secretOf = (tenant: string) => `canary-of-${tenant}`

export async function startApiWorld(): Promise<ApiWorld> {
  const api = await startTestApi({
    SIGNALBOX_MAX_BODY_BYTES: '200000',
    SIGNALBOX_MAX_BATCH_EVENTS: '100',
    SIGNALBOX_WEBHOOKS: join(import.meta.dirname, 'webhooks.json'),
  })
  const keys = createKeys(api.pool)
  const bearer = async (tenant: string, scopes: Parameters<typeof keys.create>[1]) => ({
    authorization: `Bearer ${(await keys.create('fuzz', scopes, tenant)).key}`,
  })
  const full = await Promise.all(tenants.map(async (tenant) => ({ tenant, headers: await bearer(tenant, ['ingest', 'read', 'admin']) })))
  for (const { tenant, headers } of full) await fill(api.url, tenant, headers)
  const [alpha, beta] = tenants.map(secretOf) as [string, string]
  const both = [alpha, beta]
  const isIngest = ({ method }: { readonly method: string }) => method === 'POST' || method === 'OPTIONS'
  const callers: CallerKind[] = [
    { name: 'alpha', headers: full[0]?.headers ?? {}, secrets: [beta] },
    { name: 'beta', headers: full[1]?.headers ?? {}, secrets: [alpha] },
    { name: 'local', headers: {}, secrets: both },
    { name: 'reads only', headers: await bearer('alpha', ['read']), secrets: [beta], refusedWith: [403], mayAsk: (one) => !isIngest(one) },
    { name: 'sends only', headers: await bearer('alpha', ['ingest']), secrets: both, refusedWith: [403], mayAsk: isIngest },
    { name: 'no key', headers: { 'x-forwarded-for': '203.0.113.7' }, secrets: both, refusedWith: [401] },
    { name: 'a wrong key', headers: { authorization: `${full[0]?.headers.authorization}0` }, secrets: both, refusedWith: [401] },
    { name: 'no key at all', headers: { authorization: 'Digest YTpi' }, secrets: both, refusedWith: [401] },
    { name: 'no key in Basic', headers: { authorization: 'Basic YTpi', via: '1.1 proxy' }, secrets: both, refusedWith: [401] },
    { name: 'another site', headers: { origin: 'https://evil.example' }, secrets: both, refusedWith: [403] },
  ]
  return {
    api,
    callers,
    known: await knownOf(
      api.url,
      full.map(({ headers }) => headers),
    ),
  }
}

/** The same events for each, but for what they say: rows, texts and refused items all hold the secret. */
async function fill(url: string, tenant: string, headers: Readonly<Record<string, string>>): Promise<void> {
  const secret = secretOf(tenant)
  const events = fleetOf(createDice(7), { producers: 3, runs: 3, events: 30, from: Date.now() - 60_000, name: 'shared' }).flat()
  const told = events.map((event) => ({ ...event, data: { ...event.data, name: secret, title: secret, note: secret, more: secret } }))
  const bad = [
    { source: secret, type: 'log' },
    { ...told[0], data: { again: secret } },
  ]
  const body = Buffer.from([...told, ...bad].map((event) => JSON.stringify(event)).join('\n'))
  const { status, body: answer } = await ask(url, {
    method: 'POST',
    path: '/v1/events',
    headers: { ...headers, 'content-type': 'application/x-ndjson' },
    body: body.subarray(0),
  })
  if (status !== 200) throw new Error(`The fleet of ${tenant} was answered ${status}: ${answer}`)
  const keep = (path: string, text: object) =>
    ask(url, { method: 'PUT', path, headers: { ...headers, 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(text)) })
  await keep('/v1/views/secret', { name: secret, screen: '/', search: '' })
  await keep('/v1/acknowledgements/agent:secret', { note: secret })
}

/** Ids and cursors as the server itself gives them, of both. */
async function knownOf(url: string, callers: readonly Readonly<Record<string, string>>[]): Promise<Known> {
  const known = new Map<string, string[]>()
  const learn = (name: string, ...values: (string | null | undefined)[]) =>
    known.set(name, [...(known.get(name) ?? []), ...values.filter((value) => typeof value === 'string')])
  for (const headers of callers) {
    const get = async (path: string) => JSON.parse((await ask(url, { method: 'GET', path, headers })).body.toString()) as Listed
    for (const list of ['events', 'agents', 'runs', 'tasks', 'producers', 'quarantine', 'runs/run-1/calls']) {
      const { items, next } = await get(`/v1/${list}?limit=5`)
      learn('id', ...items.map(({ id }) => id))
      learn(`/v1/${list}/{id}`, ...items.map(({ id }) => id))
      learn('cursor', next)
    }
    const { cursor } = await get('/v1/info')
    for (const name of ['cursor', 'at', 'until', 'last-event-id']) learn(name, cursor)
  }
  learn('since', new Date(Date.now() - 3_600_000).toISOString())
  learn('until', new Date().toISOString(), new Date(Date.now() - 60_000).toISOString())
  learn('at', new Date().toISOString(), '2026-01-01T00:00:00+01:00', '1970-01-01T00:00:00Z')
  for (const part of ['graph', 'calls']) learn(`/v1/runs/{id}/${part}`, 'run-1', 'run-2')
  learn('/v1/views/{id}', 'view-1', 'view-2')
  learn('body of /v1/views/{id}', JSON.stringify({ name: 'fuzz', screen: '/tail', search: '?q=a' }))
  learn('/v1/acknowledgements/{subject}', 'agent:agent-0', 'task:run-1\u001ftask-0-1')
  learn('body of /v1/acknowledgements/{subject}', JSON.stringify({ note: 'known' }))
  learn('run', 'run-1', 'run-2', 'nowhere')
  learn('agent', 'agent-0', 'agent-1')
  learn('task', 'task-0-1', 'task-1-2')
  learn('type', 'tool.*', 'log', '.*')
  const fresh = fleetOf(createDice(8), { producers: 2, runs: 2, events: 20, from: Date.now() - 30_000, name: 'fresh' }).flat()
  learnDoors(learn)
  learn('body of /v1/hooks/claude-code', ...story.map((hook) => JSON.stringify(hook)))
  learn('body', ...fresh.map((event) => JSON.stringify(event)), '{}', '7', 'null')
  return known
}

/** What the doors of other tools' formats take. */
function learnDoors(learn: (name: string, ...values: string[]) => void): void {
  const time = new Date(Date.now() - 30_000).toISOString()
  const cloudEvents = ['log', 'com.example.x'].map((type) => ({
    specversion: '1.0',
    id: type,
    source: '/fuzz',
    type,
    time,
    data: { a: 1 },
  }))
  learn('body of /v1/cloudevents', ...cloudEvents.map((event) => JSON.stringify(event)))
  const status = { state: 'TASK_STATE_WORKING', timestamp: time, message: { messageId: 'm', role: 'ROLE_AGENT', parts: [{ text: 'hi' }] } }
  const notification = { statusUpdate: { taskId: 't', contextId: 'c', status } }
  learn('body of /v1/a2a', JSON.stringify(notification), JSON.stringify([notification, { jsonrpc: '2.0', id: 1, result: {} }]))
  const span = { object: 'trace.span', id: 's', trace_id: 't', started_at: time, ended_at: time, span_data: { type: 'agent', name: 'a' } }
  learn('body of /v1/traces/ingest', JSON.stringify({ data: [{ object: 'trace', id: 't' }, span, 7] }))
  learn('/v1/webhooks/{name}', 'fuzz')
  learn('body of /v1/webhooks/{name}', `{"time":"${time}","kind":"a"}`, `[{"time":"${time}","kind":"b"},7]`, '{}')
}

interface Listed {
  readonly items: readonly { readonly id?: string }[]
  readonly next: string | null
  readonly cursor?: string
}

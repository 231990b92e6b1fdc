/** What the log says of a request that failed, and what it never says. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { startTestApi, type TestApi } from '../api/testing.ts'
import { stopDatabases } from '../store/testing.ts'
import { createKeys } from './auth.ts'
import { createLog } from './log.ts'

const lines: string[] = []
let api: TestApi
let key: string

beforeAll(async () => {
  api = await startTestApi({ SIGNALBOX_COMMIT_TIMEOUT_MS: '200' }, { log: createLog('trace', { write: (line) => lines.push(line) }) })
  key = (await createKeys(api.pool).create('test', ['ingest', 'read'])).key
})
afterAll(async () => {
  await api?.stop()
  await stopDatabases()
})

const headers = () => ({ authorization: `Bearer ${key}` })
const said = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>)

test('a request that failed is one line: method, route, status, code and the id that its sender was told', async () => {
  await api.pool.query('alter table projections rename to elsewhere')
  lines.length = 0
  const response = await fetch(`${api.url}/v1/runs/${'my run'}/calls?limit=7&agent=${key}`, { headers: headers() })
  const { instance } = (await response.json()) as { instance: string }
  await api.pool.query('alter table elsewhere rename to projections')
  expect(response.status).toBe(500)
  const failed = said().filter(({ message }) => message === 'a request failed')
  expect(failed).toMatchObject([
    {
      'log.level': 'error',
      method: 'GET',
      route: '/v1/runs/:id/calls',
      status: 500,
      code: 'INTERNAL',
      reqId: instance,
      err: { code: '42P01' },
    },
  ])
  expect(JSON.stringify(failed)).not.toMatch(/limit|my run/)
})

test('no key is ever logged, wherever it was sent and whatever fails', async () => {
  const event = { source: 's', type: 'log', time: new Date().toISOString(), data: {} }
  const send = (path: string, init: RequestInit = {}) => fetch(`${api.url}${path}`, { ...init, headers: { ...headers(), ...init.headers } })
  const upgrade = (path: string) =>
    new Promise((resolve) => {
      const socket = new WebSocket(`${api.url.replace('http', 'ws')}${path}`, { headers: headers() })
      socket.once('close', resolve).on('error', () => undefined)
      socket.once('open', () => socket.close())
    })
  let rounds = 0
  const everything = async () => {
    rounds += 1
    await send(`/v1/events?key=${key}`, { method: 'POST', body: JSON.stringify(event), headers: { 'content-type': 'application/json' } })
    await send(`/v1/events?key=${key}`, { method: 'POST', body: '{' })
    const sent = { 'content-type': 'application/json', 'idempotency-key': `${key} ${rounds}` }
    await send('/v1/events', { method: 'POST', body: JSON.stringify(event), headers: sent })
    for (const path of ['/v1/agents', '/v1/info', '/nowhere', '/v1/stream', '/v1/poll', '/docs/errors']) {
      const response = await send(`${path}?token=${key}`)
      await response.body?.cancel()
    }
    await send('/v1/agents', { headers: { host: 'elsewhere', 'x-key': key } })
    for (const path of ['/v1/live', '/v1/ingest', '/nowhere']) await upgrade(`${path}?key=${key}`)
  }
  await everything()
  // The tables away: keys are looked up no more, and what needs none fails later.
  await api.pool.query('alter table keys rename to no_keys')
  await everything()
  const other = `${key.slice(0, -8)}00000000`
  await fetch(`${api.url}/v1/agents`, { headers: { authorization: `Bearer ${other}` } })
  await api.pool.query('alter table no_keys rename to keys; alter table heads rename to no_heads')
  await everything()
  await api.pool.query('alter table no_heads rename to heads')
  expect(lines.length).toBeGreaterThan(3)
  const [, id = '', secret = ''] = key.split('_')
  for (const line of lines) {
    expect(line).not.toContain(secret)
    expect(line).not.toContain(id)
    expect(line).not.toMatch(/token=|key=|bearer/i)
  }
})

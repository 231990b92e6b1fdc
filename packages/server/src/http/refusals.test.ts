/** What is refused before or beside a route: always a problem, with a code that tells whose fault it is. */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import pg from 'pg'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { createFakeClock } from '../clock.fake.ts'
import { type Caller, createHttp } from '../http.ts'

const config = {
  host: '127.0.0.1',
  port: 0,
  allowedHosts: '',
  allowedOrigins: '',
  bodyTimeoutMs: 30_000,
  maxBodyBytes: 1 << 20,
  drainMs: 0,
}
const reader: Caller = { tenant: 'default', scopes: new Set(['read']) }

async function served(ask: () => Promise<unknown> = async () => ({}), caller: () => Promise<Caller | undefined> = async () => reader) {
  const http = createHttp({ config, auth: { caller }, log: pino({ level: 'silent' }), clock: createFakeClock(0) })
  http.app.get('/ask/:id', { config: { scope: 'read' } }, ask)
  http.upgrades.on('/socket', 'read', [], () => undefined)
  const url = await http.listen()
  onTestFinished(() => http.stop())
  return { http, url }
}

/** Sends these bytes; what came back. */
async function said(url: string, text: string) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.end(text)
  const chunks = await socket.toArray()
  const [head = '', body = ''] = Buffer.concat(chunks).toString().split('\r\n\r\n')
  return { head: head.toLowerCase(), body: JSON.parse(body) as unknown }
}

test.each([
  ['a path that cannot be decoded', 'GET /ask/%zz HTTP/1.1\r\nHost: localhost\r\n\r\n', 'BAD_REQUEST'],
  ['no Host', 'GET /ask/1 HTTP/1.1\r\nConnection: close\r\n\r\n', 'ORIGIN_REFUSED'],
])('%s gets a problem', async (_name, text, code) => {
  const { url } = await served()
  const { head, body } = await said(url, text)
  expect(head).toContain('content-type: application/problem+json')
  expect(body).toMatchObject({ code, type: `/docs/errors#${code}` })
})

test('a method that a path does not take is refused with those it takes; an unknown path stays unknown', async () => {
  const { url } = await served()
  const asked = async (method: string, path: string, body?: string) => {
    const headers = body === undefined ? {} : { 'content-type': 'text/csv' }
    const response = await fetch(url + path, { method, headers, ...(body === undefined ? {} : { body }) })
    return {
      status: response.status,
      allow: response.headers.get('allow'),
      problem: JSON.parse((await response.text()) || '{}') as unknown,
    }
  }
  const wrong = await asked('DELETE', '/ask/1?x=y')
  expect(wrong).toMatchObject({ status: 405, allow: 'GET, HEAD', problem: { code: 'METHOD_NOT_ALLOWED', status: 405 } })
  expect(wrong.problem).toMatchObject({ detail: '/ask/1 takes GET and HEAD, not DELETE.', type: '/docs/errors#METHOD_NOT_ALLOWED' })
  // Whatever its body is, and also a method that no path takes.
  expect(await asked('PUT', '/ask/1', 'a,b')).toMatchObject({ status: 405, allow: 'GET, HEAD' })
  expect(await asked('PROPFIND', '/ask/1')).toMatchObject({ status: 405, allow: 'GET, HEAD' })
  expect(await asked('OPTIONS', '/ask/1')).toMatchObject({ status: 405, allow: 'GET, HEAD' })
  for (const path of ['/ask', '/ask/1/2', '/ask/'])
    expect(await asked('POST', path)).toMatchObject({ status: 404, allow: null, problem: { code: 'NOT_FOUND' } })
})

/** Listens, and answers nothing. */
async function mute() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as { port: number }).port
}
async function closed() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
async function hangingUp() {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as { port: number }).port
}
const postgresError = (code: string) => Object.assign(new Error('from PostgreSQL'), { code })

test.each([
  ['is not there', closed],
  ['does not answer', mute],
  ['hangs up', hangingUp],
])('a query of a database that %s is no fault of ours: 503, and when to come back', async (_name, port) => {
  const pool = new pg.Pool({ host: '127.0.0.1', port: await port(), user: 'x', database: 'x', connectionTimeoutMillis: 50 })
  onTestFinished(() => pool.end())
  const { url } = await served(() => pool.query('select 1'))
  const response = await fetch(`${url}/ask/1`)
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
  expect(await response.json()).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true })
})

test.each([
  ['57P01', 'STORE_UNAVAILABLE'],
  ['53300', 'STORE_UNAVAILABLE'],
  ['42601', 'INTERNAL'],
])('PostgreSQL’s %s is told as %s', async (sqlState, code) => {
  const { url } = await served(() => Promise.reject(postgresError(sqlState)))
  const text = await (await fetch(`${url}/ask/1`)).text()
  expect(JSON.parse(text)).toMatchObject({ code })
  expect(text).not.toContain('from PostgreSQL')
})

test('an upgrade that is refused for now is told when to come back', async () => {
  const { url } = await served(undefined, () => Promise.reject(new Error('the database is away')))
  const socket = new WebSocket(`${url.replace('http', 'ws')}/socket`)
  const [, response] = await once(socket, 'unexpected-response')
  expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '1'])
  response.destroy()
})

test('who has no key is told what to send, over HTTP and for a WebSocket', async () => {
  const { url } = await served(undefined, async () => undefined)
  expect((await fetch(`${url}/ask/1`)).headers.get('www-authenticate')).toBe('Bearer')
  const [, response] = await once(new WebSocket(`${url.replace('http', 'ws')}/socket`), 'unexpected-response')
  expect([response.statusCode, response.headers['www-authenticate']]).toEqual([401, 'Bearer'])
  response.destroy()
})

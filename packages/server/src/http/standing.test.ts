import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { createConnection } from 'node:net'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { createFakeClock } from '../clock.fake.ts'
import { type Caller, createHttp } from '../http.ts'

/** A server with an open-ended answer and a WebSocket, both for the scope "read", and a key that can be changed. */
async function guarded(first: Caller | undefined) {
  const clock = createFakeClock(0)
  const key = { caller: first, asked: 0, fault: undefined as Error | undefined }
  const http = createHttp({
    config: { host: '127.0.0.1', port: 0, allowedHosts: '', allowedOrigins: '', bodyTimeoutMs: 30_000, maxBodyBytes: 1 << 20, drainMs: 0 },
    auth: {
      async caller() {
        key.asked += 1
        if (key.fault !== undefined) throw key.fault
        return key.caller
      },
    },
    log: pino({ level: 'silent' }),
    clock,
  })
  http.app.get('/stream', { config: { scope: 'read' } }, (_request, reply) => {
    reply.hijack()
    reply.raw.writeHead(200).write('open\n')
  })
  http.upgrades.on('/socket', 'read', [], () => undefined)
  const url = await http.listen()
  onTestFinished(() => http.stop())
  const socket = new WebSocket(`${url.replace('http', 'ws')}/socket`)
  await once(socket, 'open')
  const stream = (await fetch(`${url}/stream`)).body?.getReader()
  await stream?.read()
  return { clock, key, socket, stream }
}
const reader: Caller = { tenant: 'default', scopes: new Set(['read']), keyId: 'k1' }

test.for([
  ['revoked', undefined],
  ['without the scope now', { ...reader, scopes: new Set(['ingest'] as const) }],
] as const)('a key that is %s ends the sockets and streams that it opened', async ([_, then]) => {
  const { clock, key, socket, stream } = await guarded(reader)
  key.caller = then
  clock.advance(5_000)
  const [code] = await once(socket, 'close')
  expect(code).toBe(4001)
  await expect(stream?.read()).rejects.toThrow()
})

test('a key that still holds, or cannot be asked for, keeps what it opened', async () => {
  const { clock, key, socket, stream } = await guarded(reader)
  /** A check that waited for its answer sets the next one a turn later. */
  const afterChecks = <T>(look: () => T) =>
    expect.poll(() => {
      clock.advance(5_000)
      return look()
    })
  key.fault = new Error('the database is away')
  await afterChecks(() => key.asked).toBeGreaterThan(2)
  key.fault = undefined
  const before = key.asked
  await afterChecks(() => key.asked).toBeGreaterThanOrEqual(before + 2)
  expect(socket.readyState).toBe(WebSocket.OPEN)
  key.caller = undefined
  await afterChecks(() => socket.readyState).toBeGreaterThan(WebSocket.OPEN)
  await expect(stream?.read()).rejects.toThrow()
})

test('who came without a key is not asked again', async () => {
  const { clock, key, socket } = await guarded({ tenant: 'default', scopes: new Set(['read']) })
  clock.advance(60_000)
  expect(key.asked).toBe(2)
  expect(socket.readyState).toBe(WebSocket.OPEN)
})

test('who left while its key was looked up is not asked about again', async () => {
  const clock = createFakeClock(0)
  const { promise: gate, resolve: open } = Promise.withResolvers<void>()
  let asked = 0
  const http = createHttp({
    config: { host: '127.0.0.1', port: 0, allowedHosts: '', allowedOrigins: '', bodyTimeoutMs: 30_000, maxBodyBytes: 1 << 20, drainMs: 0 },
    auth: {
      async caller() {
        asked += 1
        await gate
        return reader
      },
    },
    log: pino({ level: 'silent' }),
    clock,
  })
  http.app.get('/stream', { config: { scope: 'read' } }, (_request, reply) => reply.hijack())
  const url = await http.listen()
  onTestFinished(() => http.stop())
  const request = once(http.app.server, 'request')
  const socket = createConnection(Number(new URL(url).port), '127.0.0.1')
  socket.write('GET /stream HTTP/1.1\r\nhost: localhost\r\n\r\n')
  const [{ socket: theirs }] = (await request) as [IncomingMessage]
  socket.destroy()
  await once(theirs, 'close')
  open()
  for (let turn = 0; turn < 20; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(5_000)
  }
  expect(asked).toBe(1)
})

/** A WebSocket whose key comes in its first frame: as good as one in a header, and no way in for anybody else. */
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { codecs } from '@signalbox/model/codecs/codec.ts'
import { closeCodes, type ServerFrame } from '@signalbox/model/live.ts'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createFakeClock } from '../clock.fake.ts'
import type { Caller } from '../http.ts'
import { after } from '../sequencer/testing.ts'
import { createTestLog } from './log.fake.ts'
import { type LiveServer, serve } from './testing.ts'

const reader = (tenant: string): Caller => ({ tenant, scopes: new Set(['read']), keyId: tenant })

/** A server that asks for a key: "red" and "blue" read, each what is of its tenant; "sender" may not. Time stands still. */
async function keyed(options: { readonly mostWaiting?: number; readonly isLocal?: boolean } = {}) {
  const clock = createFakeClock(1_700_000_000_000)
  const log = createTestLog({ partitions: 1 })
  const keys = new Map([
    ['red', reader('red')],
    ['blue', reader('blue')],
    ['sender', { ...reader('red'), scopes: new Set(['ingest'] as const) }],
  ])
  let isAway = false
  let answers = Promise.resolve()
  const server = await serve(log, {
    clock,
    ...(options.mostWaiting === undefined ? {} : { mostWaiting: options.mostWaiting }),
    async callerOf(key) {
      if (isAway) throw new Error('the database is away')
      if (key === undefined) return options.isLocal === true ? { tenant: 'default', scopes: new Set(['read']) } : undefined
      await answers
      return keys.get(key)
    },
  })
  const refused = async () =>
    Object.fromEntries((await server.metrics.liveKeysRefused.get()).values.map(({ labels, value }) => [labels.code, value]))
  const seats = async () => (await server.metrics.liveClients.get()).values.reduce((sum, { value }) => sum + value, 0)
  return {
    server,
    clock,
    log,
    keys,
    refused,
    seats,
    away: (now: boolean) => {
      isAway = now
    },
    /** From now on keys are looked up when it says so. */
    holdAnswers() {
      const { promise, resolve } = Promise.withResolvers<void>()
      answers = promise
      return resolve
    },
  }
}

async function connect(server: LiveServer, { query = '', headers = {}, protocol = 'signalbox.json' } = {}) {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v1/live${query}`, [protocol], { headers })
  after(() => socket.terminate())
  const frames: ServerFrame[] = []
  socket.on('message', (data: Buffer, isBinary) => {
    const codec = Object.values(codecs).find(({ subprotocol }) => subprotocol === protocol) ?? codecs.json
    frames.push(codec.decode(isBinary ? data : String(data)))
  })
  const closed = once(socket, 'close').then(([code, reason]) => [code, String(reason)])
  await once(socket, 'open')
  return {
    socket,
    frames,
    closed,
    kinds: () => frames.map(({ kind }) => kind),
    send: (frame: unknown) => socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame)),
    /** What was sent before is known to the server, and what it answered to it is here. */
    roundTrip: () => new Promise((resolve) => socket.once('pong', resolve).ping()),
  }
}
const auth = (key: string) => ({ kind: 'auth', key })
const everything = { kind: 'subscribe', ref: 'all', feed: 'events', from: 'start' }
const told = (frames: readonly ServerFrame[]) =>
  frames.flatMap((frame) => (frame.kind === 'events' ? frame.items.map(({ type }) => type) : []))

test.each(Object.values(codecs))('with its key in the first frame a socket is welcome, in $name', async ({ subprotocol }) => {
  const { server, refused } = await keyed()
  const client = await connect(server, { protocol: subprotocol })
  client.send(auth('red'))
  await expect.poll(client.kinds).toEqual(['welcome'])
  client.send(everything)
  await expect.poll(client.kinds).toEqual(['welcome', 'subscribed'])
  expect(await refused()).toEqual({})
})

test('it reads what its key may read, and nothing of another tenant', async () => {
  const { server, log } = await keyed()
  const [red, blue] = [await connect(server), await connect(server)]
  red.send(auth('red'))
  blue.send(auth('blue'))
  for (const client of [red, blue]) {
    await expect.poll(client.kinds).toEqual(['welcome'])
    client.send(everything)
    await expect.poll(client.kinds).toEqual(['welcome', 'subscribed'])
  }
  log.commit(0, [
    { type: 'of.red', tenant: 'red' },
    { type: 'of.blue', tenant: 'blue' },
  ])
  await expect.poll(() => [told(red.frames), told(blue.frames)]).toEqual([['of.red'], ['of.blue']])
})

test('before its key it has no seat and is told nothing; a feed of its address begins with the key', async () => {
  const { server, log, seats } = await keyed()
  const client = await connect(server, { query: '?feed=events&from=start' })
  log.commit(0, [{ type: 'early', tenant: 'red' }])
  await client.roundTrip()
  expect([await seats(), client.frames]).toEqual([0, []])
  client.send(auth('red'))
  await expect.poll(() => told(client.frames)).toEqual(['early'])
  expect([await seats(), client.kinds().slice(0, 2)]).toEqual([1, ['welcome', 'subscribed']])
})

test.each([
  ['a wrong key', auth('green'), 'UNAUTHENTICATED', closeCodes.unauthenticated],
  ['a key that may not read', auth('sender'), 'FORBIDDEN', closeCodes.unauthenticated],
  ['another frame than auth', everything, 'UNAUTHENTICATED', closeCodes.unauthenticated],
  ['no JSON', '{', 'BAD_REQUEST', closeCodes.protocol],
  ['a key that is no text', { kind: 'auth', key: 7 }, 'BAD_REQUEST', closeCodes.protocol],
])('%s is refused with its code, counted, and gives its place back', async (_name, frame, code, closeCode) => {
  const { server, refused, seats } = await keyed({ mostWaiting: 1 })
  const client = await connect(server)
  client.send(frame)
  expect(await client.closed).toEqual([closeCode, code])
  expect(client.frames).toMatchObject([{ kind: 'error', code }])
  expect(JSON.stringify(client.frames)).not.toContain('green')
  expect([await refused(), await seats()]).toEqual([{ [code]: 1 }, 0])
  const next = await connect(server)
  next.send(auth('red'))
  await expect.poll(next.kinds).toEqual(['welcome'])
})

test('who says nothing is sent away after five seconds', async () => {
  const { server, clock, refused } = await keyed()
  const client = await connect(server)
  clock.advance(4_999)
  await client.roundTrip()
  expect(client.frames).toEqual([])
  clock.advance(1)
  expect(await client.closed).toEqual([closeCodes.protocol, 'BODY_TIMEOUT'])
  expect([client.kinds(), await refused()]).toEqual([['error'], { BODY_TIMEOUT: 1 }])
})

test('who was let in is not asked again, and stays', async () => {
  const { server, clock } = await keyed()
  const client = await connect(server)
  client.send(auth('red'))
  await expect.poll(client.kinds).toEqual(['welcome'])
  clock.advance(15_000)
  await client.roundTrip()
  expect(client.socket.readyState).toBe(WebSocket.OPEN)
  client.send(auth('blue'))
  expect(await client.closed).toEqual([closeCodes.protocol, 'BAD_REQUEST'])
})

test('what is said between the key and the answer is neither held nor done', async () => {
  const { server, holdAnswers } = await keyed()
  const answer = holdAnswers()
  const client = await connect(server)
  client.send(auth('red'))
  client.send(everything)
  expect(await client.closed).toEqual([closeCodes.protocol, 'BAD_REQUEST'])
  answer()
  expect(client.kinds()).toEqual(['error'])
})

test('a look at the key that takes too long is not waited for', async () => {
  const { server, clock, holdAnswers, seats } = await keyed()
  const answer = holdAnswers()
  const client = await connect(server)
  client.send(auth('red'))
  await client.roundTrip()
  clock.advance(5_000)
  expect(await client.closed).toEqual([closeCodes.tryLater, 'STORE_UNAVAILABLE'])
  answer()
  expect([client.kinds(), await seats()]).toEqual([['error'], 0])
})

test('more bytes than a key has are not held', async () => {
  const { server } = await keyed()
  const client = await connect(server)
  client.socket.send('x'.repeat(10_000), { fin: false })
  expect((await client.closed)[0]).toBe(1006)
})

test('silent ones fill their own room alone: the next is refused for now and counted, and readers of every transport go on', async () => {
  const { server, clock, log, refused } = await keyed({ mostWaiting: 3 })
  const headers = { authorization: 'Bearer red' }
  const before = await connect(server, { query: '?feed=events', headers })
  const silent = await Promise.all([1, 2, 3].map(() => connect(server)))
  const next = new WebSocket(`${server.url.replace('http', 'ws')}/v1/live`)
  const [, response] = await once(next, 'unexpected-response')
  expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '5'])
  response.destroy()
  const late = await connect(server, { query: '?feed=events', headers })
  const stream = await fetch(`${server.url}/v1/stream?feed=events`, { headers })
  expect(stream.status).toBe(200)
  await stream.body?.cancel()
  await expect.poll(() => [before.kinds(), late.kinds()]).toEqual([['subscribed'], ['subscribed']])
  log.commit(0, [{ type: 'log', tenant: 'red' }])
  await expect.poll(() => [told(before.frames), told(late.frames)]).toEqual([['log'], ['log']])
  expect(await refused()).toEqual({ TOO_MANY_CONNECTIONS: 1 })
  clock.advance(5_000)
  for (const { closed } of silent) await closed
  const welcome = await connect(server)
  welcome.send(auth('red'))
  await expect.poll(welcome.kinds).toEqual(['welcome'])
})

test('a silent one that does not answer the close either gives its place back', async () => {
  const { server, clock } = await keyed({ mostWaiting: 1 })
  const { port, hostname } = new URL(server.url)
  const mute = createConnection({ port: Number(port), host: hostname })
  after(() => void mute.destroy())
  mute.write(
    `GET /v1/live HTTP/1.1\r\nhost: ${hostname}:${port}\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
  )
  await once(mute, 'readable')
  const gone = once(mute, 'close')
  mute.resume()
  clock.advance(5_000)
  clock.advance(1_000)
  await gone
  const next = await connect(server)
  next.send(auth('red'))
  await expect.poll(next.kinds).toEqual(['welcome'])
})

test('a revoked key ends its socket as it ends others', async () => {
  const { server, clock, keys } = await keyed()
  const late = await connect(server)
  late.send(auth('red'))
  await expect.poll(late.kinds).toEqual(['welcome'])
  const other = await connect(server)
  other.send(auth('blue'))
  await expect.poll(other.kinds).toEqual(['welcome'])
  keys.delete('red')
  clock.advance(5_000)
  expect(await late.closed).toEqual([closeCodes.unauthenticated, 'UNAUTHENTICATED'])
  await other.roundTrip()
  expect(other.socket.readyState).toBe(WebSocket.OPEN)
})

test('while the database is away a key is asked to come later, not told to be wrong', async () => {
  const { server, away, refused } = await keyed()
  const client = await connect(server)
  away(true)
  client.send(auth('red'))
  expect(await client.closed).toEqual([closeCodes.tryLater, 'STORE_UNAVAILABLE'])
  expect(await refused()).toEqual({ STORE_UNAVAILABLE: 1 })
})

test('a stop sends away who waits', async () => {
  const { server } = await keyed()
  const client = await connect(server)
  server.drain()
  expect(await client.closed).toEqual([closeCodes.restart, 'DRAINING'])
})

test('a wrong key in the header is refused before the upgrade, whatever a frame would say', async () => {
  const { server } = await keyed()
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v1/live`, { headers: { authorization: 'Bearer green' } })
  const [, response] = await once(socket, 'unexpected-response')
  expect(response.statusCode).toBe(401)
  response.destroy()
})

test.each([
  ['Origin', { origin: 'https://elsewhere.test' }],
  ['Host', { host: 'elsewhere.test' }],
])('a foreign %s is refused, also to say a key', async (_name, headers) => {
  const { server } = await keyed()
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v1/live`, { headers })
  const [, response] = await once(socket, 'unexpected-response')
  expect(response.statusCode).toBe(403)
  response.destroy()
})

test('where none is needed a key that is given counts all the same', async () => {
  const { server, log, clock, keys, refused } = await keyed({ isLocal: true })
  const client = await connect(server)
  client.send(auth('red'))
  await expect.poll(client.kinds).toEqual(['welcome'])
  client.send(everything)
  log.commit(0, [
    { type: 'of.red', tenant: 'red' },
    { type: 'of.default', tenant: 'default' },
  ])
  await expect.poll(() => told(client.frames)).toEqual(['of.red'])
  keys.delete('red')
  clock.advance(5_000)
  expect(await client.closed).toEqual([closeCodes.unauthenticated, 'UNAUTHENTICATED'])
  const wrong = await connect(server)
  wrong.send(auth('green'))
  expect(await wrong.closed).toEqual([closeCodes.unauthenticated, 'UNAUTHENTICATED'])
  const late = await connect(server, { query: '?feed=events' })
  late.send(auth('red'))
  expect(await late.closed).toEqual([closeCodes.protocol, 'BAD_REQUEST'])
  expect(await refused()).toEqual({ UNAUTHENTICATED: 1 })
})

test('who asks for no WebSocket is told that it is one', async () => {
  const { server } = await keyed()
  const response = await fetch(`${server.url}/v1/live?feed=events`)
  expect([response.status, response.headers.get('upgrade'), await response.json()]).toMatchObject([
    426,
    'websocket',
    { code: 'UPGRADE_REQUIRED', detail: expect.stringContaining('/v1/live is a WebSocket') },
  ])
})

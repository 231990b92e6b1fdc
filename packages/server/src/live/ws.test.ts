import { once } from 'node:events'
import { createConnection } from 'node:net'
import { codecs } from '@signalbox/model/codecs/codec.ts'
import { closeCodes, type ServerFrame } from '@signalbox/model/live.ts'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createFakeClock } from '../clock.fake.ts'
import { after } from '../sequencer/testing.ts'
import { webSocketFrame } from './frames.ts'
import { createTestLog } from './log.fake.ts'
import { type LiveServer, serve } from './testing.ts'

interface Client {
  readonly socket: WebSocket
  readonly frames: ServerFrame[]
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  send(frame: unknown): void
  until(is: (frames: readonly ServerFrame[]) => boolean): Promise<void>
}

async function connect(server: LiveServer, query = '', options: { autoPong?: boolean } = {}): Promise<Client> {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v1/live${query}`, ['signalbox.json'], options)
  const frames: ServerFrame[] = []
  const looks = new Set<() => void>()
  socket.on('message', (data) => {
    frames.push(JSON.parse(String(data)) as ServerFrame)
    for (const look of looks) look()
  })
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.once('close', (code, reason) => resolve({ code, reason: String(reason) })),
  )
  after(() => socket.terminate())
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  return {
    socket,
    frames,
    closed,
    send: (frame) => socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame)),
    until: (is) =>
      new Promise((resolve) => {
        const look = () => {
          if (is(frames)) resolve()
        }
        looks.add(look)
        look()
      }),
  }
}

const itemsOf = (frames: readonly ServerFrame[], sub?: string) =>
  frames.flatMap((frame) => (frame.kind === 'events' && (sub === undefined || frame.sub === sub) ? frame.items : []))
const subsOf = (frames: readonly ServerFrame[]) =>
  Object.fromEntries(frames.flatMap((frame) => (frame.kind === 'subscribed' ? [[frame.ref, frame.sub]] : [])))

test('one socket carries several feeds, each until it is unsubscribed', async () => {
  const log = createTestLog()
  const client = await connect(await serve(log), '?feed=events&type=log')
  client.send({ kind: 'subscribe', ref: 'tools', feed: 'events', filter: { type: ['tool.*'] } })
  client.send({ kind: 'subscribe', ref: 'fleet', feed: 'state' })
  await client.until(
    (frames) => frames.some((frame) => frame.kind === 'snapshot') && frames.filter(({ kind }) => kind === 'subscribed').length === 3,
  )
  const subs = subsOf(client.frames)
  expect(Object.keys(subs).sort()).toEqual(['fleet', 'tools', 'url'])
  log.commit(0, [{ type: 'log' }, { type: 'tool.started', agent: 'a' }])
  await client.until((frames) => itemsOf(frames).length === 2 && frames.some(({ kind }) => kind === 'delta'))
  expect(itemsOf(client.frames, subs.tools).map(({ type }) => type)).toEqual(['tool.started'])
  client.send({ kind: 'unsubscribe', sub: subs.tools })
  client.send({ kind: 'subscribe', ref: 'again', feed: 'events', filter: { type: ['log'] } })
  await client.until((frames) => frames.some(({ kind }) => kind === 'error'))
  expect(client.frames.at(-1)).toMatchObject({ kind: 'error', ref: 'again', code: 'BAD_REQUEST' })
  log.commit(0, [{ type: 'tool.finished' }, { type: 'log' }])
  await client.until((frames) => itemsOf(frames).length === 3)
  expect(itemsOf(client.frames).map(({ type }) => type)).toEqual(['log', 'tool.started', 'log'])
})

test('a subscription starts where its cursor says; one that is none of ours is refused and the socket stays', async () => {
  const log = createTestLog()
  const server = await serve(log)
  log.commit(0, [{ type: 'log' }])
  const cursor = server.hub.cursor()
  log.commit(0, [{ type: 'log' }])
  const client = await connect(server)
  client.send({ kind: 'subscribe', ref: 'bad', feed: 'events', cursor: 'none of yours' })
  client.send({ kind: 'subscribe', ref: 'good', feed: 'events', cursor })
  await client.until((frames) => itemsOf(frames).length === 1)
  expect(client.frames[0]).toMatchObject({ kind: 'error', ref: 'bad', code: 'BAD_CURSOR' })
  expect(client.frames.slice(1)).toMatchObject([
    { kind: 'subscribed', ref: 'good', cursor },
    { kind: 'events', from: cursor },
  ])
  const whole = await connect(server)
  whole.send({ kind: 'subscribe', ref: 'all', feed: 'events', from: 'start' })
  await whole.until((frames) => itemsOf(frames).length === 2)
})

test.each([
  ['not JSON', '{'],
  ['an array', '[]'],
  ['nothing', 'null'],
  ['an unknown kind', { kind: 'shout' }],
  ['no ref', { kind: 'subscribe', feed: 'events' }],
  ['a negative credit', { kind: 'ack', bytes: -1 }],
  ['a large frame', JSON.stringify({ kind: 'ping', more: 'x'.repeat(300_000) })],
])('%s is a protocol error with a code', async (_name, frame) => {
  const client = await connect(await serve(createTestLog()))
  client.send(frame)
  expect(await client.closed).toEqual({ code: closeCodes.protocol, reason: 'BAD_REQUEST' })
  expect(client.frames).toMatchObject([{ kind: 'error', code: 'BAD_REQUEST' }])
})

test.each([
  ['a feed that is none', { feed: 'news' }],
  ['a filter that is no object', { feed: 'events', filter: 'run=a' }],
  ['a filter with a value that is no list', { feed: 'events', filter: { run: 'one' } }],
  ['a filter with an empty text', { feed: 'state', filter: { agent: [''] } }],
  ['a filter with a text that no name can be', { feed: 'state', filter: { run: ['a\u0000'] } }],
  ['a filter by what there is not', { feed: 'events', filter: { runs: ['one'] } }],
  ['a filter of too many', { feed: 'events', filter: { task: Array.from({ length: 101 }, (_, n) => `t${n}`) } }],
  ['a cursor that is no text', { feed: 'events', cursor: 7 }],
  ['a start that is none', { feed: 'events', from: 'middle' }],
])('%s refuses that subscription by its ref, and the others of the socket go on', async (_name, wanted) => {
  const log = createTestLog()
  const client = await connect(await serve(log), '?feed=events')
  client.send({ kind: 'subscribe', ref: 'wrong', ...wanted })
  await client.until((frames) => frames.some(({ kind }) => kind === 'error'))
  expect(client.frames.at(-1)).toMatchObject({ kind: 'error', ref: 'wrong', code: 'BAD_REQUEST' })
  log.commit(0, [{ type: 'log' }])
  await client.until((frames) => itemsOf(frames).length === 1)
})

test.each([
  ['feed=news', 'feed'],
  ['feed=events&run=', 'run'],
  ['feed=state&run=%00', 'run'],
  ['feed=events&runs=a', 'runs'],
  ['feed=events&from=middle', 'from'],
  ['feed=events&cursor=none of yours', 'cursor'],
])('a wrong %s is refused alike on every transport', async (query, name) => {
  const server = await serve(createTestLog())
  const code = name === 'cursor' ? 'BAD_CURSOR' : 'BAD_REQUEST'
  for (const path of ['stream', 'poll']) {
    const response = await fetch(`${server.url}/v1/${path}?${query}`)
    expect([response.status, await response.json()]).toMatchObject([400, { code, detail: expect.stringContaining(name) }])
  }
  const client = await connect(server, `?${query}`)
  await client.until((frames) => frames.length > 0)
  expect(client.frames).toMatchObject([{ kind: 'error', ref: 'url', code }])
  expect(client.socket.readyState).toBe(WebSocket.OPEN)
})

test('who subscribes wrongly without end and does not read is closed, not owed answers without bound', async () => {
  const clock = createFakeClock(1_700_000_000_000)
  const server = await serve(createTestLog(), { clock, config: { heartbeatMs: 1e9 } })
  const client = await connect(server)
  client.socket.pause()
  const wrong = JSON.stringify({ kind: 'subscribe', ref: 'r'.repeat(1_400), feed: 'news' })
  const seats = async () => (await server.metrics.liveClients.get()).values.reduce((sum, { value }) => sum + value, 0)
  // More than the kernel's buffers of both ends hold.
  for (let sent = 0; sent < 40_000 && (await seats()) > 0; sent += 100) {
    for (let i = 0; i < 100; i += 1) client.socket.send(wrong)
    // Both ends are in this process: the server reads between two turns.
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(100)
  }
  expect(await seats()).toBe(0)
})

test('with a credit window no more than it is sent unacknowledged, plus one frame', async () => {
  const log = createTestLog({ partitions: 1 })
  const server = await serve(log)
  const client = await connect(server, '?feed=events&credit=5000')
  await client.until((frames) => frames.length === 1)
  for (let i = 0; i < 100; i += 1) log.commit(0, [{ type: 'log', data: { i, text: 'x'.repeat(1_000) } }])
  let bytes = 0
  client.socket.on('message', (data) => {
    bytes += Buffer.byteLength(String(data))
  })
  await client.until((frames) => itemsOf(frames).length > 0)
  const roundTrip = () => new Promise((resolve) => client.socket.once('pong', resolve).ping())
  for (let i = 0; i < 5; i += 1) await roundTrip()
  expect(bytes).toBeLessThan(5_000 + 256 * 1024)
  const before = itemsOf(client.frames).length
  log.commit(0, [{ type: 'log' }])
  for (let i = 0; i < 5; i += 1) await roundTrip()
  expect(itemsOf(client.frames)).toHaveLength(before)
  client.send({ kind: 'ack', bytes: 10_000_000 })
  await client.until((frames) => itemsOf(frames).length === 101)
  expect(itemsOf(client.frames).map(({ position }) => position)).toEqual(Array.from({ length: 101 }, (_, i) => i + 1))
})

test('a client that never reads is closed with its code, its socket holds a bounded number of bytes, and others get everything', async () => {
  const log = createTestLog({ partitions: 1 })
  const clock = createFakeClock(1_700_000_000_000)
  const server = await serve(log, { clock, config: { slowCloseMs: 20_000, heartbeatMs: 1e9 } })
  const quick = await connect(server, '?feed=events')
  const stuck = await connect(server, '?feed=events')
  await quick.until((frames) => frames.length === 1)
  await stuck.until((frames) => frames.length === 1)
  stuck.socket.pause()
  const text = 'x'.repeat(20_000)
  // More than the kernel's buffers of both ends hold.
  for (let i = 0; i < 40; i += 1) {
    log.commit(
      0,
      Array.from({ length: 20 }, () => ({ type: 'log', data: { text } })),
    )
    const arrived = quick.until((frames) => itemsOf(frames).length === 20 * (i + 1))
    clock.advance(300)
    await arrived
  }
  expect(itemsOf(quick.frames).map(({ position }) => position)).toEqual(Array.from({ length: 800 }, (_, i) => i + 1))
  for (let i = 0; i < 30; i += 1) {
    clock.advance(1_000)
    await new Promise((resolve) => quick.socket.once('pong', resolve).ping())
  }
  expect((await server.metrics.slowCloses.get()).values[0]?.value).toBe(1)
  clock.advance(10_000)
  stuck.socket.resume()
  const { code } = await stuck.closed
  expect([closeCodes.slowConsumer, 1006]).toContain(code)
})

test('the subscriptions of a client that never reads share one bound, and it is closed and counted once', async () => {
  const log = createTestLog({ partitions: 1 })
  const clock = createFakeClock(1_700_000_000_000)
  const server = await serve(log, { clock, config: { slowCloseMs: 20_000, heartbeatMs: 1e9, ringBytes: 4 << 20 } })
  let unsentBytes = () => 0
  server.http.once('upgrade', (_request, socket) => {
    unsentBytes = () => socket.writableLength
  })
  const stuck = await connect(server)
  const quick = await connect(server, '?feed=events')
  await quick.until((frames) => frames.length === 1)
  // Half of it only in the store.
  const text = 'x'.repeat(20_000)
  for (let i = 0; i < 20; i += 1)
    log.commit(
      0,
      Array.from({ length: 20 }, () => ({ type: 'log', data: { text } })),
    )
  await quick.until((frames) => itemsOf(frames).length === 400)
  stuck.socket.pause()
  for (let n = 0; n < 60; n += 1)
    stuck.send({ kind: 'subscribe', ref: String(n), feed: 'events', filter: { type: ['log', `other-${n}`] }, from: 'start' })
  let most = 0
  for (let i = 0; i < 300; i += 1) {
    await new Promise((resolve) => quick.socket.once('pong', resolve).ping())
    most = Math.max(most, unsentBytes())
  }
  expect(most).toBeGreaterThan(64 * 1024)
  // What fills it, and a page of each read of the store that was under way.
  expect(most).toBeLessThan(64 * 1024 + 5 * 300 * 1024)
  for (let i = 0; i < 30; i += 1) {
    clock.advance(1_000)
    await new Promise((resolve) => quick.socket.once('pong', resolve).ping())
  }
  expect((await server.metrics.slowCloses.get()).values[0]?.value).toBe(1)
})

test('a peer that went away without a word is found by its silence, one that answers is kept', async () => {
  const clock = createFakeClock(1_700_000_000_000)
  const server = await serve(createTestLog(), { clock, config: { heartbeatMs: 20_000 } })
  const dead = await connect(server, '', { autoPong: false })
  const alive = await connect(server)
  const answered = () => new Promise((resolve) => alive.socket.once('pong', resolve).ping())
  const gone = dead.closed
  for (let second = 0; second < 44; second += 4) {
    clock.advance(4_000)
    await answered()
  }
  expect(dead.socket.readyState).toBe(WebSocket.OPEN)
  clock.advance(1_000)
  expect((await gone).code).toBe(1006)
  await answered()
  expect(alive.socket.readyState).toBe(WebSocket.OPEN)
})

test('past the most connections the next is asked to try later, and a seat given back is taken', async () => {
  const server = await serve(createTestLog(), { config: { maxConnections: 1 } })
  const first = await connect(server)
  const second = await connect(server)
  expect(await second.closed).toEqual({ code: closeCodes.tryLater, reason: 'TOO_MANY_CONNECTIONS' })
  const refused = await fetch(`${server.url}/v1/stream`)
  expect([refused.status, await refused.json()]).toMatchObject([503, { code: 'TOO_MANY_CONNECTIONS' }])
  first.socket.close()
  await first.closed
  const third = await connect(server, '?feed=events')
  await third.until((frames) => frames.length === 1)
})

test('one that is not let in and breaks the protocol harms nobody', async () => {
  const server = await serve(createTestLog(), { config: { maxConnections: 0 } })
  const { port, hostname } = new URL(server.url)
  const socket = createConnection({ port: Number(port), host: hostname })
  const closed = once(socket, 'close')
  socket.resume()
  const hello = `GET /v1/live HTTP/1.1\r\nhost: ${hostname}:${port}\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`
  socket.write(Buffer.concat([Buffer.from(hello), Buffer.from([0xff, 0xff, 0xff, 0xff])]))
  await closed
  expect((await fetch(`${server.url}/v1/poll?feed=news`)).status).toBe(400)
})

test('a drain says goaway with a time to come back, then closes with 1012', async () => {
  const server = await serve(createTestLog())
  const client = await connect(server)
  const stream = await fetch(`${server.url}/v1/stream?feed=events`)
  const poll = fetch(`${server.url}/v1/poll?feed=events&wait=60&cursor=${server.hub.cursor()}`)
  await stream.body?.getReader().read()
  const seats = async () => (await server.metrics.liveClients.get()).values.reduce((sum, { value }) => sum + value, 0)
  while ((await seats()) < 3) await new Promise((resolve) => setImmediate(resolve))
  server.hub.drain()
  expect(await client.closed).toEqual({ code: closeCodes.restart, reason: 'DRAINING' })
  expect(client.frames).toMatchObject([{ kind: 'goaway', reason: 'drain', reconnectInMs: [500, 5_000] }])
  expect(await (await poll).json()).toEqual({ frames: [], cursor: server.hub.cursor() })
})

test.each([1, 125, 126, 65_535, 65_536])('a finished frame of %i bytes is what a WebSocket client reads', async (length) => {
  const server = await serve(createTestLog())
  const { socket } = await connect(server)
  const text = '1'.repeat(length)
  const message = new Promise((resolve) => socket.once('message', (data) => resolve(String(data))))
  // The client's own parser is given the bytes as if they had come from the server.
  ;(socket as unknown as { _socket: NodeJS.EventEmitter })._socket.emit('data', webSocketFrame(text))
  expect(await message).toBe(text)
})

test.each(Object.values(codecs))('a feed in $name says what JSON says', async (codec) => {
  const log = createTestLog()
  const server = await serve(log)
  const plain = await connect(server, '?feed=events')
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v1/live?feed=events`, [codec.subprotocol])
  after(() => socket.terminate())
  const frames: ServerFrame[] = []
  let wake = () => {}
  socket.on('message', (bytes: Buffer, isBinary) => {
    expect(isBinary).toBe(codec.name !== 'json')
    frames.push(codec.decode(isBinary ? bytes : String(bytes)))
    wake()
  })
  const until = async (count: number) => {
    while (frames.length < count) {
      await new Promise<void>((resume) => {
        wake = resume
      })
    }
  }
  await until(1)
  await plain.until((seen) => seen.length === 1)
  log.commit(0, [{}, {}, {}])
  await until(2)
  await plain.until((seen) => seen.length === 2)
  expect(itemsOf(frames)).toEqual(itemsOf(plain.frames))
  expect(itemsOf(frames)).toHaveLength(3)
})

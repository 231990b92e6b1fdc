/** A feed's key goes in the first frame of its WebSocket, and nowhere else; a server that knows no such frame is read another way. */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ClientFrame, ServerFrame } from '@signalbox/model/live.ts'
import { afterEach, expect, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { type FeedOptions, openFeed } from './feed.ts'
import { sseBlock } from './testing.ts'

const key = 'sbx_00_secret_00'
const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** Does with each frame as the test says; streams a heartbeat to who asks with the key. */
async function server(onFrame: (frame: ClientFrame, say: (frame: ServerFrame) => void, socket: WebSocket) => void, upgrades = true) {
  const asked: ClientFrame[] = []
  const requests: IncomingMessage[] = []
  const http = createServer((request, response) => {
    requests.push(request)
    if (request.headers.authorization !== `Bearer ${key}`) return void response.writeHead(401).end()
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(sseBlock({ kind: 'heartbeat', sub: '', from: 'c0', cursor: 'c0', serverTime: 0 }))
  })
  const sockets = new WebSocketServer({ noServer: true })
  http.on('upgrade', (request, raw, head) => {
    requests.push(request)
    if (!upgrades) return void raw.end('HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n')
    sockets.handleUpgrade(request, raw, head, (socket) =>
      socket.on('message', (bytes) => {
        const frame = JSON.parse(String(bytes)) as ClientFrame
        asked.push(frame)
        onFrame(frame, (answer) => socket.send(JSON.stringify(answer)), socket)
      }),
    )
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  ends.push(() => {
    for (const socket of sockets.clients) socket.terminate()
    http.closeAllConnections()
    http.close()
  })
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, asked, requests }
}

function open(options: Omit<FeedOptions, 'onFrame' | 'key'>) {
  const refusals: string[] = []
  const feed = openFeed({ key, ...options, onFrame() {}, onRefused: ({ code }) => refusals.push(code) })
  ends.push(feed.close)
  return { feed, refusals, shown: () => `${feed.status().state} ${feed.status().transport}` }
}
const accept = (frame: ClientFrame, say: (frame: ServerFrame) => void) => {
  if (frame.kind === 'auth') say({ kind: 'welcome' })
  if (frame.kind === 'subscribe') say({ kind: 'subscribed', ref: frame.ref, sub: `of ${frame.filter?.run?.[0]}`, cursor: 'c0' })
}

test('two feeds say the key once, in the first frame, and what they want once they are welcome; nothing else of the socket has it', async () => {
  const fake = await server(accept)
  const feeds = ['one', 'two'].map((run) => open({ url: fake.url, filter: { run: [run] } }))
  for (const { shown } of feeds) await expect.poll(shown).toBe('open ws')
  expect(fake.asked.map((frame) => (frame.kind === 'auth' ? frame : frame.kind))).toEqual([{ kind: 'auth', key }, 'subscribe', 'subscribe'])
  const [upgrade, ...more] = fake.requests
  expect(more).toEqual([])
  expect(`${upgrade?.url} ${JSON.stringify(upgrade?.rawHeaders)}`).not.toContain('sbx_')
})

test.each(['UNAUTHENTICATED', 'FORBIDDEN'])('a key that is refused as %s ends every feed of it, for good', async (code) => {
  const fake = await server((_frame, say, socket) => {
    say({ kind: 'error', code, message: 'No.' })
    socket.close(4001, code)
  })
  const feeds = ['one', 'two'].map((run) => open({ url: fake.url, filter: { run: [run] } }))
  for (const { refusals } of feeds) await expect.poll(() => refusals).toEqual([code])
  expect([fake.requests.length, feeds.map(({ feed }) => feed.status())]).toMatchObject([1, Array(2).fill({ reason: `${code}: No.` })])
})

test('a key that is revoked while its feeds are open ends them for good', async () => {
  const sockets: WebSocket[] = []
  const fake = await server((frame, say, socket) => {
    sockets.push(socket)
    accept(frame, say)
  })
  const feeds = ['one', 'two'].map((run) => open({ url: fake.url, filter: { run: [run] } }))
  for (const { shown } of feeds) await expect.poll(shown).toBe('open ws')
  sockets[0]?.close(4001, 'UNAUTHENTICATED')
  for (const { refusals } of feeds) await expect.poll(() => refusals).toEqual(['UNAUTHENTICATED'])
  expect(fake.requests.length).toBe(1)
})

test.each([
  ['refuses the upgrade', false],
  ['does not know the frame', true],
])('an older server that %s is read over the next transport', async (_what, upgrades) => {
  const fake = await server((_frame, say, socket) => {
    say({ kind: 'error', code: 'BAD_REQUEST', message: 'The kinds of frames are subscribe, unsubscribe, ack and ping.' })
    socket.close(4010, 'BAD_REQUEST')
  }, upgrades)
  const { shown, refusals } = open({ url: fake.url, cursor: 'c0' })
  await expect.poll(shown).toBe('open sse')
  expect(refusals).toEqual([])
})

test.each([
  ['BODY_TIMEOUT', 4010],
  ['STORE_UNAVAILABLE', 1013],
])('a key that was not taken for now (%s) is said again', async (code, closeCode) => {
  let times = 0
  const fake = await server((frame, say, socket) => {
    if (frame.kind === 'auth') times += 1
    if (times > 1) return accept(frame, say)
    say({ kind: 'error', code, message: 'Not now.' })
    socket.close(closeCode, code)
  })
  const { shown, refusals } = open({ url: fake.url })
  await expect.poll(shown).toBe('open ws')
  expect([times, refusals]).toEqual([2, []])
})

import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import type { StoredEvent } from '@signalbox/model/event.ts'
import type { ServerFrame } from '@signalbox/model/live.ts'
import { afterEach, expect, test, vi } from 'vitest'
import { WebSocketServer } from 'ws'
import { createFakeClock } from '../../server/src/clock.fake.ts'
import { FeedRefused, type FeedStatus, openFeed, reprobeMs } from './feed.ts'
import { type Item, type Subscription, subscribe } from './subscribe.ts'
import { fakeServer, sseBlock } from './testing.ts'
import { openWebSocket } from './transport-ws.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const event = (position: number): StoredEvent => ({
  id: `id-${position}`,
  source: 's',
  type: 'log',
  time: '2026-11-20T00:00:00.000Z',
  data: {},
  partition: 0,
  position,
  receivedAt: '2026-11-20T00:00:00.000Z',
})
/** Cursors of this server are `c<position>`. */
const events = (from: number, to: number): ServerFrame => ({
  kind: 'events',
  sub: 's1',
  from: `c${from}`,
  cursor: `c${to}`,
  items: Array.from({ length: to - from }, (_, i) => event(from + i + 1)),
})

interface Asked {
  readonly path: string
  readonly cursor: string | null
  readonly key: string | undefined
}

/** Answers each request with the next step, in order; a request without a step stays open and silent. */
async function script(...steps: ((response: ServerResponse, asked: Asked) => void)[]) {
  const asked: Asked[] = []
  const server = await fakeServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
    const one = { path: pathname, cursor: searchParams.get('cursor'), key: request.headers.authorization }
    asked.push(one)
    steps[asked.length - 1]?.(response, one)
  })
  ends.push(server.close)
  return { ...server, asked }
}
const sse =
  (frames: readonly (ServerFrame | string)[], end: 'ends' | 'stays' = 'stays') =>
  (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(frames.map((frame) => (typeof frame === 'string' ? frame : sseBlock(frame))).join(''))
    if (end === 'ends') response.end()
  }
const poll = (frames: readonly ServerFrame[], cursor: string) => (response: ServerResponse) =>
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ frames, cursor }))
const refuse = (status: number) => (response: ServerResponse) => response.writeHead(status).end()

function watch(options: Parameters<typeof subscribe>[0]): Subscription {
  const items = subscribe(options)
  ends.push(() => items.return?.())
  return items
}
async function take(items: Subscription, count: number): Promise<Item[]> {
  const taken: Item[] = []
  while (taken.length < count) {
    const { value, done } = await items.next()
    if (done === true) break
    taken.push(value)
  }
  return taken
}
const positions = (items: readonly Item[]) => items.map((item) => (item.kind === 'event' ? item.event.position : item.kind))

test('a lost stream is taken up after the last frame, and its doubles are not seen', async () => {
  const server = await script(sse(['id: c0\n\n', events(0, 3)], 'ends'), sse([{ ...events(1, 5), from: 'c3' } as ServerFrame]))
  const items = watch({ url: server.url, transports: ['sse'], key: 'sbx_test' })
  expect(positions(await take(items, 5))).toEqual([1, 2, 3, 4, 5])
  expect(server.asked).toEqual([
    { path: '/v1/stream', cursor: null, key: 'Bearer sbx_test' },
    { path: '/v1/stream', cursor: 'c3', key: 'Bearer sbx_test' },
  ])
  expect(items.cursor()).toBe('c5')
})

test('a stream lost before its first frame goes on from where it began, not from a later now', async () => {
  const server = await script(sse(['id: c7\n\n'], 'ends'), sse([events(7, 8)]))
  expect(positions(await take(watch({ url: server.url, transports: ['sse'] }), 1))).toEqual([8])
  expect(server.asked[1]?.cursor).toBe('c7')
})

test('a frame that does not continue is not believed: the feed is taken up from what is held', async () => {
  const server = await script(sse(['id: c0\n\n', events(0, 2), events(4, 6)]), sse([events(2, 6)]))
  expect(positions(await take(watch({ url: server.url, transports: ['sse'] }), 6))).toEqual([1, 2, 3, 4, 5, 6])
  expect(server.asked[1]?.cursor).toBe('c2')
})

test('where neither WebSocket nor stream work it polls, with the same cursor', async () => {
  const statuses: FeedStatus[] = []
  const server = await script(refuse(404), refuse(404), poll([events(4, 6)], 'c9'), poll([events(9, 10)], 'c10'))
  const items = watch({ url: server.url, cursor: 'c4', onStatus: (status) => statuses.push(status) })
  expect(positions(await take(items, 3))).toEqual([5, 6, 10])
  expect(server.asked.slice(0, 4).map(({ path, cursor }) => [path, cursor])).toEqual([
    ['/v1/stream', 'c4'],
    ['/v1/stream', 'c4'],
    ['/v1/poll', 'c4'],
    ['/v1/poll', 'c9'],
  ])
  expect(server.requests.filter((path) => path.startsWith('/v1/live'))).toHaveLength(2)
  expect(statuses.at(-1)).toMatchObject({ state: 'open', transport: 'poll' })
})

test('a gap and a resync are told, and what comes after them counts', async () => {
  const server = await script(
    sse([
      'id: c0\n\n',
      events(0, 1),
      { kind: 'gap', sub: 's1', from: 'c1', cursor: 'c5', reason: 'slow', fetch: '/v1/poll?cursor=c1&until=c5' },
      events(5, 6),
      { kind: 'resync', sub: 's1', cursor: 'c0', reason: 'epoch' },
      events(0, 1),
    ]),
  )
  const items = await take(watch({ url: server.url, transports: ['sse'] }), 5)
  expect(positions(items)).toEqual([1, 'gap', 6, 'resync', 1])
  expect(items[1]).toMatchObject({ from: 'c1', cursor: 'c5', fetch: '/v1/poll?cursor=c1&until=c5' })
})

test('after a goaway the feed comes back within the time it was given', async () => {
  const goaway: ServerFrame = { kind: 'goaway', reason: 'drain', reconnectInMs: [400, 450] }
  const arrivals: number[] = []
  const server = await script(
    (response) => {
      sse(['id: c0\n\n', events(0, 1), goaway], 'ends')(response)
      arrivals.push(performance.now())
    },
    (response) => {
      arrivals.push(performance.now())
      sse([events(1, 2)])(response)
    },
  )
  expect(positions(await take(watch({ url: server.url, transports: ['sse'] }), 2))).toEqual([1, 2])
  // Without a goaway the first reconnect comes within 300 ms.
  expect((arrivals[1] ?? 0) - (arrivals[0] ?? 0)).toBeGreaterThan(380)
})

test('the cursor stays behind what was yielded, so that a new subscription misses nothing', async () => {
  const server = await script(sse(['id: c0\n\n', events(0, 3), events(3, 4)]))
  const items = watch({ url: server.url, transports: ['sse'], cursor: 'c0' })
  await take(items, 2)
  expect(items.cursor()).toBe('c0')
  await take(items, 1)
  expect(items.cursor()).toBe('c3')
})

test('an abort ends the iteration, also one that came before', async () => {
  const server = await script()
  const abort = new AbortController()
  const items = subscribe({ url: server.url, transports: ['sse'], signal: abort.signal })
  const next = items.next()
  abort.abort()
  expect(await next).toEqual({ value: undefined, done: true })
  expect(await subscribe({ url: server.url, signal: AbortSignal.abort() }).next()).toEqual({ value: undefined, done: true })
})

const problem = (status: number, code: string) => (response: ServerResponse) =>
  response.writeHead(status, { 'content-type': 'application/problem+json' }).end(JSON.stringify({ code, detail: 'No.' }))

test.each([
  ['sse', 400, 'BAD_CURSOR'],
  ['poll', 400, 'BAD_REQUEST'],
  ['poll', 401, 'UNAUTHENTICATED'],
  ['sse', 403, 'FORBIDDEN'],
  // Over WebSocket alone nobody says why; it is asked for.
  ['ws', 401, 'UNAUTHENTICATED'],
] as const)('over %s a %i %s ends the iteration with a typed error', async (transport, status, code) => {
  const statuses: FeedStatus[] = []
  const server = await script(problem(status, code))
  const items = watch({ url: server.url, transports: [transport], cursor: 'c1', onStatus: (now) => statuses.push(now) })
  const error = await items.next().catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(FeedRefused)
  expect(error).toMatchObject({ code, message: 'No.' })
  expect(await items.next()).toEqual({ value: undefined, done: true })
  expect(statuses.at(-1)).toMatchObject({ state: 'closed', reason: `${code}: No.` })
})

test('what is refused for now is asked again', async () => {
  const server = await script(problem(503, 'TOO_MANY_CONNECTIONS'), sse(['id: c0\n\n', events(0, 1)]))
  expect(positions(await take(watch({ url: server.url, transports: ['sse'] }), 1))).toEqual([1])
})

test('what came before a refusal is yielded first', async () => {
  const server = await script(sse(['id: c0\n\n', events(0, 2)], 'ends'), problem(401, 'UNAUTHENTICATED'))
  const items = watch({ url: server.url, transports: ['sse'] })
  expect(positions(await take(items, 2))).toEqual([1, 2])
  await expect(items.next()).rejects.toThrow(FeedRefused)
})

test('items that are asked for at once come to all who asked', async () => {
  const server = await script(sse(['id: c0\n\n', events(0, 3)]))
  const items = watch({ url: server.url, transports: ['sse'] })
  const asked = await Promise.all([items.next(), items.next(), items.next()])
  expect(positions(asked.flatMap(({ value }) => (value === undefined ? [] : [value])))).toEqual([1, 2, 3])
})

/** A feed in time that stands still, and a promise of its next status like this. */
function timed(url: string, transports: FeedStatus['transport'][]) {
  const clock = { ...createFakeClock(1_000_000), random: () => 0.5 }
  const statuses: FeedStatus[] = []
  let waiting: { match: Partial<FeedStatus>; resolve: (status: FeedStatus) => void } | undefined
  const tell = () => {
    const found =
      waiting === undefined
        ? undefined
        : statuses.find((status) => Object.entries(waiting?.match ?? {}).every(([name, value]) => Reflect.get(status, name) === value))
    if (found === undefined) return
    statuses.splice(0, statuses.indexOf(found) + 1)
    const { resolve } = waiting ?? {}
    waiting = undefined
    resolve?.(found)
  }
  const feed = openFeed({
    url,
    transports,
    clock,
    onFrame() {},
    onStatus(status) {
      statuses.push(status)
      tell()
    },
  })
  ends.push(feed.close)
  const until = (match: Partial<FeedStatus>) =>
    new Promise<FeedStatus>((resolve) => {
      waiting = { match, resolve }
      tell()
    })
  return { clock, feed, until }
}

test('a transport that is open and silent is given up after 45 s, and twice is enough to try the next', async () => {
  const silent = (response: ServerResponse) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  const server = await script(silent, silent, poll([], 'c1'))
  const { clock, until } = timed(server.url, ['sse', 'poll'])
  await until({ state: 'open' })
  clock.advance(44_999)
  clock.advance(1)
  expect(await until({ state: 'waiting' })).toMatchObject({ reason: 'nothing came for too long', transport: 'sse' })
  clock.advance(300)
  await until({ state: 'open' })
  clock.advance(45_000)
  await until({ state: 'waiting', transport: 'poll' })
  clock.advance(600)
  await until({ state: 'open', transport: 'poll' })
})

test('a lesser transport is left for the best again within the given time', async () => {
  const server = await script(refuse(404), refuse(404), poll([], 'c1'), () => {}, sse(['id: c1\n\n']))
  const { clock, until } = timed(server.url, ['sse', 'poll'])
  await until({ state: 'waiting' })
  clock.advance(300)
  await until({ state: 'waiting', transport: 'poll' })
  const probeAt = clock.now() + (reprobeMs[0] + reprobeMs[1]) / 2
  clock.advance(600)
  await until({ state: 'open', transport: 'poll' })
  // Polls that hang are given up and taken up again meanwhile; the time of the probe stands.
  clock.advance(probeAt - clock.now())
  expect(await until({ state: 'waiting', transport: 'sse' })).toMatchObject({ reason: 'trying a better transport' })
})

test('a feed that gave up a socket which never opened tries another, also while a second feed still waits for the first', async () => {
  const silent = createTcpServer((socket) => void held.push(socket.on('error', () => undefined)))
  const held: Socket[] = []
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  ends.push(() => {
    for (const socket of held) socket.destroy()
    silent.close()
  })
  const wanted = { url: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`, feed: 'events', filter: {} } as const
  const ignored = { onOpen() {}, onFrame() {}, onLost() {}, onRefused() {} }
  const first = openWebSocket(wanted, ignored)
  const second = openWebSocket({ ...wanted, filter: { agent: ['a'] } }, ignored)
  ends.push(second.close)
  await vi.waitFor(() => expect(held).toHaveLength(1))
  first.close()
  ends.push(openWebSocket(wanted, ignored).close)
  await vi.waitFor(() => expect(held).toHaveLength(2))
})

test('a WebSocket that speaks something else is left for the next transport', async () => {
  const http = createServer((_request, response) => sse(['id: c0\n\n', events(0, 1)])(response))
  const sockets = new WebSocketServer({ server: http })
  sockets.on('connection', (socket) => socket.send('<html>'))
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  ends.push(() => {
    http.closeAllConnections()
    http.close()
  })
  const { port } = http.address() as { port: number }
  expect(positions(await take(watch({ url: `http://127.0.0.1:${port}` }), 1))).toEqual([1])
})

test.each([
  ['a row that is none', '{"kind":"snapshot","sub":"s1","cursor":"c1","rows":[null],"last":true}'],
  ['a time that is none', '{"kind":"goaway","reconnectInMs":5}'],
  ['no kind', '{}'],
])('a WebSocket that says %s is hung up on and asked again; nothing is thrown into the process', async (_what, said) => {
  const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  ends.push(() => sockets.close())
  let asked = 0
  sockets.on('connection', (socket) =>
    socket.on('message', (bytes) => {
      asked += 1
      const { ref } = JSON.parse(String(bytes)) as { ref: string }
      socket.send(JSON.stringify({ kind: 'subscribed', ref, sub: 's1', cursor: 'c0' }))
      socket.send(asked === 1 ? said : JSON.stringify(events(0, 1)))
    }),
  )
  await once(sockets, 'listening')
  const { port } = sockets.address() as { port: number }
  const watched = watch({ url: `http://127.0.0.1:${port}`, transports: ['ws'], cursor: 'c0' })
  expect(positions(await take(watched, 1))).toEqual([1])
  expect(asked).toBe(2)
})

import type { ServerResponse } from 'node:http'
import type { StoredEvent } from '@signalbox/model/event.ts'
import type { ServerFrame } from '@signalbox/model/live.ts'
import { afterEach, expect, test } from 'vitest'
import type { FeedStatus } from './feed.ts'
import { type Item, type Subscription, subscribe } from './subscribe.ts'
import { fakeServer, sseBlock } from './testing.ts'

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

/** Several feeds of one server are carried by one WebSocket, and none of them minds what becomes of another. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { ClientFrame, ServerFrame } from '@signalbox/model/live.ts'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { sendEvents, startServer, type TestServer } from '../../../test/server.ts'
import { createFakeClock } from '../../server/src/clock.fake.ts'
import { type Feed, type FeedOptions, openFeed } from './feed.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server[Symbol.asyncDispose]())
const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

function open(options: Omit<FeedOptions, 'onFrame'>) {
  const frames: ServerFrame[] = []
  const refusals: string[] = []
  const feed: Feed = openFeed({ ...options, onFrame: (frame) => frames.push(frame), onRefused: ({ code }) => refusals.push(code) })
  ends.push(feed.close)
  return {
    feed,
    frames,
    refusals,
    said: () => frames.flatMap((frame) => (frame.kind === 'events' ? frame.items.map(({ data }) => data.n) : [])),
  }
}
async function sockets(): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text()
  return Number(/^signalbox_live_clients\{[^}]*transport="websocket"[^}]*\} (\d+)$/m.exec(text)?.[1])
}
const isOpen = ({ feed }: { readonly feed: Feed }) => expect.poll(() => feed.status().state).toBe('open')
const log = (run: string, n: number) => ({ type: 'log', agent: 'a', run, data: { n } })

test('feeds of a server are one socket; one that is closed and taken up from its cursor misses nothing, and the others go on', async () => {
  const [one, two, rows] = [
    open({ url: server.url, filter: { run: ['one'] } }),
    open({ url: server.url, filter: { run: ['two'] } }),
    open({ url: server.url, feed: 'state' }),
  ]
  for (const each of [one, two, rows]) await isOpen(each)
  expect(await sockets()).toBe(1)
  await sendEvents(server, [log('one', 1), log('two', 1)])
  await expect.poll(() => [one.said(), two.said()]).toEqual([[1], [1]])
  one.feed.close()
  await sendEvents(server, [log('one', 2), log('two', 2)])
  await expect.poll(two.said).toEqual([1, 2])
  const again = open({ url: server.url, filter: { run: ['one'] }, cursor: one.feed.cursor() })
  await expect.poll(again.said).toEqual([2])
  expect([one.said(), await sockets()]).toEqual([[1], 1])
})

test('a feed that is refused leaves the socket to the others', async () => {
  const good = open({ url: server.url, filter: { run: ['good'] } })
  await isOpen(good)
  const wrong = open({ url: server.url, filter: { run: ['wrong'] }, cursor: 'nonsense!' })
  const unfit = open({ url: server.url, filter: { run: [''] } })
  await expect.poll(() => [wrong.refusals, unfit.refusals]).toEqual([['BAD_CURSOR'], ['BAD_REQUEST']])
  await sendEvents(server, [log('good', 1)])
  await expect.poll(good.said).toEqual([1])
  expect([good.feed.status().attempts, await sockets()]).toEqual([0, 1])
})

/** Answers each subscription, and does with what comes after as the test says. */
async function fakeSocket() {
  const made = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(made, 'listening')
  const asked: (ClientFrame & { readonly kind: 'subscribe' })[] = []
  const open: WebSocket[] = []
  made.on('connection', (socket) => {
    open.push(socket)
    socket.on('message', (bytes) => {
      const frame = JSON.parse(String(bytes)) as ClientFrame
      if (frame.kind !== 'subscribe') return
      asked.push(frame)
      const answer: ServerFrame = { kind: 'subscribed', ref: frame.ref, sub: `of ${frame.filter?.run?.[0]}`, cursor: frame.cursor ?? 'c0' }
      socket.send(JSON.stringify(answer))
    })
  })
  ends.push(() => {
    for (const socket of open) socket.terminate()
    made.close()
  })
  return { url: `http://127.0.0.1:${(made.address() as AddressInfo).port}`, asked, open }
}
const moved = (run: string, from: string, cursor: string): ServerFrame => ({
  kind: 'heartbeat',
  sub: `of ${run}`,
  from,
  cursor,
  serverTime: 0,
})

test('a feed whose frame is missing is taken up by itself, on the same socket', async () => {
  const fake = await fakeSocket()
  const [one, two] = ['one', 'two'].map((run) => open({ url: fake.url, filter: { run: [run] }, transports: ['ws'] }))
  if (one === undefined || two === undefined) throw new Error('Two feeds were opened.')
  await isOpen(one)
  await isOpen(two)
  const say = (...frames: ServerFrame[]) => frames.forEach((frame) => void fake.open[0]?.send(JSON.stringify(frame)))
  say(moved('one', 'c0', 'c1'), moved('two', 'c0', 'c1'), moved('one', 'c2', 'c3'))
  await expect.poll(() => fake.asked.length).toBe(3)
  expect(fake.asked[2]).toMatchObject({ filter: { run: ['one'] }, cursor: 'c1' })
  await isOpen(one)
  say(moved('one', 'c1', 'c3'), moved('two', 'c1', 'c2'))
  await expect.poll(() => [one.feed.cursor(), two.feed.cursor()]).toEqual(['c3', 'c2'])
  expect([fake.open.length, two.feed.status().attempts]).toEqual([1, 0])
})

test('where the network may be another, a feed that was silent connects anew at once, and one that waits does not wait', async () => {
  const fake = await fakeSocket()
  // Time stands still: who waits goes on waiting.
  const one = open({
    url: fake.url,
    filter: { run: ['one'] },
    transports: ['ws'],
    clock: { ...createFakeClock(1_000_000), random: () => 0.5 },
  })
  await isOpen(one)
  one.feed.hurry(60_000)
  expect(one.feed.status().state).toBe('open')
  one.feed.hurry(0)
  await isOpen(one)
  expect(fake.asked.map(({ cursor }) => cursor)).toEqual([undefined, 'c0'])
  fake.open.at(-1)?.terminate()
  await expect.poll(() => one.feed.status().state).toBe('waiting')
  one.feed.hurry(60_000)
  expect(one.feed.status().state).toBe('connecting')
  await isOpen(one)
})

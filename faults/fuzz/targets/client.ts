/** What the SDK does with a server that says anything, a frame a line: it never throws into its process, and its agent goes on. */
import { createAgent } from '@signalbox/client/agent.ts'
import { subscribe } from '@signalbox/client/subscribe.ts'
import type { FeedKind } from '@signalbox/model/live.ts'
import { must, type Target, utf8 } from '../fuzz.ts'
import { frozenClock, type StandInSocket, withFetch, withWebSocket } from './stand-ins.ts'

const lines = (frames: readonly object[]) => utf8(frames.map((frame) => JSON.stringify(frame)).join('\n'))
const event = { id: '01900000-0000-7000-8000-000000000000', source: 's', type: 'log', time: '2026-01-01T00:00:00.000Z', data: {} }
const place = { partition: 0, position: 1, receivedAt: '2026-01-01T00:00:00.001Z' }
const row = { table: 'tasks', key: 'r\u001ft', partition: 0, position: 1, row: { id: 't', run: 'r', state: 'working' } }
const liveFrames = [
  { kind: 'resync', sub: 's', cursor: 'c0', reason: 'epoch' },
  { kind: 'snapshot', sub: 's', cursor: 'c0', rows: [row], last: true },
  { kind: 'delta', sub: 's', from: 'c0', cursor: 'c1', rows: [row], removed: [{ table: 'tasks', key: 'r\u001ft', partition: 0 }] },
  { kind: 'events', sub: 's', from: 'c1', cursor: 'c2', items: [{ ...event, ...place }] },
  { kind: 'gap', sub: 's', from: 'c2', cursor: 'c3', reason: 'slow', fetch: '/v1/poll' },
  { kind: 'heartbeat', sub: 's', from: 'c3', cursor: 'c4', serverTime: 5 },
  { kind: 'goaway', reason: 'drain', reconnectInMs: [1, 2] },
  { kind: 'error', code: 'BAD_CURSOR', message: 'x' },
]
const ingestFrames = [
  { kind: 'welcome', credit: 10, maxBatchEvents: 5, maxFrameBytes: 10_000 },
  { kind: 'ack', n: 1, accepted: 1, duplicates: 0, refused: [], durability: 'durable', cursor: 'c', credit: 10 },
  { kind: 'ack', n: 2, accepted: 0, duplicates: 0, refused: [{ n: 2, index: 0, code: 'TOO_DEEP', message: 'x' }], credit: 10 },
  { kind: 'retry', n: 1, code: 'OVERLOADED', message: 'x', retryAfterMs: 50 },
  { kind: 'goaway', reason: 'drain', reconnectInMs: [1, 2] },
  { kind: 'error', code: 'BAD_REQUEST', message: 'x' },
]

function say(socket: StandInSocket, input: Uint8Array): void {
  for (const line of Buffer.from(input).toString().split('\n')) if (socket.isOpen()) socket.receive(line)
}

let number = 0
/** Feeds of one server share sockets. */
function url(): string {
  number = (number % 60_000) + 1
  return `http://localhost:${number}`
}
const turn = () => new Promise((resolve) => setImmediate(resolve))

const feed = (kind: FeedKind): Target => ({
  name: `client-${kind}`,
  expects: ['goes on', 'hung up'],
  seeds: () => [lines(liveFrames), ...liveFrames.map((frame) => lines([frame])), lines(liveFrames.slice(1, 6))],
  check: (input) =>
    withFetch(
      () => new Response('{}', { status: 503 }),
      () =>
        withWebSocket(async (sockets) => {
          const clock = frozenClock()
          const read = subscribe({ url: url(), feed: kind, transports: ['ws'], clock })
          const [socket] = sockets
          must(socket !== undefined, 'a feed opens a socket')
          const { ref } = JSON.parse(socket.sent[0] ?? '{}') as { ref: string }
          socket.receive(JSON.stringify({ kind: 'subscribed', ref, sub: 's', cursor: 'c0' }))
          say(socket, input)
          const goesOn = socket.isOpen()
          clock.advance(200_000)
          must(['string', 'undefined'].includes(typeof read.cursor()), 'a cursor is a text')
          await read.return?.()
          must(
            sockets.every(({ isOpen }) => !isOpen()),
            'it leaves no socket behind',
          )
          return goesOn ? 'goes on' : 'hung up'
        }),
    ),
})

const agent: Target = {
  name: 'client-agent',
  expects: ['goes on', 'hung up'],
  seeds: () => [
    lines(ingestFrames.slice(0, 3)),
    ...ingestFrames.map((frame) => lines([ingestFrames[0] ?? {}, frame])),
    lines(ingestFrames),
  ],
  check: (input) =>
    withFetch(
      () => new Response('{}', { status: 503 }),
      () =>
        withWebSocket(async (sockets) => {
          const clock = frozenClock()
          const reporter = createAgent({ url: url(), agent: 'a', heartbeatMs: 0, flushMs: 1, clock })
          reporter.emit('log', { n: 1 })
          clock.advance(2)
          await turn()
          const [socket] = sockets
          must(socket !== undefined, 'an agent opens a socket')
          say(socket, input)
          const goesOn = socket.isOpen()
          reporter.emit('log', { n: 2 })
          clock.advance(2)
          await turn()
          // What a server counts may be anything; what waits here is ours to count.
          const { queued, dropped, spooled } = reporter.stats()
          for (const figure of [queued, dropped, spooled]) must(Number.isSafeInteger(figure) && figure >= 0, 'its figures are figures')
          await reporter.stop(0)
          clock.advance(60_000)
          await turn()
          return goesOn ? 'goes on' : 'hung up'
        }),
    ),
}

export const clientTargets: readonly Target[] = [feed('events'), feed('state'), agent]

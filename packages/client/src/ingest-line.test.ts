import type { EventInput } from '@signalbox/model/event.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createFakeClock } from '../../server/src/clock.fake.ts'
import { isWorthIt } from './compress.ts'
import { type IngestDoor, openIngestDoor } from './ingest-door.testing.ts'
import { ackTimeoutMs, createIngestLine, welcomeTimeoutMs } from './ingest-line.ts'
import { shareIngestLine } from './ingest-lines.ts'
import { createBestWire, reprobeMs } from './wire-best.ts'
import { createRestWire } from './wire-rest.ts'

let door: IngestDoor
let clock: ReturnType<typeof createFakeClock> & { random(): number }
const ends: (() => void)[] = []
beforeEach(async () => {
  door = await openIngestDoor()
  clock = { ...createFakeClock(1_000_000), random: () => 0.5 }
})
afterEach(async () => {
  for (const end of ends.splice(0)) end()
  await door[Symbol.asyncDispose]()
})

const events = (count: number, text = ''): EventInput[] =>
  Array.from({ length: count }, (_, n) => ({
    id: `id-${n}`,
    source: 's',
    type: 'log',
    time: '2026-11-20T00:00:00.000Z',
    data: { n, text },
  }))
function lineTo(key?: string, compressed = true) {
  const line = createIngestLine(door.url, key, clock, compressed)
  ends.push(line.close)
  return line
}

test('it waits for the welcome, numbers its batches, and an ack answers every batch up to its own', async () => {
  const line = lineTo('sbx_test')
  const answers = [line.send(events(2)), line.send(events(3))]
  const peer = await door.peer()
  expect(peer.headers).toMatchObject({ authorization: 'Bearer sbx_test', 'sec-websocket-protocol': 'signalbox.json' })
  expect(await peer.unread()).toBe(0)
  peer.welcome()
  expect([(await peer.batch()).n, (await peer.batch()).n]).toEqual([1, 2])
  const refusal = { index: 1, id: 'id-1', code: 'INVALID_EVENT', message: 'no' }
  peer.ack(2, { accepted: 3, duplicates: 1, refused: [{ n: 2, ...refusal }] })
  expect(await Promise.all(answers)).toEqual([
    { kind: 'answer', accepted: 1, duplicates: 1, refused: [] },
    { kind: 'answer', accepted: 2, duplicates: 0, refused: [refusal] },
  ])
})

test('what passes the credit waits until something is acknowledged', async () => {
  const line = lineTo()
  const answers = [line.send(events(6)), line.send(events(4)), line.send(events(1))]
  const peer = await door.peer()
  peer.welcome({ credit: 10 })
  await peer.batch()
  await peer.batch()
  expect(await peer.unread()).toBe(0)
  peer.ack(1)
  expect(await answers[0]).toMatchObject({ kind: 'answer' })
  expect((await peer.batch()).n).toBe(3)
  peer.ack(3)
  await Promise.all(answers)
})

test('after a retry the batch and those after it go again, under the number that the server waits for', async () => {
  const line = lineTo()
  const answers = [line.send(events(1)), line.send(events(2)), line.send(events(3))]
  const peer = await door.peer()
  peer.welcome()
  for (let n = 0; n < 3; n += 1) await peer.batch()
  peer.say({ kind: 'retry', n: 2, code: 'OVERLOADED', message: 'busy', retryAfterMs: 700 })
  const asked = { kind: 'retry', why: 'busy', afterMs: 700 }
  expect(await Promise.all(answers.slice(1))).toEqual([asked, asked])
  peer.ack(1, { accepted: 1 })
  expect(await answers[0]).toMatchObject({ kind: 'answer', accepted: 1 })
  // Not before its time, whoever asks.
  clock.advance(200)
  expect(await line.send(events(2))).toEqual({ ...asked, afterMs: 500 })
  clock.advance(500)
  void line.send(events(2))
  expect(await peer.batch()).toMatchObject({ n: 2, events: events(2) })
})

test('a goaway: what is in flight is answered, nothing new is sent, and the next connection comes within the window', async () => {
  const line = lineTo()
  const first = line.send(events(1))
  const peer = await door.peer()
  peer.welcome({ credit: 1 })
  await peer.batch()
  const held = line.send(events(2))
  peer.say({ kind: 'goaway', reason: 'drain', reconnectInMs: [500, 3_000] })
  expect(await held).toEqual({ kind: 'retry', why: 'The server drains.', afterMs: 1_750 })
  peer.ack(1, { accepted: 1 })
  expect(await first).toMatchObject({ kind: 'answer', accepted: 1 })
  await peer.closed
  clock.advance(1_749)
  expect(await line.send(events(2))).toMatchObject({ kind: 'retry', afterMs: 1 })
  clock.advance(1)
  void line.send(events(2))
  const next = await door.peer()
  next.welcome()
  expect(await next.batch()).toMatchObject({ n: 1, events: events(2) })
})

test('when nothing is acknowledged for too long the connection is given up, and the batch may be sent again', async () => {
  const line = lineTo()
  const first = line.send(events(1))
  const peer = await door.peer()
  peer.welcome()
  await peer.batch()
  clock.advance(ackTimeoutMs - 1)
  peer.ack(1)
  await first
  // An idle line is not watched.
  clock.advance(ackTimeoutMs * 2)
  const second = line.send(events(2))
  await peer.batch()
  clock.advance(ackTimeoutMs - 1)
  const third = line.send(events(1))
  await peer.batch()
  clock.advance(1)
  expect(await second).toEqual({ kind: 'retry', why: 'nothing was acknowledged for 15 s', afterMs: 0 })
  expect(await third).toMatchObject({ kind: 'retry' })
  await peer.closed
  const again = line.send(events(2))
  const next = await door.peer()
  next.welcome()
  expect(await next.batch()).toMatchObject({ n: 1, events: events(2) })
  next.ack(1, { duplicates: 2 })
  expect(await again).toMatchObject({ duplicates: 2 })
})

test('without a welcome, or lost before any ack, the line is unusable; lost later it is only retried', async () => {
  const line = lineTo()
  const silent = line.send(events(1))
  await door.peer()
  clock.advance(welcomeTimeoutMs)
  expect(await silent).toEqual({ kind: 'unusable', why: 'no welcome came' })
  const cut = line.send(events(1))
  const peer = await door.peer()
  peer.welcome()
  await peer.batch()
  peer.close(1011)
  expect(await cut).toMatchObject({ kind: 'unusable' })
  const good = line.send(events(1))
  const next = await door.peer()
  next.welcome()
  await next.batch()
  next.ack(1)
  await good
  const late = line.send(events(1))
  await next.batch()
  next.close(1011)
  expect(await late).toMatchObject({ kind: 'retry', afterMs: 0 })
})

test('a batch that is more than a frame or a batch may be goes in parts, and its answer is of the whole', async () => {
  const line = lineTo()
  const answer = line.send(events(4, 'x'.repeat(100)))
  const peer = await door.peer()
  peer.welcome({ maxBatchEvents: 3, maxFrameBytes: 600 })
  expect((await peer.batch()).events.map(({ id }) => id)).toEqual(['id-0', 'id-1'])
  peer.ack(1, { accepted: 2 })
  expect((await peer.batch()).events.map(({ id }) => id)).toEqual(['id-2', 'id-3'])
  peer.ack(2, { accepted: 1, refused: [{ n: 2, index: 1, code: 'INVALID_EVENT', message: 'no' }] })
  expect(await answer).toMatchObject({ kind: 'answer', accepted: 3, refused: [{ index: 3 }] })
  expect(await line.send(events(1, 'x'.repeat(1_000)))).toMatchObject({ kind: 'unusable' })
})

test('a large batch goes compressed to a server that says it takes it, a small one as it is', async () => {
  const line = lineTo()
  const answers = [line.send(events(2)), line.send(events(100))]
  const peer = await door.peer()
  peer.welcome({ zstd: true })
  expect(await peer.batch()).toMatchObject({ n: 1, isCompressed: false })
  const large = await peer.batch()
  expect(large).toMatchObject({ n: 2, isCompressed: true, events: events(100) })
  expect(large.bytes).toBeLessThan(JSON.stringify(events(100)).length / 5)
  peer.ack(2)
  await Promise.all(answers)
})

test('a server that does not say it takes them gets no compressed batches', async () => {
  const line = lineTo()
  const answer = line.send(events(100))
  const peer = await door.peer()
  peer.welcome()
  expect(await peer.batch()).toMatchObject({ n: 1, isCompressed: false })
  peer.ack(1)
  await answer
})

test('a line that is not to compress does not, whatever the server takes; to a server on this machine it is not', async () => {
  const line = lineTo(undefined, isWorthIt(door.url))
  const answer = line.send(events(100))
  const peer = await door.peer()
  peer.welcome({ zstd: true })
  expect(await peer.batch()).toMatchObject({ n: 1, isCompressed: false })
  peer.ack(1)
  await answer
  expect(['http://localhost:4400', 'http://[::1]:1', 'https://fleet.example', 'http://10.0.0.7'].map(isWorthIt)).toEqual([
    false,
    false,
    true,
    true,
  ])
})

test('agents with one key share one socket, which closes with the last of them', async () => {
  const [a, b] = [shareIngestLine(door.url, undefined, clock), shareIngestLine(door.url, undefined, clock)]
  const other = shareIngestLine(door.url, 'sbx_other', clock)
  ends.push(a.close, b.close, other.close)
  const answers = [a.send(events(1)), b.send(events(2))]
  const peer = await door.peer()
  peer.welcome()
  expect([(await peer.batch()).n, (await peer.batch()).n]).toEqual([1, 2])
  void other.send(events(1))
  expect((await door.peer()).headers.authorization).toBe('Bearer sbx_other')
  peer.ack(2, { accepted: 3 })
  await Promise.all(answers)
  a.close()
  a.close()
  void b.send(events(3))
  expect(await peer.batch()).toMatchObject({ n: 3 })
  b.close()
  expect(await peer.closed).toBe(1000)
})

test('REST stands in where the WebSocket is unusable, and the WebSocket is tried again within the given time', async () => {
  const wire = createBestWire(shareIngestLine(door.url, undefined, clock), createRestWire(door.url, undefined), clock)
  ends.push(wire.close)
  const first = wire.send(events(2))
  const peer = await door.peer()
  peer.say({ kind: 'error', code: 'BATCH_TOO_LARGE', message: 'no' })
  expect(await first).toEqual({ kind: 'answer', accepted: 2, duplicates: 0, refused: [] })
  clock.advance((reprobeMs[0] + reprobeMs[1]) / 2 - 1)
  expect(await wire.send(events(3))).toMatchObject({ accepted: 3 })
  expect(door.posted.map((batch) => batch.length)).toEqual([2, 3])
  clock.advance(1)
  const probing = wire.send(events(4))
  const next = await door.peer()
  next.welcome()
  await next.batch()
  next.ack(1, { accepted: 4 })
  expect(await probing).toMatchObject({ accepted: 4 })
  expect(door.posted).toHaveLength(2)
})

test('a server that takes nothing over REST either is no reason to leave the WebSocket', async () => {
  await door[Symbol.asyncDispose]()
  door = await openIngestDoor((response) => void response.writeHead(503, { 'retry-after': '2' }).end('{}'))
  const wire = createBestWire(shareIngestLine(door.url, undefined, clock), createRestWire(door.url, undefined), clock)
  ends.push(wire.close)
  const first = wire.send(events(1))
  ;(await door.peer()).close()
  expect(await first).toMatchObject({ kind: 'retry', afterMs: 2_000 })
  const second = wire.send(events(1))
  const peer = await door.peer()
  peer.welcome()
  await peer.batch()
  peer.ack(1, { accepted: 1 })
  expect(await second).toMatchObject({ kind: 'answer', accepted: 1 })
})

test.each(['<html>', 'null', '{"kind":"ack","n":1}'])('what is no frame (%s) makes the line unusable and harms nobody', async (text) => {
  const line = lineTo()
  const answer = line.send(events(1))
  const peer = await door.peer()
  peer.welcome()
  await peer.batch()
  peer.sayText(text)
  expect(await answer).toEqual({ kind: 'unusable', why: 'the server does not speak this protocol' })
  await peer.closed
})

test('where a socket cannot even be made the line is unusable', async () => {
  const line = createIngestLine('http://[', undefined, clock)
  expect(await line.send(events(1))).toMatchObject({ kind: 'unusable' })
})

test('a closed line answers what it holds and takes no more', async () => {
  const line = lineTo()
  const held = line.send(events(1))
  await door.peer()
  line.close()
  expect(await held).toMatchObject({ kind: 'retry' })
  expect(await line.send(events(1))).toMatchObject({ kind: 'retry' })
})

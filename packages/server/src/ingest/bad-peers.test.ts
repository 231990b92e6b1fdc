/** Peers that do not read, do not go on, or are gone: each costs a bounded part of memory and time, and nobody beside it waits. */
import { once } from 'node:events'
import { closeCodes } from '@signalbox/model/live.ts'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { Unavailable } from '../broker/broker.ts'
import { accepted, doors, heartbeatMs } from './doors.testing.ts'
import type { Receipt } from './receive.ts'
import { connectIngest } from './senders.testing.ts'

test('WebSocket: a sender that never reads its acks is read no more, then ended; memory holds a bounded part of its answers', async () => {
  const message = 'x'.repeat(100)
  let taken = 0
  const { url, clock, connections, post } = await doors(async (raw) => {
    if (raw.length > 1) taken += 1
    return { ...accepted(raw), refused: raw.length > 1 ? raw.map((_, index) => ({ index, code: 'INVALID_EVENT', message })) : [] }
  })
  const { socket } = await connectIngest(url)
  // Its kernel still takes some megabytes for it.
  socket.pause()
  const text = JSON.stringify(Array(1_000).fill(1))
  let n = 0
  let gone = false
  const send = () => {
    n += 1
    socket.send(`{"kind":"batch","n":${n},"events":${text}}`, (error) => {
      gone ||= error !== undefined && error !== null
      if (!gone && n < 10_000) send()
    })
  }
  send()
  for (let quiet = 0, before = 0; quiet < 20 && taken < 500; before = taken) {
    expect(await post()).toBe(200)
    quiet = taken === before ? quiet + 1 : 0
  }
  // An answer is 140 kB; a gigabyte was asked for.
  expect(taken).toBeLessThan(200)
  for (let beat = 0; beat < 2; beat += 1) clock.advance(heartbeatMs)
  await expect.poll(connections).toBe(0)
  socket.terminate()
})

test('WebSocket: a sender that reads its acks late is read on when it does, and gets every one', async () => {
  const message = 'x'.repeat(1_000)
  let taken = 0
  const { url, post } = await doors(async (raw) => {
    if (raw.length > 1) taken += 1
    return { ...accepted(raw), refused: raw.length > 1 ? raw.map((_, index) => ({ index, code: 'INVALID_EVENT', message })) : [] }
  })
  const { socket, until, frames } = await connectIngest(url)
  socket.pause()
  const events = Array(1_000).fill('x'.repeat(500))
  for (let n = 1; n <= 60; n += 1) socket.send(JSON.stringify({ kind: 'batch', n, events }))
  for (let quiet = 0, before = 0; quiet < 20; before = taken) {
    expect(await post()).toBe(200)
    quiet = taken === before ? quiet + 1 : 0
  }
  // An answer is a megabyte: what the kernel does not take stops the reading.
  expect(taken).toBeLessThan(60)
  socket.resume()
  await until(({ n }) => n === 60)
  expect(frames.reduce((sum, frame) => sum + (frame.refused?.length ?? 0), 0)).toBe(60_000)
  socket.close()
})

test('WebSocket: a sender far ahead of the store is read only as far as one frame’s bytes, lives, and gets every ack', async () => {
  const waiting: (() => void)[] = []
  const { url, clock, post } = await doors((raw) => {
    if (raw.length === 1) return Promise.resolve(accepted(raw))
    return new Promise((resolve) => waiting.push(() => resolve(accepted(raw))))
  })
  const { socket, until, frames } = await connectIngest(url)
  const events = Array(10).fill('x'.repeat(10_000))
  for (let n = 1; n <= 200; n += 1) socket.send(JSON.stringify({ kind: 'batch', n, events }))
  await expect.poll(() => waiting.length).toBeGreaterThan(9)
  // It cannot be heard while it is not read: that is not its fault.
  for (let beat = 0; beat < 4; beat += 1) {
    clock.advance(heartbeatMs)
    expect(await post()).toBe(200)
  }
  // A mebibyte of frames of 100 kB, and what had come in the same piece.
  expect(waiting.length).toBeLessThan(15)
  const settled = until(({ n }) => n === 200)
  for (let done = false; !done; ) {
    for (const settle of waiting.splice(0)) settle()
    done = await Promise.race([settled.then(() => true), post().then(() => false)])
  }
  expect(frames.reduce((sum, frame) => sum + (frame.kind === 'ack' ? (frame.accepted ?? 0) : 0), 0)).toBe(2_000)
  socket.close()
})

test('WebSocket: a peer that vanished is ended within two heartbeats, with a batch in flight; what it sent is settled alone', async () => {
  let settle: () => void = () => undefined
  const { url, clock, connections, post, faults } = await doors((raw) =>
    raw.length === 1 ? Promise.resolve(accepted(raw)) : new Promise((resolve) => (settle = () => resolve(accepted(raw)))),
  )
  const there = await connectIngest(url)
  const vanished = await connectIngest(url, undefined, { autoPong: false })
  vanished.say({ kind: 'batch', n: 1, events: [1, 2] })
  expect(await post()).toBe(200)
  const pinged = once(there.socket, 'ping')
  clock.advance(heartbeatMs)
  await pinged
  // What the living one says after its pong was read after it.
  there.say({ kind: 'batch', n: 1, events: [1] })
  await there.until(({ n }) => n === 1)
  clock.advance(heartbeatMs)
  expect(await vanished.closed).toBe(1006)
  expect(there.socket.readyState).toBe(WebSocket.OPEN)
  await expect.poll(connections).toBe(1)
  settle()
  there.say({ kind: 'batch', n: 2, events: [1] })
  await there.until(({ n }) => n === 2)
  expect(faults).toEqual([])
  there.socket.close()
})

/** A frame that comes a byte a heartbeat, with no pong between. Resolves when that many beats have passed, or the peer was ended. */
async function dripped(beats: number) {
  const { url, clock } = await doors(async (raw) => accepted(raw))
  const peer = await connectIngest(url, undefined, { autoPong: false })
  peer.socket.send('{"kind":"batch","n":1,"events":[1', { fin: false })
  for (let beat = 0; beat < beats && peer.socket.readyState === WebSocket.OPEN; beat += 1) {
    peer.socket.send(' ', { fin: false })
    // Answered once the byte before it was read.
    peer.socket.ping()
    await Promise.race([once(peer.socket, 'pong'), peer.closed])
    clock.advance(heartbeatMs)
  }
  return peer
}

test('WebSocket: a large frame over a slow line is no silence', async () => {
  const peer = await dripped(10)
  peer.socket.send(']}', { fin: true })
  expect(await peer.until(({ kind }) => kind === 'ack')).toMatchObject({ n: 1, accepted: 1 })
  peer.socket.close()
})

test('WebSocket: a frame that never ends is given up after five minutes', async () => {
  const peer = await dripped(15)
  expect(await peer.closed).toBe(1006)
})

test('WebSocket: empty batches behind one that waits are bounded too', async () => {
  let empty = 0
  const { url, post } = await doors((raw) => {
    if (raw.length === 1) return Promise.resolve(accepted(raw))
    if (raw.length === 0) {
      empty += 1
      return Promise.resolve(accepted(raw))
    }
    return new Promise(() => undefined)
  })
  const { socket, say } = await connectIngest(url)
  say({ kind: 'batch', n: 1, events: [1, 2] })
  for (let n = 2; n <= 20_000; n += 1) say({ kind: 'batch', n, events: [] })
  await expect.poll(() => empty).toBeGreaterThan(900)
  for (let turn = 0; turn < 5; turn += 1) expect(await post()).toBe(200)
  // A mebibyte at a kibibyte each, and what had come in the same piece of 64 KiB.
  expect(empty).toBeLessThan(4_000)
  socket.terminate()
})

test('WebSocket: a drain takes no more, acknowledges what was taken, and closes with 1012', async () => {
  let settle: () => void = () => undefined
  const { url, ingest } = await doors((raw) => new Promise((resolve) => (settle = () => resolve(accepted(raw)))))
  const idle = await connectIngest(url)
  const busy = await connectIngest(url)
  busy.say({ kind: 'batch', n: 1, events: [1] })
  // Its pong comes after the batch was read.
  const read = () => {
    busy.socket.ping()
    return once(busy.socket, 'pong')
  }
  await read()
  ingest.drain()
  for (const peer of [idle, busy]) await peer.until(({ kind }) => kind === 'goaway')
  expect(await idle.closed).toBe(1012)
  busy.say({ kind: 'batch', n: 2, events: [1] })
  await read()
  settle()
  expect(await busy.closed).toBe(1012)
  expect(busy.frames.filter(({ kind }) => kind === 'ack').map(({ n }) => n)).toEqual([1])
})

test('REST: a sender that pipelines and never reads is read no more and loses its connection; memory holds a bounded part', async () => {
  const message = 'x'.repeat(10_000)
  let taken = 0
  const { server, connections, post, open } = await doors(async (raw) => {
    if (raw.length > 1) taken += 1
    return { ...accepted(raw), refused: raw.length > 1 ? [{ index: 0, code: 'INVALID_EVENT', message }] : [] }
  })
  expect(server.timeout).toBeGreaterThan(60_000)
  server.timeout = 2_000
  const { socket, head } = await open()
  socket.pause()
  const piece = Buffer.from(`${head}content-length: 5\r\n\r\n[1,2]`.repeat(100))
  let left = 1_000
  const write = () => {
    while (left > 0 && !socket.destroyed) {
      left -= 1
      if (!socket.write(piece)) return
    }
  }
  socket.on('drain', write)
  write()
  while ((await connections()) > 0) expect(await post()).toBe(200)
  // Answers of 10 kB; a gigabyte was asked for.
  expect(taken).toBeLessThan(5_000)
})

test.each([
  ['a body that stops in the middle', 'content-length: 1000\r\n\r\n[', ''],
  ['a body of a byte at a time', 'content-length: 1000\r\n\r\n[', ' '],
  ['headers of a byte at a time', 'x-slow: ', 'y'],
])('REST: %s is answered 408 in time and costs nobody else', async (_name, start, drip) => {
  const { connections, post, open } = await doors(async (raw) => accepted(raw), { bodyTimeoutMs: 400 })
  const { socket, head } = await open()
  socket.write(head + start)
  const dripping = setInterval(() => drip !== '' && socket.writable && socket.write(drip), 20)
  onTestFinished(() => clearInterval(dripping))
  let answer = ''
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString()
  })
  const over = new Promise<void>((resolve) => socket.once('end', resolve).once('close', () => resolve()))
  expect(await post()).toBe(200)
  await over
  expect(answer).toMatch(/^HTTP\/1\.1 408 [\s\S]*application\/problem\+json[\s\S]*"code":"BODY_TIMEOUT"/)
  await expect.poll(connections).toBe(0)
})

test('REST: a peer that breaks off in mid-body leaves nothing, and no fault', async () => {
  const { connections, post, open, faults } = await doors(async (raw) => accepted(raw))
  const { socket, head } = await open()
  socket.write(`${head}content-length: 1000\r\n\r\n[`)
  await expect.poll(connections).toBe(1)
  socket.resetAndDestroy()
  expect(await post()).toBe(200)
  await expect.poll(connections).toBe(0)
  expect(faults).toEqual([])
})

test('what is no HTTP gets a problem; a refused upgrade whose peer does not close is closed', async () => {
  const { connections, open } = await doors(async (raw) => accepted(raw))
  for (const text of [
    '\u0001 no HTTP\r\n\r\n',
    'GET /nowhere HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
  ]) {
    const { socket } = await open()
    socket.write(text)
    const [chunk] = await once(socket, 'data')
    expect(String(chunk)).toMatch(/^HTTP\/1\.1 40[04] [\s\S]*"code":"(BAD_REQUEST|NOT_FOUND)"/)
    await expect.poll(connections).toBe(0)
  }
})

test('WebSocket: once a part of a batch has failed, none after it is taken until it comes again', async () => {
  const taken: unknown[] = []
  const failing = Promise.withResolvers<Receipt>()
  const { url } = await doors(async (raw, { onFailure }) => {
    taken.push(raw[0]?.value)
    if (taken.length > 1) return accepted(raw)
    onFailure?.()
    return failing.promise
  })
  const { say, until } = await connectIngest(url)
  say({ kind: 'batch', n: 1, events: ['first'] })
  say({ kind: 'batch', n: 2, events: ['overtakes'] })
  // Answered after the frames before it were read.
  const other = await connectIngest(url)
  expect(await other.until(({ kind }) => kind === 'welcome')).toBeDefined()
  failing.reject(new Unavailable('OVERLOADED', 1, false))
  expect(await until(({ kind }) => kind === 'retry')).toMatchObject({ n: 1, code: 'OVERLOADED' })
  say({ kind: 'batch', n: 1, events: ['again'] })
  say({ kind: 'batch', n: 2, events: ['follows'] })
  await until(({ kind, n }) => kind === 'ack' && n === 2)
  expect(taken).toEqual(['first', 'again', 'follows'])
})

test('WebSocket: a sender for whom there is no room is told to come back, and gets in when another leaves', async () => {
  const { url, refusals } = await doors(async (raw) => accepted(raw))
  const [first] = await Promise.all([connectIngest(url), connectIngest(url), connectIngest(url)])
  const refused = new WebSocket(`${url.replace('http', 'ws')}/v1/ingest`)
  const [code, reason] = await once(refused, 'close')
  expect([code, String(reason), refusals]).toEqual([closeCodes.tryLater, 'TOO_MANY_CONNECTIONS', ['TOO_MANY_CONNECTIONS']])
  first.socket.close()
  await first.closed
  await connectIngest(url)
})

import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { createConnection } from 'node:net'
import { expect, test } from 'vitest'
import { createFakeClock } from '../clock.fake.ts'
import { after } from '../sequencer/testing.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import { createTestLog } from './log.fake.ts'
import { type LiveServer, serve } from './testing.ts'

/** The stream's text until it holds `count` of `event`. */
async function read(
  server: LiveServer,
  query: string,
  event: string,
  count: number,
): Promise<{ response: Response; blocks: Record<string, string>[] }> {
  const abort = new AbortController()
  after(() => abort.abort())
  const response = await fetch(`${server.url}/v1/stream?${query}`, { signal: abort.signal })
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (text.split(`event: ${event}\n`).length <= count || !text.endsWith('\n\n')) text += (await reader?.read())?.value ?? ''
  const blocks = text
    .split('\n\n')
    .filter((block) => block !== '')
    .map((block) =>
      Object.fromEntries(block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)])),
    )
  return { response, blocks }
}

test('a stream is open at once, names each frame and gives each an id to go on from', async () => {
  const log = createTestLog({ partitions: 1 })
  const server = await serve(log)
  log.commit(0, [{ type: 'log', data: { text: 'two\nlines' } }])
  const { response, blocks } = await read(server, 'feed=events&from=start', 'events', 1)
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  expect(response.headers.get('cache-control')).toBe('no-store')
  const [hello, opened, events] = blocks
  expect(hello).toEqual({ '': 'signalbox', retry: '1000' })
  expect(decodeCursor(opened?.id ?? '')?.positions).toEqual([0])
  expect(events).toMatchObject({ event: 'events', id: server.hub.cursor() })
  expect(JSON.parse(events?.data ?? '')).toMatchObject({ kind: 'events', cursor: events?.id, items: [{ data: { text: 'two\nlines' } }] })
})

test('only the last page of a snapshot has an id that a reader can go on from', async () => {
  const log = createTestLog({ partitions: 1 })
  const server = await serve(log)
  log.commit(
    0,
    Array.from({ length: 2_500 }, (_, n) => ({ type: 'agent.started', agent: `agent-${n}` })),
  )
  const { blocks } = await read(server, 'feed=state', 'snapshot', 3)
  expect(blocks.filter(({ event }) => event === 'snapshot').map(({ id }) => decodeCursor(id ?? '')?.positions)).toEqual([[0], [0], [2_500]])
})

/** A peer that asks and then does not read. */
async function stalled(server: LiveServer, path: string) {
  const { port, hostname } = new URL(server.url)
  const socket = createConnection({ port: Number(port), host: hostname })
  after(() => void socket.destroy())
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  socket.write(`GET ${path} HTTP/1.1\r\nhost: ${hostname}:${port}\r\n\r\n`)
  await once(socket, 'readable')
  return socket
}

test('a peer that takes nothing of what waits for it is ended by our own bound and counted; one that reads at last is not', async () => {
  const log = createTestLog({ partitions: 1 })
  const clock = createFakeClock(1_700_000_000_000)
  // No session is ever blocked: only the watch on the response can end it.
  const server = await serve(log, { clock, config: { slowCloseMs: 20_000, heartbeatMs: 1e9, socketBytes: 1e9 } })
  const stuck = await stalled(server, '/v1/stream?feed=events')
  const late = await stalled(server, '/v1/stream?feed=events')
  const idle = await stalled(server, '/v1/stream?feed=events&type=none')
  const clients = async () => (await server.metrics.liveClients.get()).values.reduce((sum, { value }) => sum + value, 0)
  const text = 'x'.repeat(20_000)
  // More than the kernel's buffers of both ends hold.
  const events = 800
  for (let sent = 0; sent < events; sent += 20) {
    log.commit(
      0,
      Array.from({ length: 20 }, () => ({ type: 'log', data: { text } })),
    )
    clock.advance(300)
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  }
  expect(await clients()).toBe(3)
  for (let taken = 0; taken < events * text.length; ) {
    const chunk: Buffer | null = late.read()
    if (chunk === null) await once(late, 'readable')
    else taken += chunk.length
  }
  for (let i = 0; i < 5; i += 1) clock.advance(10_000)
  const ended = once(stuck, 'close')
  stuck.resume()
  await ended
  expect(await clients()).toBe(2)
  expect((await server.metrics.slowCloses.get()).values[0]?.value).toBe(1)
  expect([late.closed, idle.closed]).toEqual([false, false])
})

test.each(['/v1/stream?feed=events', '/v1/poll?feed=events&wait=60'])(
  'who is gone before its key is known takes no seat: %s',
  async (feed) => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    const log = createTestLog({ partitions: 1 })
    const server = await serve(log, { gate })
    const path = `${feed}&cursor=${encodeCursor({ epoch: log.epoch, positions: [0] })}`
    const { port, hostname } = new URL(server.url)
    const socket = createConnection({ port: Number(port), host: hostname })
    await once(socket, 'connect')
    const asked = once(server.http, 'request')
    socket.write(`GET ${path} HTTP/1.1\r\nhost: ${hostname}:${port}\r\n\r\n`)
    const [request] = (await asked) as [IncomingMessage]
    socket.destroy()
    await once(request.socket, 'close')
    open()
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    expect((await server.metrics.liveClients.get()).values.reduce((sum, { value }) => sum + value, 0)).toBe(0)
  },
)

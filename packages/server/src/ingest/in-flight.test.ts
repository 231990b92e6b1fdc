/** Bodies of many requests at once: what they hold is bounded, who finds no room is told before its body is read, and room comes back. */
import { once } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { accepted, doors } from './doors.testing.ts'
import type { Receipt } from './receive.ts'

const megabyte = 1 << 20
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** A request that says how long its body is, or sends it in chunks, and goes on when the test says so. */
async function request(open: Awaited<ReturnType<typeof doors>>['open'], length: number | 'chunked', more = '') {
  const { socket, head } = await open()
  let answer = ''
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString()
  })
  socket.write(`${head}${more}${length === 'chunked' ? 'transfer-encoding: chunked' : `content-length: ${length}`}\r\n\r\n`)
  return {
    socket,
    answer: () => answer,
    status: () => expect.poll(() => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])),
    chunk: (bytes: string | Buffer) => {
      socket.write(`${bytes.length.toString(16)}\r\n`)
      socket.write(bytes)
      socket.write('\r\n')
    },
  }
}

test('bodies that say their length are held to one bound; the next is refused unread, and served when one has ended', async () => {
  const { open, post, held, refusals } = await doors(async (raw) => accepted(raw), { inFlightBytes: 3 * megabyte })
  const slow = await Promise.all(Array.from({ length: 3 }, () => request(open, megabyte)))
  await expect.poll(() => held.at(-1)).toBe(3 * megabyte)
  const refused = await request(open, megabyte)
  await refused.status().toBe(503)
  expect(refused.answer()).toMatch(/retry-after: 1\r\n[\s\S]*"code":"OVERLOADED"/i)
  expect(refusals).toEqual(['OVERLOADED'])
  expect(await post()).toBe(503)
  // One ends well, one breaks off: both make room.
  slow[0]?.socket.write(`[1,2]${' '.repeat(megabyte - 5)}`)
  await slow[0]?.status().toBe(200)
  expect(await post()).toBe(200)
  slow[1]?.socket.destroy()
  await expect.poll(() => held.at(-1)).toBe(megabyte)
  expect(Math.max(...held)).toBe(3 * megabyte)
})

test('bodies in chunks count as they arrive: who passes the bound is answered, and the others go on', async () => {
  const { open, post, held } = await doors(async (raw) => accepted(raw), { inFlightBytes: megabyte })
  const first = await request(open, 'chunked')
  first.chunk(`[1,2${' '.repeat(600_000)}`)
  await expect.poll(() => held.at(-1)).toBeGreaterThan(600_000)
  const second = await request(open, 'chunked')
  second.chunk('x'.repeat(300_000))
  second.chunk('x'.repeat(300_000))
  await second.status().toBe(503)
  // What it still sends is read and dropped.
  second.chunk('x'.repeat(300_000))
  first.chunk(']')
  first.socket.write('0\r\n\r\n')
  await first.status().toBe(200)
  await expect.poll(() => held.at(-1)).toBe(0)
  expect(await post()).toBe(200)
})

test('a chunked body past the largest is answered 413, though it goes on', async () => {
  const { open } = await doors(async (raw) => accepted(raw))
  const sender = await request(open, 'chunked')
  for (let i = 0; i < 20; i += 1) sender.chunk('x'.repeat(100_000))
  await sender.status().toBe(413)
})

test('a compressed body counts as what it unfolds to', async () => {
  const { url, held, post } = await doors(async (raw) => accepted(raw), { inFlightBytes: 3 * megabyte })
  const text = Buffer.from(`[1,2]${' '.repeat(megabyte - 5)}`)
  const send = (encoding: string, body: Buffer) =>
    fetch(`${url}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': encoding },
      body: new Uint8Array(body),
    })
  for (const [encoding, body] of [
    ['gzip', gzipSync(text)],
    ['zstd', zstdCompressSync(text)],
  ] as const) {
    held.length = 0
    expect((await send(encoding, body)).status).toBe(200)
    expect(Math.max(...held)).toBeGreaterThan(megabyte)
    await expect.poll(() => held.at(-1)).toBe(0)
    const answers = await Promise.all(Array.from({ length: 30 }, () => send(encoding, body)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 503]))
    expect(Math.max(...held)).toBeLessThanOrEqual(3 * megabyte)
  }
  expect(await post()).toBe(200)
})

test('a body larger than the whole bound is taken while it is the only one', async () => {
  const { open, post } = await doors(async (raw) => accepted(raw), { inFlightBytes: 1_000 })
  const one = await request(open, 100_000)
  one.socket.write(`[1,2]${' '.repeat(50_000)}`)
  await expect.poll(() => post()).toBe(503)
  one.socket.write(' '.repeat(49_995))
  await one.status().toBe(200)
  expect(await post()).toBe(200)
})

test('a request counts until it is answered, with its bad items', async () => {
  const settle: (() => void)[] = []
  const { open, held, post } = await doors(
    (raw) =>
      raw.length === 1 ? Promise.resolve(accepted(raw)) : new Promise<Receipt>((resolve) => settle.push(() => resolve(accepted(raw)))),
    { inFlightBytes: megabyte },
  )
  const waiting = await request(open, 600_000)
  waiting.socket.write(`[1,2]${' '.repeat(599_995)}`)
  await expect.poll(() => settle.length).toBe(1)
  const other = await request(open, 600_000)
  await other.status().toBe(503)
  settle[0]?.()
  await waiting.status().toBe(200)
  await expect.poll(() => held.at(-1)).toBe(0)
  expect(await post()).toBe(200)
})

test('who hangs up after the last byte counts until its body is decoded, parsed and settled', async () => {
  const settle: (() => void)[] = []
  const { open, held, connections } = await doors((raw) => new Promise<Receipt>((resolve) => settle.push(() => resolve(accepted(raw)))), {
    inFlightBytes: megabyte,
  })
  const gone = await request(open, 600_000)
  gone.socket.write(`[1,2]${' '.repeat(599_995)}`)
  await expect.poll(() => settle.length).toBe(1)
  gone.socket.destroy()
  await expect.poll(connections).toBe(0)
  expect(held.at(-1)).toBe(600_000)
  const other = await request(open, 600_000)
  await other.status().toBe(503)
  settle[0]?.()
  await expect.poll(() => held.at(-1)).toBe(0)
})

test('hundreds of slow senders: memory holds a bounded part of what they send, and the others are served after', async () => {
  const { open, post, held } = await doors(async (raw) => accepted(raw), { inFlightBytes: 4 * megabyte })
  const before = process.memoryUsage().arrayBuffers
  const piece = Buffer.alloc(400_000, 0x20)
  const senders = await Promise.all(Array.from({ length: 300 }, () => request(open, 'chunked')))
  for (const sender of senders) sender.chunk(piece)
  await expect.poll(() => senders.filter(({ answer }) => answer().includes('503')).length).toBeGreaterThan(285)
  expect(Math.max(...held)).toBeLessThanOrEqual(4 * megabyte)
  // 120 MB were sent; what a socket has just read is let go of in a turn of its own.
  const heldMore = () => {
    collectGarbage()
    return process.memoryUsage().arrayBuffers - before
  }
  await expect.poll(heldMore).toBeLessThan(20 * megabyte)
  const closed = senders.map(({ socket }) => once(socket, 'close'))
  for (const { socket } of senders) socket.destroy()
  await Promise.all(closed)
  await expect.poll(() => post()).toBe(200)
})

/** Each behaviour is seen to do what it says, over real sockets, to a connection that was open and to a new one. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { Behaviour, FaultProxy } from '../world/world.ts'
import { startProxy } from './proxy.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** One end of a connection: what it got, and how it ended. */
function peer(socket: Socket) {
  const got: Uint8Array[] = []
  let ending: 'open' | 'end' | 'reset' = 'open'
  socket.on('data', (bytes: Buffer) => got.push(bytes))
  socket.on('end', () => {
    ending = 'end'
  })
  socket.on('error', ({ code }: NodeJS.ErrnoException) => {
    ending = code === 'ECONNRESET' ? 'reset' : 'open'
  })
  return {
    socket,
    say: (text: string) => socket.write(text),
    pieces: () => got.map((bytes) => String(Buffer.from(bytes))),
    text: () => String(Buffer.concat(got)),
    ending: () => ending,
    hears: (text: string) => expect.poll(() => String(Buffer.concat(got))).toBe(text),
    ends: (how: 'end' | 'reset') => expect.poll(() => ending).toBe(how),
  }
}
type Peer = ReturnType<typeof peer>

async function setUp() {
  const arrived: Peer[] = []
  const listener = createServer({ allowHalfOpen: true }, (socket) => arrived.push(peer(socket))).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  const proxy: FaultProxy = await startProxy(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`)
  cleanUps.push(
    () => listener.close(),
    () => proxy.close(),
  )
  async function join(): Promise<{ client: Peer; server: Peer }> {
    const before = arrived.length
    const { hostname, port } = new URL(proxy.url)
    const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true, noDelay: true })
    const client = peer(socket)
    cleanUps.push(() => socket.destroy())
    await expect.poll(() => arrived.length > before || client.ending() === 'reset').toBe(true)
    const server = arrived.at(-1)
    if (server === undefined) throw new Error('Nobody arrived.')
    return { client, server }
  }
  /** One that was open and talked when the behaviour came, and one that came after it. */
  async function oldAndNew(how: Behaviour) {
    const old = await join()
    old.client.say('before')
    await old.server.hears('before')
    proxy.behave(how)
    return { old, fresh: await join() }
  }
  return { proxy, join, oldAndNew }
}

test('pass: bytes and ends go both ways, nothing is touched', async () => {
  const { proxy, join } = await setUp()
  const { client, server } = await join()
  client.say('question')
  await server.hears('question')
  server.say('answer')
  await client.hears('answer')
  client.socket.end()
  await server.ends('end')
  server.say(' and more')
  await client.hears('answer and more')
  expect(proxy.standing()).toBe(1)
  server.socket.end()
  await client.ends('end')
  expect(proxy.standing()).toBe(0)
  expect([proxy.touched(), proxy.withheld()]).toEqual([0, 0])
})

test('a reset of one end reaches the other', async () => {
  const { join } = await setUp()
  const one = await join()
  one.client.socket.resetAndDestroy()
  await one.server.ends('reset')
  const other = await join()
  other.server.socket.resetAndDestroy()
  await other.client.ends('reset')
})

test('delay: bytes come that much later, each way; healing lets them go at once', async () => {
  const { proxy, oldAndNew } = await setUp()
  const { old, fresh } = await oldAndNew({ kind: 'delay', ms: 60 })
  for (const { client, server } of [old, fresh]) {
    const sentAt = performance.now()
    client.say('!')
    await expect.poll(server.text, { interval: 2 }).toContain('!')
    expect(performance.now() - sentAt).toBeGreaterThanOrEqual(55)
    const answeredAt = performance.now()
    server.say('?')
    await expect.poll(client.text, { interval: 2 }).toBe('?')
    expect(performance.now() - answeredAt).toBeGreaterThanOrEqual(55)
  }
  expect([proxy.touched(), proxy.withheld()]).toEqual([2, 4])
  proxy.behave({ kind: 'delay', ms: 600_000 })
  old.client.say('late')
  await expect.poll(proxy.touched).toBe(1)
  proxy.behave({ kind: 'pass' })
  await old.server.hears('before!late')
})

test.each([
  ['requests', ['before', 'answer'], ['', 'answer']],
  ['answers', ['beforequestion', ''], ['question', '']],
  ['both', ['before', ''], ['', '']],
] as const)('stall of %s: those bytes and ends wait, healing passes them on in order', async (side, ofOld, ofNew) => {
  const { proxy, oldAndNew } = await setUp()
  const { old, fresh } = await oldAndNew({ kind: 'stall', side })
  for (const { client, server } of [old, fresh]) {
    client.say('question')
    server.say('answer')
    client.socket.end()
  }
  const bytes = { requests: 16, answers: 12, both: 28 }[side]
  await expect.poll(proxy.withheld).toBe(bytes)
  expect(proxy.touched()).toBe(2)
  await expect.poll(() => [old.server.text(), old.client.text()]).toEqual(ofOld)
  await expect.poll(() => [fresh.server.text(), fresh.client.text()]).toEqual(ofNew)
  if (side !== 'answers') expect([old.server.ending(), fresh.server.ending()]).toEqual(['open', 'open'])
  proxy.behave({ kind: 'pass' })
  await old.server.hears('beforequestion')
  await fresh.server.hears('question')
  for (const { client, server } of [old, fresh]) {
    await server.ends('end')
    await client.hears('answer')
  }
})

test('stall: a peer that vanishes is not told of before it heals, and what is taken is bounded', async () => {
  const { proxy, oldAndNew } = await setUp()
  const { old, fresh } = await oldAndNew({ kind: 'stall', side: 'both' })
  old.client.say('last words')
  await expect.poll(proxy.withheld).toBe(10)
  old.client.socket.resetAndDestroy()
  const block = 'x'.repeat(1024 * 1024)
  let taken = 0
  const wrote = Array.from({ length: 32 }, () =>
    new Promise((resolve) => fresh.client.socket.write(block, resolve)).then(() => (taken += 1)),
  )
  await expect.poll(() => taken).toBeGreaterThan(0)
  let before = 0
  const stays = () => {
    const same = before === taken
    before = taken
    return same
  }
  await expect.poll(stays, { interval: 100 }).toBe(true)
  // A mebibyte of ours, and what the kernel holds for both.
  expect(taken).toBeLessThan(20)
  expect(old.server.ending()).toBe('open')
  expect(old.server.text()).toBe('before')
  proxy.behave({ kind: 'pass' })
  await old.server.ends('reset')
  await Promise.all(wrote)
  await expect.poll(() => fresh.server.text().length).toBe(32 * block.length)
})

test('reset: both ends get a real RST, and so does who comes', async () => {
  const { proxy, join, oldAndNew } = await setUp()
  const { old, fresh } = await oldAndNew({ kind: 'reset' })
  await old.client.ends('reset')
  await old.server.ends('reset')
  await fresh.client.ends('reset')
  expect(proxy.touched()).toBe(2)
  proxy.behave({ kind: 'pass' })
  const after = await join()
  after.client.say('again')
  await after.server.hears('again')
})

test('half-close: the server takes the client for done and its answer still comes; healing resets it', async () => {
  const { proxy, oldAndNew } = await setUp()
  const { old, fresh } = await oldAndNew({ kind: 'half-close' })
  await old.server.ends('end')
  fresh.client.say('question')
  await fresh.server.hears('question')
  await fresh.server.ends('end')
  for (const { client, server } of [old, fresh]) {
    server.say('answer')
    await client.hears('answer')
    client.say('lost')
  }
  await expect.poll(proxy.withheld).toBe(8)
  expect(proxy.touched()).toBe(2)
  proxy.behave({ kind: 'pass' })
  for (const { client, server } of [old, fresh]) {
    await client.ends('reset')
    expect(server.text()).not.toContain('lost')
  }
})

test.each(['requests', 'answers'] as const)('cut of %s: exactly so many bytes pass, then both ends are reset', async (side) => {
  const { proxy, oldAndNew } = await setUp()
  const { old, fresh } = await oldAndNew({ kind: 'cut', side, afterBytes: 5 })
  for (const { client, server } of [old, fresh]) {
    const [speaker, listener] = side === 'requests' ? [client, server] : [server, client]
    // The other side is not counted.
    listener.say('a long time ago')
    await expect.poll(speaker.text).toContain('a long time ago')
    speaker.say('123')
    await expect.poll(listener.text).toMatch(/123$/)
    speaker.say('456789')
    await client.ends('reset')
    await server.ends('reset')
    expect(listener.text()).toMatch(/12345$/)
  }
  expect(proxy.touched()).toBe(2)
})

test('split: a message comes in pieces of so many bytes at most, whole and in order', async () => {
  const { proxy, oldAndNew } = await setUp()
  const { old, fresh } = await oldAndNew({ kind: 'split', bytes: 3 })
  for (const { client, server } of [old, fresh]) {
    client.say('0123456789')
    await expect.poll(server.text).toMatch(/0123456789$/)
    server.say('abcdefgh')
    await client.hears('abcdefgh')
    expect(Math.max(...client.pieces().map(({ length }) => length))).toBeLessThan(8)
  }
  expect(proxy.touched()).toBe(2)
})

test('drop-answers: the server hears, the client hears nothing and is reset a while later', async () => {
  const { proxy, oldAndNew } = await setUp()
  const { old, fresh } = await oldAndNew({ kind: 'drop-answers', resetAfterMs: 40 })
  for (const { client, server } of [old, fresh]) {
    client.say('question')
    await expect.poll(server.text).toMatch(/question$/)
    const answeredAt = performance.now()
    server.say('answer')
    await client.ends('reset')
    expect(performance.now() - answeredAt).toBeGreaterThanOrEqual(35)
    expect(client.text()).toBe('')
  }
  expect([proxy.touched(), proxy.withheld()]).toEqual([2, 12])
})

test('drop-answers: healing resets at once who missed an answer, and nobody else', async () => {
  const { proxy, oldAndNew } = await setUp()
  const { old, fresh } = await oldAndNew({ kind: 'drop-answers', resetAfterMs: 600_000 })
  old.server.say('answer')
  await expect.poll(proxy.touched).toBe(1)
  proxy.behave({ kind: 'pass' })
  await old.client.ends('reset')
  fresh.server.say('answer')
  await fresh.client.hears('answer')
})

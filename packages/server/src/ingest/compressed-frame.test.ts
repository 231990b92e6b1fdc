import { once } from 'node:events'
import { constants, createZstdCompress, zstdCompressSync } from 'node:zlib'
import { codecs } from '@signalbox/model/codecs/codec.ts'
import { closeCodes } from '@signalbox/model/live.ts'
import { expect, onTestFinished, test } from 'vitest'
import { accepted, doors } from './doors.testing.ts'
import type { RawItem } from './receive.ts'
import { connectIngest } from './senders.testing.ts'

const maxBodyBytes = 1 << 20

async function opened(codec: (typeof codecs)[keyof typeof codecs] = codecs.json) {
  const taken: unknown[] = []
  const { url } = await doors(
    async (raw: readonly RawItem[]) => {
      taken.push(...raw.map(({ value }) => value))
      return accepted(raw)
    },
    { maxBodyBytes },
  )
  const client = await connectIngest(url, codec)
  onTestFinished(() => client.socket.terminate())
  return { ...client, taken, url }
}
const batch = (n: number, ...events: readonly unknown[]) => ({ kind: 'batch', n, events }) as const
const zstd = (text: string) => zstdCompressSync(Buffer.from(text))

test('the welcome says that compressed frames are taken', async () => {
  const { frames } = await opened()
  expect(frames[0]).toMatchObject({ kind: 'welcome', zstd: true })
})

test.each(Object.values(codecs))('$name: compressed and plain frames are taken in their order', async (codec) => {
  const { socket, until, taken } = await opened(codec)
  const events = Array.from({ length: 500 }, (_, n) => ({ n, text: 'said again and again' }))
  socket.send(zstdCompressSync(codec.encode(batch(1, ...events))))
  socket.send(codec.encode(batch(2, { n: 500 })))
  socket.send(zstdCompressSync(codec.encode(batch(3, { n: 501 }))))
  expect(await until(({ n }) => n === 3)).toMatchObject({ kind: 'ack' })
  expect(taken).toEqual([...events, { n: 500 }, { n: 501 }])
})

async function withWindow(windowLog: number): Promise<Buffer> {
  const packer = createZstdCompress({ params: { [constants.ZSTD_c_windowLog]: windowLog } })
  const chunks: Buffer[] = []
  packer.on('data', (chunk: Buffer) => chunks.push(chunk))
  // In two pieces: of one alone the size is known, and asked for instead of the window.
  packer.write('{"kind":"batch",')
  packer.flush()
  packer.end('"n":1,"events":[]}')
  await once(packer, 'end')
  return Buffer.concat(chunks)
}

const whole = zstd(JSON.stringify(batch(1, { text: 'whole' })))
test.each([
  ['a bomb', () => zstd(' '.repeat(200 * maxBodyBytes)), 'BODY_TOO_LARGE', closeCodes.tooLarge],
  ['one byte more than a frame may have', () => zstd(JSON.stringify('x'.repeat(maxBodyBytes - 1))), 'BODY_TOO_LARGE', closeCodes.tooLarge],
  ['what was cut off', () => whole.subarray(0, -3), 'BAD_REQUEST', closeCodes.protocol],
  ['its first bytes alone', () => whole.subarray(0, 4), 'BAD_REQUEST', closeCodes.protocol],
  ['what is broken inside', () => Buffer.concat([whole.subarray(0, 6), Buffer.alloc(20, 0xff)]), 'BAD_REQUEST', closeCodes.protocol],
  ['what has bytes behind its end', () => Buffer.concat([whole, Buffer.from('more')]), 'BAD_REQUEST', closeCodes.protocol],
  ['a window of 128 MiB', () => withWindow(27), 'BAD_REQUEST', closeCodes.protocol],
  ['what is no JSON', () => zstd('{"kind":"batch"'), 'MALFORMED_JSON', closeCodes.protocol],
  ['what is no UTF-8', () => zstdCompressSync(Buffer.from('{"kind":"caf\u00e9"}', 'latin1')), 'BAD_REQUEST', closeCodes.protocol],
  ['what is no batch', () => zstd('[]'), 'BAD_REQUEST', closeCodes.protocol],
  ['itself, compressed twice', () => zstdCompressSync(whole), 'BAD_REQUEST', closeCodes.protocol],
  ['too many events', () => zstd(JSON.stringify(batch(1, ...Array(1_001).fill(1)))), 'BATCH_TOO_LARGE', closeCodes.tooLarge],
])('%s is refused by name, and its sender closed', async (_name, make, code, closeCode) => {
  const { socket, until, closed, taken } = await opened()
  socket.send(await make())
  expect(await until(({ kind }) => kind === 'error')).toMatchObject({ code })
  expect(await closed).toBe(closeCode)
  expect(taken).toEqual([])
})

test('bombs, one after the other, leave no memory behind', async () => {
  const bomb = zstd(' '.repeat(200 * maxBodyBytes))
  const { url } = await opened()
  const before = process.memoryUsage().rss
  for (let round = 0; round < 30; round += 1) {
    const { socket, closed } = await connectIngest(url)
    socket.send(bomb)
    expect(await closed).toBe(closeCodes.tooLarge)
  }
  // All of them together are six gigabytes.
  expect(process.memoryUsage().rss - before).toBeLessThan(200_000_000)
})

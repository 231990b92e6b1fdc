/** The client's reader of server-sent events. The first byte says into how long chunks the bytes are cut: where they are cut changes nothing. */

import { openStream } from '@signalbox/client/transport-sse.ts'
import type { ServerFrame } from '@signalbox/model/live.ts'
import { must, type Target } from '../fuzz.ts'
import { withFetch } from './stand-ins.ts'

const block = (frame: object, id = 'c1') => `id: ${id}\nevent: x\ndata: ${JSON.stringify(frame)}\n\n`
const start = ': signalbox\nretry: 1000\n\nid: c0\n\n'
const frames = [
  { kind: 'events', sub: 's', from: 'c0', cursor: 'c1', items: [{ id: 'é😀' }] },
  { kind: 'heartbeat', sub: 's', from: 'c1', cursor: 'c2', serverTime: 5 },
]

interface Read {
  readonly frames: readonly ServerFrame[]
  readonly end: string
}

const read = (bytes: Uint8Array, chunkBytes: number): Promise<Read> =>
  withFetch(
    () => new Response(chunked(bytes, chunkBytes), { headers: { 'content-type': 'text/event-stream' } }),
    () =>
      new Promise((resolve) => {
        const frames: ServerFrame[] = []
        let ends = 0
        const end = (how: string) => {
          ends += 1
          must(ends === 1, 'it ends once')
          resolve({ frames, end: how })
        }
        openStream(
          { url: 'http://localhost', feed: 'events', filter: {} },
          { onOpen() {}, onFrame: (frame) => void frames.push(frame), onLost: end, onRefused: ({ code }) => end(code) },
        )
      }),
  )

function chunked(bytes: Uint8Array, chunkBytes: number): ReadableStream<Uint8Array> {
  let at = 0
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close()
      controller.enqueue(bytes.slice(at, at + chunkBytes))
      at += chunkBytes
    },
  })
}

export const sse: Target = {
  name: 'sse',
  expects: ['frames', 'no frame'],
  seeds: () =>
    [1, 3, 64].map((chunk) => Buffer.from(`${String.fromCharCode(chunk)}${start}${frames.map((frame) => block(frame)).join('')}`)),
  async check(input) {
    const bytes = input.subarray(1)
    const whole = await read(bytes, bytes.length + 1)
    // A byte at a time only what is short, for the time it takes.
    const cut = await read(bytes, Math.max(input[0] ?? 1, Math.ceil(bytes.length / 500), 1))
    must(JSON.stringify(cut) === JSON.stringify(whole), 'the same frames however they are cut')
    return whole.frames.length > 0 ? 'frames' : 'no frame'
  },
}

/** Senders on every way in, alike for tests: REST, and WebSocket in each codec. */
import { once } from 'node:events'
import { type Codec, codecs } from '@signalbox/model/codecs/codec.ts'
import type { IngestClientFrame } from '@signalbox/model/live.ts'
import { type ClientOptions, WebSocket } from 'ws'

interface Refusal {
  readonly n?: number
  readonly index: number
  readonly code: string
}

export interface Answer {
  readonly kind: string
  readonly n?: number
  readonly code?: string
  readonly accepted?: number
  readonly duplicates?: number
  readonly refused?: readonly Refusal[]
  readonly credit?: number
}

export interface IngestClient {
  readonly socket: WebSocket
  readonly frames: Answer[]
  say(frame: IngestClientFrame): void
  /** The first frame, of those that came and come, that `is` it. */
  until(is: (frame: Answer) => boolean): Promise<Answer>
  readonly closed: Promise<number>
}

/** Resolves at the server's welcome. */
export async function connectIngest(url: string, codec: Codec = codecs.json, options: ClientOptions = {}): Promise<IngestClient> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/ingest`, [codec.subprotocol], options)
  const frames: Answer[] = []
  const waiting = new Set<() => void>()
  socket.on('message', (bytes: Buffer, isBinary) => {
    frames.push(codec.decode(isBinary ? bytes : bytes.toString()))
    for (const look of waiting) look()
  })
  socket.on('error', () => undefined)
  const client: IngestClient = {
    socket,
    frames,
    say: (frame) => socket.send(codec.encode(frame)),
    until: (is) =>
      new Promise((resolve) => {
        const look = () => {
          const found = frames.find(is)
          if (found === undefined) return
          waiting.delete(look)
          resolve(found)
        }
        waiting.add(look)
        look()
      }),
    closed: once(socket, 'close').then(([code]) => code as number),
  }
  await client.until(({ kind }) => kind === 'welcome')
  return client
}

export interface Sender {
  /** Sends one batch of items, each as JSON text. */
  send(items: readonly string[]): Promise<Answer>
  close(): void
}

async function restSender(url: string): Promise<Sender> {
  return {
    async send(items) {
      const body = `[${items.join(',')}]`
      const response = await fetch(`${url}/v1/events`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
      return { kind: String(response.status), ...((await response.json()) as object) }
    },
    close() {},
  }
}

const socketSender = (codec: Codec) => async (url: string) => {
  const client = await connectIngest(url, codec)
  let n = 0
  return {
    send(items: readonly string[]) {
      n += 1
      const text = `{"kind":"batch","n":${n},"events":[${items.join(',')}]}`
      client.socket.send(codec.name === 'json' ? text : codec.encode(JSON.parse(text) as IngestClientFrame))
      const mine = n
      return client.until((frame) => frame.n === mine)
    },
    close: () => client.socket.close(),
  } satisfies Sender
}

export const ways = {
  rest: restSender,
  json: socketSender(codecs.json),
  msgpack: socketSender(codecs.msgpack),
  proto: socketSender(codecs.proto),
} as const satisfies Record<string, (url: string) => Promise<Sender>>

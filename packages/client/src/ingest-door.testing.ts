/** A server's `/v1/ingest` over real WebSockets that says only what the test says. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { zstdDecompressSync } from 'node:zlib'
import type { EventInput } from '@signalbox/model/event.ts'
import type { IngestServerFrame } from '@signalbox/model/live.ts'
import { type WebSocket, WebSocketServer } from 'ws'

export interface SentBatch {
  readonly n: number
  readonly events: readonly EventInput[]
  /** As it was on the wire, and whether it was compressed. */
  readonly bytes: number
  readonly isCompressed: boolean
}

export interface Peer {
  readonly headers: IncomingMessage['headers']
  say(frame: IngestServerFrame): void
  sayText(text: string): void
  welcome(limits?: Partial<Extract<IngestServerFrame, { kind: 'welcome' }>>): void
  ack(n: number, more?: Partial<Extract<IngestServerFrame, { kind: 'ack' }>>): void
  /** The next batch that came, in order. */
  batch(): Promise<SentBatch>
  /** How many batches the client has sent by now that the test has not taken. */
  unread(): Promise<number>
  close(code?: number): void
  readonly closed: Promise<number>
}

/** Values in their order, awaited if they are not there yet. */
function mailbox<T>() {
  const values: T[] = []
  const takers: ((value: T) => void)[] = []
  return {
    put(value: T) {
      const taker = takers.shift()
      if (taker === undefined) values.push(value)
      else taker(value)
    },
    take: () =>
      new Promise<T>((resolve) => {
        const value = values.shift()
        if (value === undefined) takers.push(resolve)
        else resolve(value)
      }),
    length: () => values.length,
  }
}

function peerOf(socket: WebSocket, headers: IncomingMessage['headers']): Peer {
  const batches = mailbox<SentBatch>()
  socket.on('message', (bytes: Buffer, isBinary) => {
    const text = isBinary ? zstdDecompressSync(bytes) : bytes
    batches.put({ ...(JSON.parse(String(text)) as Pick<SentBatch, 'n' | 'events'>), bytes: bytes.length, isCompressed: isBinary })
  })
  const say = (frame: IngestServerFrame) => socket.send(JSON.stringify(frame))
  return {
    headers,
    say,
    sayText: (text) => socket.send(text),
    welcome: (limits = {}) => say({ kind: 'welcome', credit: 1_000, maxBatchEvents: 500, maxFrameBytes: 1_000_000, ...limits }),
    ack: (n, more = {}) =>
      say({ kind: 'ack', n, accepted: 0, duplicates: 0, refused: [], durability: 'durable', cursor: 'c', credit: 1_000, ...more }),
    batch: batches.take,
    async unread() {
      // The pong comes after all that was sent before it.
      socket.ping()
      await once(socket, 'pong')
      return batches.length()
    },
    close: (code = 1012) => socket.close(code),
    closed: once(socket, 'close').then(([code]) => Number(code)),
  }
}

export interface IngestDoor {
  readonly url: string
  /** The next connection, in order. */
  peer(): Promise<Peer>
  /** Bodies of `POST /v1/events`, in order. */
  readonly posted: EventInput[][]
  /** The next of them. */
  post(): Promise<EventInput[]>
  [Symbol.asyncDispose](): Promise<void>
}

export async function openIngestDoor(
  answer = (response: ServerResponse, events: readonly EventInput[]) =>
    void response.end(JSON.stringify({ accepted: events.length, duplicates: 0, refused: [] })),
): Promise<IngestDoor> {
  const peers = mailbox<Peer>()
  const posted: EventInput[][] = []
  const posts = mailbox<EventInput[]>()
  const http = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += String(chunk)
    const events = text.split('\n').map((line) => JSON.parse(line) as EventInput)
    posted.push(events)
    posts.put(events)
    answer(response, events)
  })
  const sockets = new WebSocketServer({ server: http, path: '/v1/ingest' })
  sockets.on('connection', (socket, { headers }) => peers.put(peerOf(socket, headers)))
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    peer: peers.take,
    posted,
    post: posts.take,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets.clients) socket.terminate()
      http.closeAllConnections()
      http.close()
      await once(http, 'close')
    },
  }
}

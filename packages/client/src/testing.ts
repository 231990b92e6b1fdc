/** A server that speaks the doors' protocol over real sockets and does what the test says; it keeps what it acknowledged. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { EventInput } from '@signalbox/model/event.ts'
import type { ServerFrame } from '@signalbox/model/live.ts'

export interface FakeServer {
  readonly url: string
  /** Path and query of every request, in order. */
  readonly requests: string[]
  close(): Promise<void>
}

export async function fakeServer(answer: (request: IncomingMessage, response: ServerResponse) => void, port = 0): Promise<FakeServer> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(request.url ?? '')
    answer(request, response)
  })
  server.on('upgrade', (request, socket) => {
    requests.push(request.url ?? '')
    socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n')
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export interface Door extends FakeServer {
  /** By id: what a real server would hold. */
  readonly stored: Map<string, EventInput>
  /** Ids of every batch that came, stored or not. */
  readonly batches: string[][]
}

/** `decide` answers undefined to store the batch and acknowledge it, `'drop'` to store it and lose the answer, or a status. */
export async function ingestDoor(decide: (batch: number, events: EventInput[]) => undefined | 'drop' | number = () => undefined, port = 0) {
  const stored = new Map<string, EventInput>()
  const batches: string[][] = []
  const fake = await fakeServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += String(chunk)
    const events = text.split('\n').map((line) => JSON.parse(line) as EventInput)
    batches.push(events.map(({ id }) => id ?? ''))
    const decision = decide(batches.length, events)
    if (typeof decision === 'number') {
      response.writeHead(decision, { 'content-type': 'application/problem+json' })
      response.end(JSON.stringify({ code: 'TEST', detail: `answered ${decision}` }))
      return
    }
    const fresh = events.filter(({ id }) => !stored.has(id ?? ''))
    for (const event of fresh) stored.set(event.id ?? '', event)
    if (decision === 'drop') return void request.socket.destroy()
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(
      JSON.stringify({
        accepted: fresh.length,
        duplicates: events.length - fresh.length,
        refused: [],
        durability: 'durable',
        cursor: 'c',
      }),
    )
  }, port)
  return { ...fake, stored, batches } satisfies Door
}

export const sseBlock = (frame: ServerFrame) =>
  `${'cursor' in frame ? `id: ${frame.cursor}\n` : ''}event: ${frame.kind}\ndata: ${JSON.stringify(frame)}\n\n`

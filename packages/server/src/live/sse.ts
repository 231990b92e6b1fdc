/** The server-sent events transport, `/v1/stream`. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Static } from 'typebox'
import type { Clock } from '../clock.ts'
import { endWhenStuck } from './drain.ts'
import type { Hub } from './live.ts'
import { badCursor, type FeedQuery, filterOf, heldCursor, noRoom } from './query.ts'

const keepAliveMs = 20_000

export async function stream(
  { hub, clock }: { readonly hub: Hub; readonly clock: Clock },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const query = request.query as Static<typeof FeedQuery>
  const last = request.headers['last-event-id']
  const held = heldCursor(typeof last === 'string' && last !== '' ? last : query.cursor)
  if (held === undefined) throw badCursor()
  const { raw } = reply
  // Gone while its key was looked up: its close was already told, and would not give back what is taken now.
  if (raw.destroyed) return
  const seat = hub.enter('sse', (goaway) => raw.end(`event: goaway\ndata: ${JSON.stringify(goaway)}\n\n`))
  if (seat === undefined) throw noRoom()
  reply.hijack()
  raw.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
  })
  // At once: proxies and clients see that the stream is open.
  raw.write(': signalbox\nretry: 1000\n\n')
  raw.socket?.setKeepAlive(true, keepAliveMs)
  raw.socket?.setNoDelay(true)
  endWhenStuck(raw, hub, clock)
  const write = (payload: Buffer | string) => {
    if (!raw.writableEnded) raw.write(payload)
  }
  const subscribed = hub.subscribe(
    {
      tenant: request.caller.tenant,
      feed: query.feed,
      filter: filterOf(query),
      framing: 'sse',
      ...held,
      fromStart: query.from === 'start',
    },
    {
      // An id without data: a reconnect before the first frame goes on from here.
      opened: (cursor) => write(`id: ${cursor}\n\n`),
      write: (frame) => write(frame.payload),
      pending: () => raw.writableLength,
      close: () => raw.destroy(),
    },
  )
  raw.on('drain', () => subscribed.drained())
  raw.on('error', () => raw.destroy())
  raw.on('close', () => {
    seat.leave()
    subscribed.close()
  })
}
